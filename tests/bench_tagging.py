"""The tagging part of `make bench`: speed beside peers, the cost of more names, loading, retagging a million."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import ahocorasick_rs
import flashtext
import spacy
from rich.console import Console
from rich.table import Table
from spacy.matcher import PhraseMatcher

from pipeline.gazetteer import Gazetteer, vocabulary_version
from pipeline.model import Feed, FeedState, Tagged
from pipeline.run import feed_id, retag, utc_now
from pipeline.settings import ROOT, Settings
from pipeline.store import Delivery, Store
from pipeline.tag import tag
from pipeline.worker import Document, read_document

ROUNDS = 5
#: spaCy is slow enough to be measured on fewer items.
FEWER = 1_500
MILLION = 1_000_000

Item = tuple[str, str]

_LOAD = """
import resource, sys, time
from pathlib import Path
from pipeline.gazetteer import load_gazetteer

def memory():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6

before, started = memory(), time.perf_counter()
gazetteer = load_gazetteer(Path(sys.argv[1]))
print(time.perf_counter() - started, memory() - before)
"""


def best(*runs: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """The shortest of some rounds of each run, in seconds; the runs take turns, so that all meet the same machine."""
    shortest = [float("inf")] * len(runs)
    for _ in range(rounds):
        for number, run in enumerate(runs):
            started = time.perf_counter()
            run()
            shortest[number] = min(shortest[number], time.perf_counter() - started)
    return shortest


def speed(items: Sequence[Item], gazetteer: Gazetteer, console: Console) -> None:
    """Full tagging beside the bare automaton, flashtext and spaCy, all with the same names."""
    surfaces = gazetteer.index.surfaces()
    joined = [f"{title}\n{text}" for title, text in items]
    fewer = joined[:: max(1, len(joined) // FEWER)]
    automaton = ahocorasick_rs.AhoCorasick(surfaces, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest)
    keywords = flashtext.KeywordProcessor(case_sensitive=True)
    for surface in surfaces:
        keywords.add_keyword(surface)
    english = spacy.blank("en")
    matcher = PhraseMatcher(english.vocab)
    matcher.add("names", list(english.pipe(surfaces)))

    def bare() -> int:
        found = 0
        for text in joined:
            length = len(text)
            for _, start, end in automaton.find_matches_as_indexes(text):
                if not (start and text[start - 1].isalnum()) and not (end < length and text[end].isalnum()):
                    found += 1
        return found

    ours, alone, flash, peer = best(
        lambda: [tag(title, text, gazetteer) for title, text in items],
        bare,
        lambda: [keywords.extract_keywords(text, span_info=True) for text in joined],
        lambda: [matcher(doc) for doc in english.pipe(fewer)],
    )
    size = sum(len(text.encode()) for text in joined) / 1e6
    table = Table("tagging, one core", "articles/s", "MB/s", "Parley's speed against it", title="Tagging")
    for name, seconds in (
        ("Parley: all tags with evidence", ours),
        ("ahocorasick_rs: names and word boundaries only", alone),
        ("flashtext: names only", flash),
        ("spaCy's PhraseMatcher: names only", peer * len(joined) / len(fewer)),
    ):
        table.add_row(name, f"{len(items) / seconds:,.0f}", f"{size / seconds:.1f}", f"{seconds / ours:.2f} ×")
    console.print(table)


def growth(items: Sequence[Item], gazetteer: Gazetteer, console: Console) -> None:
    """What more names cost: the same items tagged with what stands in them, and with more and more names beside it."""
    read = (gazetteer.item(title, text) for title, text in items)
    stand = {item.text[start:end].lower() for item in read for start, end, _ in gazetteer.find(item)}
    names = gazetteer.vocabulary.names
    drawn = random.Random(1).sample(names, len(names))
    # First what stands in the items, so that all sizes find nearly the same and only the size differs.
    drawn.sort(key=lambda name: name.alias.lower() not in stand)
    sizes = [n for n in (8_000, 16_000, 32_000, 50_000) if n < len(names)]
    parts = [Gazetteer(replace(gazetteer.vocabulary, names=drawn[:n]), "part") for n in sizes] + [gazetteer]
    times = best(*(lambda part=part: [tag(title, text, part) for title, text in items] for part in parts))
    table = Table("names", "keys", "µs an article", "against the fewest", title="What a larger vocabulary costs")
    for count, part, seconds in zip([*sizes, len(names)], parts, times, strict=True):
        each = seconds / len(items) * 1e6
        table.add_row(f"{count:,}", f"{len(part.index.keys):,}", f"{each:.1f}", f"{seconds / times[0]:.2f} ×")
    console.print(table)


def loading(settings: Settings, console: Console) -> None:
    """Seconds and memory that the vocabulary takes in a fresh process; the best of some."""
    runs = []
    for _ in range(ROUNDS):
        command = [sys.executable, "-c", _LOAD, str(settings.seeds)]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
        runs.append((float(said[0]), float(said[1])))
    seconds, megabytes = min(runs)
    console.print(f"Vocabulary loaded in {seconds:.2f} s; memory grew by {megabytes:.0f} MB")


def retagging(bodies: Sequence[bytes], settings: Settings, console: Console) -> None:
    """`python -m pipeline retag` on a million stored articles: the articles of the documents many times over."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "million.duckdb")
        _fill(store, bodies, settings)
        started = time.perf_counter()
        done = sum(retag(store, settings))
        tagged = time.perf_counter()
        assert done >= MILLION
        moved = store.apply_retagged(vocabulary_version(settings.seeds))
        finished = time.perf_counter()
        store.close()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(
        f"Retagged {done:,} articles with {settings.workers} workers in {finished - started:.0f} s"
        f" (tagging {tagged - started:.0f} s, putting in place {finished - tagged:.0f} s; {moved.num_rows} codes moved)"
        f", with {memory:.0f} MB at most in this process"
    )


def _fill(store: Store, bodies: Sequence[bytes], settings: Settings) -> None:
    """A million articles by a tagger of old, with links and ids of their own."""
    feed = Feed("http://bench.example/", "bench")
    store.list_feeds([(feed_id(feed), feed)])
    tagged: dict[int, Tagged] = {}
    for body in bodies:
        reading = read_document(Document(feed.url, body, ""), utc_now(), settings.seeds)
        tagged |= {t.article.article_id: t for t in reading.tagged}
    store.deliver([Delivery(feed, feed_id(feed), FeedState(), tuple(tagged.values()))], utc_now(), "0-old")
    times = -(-MILLION // len(tagged))
    with store.cursor() as cursor:
        for table in ("articles", "mentions"):
            cursor.execute(
                f"INSERT INTO {table} SELECT t.* REPLACE (hash(t.article_id, n.range) AS article_id)"
                f" FROM {table} t, range(1, {times}) n"
            )
