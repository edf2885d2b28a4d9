"""The text under decision, and what rules may ask about the neighbourhood of a match. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Protocol

import ahocorasick_rs

from pipeline.gazetteer.surfaces import skeleton

#: How far `before` and `after` look, in characters: some words, of which the nearest must be one of theirs.
BESIDE = 80
#: What is longer on one side is a list or a table, no sentence: only so much of it is looked at, in characters.
LONGEST_SENTENCE = 1_000
#: With more words of rules than these an item is so long that each rule looks at a part of it.
ORDINARY = 64

# One set of characters first: the search then skips all others at once.
_SENTENCE_END = re.compile(r"[.!?…\n•|](?:(?<=[\n•|])|[\"'”’)]*\s+(?=[\"'“‘(]?[A-Z0-9]))")


class Known(Protocol):
    """What a tag that is certain is known by to rules: its kind, and its code; of a weapon the type."""

    @property
    def kind(self) -> str: ...

    @property
    def known_as(self) -> str: ...


#: A tag that is certain: start, end, what it means, and why; other words are decided by it.
Certain = tuple[int, int, Known, str]
#: Where a word of a rule stands: start, end, the word in small letters.
Place = tuple[int, int, str]


class Contexts:
    """All words that rules look for near a match, found in one pass over an item, and only when one asks."""

    def __init__(self, words: frozenset[str], abbreviations: Iterable[str] = ()) -> None:
        """`words` are in small letters.

        `abbreviations` end in a full stop that ends no sentence; they are given without it.
        """
        self.abbreviations = frozenset(skeleton(word).strip() for word in abbreviations)
        self._words = words
        self._automaton = ahocorasick_rs.BytesAhoCorasick(sorted(set(map(skeleton, words))))

    def spoken(self, item: Item) -> list[Place]:
        """Where each of the words stands in an item."""
        matches = self._automaton.find_matches_as_indexes(item.skeleton, overlapping=True)
        places = [(start, end - 2, item.text[start : end - 2].lower()) for _, start, end in matches]
        # A skeleton has no marks, so the words themselves are compared.
        return [place for place in places if place[2] in self._words]


class Item:
    """The text under decision: title, a line break, text; and the tags that are certain, in reading order."""

    __slots__ = ("_breaks", "_certain", "_contexts", "_kinds", "_parties", "_spoken", "skeleton", "text")

    def __init__(self, text: str, contexts: Contexts) -> None:
        """`text` is plain."""
        self.text = text
        self.skeleton = skeleton(text)
        self._contexts = contexts
        self._breaks: list[int] | None = None
        self._spoken: list[Place] | None = None

    def lean_on(self, certain: Sequence[Certain]) -> None:
        """Decide by these tags from now on."""
        self._certain = certain
        self._kinds: frozenset[str] | None = None
        self._parties = -1

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of all tags."""
        if self._kinds is None:
            self._kinds = frozenset([known.kind for _, _, known, _ in self._certain])
        return self._kinds

    @property
    def parties(self) -> int:
        """How many different states and organisations are tagged."""
        if self._parties < 0:
            self._parties = count_parties(self._certain)
        return self._parties

    @property
    def spoken(self) -> list[Place]:
        """Where the words of rules stand in it."""
        if self._spoken is None:
            self._spoken = sorted(self._contexts.spoken(self))
        return self._spoken

    def spoken_between(self, low: int, high: int) -> list[Place]:
        """Those of them that may stand between two offsets: all of an ordinary item, some of a very long one."""
        spoken = self.spoken
        if len(spoken) <= ORDINARY:
            return spoken
        return spoken[bisect_left(spoken, low, key=_start) : bisect_left(spoken, high, key=_start)]

    def word_before(self, start: int) -> bytes:
        """The skeleton of the word before an offset; empty at the beginning."""
        return self.skeleton[max(0, start - BESIDE) : start + 1].rstrip().rpartition(b" ")[2]

    def word_after(self, end: int) -> bytes:
        """The skeleton of the word after an offset, but for a possessive; empty at the end."""
        if self.text.startswith("'s", end):
            end += 2
        return self.skeleton[end + 1 : end + BESIDE].lstrip().partition(b" ")[0]

    def sentence(self, start: int, end: int, neighbours: int = 0) -> tuple[int, int]:
        """The bounds of the sentence that holds the span, with so many on each side.

        The title is a sentence of its own.
        """
        if self._breaks is None:
            ends = (m.end() for m in _SENTENCE_END.finditer(self.text) if not self._abbreviates(m.start()))
            self._breaks = [0, *ends, len(self.text)]
        low = self._breaks[max(0, bisect_right(self._breaks, start) - 1 - neighbours)]
        high = self._breaks[min(bisect_left(self._breaks, end) + neighbours, len(self._breaks) - 1)]
        return max(low, start - LONGEST_SENTENCE), min(high, end + LONGEST_SENTENCE)

    def _abbreviates(self, stop: int) -> bool:
        """Whether the full stop at an offset belongs to the word before it: "U.S. arms", "Gen. Smith"."""
        if self.text[stop] != ".":
            return False
        word = self.skeleton[max(0, stop - BESIDE) : stop + 1].rpartition(b" ")[2]
        return (len(word) == 1 and self.text[stop - 1].isupper()) or word in self._contexts.abbreviations

    def between(self, low: int, high: int) -> Sequence[Certain]:
        """The tags that begin between two offsets."""
        certain = self._certain
        return certain[bisect_left(certain, low, key=_start) : bisect_left(certain, high, key=_start)]

    def is_tagged(self, start: int, end: int) -> bool:
        """Whether a state, actor or weapon is named by any of these words."""
        return any(start < to and known.kind != "event" for _, to, known, _ in self.between(start - BESIDE, end))


_start = itemgetter(0)


def count_parties(certain: Iterable[Certain]) -> int:
    """How many different states and organisations there are among tags: those who can deal with each other."""
    return len({known.known_as for _, _, known, _ in certain if known.kind == "state" or known.kind == "actor"})
