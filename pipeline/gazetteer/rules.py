"""How a word that means several things is decided from the words around it. Pure.

A `Rule` is one `[[word]]` of the `seeds/ambiguous*.toml` files or one trigger of `seeds/meetings.toml`. It is
asked in this order: what rejects, what is required, what accepts, and else its default.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

#: How far `near` and `unless` look on each side, in characters, unless the rule says otherwise.
NEAR = 200
#: How far `before` and `after` look, in characters: some words, of which the nearest must be one of theirs.
BESIDE = 80
#: What is longer on one side is a list or a table, no sentence: only so much of it is looked at, in characters.
LONGEST_SENTENCE = 1_000

_WORD = re.compile(r"\w+")
# The marks of news that are not ASCII, once `plain` has made the others plain.
_MARKS = "“”‘—…£€"
_WORDS_ONLY = bytes(n if n < 128 and (chr(n).isalnum() or chr(n) == "_") else ord(" ") for n in range(256))
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)]*\s+(?=[\"'“‘(]?[A-Z0-9])|[\n•|]")


class Found(NamedTuple):
    """A tag that is already certain: what other words are decided by. The code of a weapon is its type."""

    kind: str
    code: str
    start: int
    end: int


@dataclass(slots=True)
class Item:
    """The text under decision: title, a line break, text; and the tags found so far, in reading order."""

    text: str
    found: list[Found] = field(default_factory=list)
    _breaks: list[int] | None = None
    _words: frozenset[str] | None = None
    _counted: int = -1
    _parties: int = 0

    @property
    def words(self) -> frozenset[str]:
        """The distinct words of the text, in small letters."""
        if self._words is None:
            self._words = distinct_words(self.text)
        return self._words

    def sentence(self, start: int, end: int) -> tuple[int, int]:
        """The bounds of the sentence that holds the span; the title is a sentence of its own."""
        if self._breaks is None:
            self._breaks = [0, *(m.end() for m in _SENTENCE_END.finditer(self.text)), len(self.text)]
        low = self._breaks[bisect_right(self._breaks, start) - 1]
        high = self._breaks[min(bisect_left(self._breaks, end), len(self._breaks) - 1)]
        return max(low, start - LONGEST_SENTENCE), min(high, end + LONGEST_SENTENCE)

    def around(self, start: int, end: int, within: int) -> tuple[int, int]:
        """The bounds of so many characters on each side of a span, drawn in to where words begin and end."""
        low, high = max(0, start - within), min(len(self.text), end + within)
        while 0 < low < start and self.text[low - 1].isalnum():
            low += 1
        while end < high < len(self.text) and self.text[high].isalnum():
            high -= 1
        return low, high

    def between(self, low: int, high: int) -> list[Found]:
        """The tags that begin between two offsets."""
        return self.found[bisect_left(self.found, low, key=_start) : bisect_left(self.found, high, key=_start)]

    def parties(self, low: int = 0, high: int | None = None) -> int:
        """How many different states and organisations are tagged between two offsets, or in all."""
        if high is not None:
            return _parties(self.between(low, high))
        if self._counted != len(self.found):
            self._counted, self._parties = len(self.found), _parties(self.found)
        return self._parties


def _start(found: Found) -> int:
    return found.start


def _parties(found: Iterable[Found]) -> int:
    return len({f.code for f in found if f.kind in ("state", "actor")})


def distinct_words(text: str) -> frozenset[str]:
    """The distinct words of a text in small letters: its runs of letters, digits and underscores."""
    text = text.lower()
    if not text.isascii():
        for mark in _MARKS:
            text = text.replace(mark, " ")
        if not text.isascii():
            return frozenset(_WORD.findall(text))
    # Half the time that the pattern takes, and it is taken for nearly every article.
    return frozenset(text.encode("ascii").translate(_WORDS_ONLY).decode("ascii").split())


class Decision(NamedTuple):
    """Whether a match is taken, and the reason in words fit for an analyst."""

    accepted: bool
    because: str


class Words:
    """A list of words looked for before, after or near a match. Compiled when first asked: most never are."""

    __slots__ = ("_frame", "_listed", "_pattern", "keys")

    def __init__(self, listed: Iterable[str], frame: str) -> None:
        self._listed, self._frame = frozenset(word.strip() for word in listed), frame
        #: Of each phrase its longest word: one of them must be in an item before anything is searched there.
        self.keys = frozenset(max(found, key=len) for word in self._listed if (found := _WORD.findall(word.lower())))
        self._pattern: re.Pattern[str] | None = None

    def search(self, item: Item, scope: slice) -> str | None:
        """The first of the words in that part of the item, whatever its case."""
        if self.keys.isdisjoint(item.words):
            return None
        if self._pattern is None:
            longest_first = sorted(self._listed, key=lambda w: (-len(w), w))
            inner = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in longest_first)
            self._pattern = re.compile(self._frame.format(inner), re.IGNORECASE)
        hit = self._pattern.search(item.text[scope])
        return hit[1] if hit else None


#: The text before a match ends with one of the words.
BEFORE = r"(?<!\w)({})[\s\-–\"'“”‘(]*$"
#: The text after a match begins with one of the words; a possessive is skipped.
AFTER = r"^(?:'s\b)?[\s\-–\"'“”‘(,]*({})(?!\w)"
#: One of the words stands anywhere.
ANYWHERE = r"(?<!\w)({})(?!\w)"


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions on the neighbourhood of a match; see `seeds/README.md` for the meaning of each field."""

    default: bool
    because: str
    before: Words | None = None
    after: Words | None = None
    near: Words | None = None
    not_before: Words | None = None
    not_after: Words | None = None
    unless: Words | None = None
    near_tags: frozenset[str] = frozenset()
    parties: int = 0
    sentence_parties: int = 0
    requires_tags: frozenset[str] = frozenset()
    requires_side: str = "any"
    reach: int = 0
    except_codes: frozenset[str] = frozenset()
    within: int = NEAR

    def decide(self, item: Item, start: int, end: int) -> Decision:
        """Take the match at `start:end` of the item or not."""
        # What is required is asked first, because most words fall here and asking costs next to nothing.
        if (lack := self._lacks(item, start, end)) is not None:
            return Decision(False, lack)
        low, high = item.around(start, end, self.within)
        if (said := self._ask_words(item, start, end, low, high)) is not None:
            return said
        for other in item.between(low, high):
            if other.kind in self.near_tags and (other.end <= start or other.start >= end):
                named = item.text[other.start : other.end]
                return Decision(True, f"{self.because}: “{named}” ({other.kind}) near by")
        return Decision(self.default, self.because if self.default else "nothing near by speaks for it")

    def _ask_words(self, item: Item, start: int, end: int, low: int, high: int) -> Decision | None:
        """What the word lists say: first what rejects, then what accepts; None when they are silent."""
        behind, ahead = slice(max(0, start - BESIDE), start), slice(end, end + BESIDE)
        left, right = slice(low, start), slice(end, high)
        for words, scopes, where in (
            (self.not_before, (behind,), "before it"),
            (self.not_after, (ahead,), "after it"),
            (self.unless, (left, right), "near by"),
        ):
            if words and (hit := words.search(item, scopes[0]) or words.search(item, scopes[-1])):
                return Decision(False, f"“{hit}” stands {where}")
        for words, scopes, where in (
            (self.before, (behind,), "before it"),
            (self.after, (ahead,), "after it"),
            (self.near, (left, right), "near by"),
        ):
            if words and (hit := words.search(item, scopes[0]) or words.search(item, scopes[-1])):
                return Decision(True, f"{self.because}: “{hit}” {where}")
        return None

    def _lacks(self, item: Item, start: int, end: int) -> str | None:
        """What the rule requires and the item does not have, or None."""
        if self.parties and (have := item.parties()) < self.parties:
            return f"needs {self.parties} states or organisations in the item, has {have}"
        if not (self.requires_tags or self.sentence_parties):
            return None
        low, high = item.sentence(start, end)
        if self.sentence_parties and (have := item.parties(low, high)) < self.sentence_parties:
            return f"needs {self.sentence_parties} states or organisations in the sentence, has {have}"
        if self.reach:
            low, high = max(low, start - self.reach), min(high, end + self.reach)
        low = end if self.requires_side == "after" else low
        high = start if self.requires_side == "before" else high
        kinds = {f.kind for f in item.between(low, high) if f.code not in self.except_codes}
        missing = self.requires_tags - kinds
        where = f"{self.requires_side} it in" if self.requires_side != "any" else "in"
        return f"needs a {' and a '.join(sorted(missing))} {where} the sentence" if missing else None
