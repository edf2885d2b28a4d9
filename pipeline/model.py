"""The values that walk through the pipeline, named by what is known at each stage.

`Feed` is where to look, `Fetched` is what came back, `Entry` is what the feed said, `Article` is what
we hold, `Mention` is what we found in it, `Tagged` is an article with its mentions. All are immutable.
Times are naive `datetime`s in UTC throughout (DuckDB `TIMESTAMP`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple

#: Event types in the order the page shows them; what triggers each is in `seeds/meetings.toml`.
EVENT_TYPES = ("meeting", "transfer", "sanction", "agreement", "test", "exercise")


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed of an outlet, as `seeds/feeds.csv` describes it.

    `country` is ISO 3166-1 alpha-3 (or EUE, NTO, UNO for the European Union, NATO and the United
    Nations), `language` ISO 639-1. `sample` marks the bundled sample documents.
    """

    url: str
    name: str
    outlet: str = ""
    country: str = ""
    language: str = ""
    kind: str = ""
    focus: str = ""
    enabled: bool = True
    terms: str = "unknown"
    terms_note: str = ""
    sample: bool = False


@dataclass(frozen=True, slots=True)
class FeedState:
    """What the last cycles left behind for one feed: what makes the next request conditional."""

    etag: str | None = None
    last_modified: str | None = None
    body_hash: int | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Fetched:
    """A feed's answer. `body` is None when the publisher said "not modified" (304)."""

    feed: Feed
    status: int
    url: str
    body: bytes | None
    content_type: str = ""
    etag: str | None = None
    last_modified: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a feed document, as the feed said it: markup and relative links included."""

    guid: str
    link: str
    title: str
    summary: str
    language: str
    published: datetime | None


@dataclass(frozen=True, slots=True)
class Article:
    """What we hold of an entry: plain text, canonical link, UTC times.

    `article_id` is the first 8 bytes of BLAKE2b over the link's identity, as an unsigned integer.
    `content` is the same hash over title, summary, language and the feed's own date: it changes when the
    publisher edits the entry. `dated` says whether `published` is the feed's own date or when we first saw it.
    """

    article_id: int
    guid: str
    link: str
    title: str
    summary: str
    language: str
    published: datetime
    dated: bool
    content: int


class Mention(NamedTuple):
    """One tag and the words that caused it.

    `code` is ISO alpha-3 for a state, a slug for a named weapon system or actor, a weapon type code for
    a generic weapon term, and the event type for an event. `type` is the weapon type or the event type,
    `via` how a state was recognised (name, adjective, capital, institution, region, city, leader).
    `start` and `end` are code-point offsets into `field`, and `surface` is exactly that slice. `row` names
    the seed row that caused it and `because` why an ambiguous word was accepted (empty otherwise). `status`
    is what `seeds/statuses.toml` tells of an event (planned, negated, cancelled, alleged) or weapon (battle, person).
    """

    kind: str
    code: str
    name: str
    type: str
    via: str
    field: str
    start: int
    end: int
    surface: str
    row: str
    because: str
    status: str = ""


class Tags(NamedTuple):
    """All mentions of one article in reading order, and whether it is arms diplomacy, with the reason."""

    mentions: tuple[Mention, ...]
    relevant: bool
    reason: str

    def codes(self, kind: str) -> tuple[str, ...]:
        """The distinct codes of one kind, sorted."""
        return tuple(sorted({m.code for m in self.mentions if m.kind == kind}))

    def types(self, kind: str) -> tuple[str, ...]:
        """The distinct types of one kind (weapon types, event types), sorted."""
        return tuple(sorted({m.type for m in self.mentions if m.kind == kind}))

    def systems(self) -> tuple[str, ...]:
        """The distinct codes of named weapon systems, sorted."""
        return tuple(sorted({m.code for m in self.mentions if m.via == "system"}))


@dataclass(frozen=True, slots=True)
class Tagged:
    """An article with what the tagger found in it."""

    article: Article
    tags: Tags


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader asks for: every filter of the page, as codes. Empty tuples and None mean "any".

    `states` are combined by `match` (`any` of them or `all`), all other lists by "any of". `since` and
    `until` are whole days in UTC, both included. `text` is looked for in title and summary, ignoring case.
    """

    states: tuple[str, ...] = ()
    match: Literal["any", "all"] = "any"
    weapons: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    text: str = ""
    relevant: bool = True


@dataclass(frozen=True, slots=True)
class FeedReport:
    """What one cycle did with one feed. `status` is `ok`, `unchanged`, `error` or `disabled`."""

    feed: Feed
    status: str
    entries: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class RunReport:
    """What one cycle did, feed by feed."""

    started: datetime
    finished: datetime
    feeds: tuple[FeedReport, ...]

    @property
    def worked(self) -> int:
        """How many feeds answered with a feed document or "not modified"."""
        return sum(r.status in ("ok", "unchanged") for r in self.feeds)

    def total(self, column: str) -> int:
        """The sum of a count column (`entries`, `new`, `updated`, `unchanged`) over all feeds."""
        return sum(getattr(r, column) for r in self.feeds)
