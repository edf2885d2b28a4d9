"""Values for tests, with the fields that a test does not care about filled in, and feed documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

from pipeline.clean import hash64
from pipeline.model import Article, Feed, FeedState, Mention, Tagged, Tags
from pipeline.store import Delivery, Store

NOW = datetime(2024, 5, 1, 12, 0, 0)
TAGGER = "1-test"

#: What one row of `find` is: kind, code, and type (of a weapon or event).
Find = tuple[str, str, str]


def feed(url: str = "https://one.example/feed", **fields: object) -> Feed:
    """A feed, named after its address."""
    return replace(Feed(url, url, url), **fields)  # type: ignore[arg-type]


def article(link: str, title: str = "A title", summary: str = "", published: datetime = NOW) -> Article:
    """An article as `clean` would make it."""
    return Article(
        article_id=hash64(link),
        guid=link,
        link=link,
        title=title,
        summary=summary,
        language="en",
        published=published,
        dated=True,
        content=hash64(f"{title}\n{summary}"),
    )


def tags(*found: Find, relevant: bool = False) -> Tags:
    """Tags of these kinds, codes and types, all said by the first word of the title."""
    mentions = tuple(
        Mention(kind, code, code, type_, "system" if kind == "weapon" else "name", "title", 0, 1, "A", "seeds:1", "")
        for kind, code, type_ in found
    )
    return Tags(mentions, relevant, "for a test")


def delivery(of: Feed, *tagged: Tagged, state: FeedState | None = None, error: str = "") -> Delivery:
    """What a feed brought."""
    return Delivery(of, hash64(of.url), state or FeedState(), tagged, error)


def deliver(
    store: Store, *deliveries: Delivery, now: datetime = NOW, tagger: str = TAGGER
) -> dict[str, tuple[int, ...]]:
    """Store deliveries; new, updated and unchanged by feed address."""
    counts = store.deliver(deliveries, now, tagger)
    of = {d.feed_id: d.feed.url for d in deliveries}
    return {of[number]: (c.new, c.updated, c.unchanged) for number, c in counts.items()}


def rows(store: Store, sql: str) -> list[tuple[object, ...]]:
    """What a statement of a test gives."""
    with store.cursor() as cursor:
        return cursor.execute(sql).fetchall()


def rss(items: Iterable[str | Mapping[str, str]], language: str = "en") -> bytes:
    """An RSS 2.0 document; an item is a map of its elements, or a word that makes link, guid and title."""
    parts = []
    for item in items:
        named = {"title": f"About {item}", "link": f"https://news.example/{item}"} if isinstance(item, str) else item
        parts.append("<item>" + "".join(f"<{n}>{escape(v)}</{n}>" for n, v in named.items()) + "</item>")
    head = f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>t</title><language>{language}'
    return f"{head}</language>{''.join(parts)}</channel></rss>".encode()


def feeds_csv(path: Path, addresses: Iterable[str], **columns: str) -> Path:
    """A feed list in our own format, one row for each address; columns hold the same for all."""
    names = (
        "url",
        "name",
        "outlet",
        "country",
        "language",
        "kind",
        "focus",
        "enabled",
        "terms",
        "terms_note",
        "source",
    )
    lines = [",".join(names)]
    for url in addresses:
        row = dict.fromkeys(names, "") | {"url": url, "name": url, "outlet": url, "kind": "wire", "enabled": "yes"}
        row |= {"terms": "unknown", "source": "test"} | columns
        lines.append(",".join(row[name] for name in names))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def later(**of: float) -> datetime:
    """A moment after NOW."""
    return NOW + timedelta(**of)
