"""The middle of the walk, parse → clean → tag, as one call that can run in another process."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from pipeline.clean import LinkRules, clean
from pipeline.errors import SeedError
from pipeline.gazetteer import load_gazetteer
from pipeline.gazetteer.seeds import read_toml
from pipeline.model import Tagged
from pipeline.parse import parse
from pipeline.tables import mention_table, tag_table
from pipeline.tag import tag


@dataclass(frozen=True, slots=True)
class Document:
    """A fetched feed document: the bytes, the address they came from, and the content type it was given."""

    url: str
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document held: how many entries the feed said, and the articles made of them, tagged."""

    entries: int
    tagged: tuple[Tagged, ...]


def read_document(document: Document, now: datetime, seeds: Path) -> Reading:
    """Parse, clean and tag one document; `now` is when it was fetched (naive UTC). Raises ParseError."""
    gazetteer = load_gazetteer(seeds)
    rules = load_link_rules(seeds)
    entries = parse(document.body, document.url, document.content_type)
    articles = [clean(entry, document.url, now, rules) for entry in entries]
    tagged = (
        Tagged(a, tag(a.title, a.summary, gazetteer, f"{a.published:%Y-%m-%d}")) for a in articles if a is not None
    )
    return Reading(len(entries), tuple(tagged))


def retag_articles(articles: Sequence[tuple[int, str, str, str]], seeds: Path) -> tuple[pa.Table, pa.Table]:
    """The new tags of stored articles, each an id, title, summary and day: a tag table and a mention table."""
    gazetteer = load_gazetteer(seeds)
    numbers = [number for number, _, _, _ in articles]
    tags = [tag(title, summary, gazetteer, day) for _, title, summary, day in articles]
    return tag_table(numbers, tags, gazetteer.version), mention_table(numbers, tags, gazetteer.version)


def warm_up(seeds: Path) -> None:
    """Make a worker process ready before its first document; it will end with the process that started it."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    load_gazetteer(seeds)
    load_link_rules(seeds)


def _end_with_parent() -> None:
    """A killed parent cannot say goodbye, and its workers would wait for work for ever."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


@lru_cache(maxsize=4)
def load_link_rules(seeds: Path) -> LinkRules:
    """The rules of `links.toml` in a seeds folder. Raises SeedError."""
    tables = {row.key: row for row in read_toml(seeds / "links.toml")}
    if missing := {"tracking", "mobile"} - set(tables):
        raise SeedError("links.toml", f"lacks the table [{min(missing)}]")
    return LinkRules(
        tracking=frozenset(tables["tracking"].texts("names")),
        tracking_prefixes=tables["tracking"].texts("prefixes"),
        mobile_hosts=tables["mobile"].texts("hosts"),
        mobile_paths=tables["mobile"].texts("paths"),
    )
