"""How a word that means several things is decided from the words around it. Pure.

A `Rule` is one `[[word]]` of the `seeds/ambiguous*.toml` files or one trigger of `seeds/meetings.toml`. It is
asked in this order: what rejects, what is required, what accepts, and else its default.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.gazetteer.item import BESIDE, Item, Place, count_parties
from pipeline.gazetteer.surfaces import skeleton

#: How far `near` and `unless` look on each side, in characters, unless the rule says otherwise.
NEAR = 200
#: So few words are looked for one by one: a pass for the words of all rules takes longer.
FEW = 8


class Decision(NamedTuple):
    """Whether a match is taken, and the reason in words fit for an analyst."""

    accepted: bool
    because: str


class Beside:
    """A list of words of which one must stand right before a match, or right after it."""

    __slots__ = ("_after", "_listed", "_marks", "_phrases")

    def __init__(self, listed: Iterable[str], *, after: bool) -> None:
        """`listed` are in small letters, and stand `after` a match, or before it."""
        self._listed, self._after = listed, after
        #: The listed words by the skeleton of the one that stands next to the match, made when first asked.
        self._phrases: dict[bytes, list[str]] = {}
        self._marks: tuple[str, ...] = ()

    def _index(self) -> None:
        longest_first = sorted(set(self._listed), key=lambda w: (-len(w), w))
        self._marks = tuple(word for word in longest_first if not skeleton(word).strip())
        for word in longest_first:
            if key := skeleton(word).split():
                self._phrases.setdefault(key[0 if self._after else -1], []).append(word.strip(_BETWEEN))
        self._listed = ()

    def search(self, item: Item, start: int, end: int) -> str | None:
        """The words that stand beside the match at `start:end`, whatever their case."""
        if self._listed:
            self._index()
        return self._search_after(item, end) if self._after else self._search_before(item, start)

    def _search_before(self, item: Item, start: int) -> str | None:
        phrases = self._phrases.get(item.word_before(start), ())
        if not phrases and not self._marks:
            return None
        text = item.text[max(0, start - BESIDE) : start]
        left = text.rstrip(_BETWEEN)
        small = left.lower()
        for phrase in phrases:
            if small.endswith(phrase) and not _goes_on(small[-len(phrase) - 1 : -len(phrase)]):
                return left[-len(phrase) :]
        return next((mark for mark in self._marks if text.rstrip().endswith(mark)), None)

    def _search_after(self, item: Item, end: int) -> str | None:
        phrases = self._phrases.get(item.word_after(end), ())
        if not phrases and not self._marks:
            return None
        text = item.text[end : end + BESIDE]
        right = text.removeprefix("'s").lstrip(_BETWEEN + ",")
        small = right.lower()
        for phrase in phrases:
            if small.startswith(phrase) and not _goes_on(small[len(phrase) : len(phrase) + 1]):
                return right[: len(phrase)]
        return next((mark for mark in self._marks if text.lstrip().startswith(mark)), None)


# What may stand between a match and the word beside it.
_BETWEEN = " \n-\"'“”‘("


def _goes_on(character: str) -> bool:
    return character.isalnum() or character == "_"


class Near:
    """A list of words of which one must stand near a match, on either side."""

    __slots__ = ("_few", "words")

    def __init__(self, words: frozenset[str]) -> None:
        """`words` are in small letters."""
        self.words = words
        self._few = [(word, skeleton(word)) for word in words] if len(words) <= FEW else []

    def search(self, item: Item, start: int, end: int, within: int) -> str | None:
        """The first of the words within so many characters of the match at `start:end`, whatever its case."""
        low, high = start - within, end + within
        best = None
        for place in self._places(item, low, high) if self._few else item.spoken_between(low, high):
            at, to, word = place
            if (
                word in self.words
                and ((low <= at and to <= start) or (end <= at and to <= high))
                and (best is None or (at, -to) < best)
            ):
                best = at, -to
        return item.text[best[0] : -best[1]] if best else None

    def _places(self, item: Item, low: int, high: int) -> Iterator[Place]:
        for word, key in self._few:
            at = item.skeleton.find(key, max(0, low), high + 2)
            while at >= 0:
                to = at + len(word)
                if item.text[at:to].lower() == word:
                    yield at, to, word
                at = item.skeleton.find(key, at + 1, high + 2)


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions on the neighbourhood of a match; see `seeds/README.md` for the meaning of each field."""

    default: bool
    because: str
    before: Beside | None = None
    after: Beside | None = None
    near: Near | None = None
    not_before: Beside | None = None
    not_after: Beside | None = None
    unless: Near | None = None
    near_tags: frozenset[str] = frozenset()
    parties: int = 0
    sentence_parties: int = 0
    requires_tags: frozenset[str] = frozenset()
    requires_side: str = "any"
    reach: int = 0
    neighbours: bool = False
    except_codes: frozenset[str] = frozenset()
    within: int = NEAR
    #: With fewer parties than these in the item it can only say no.
    least_parties: int = field(init=False)
    #: Whether it requires anything.
    demanding: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "least_parties", max(self.parties, self.sentence_parties))
        object.__setattr__(self, "demanding", bool(self.least_parties or self.requires_tags))

    def decide(self, item: Item, start: int, end: int) -> Decision:
        """Take the match at `start:end` of the item or not."""
        # What is required is asked first, because most words fall here and asking costs next to nothing.
        if self.demanding and (lack := self._lacks(item, start, end)) is not None:
            return Decision(False, lack)
        if (said := self._ask_words(item, start, end)) is not None:
            return said
        if self.near_tags:
            for at, to, known, _ in item.between(start - self.within, end + self.within):
                if known.kind in self.near_tags and (to <= start or at >= end):
                    return Decision(True, f"{self.because}: “{item.text[at:to]}” ({known.kind}) near by")
        return Decision(self.default, self.because if self.default else "nothing near by speaks for it")

    def _ask_words(self, item: Item, start: int, end: int) -> Decision | None:
        """What the word lists say: first what rejects, then what accepts; None when they are silent."""
        if self.not_before and (hit := self.not_before.search(item, start, end)):
            return Decision(False, f"“{hit}” stands before it")
        if self.not_after and (hit := self.not_after.search(item, start, end)):
            return Decision(False, f"“{hit}” stands after it")
        if self.unless and (hit := self.unless.search(item, start, end, self.within)):
            return Decision(False, f"“{hit}” stands near by")
        if self.before and (hit := self.before.search(item, start, end)):
            return Decision(True, f"{self.because}: “{hit}” before it")
        if self.after and (hit := self.after.search(item, start, end)):
            return Decision(True, f"{self.because}: “{hit}” after it")
        if self.near and (hit := self.near.search(item, start, end, self.within)):
            return Decision(True, f"{self.because}: “{hit}” near by")
        return None

    def _lacks(self, item: Item, start: int, end: int) -> str | None:
        """What the rule requires and the item does not have, or None."""
        if self.parties and (have := item.parties) < self.parties:
            return f"needs {self.parties} states or organisations in the item, has {have}"
        if not (self.requires_tags or self.sentence_parties):
            return None
        low, high = item.sentence(start, end, int(self.neighbours))
        if self.sentence_parties and (have := count_parties(item.between(low, high))) < self.sentence_parties:
            return f"needs {self.sentence_parties} states or organisations in the sentence, has {have}"
        if self.reach:
            low, high = max(low, start - self.reach), min(high, end + self.reach)
        low = end if self.requires_side == "after" else low
        high = start if self.requires_side == "before" else high
        kinds = {known.kind for _, _, known, _ in item.between(low, high) if known.known_as not in self.except_codes}
        missing = self.requires_tags - kinds
        where = f"{self.requires_side} it in" if self.requires_side != "any" else "in"
        return f"needs a {' and a '.join(sorted(missing))} {where} the sentence" if missing else None
