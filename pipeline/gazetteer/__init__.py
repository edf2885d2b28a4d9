"""The gazetteer: the vocabulary of `seeds/` made ready to match, in one Aho-Corasick automaton.

seeds/*.csv, *.toml → seeds (rows) → vocabulary (names with senses) → index (names by skeleton) → Gazetteer
"""

from __future__ import annotations

import gc
import hashlib
from functools import lru_cache
from operator import itemgetter
from pathlib import Path

import ahocorasick_rs

from pipeline.gazetteer.index import Index, extend
from pipeline.gazetteer.item import Contexts, Item
from pipeline.gazetteer.senses import Sense, Vocabulary
from pipeline.gazetteer.statuses import Status
from pipeline.gazetteer.surfaces import as_item
from pipeline.gazetteer.vocabulary import read_vocabulary

#: Raised when the way of matching changes, so that tags of another matcher can be told apart.
MATCHER = 2

_BLANK = ord(" ")

#: One name found: where it starts and ends in a text, and what it may mean (nothing for a swallowed phrase).
Hit = tuple[int, int, tuple[Sense, ...]]


class Gazetteer:
    """Finds all names of a vocabulary in a text: whole words, longest name first, layer by layer."""

    def __init__(self, vocabulary: Vocabulary, version: str) -> None:
        """`version` names the vocabulary; it is stored with every tag.

        Raises SeedError when two rows of one layer claim the same alias for different codes.
        """
        self.vocabulary = vocabulary
        self.version = version
        self.index = Index(vocabulary)
        self._automaton = ahocorasick_rs.BytesAhoCorasick(self.index.keys)
        rules = {id(name.sense.rule): name.sense.rule for name in vocabulary.names if name.sense.rule}
        near = [words for rule in rules.values() for words in (rule.near, rule.unless) if words]
        near += [words for status in vocabulary.statuses for words in (status.earlier, status.later) if words]
        #: What may be said of tags of a kind.
        self.statuses: dict[str, tuple[Status, ...]] = {
            kind: tuple(status for status in vocabulary.statuses if status.kind == kind)
            for kind in {status.kind for status in vocabulary.statuses}
        }
        self._contexts = Contexts(frozenset().union(*(words.words for words in near)), vocabulary.abbreviations)

    def item(self, title: str, text: str) -> Item:
        """A title and a text made ready to be searched and decided on."""
        return Item(as_item(title, text), self._contexts)

    def find(self, item: Item, cased: str = "") -> list[Hit]:
        """All hits in reading order. `cased` is the same text with what is all in capitals in title case.

        Offsets are code points.
        """
        matches = self._automaton.find_matches_as_indexes(item.skeleton, overlapping=True)
        hits, apart = self._read(matches, item.text, item.skeleton)
        if cased:
            again, _ = self._read(matches, cased, item.skeleton)
            return _longest(hits + again)
        return hits if apart else _longest(hits)

    def _read(self, matches: list[tuple[int, int, int]], text: str, words: bytes) -> tuple[list[Hit], bool]:
        """What the matches of the automaton are in a text whose skeleton is `words`, and whether all stand apart.

        Of hits of one span, a listed name comes before a plural or variant, and that before a designation.
        """
        hits: list[Hit] = []
        extended: list[Hit] = []
        designations: list[Hit] = []
        first_open, first_stem, forms = self.index.first_open, self.index.first_stem, self.index.forms
        latin, apart, reached = text.isascii(), True, 0
        for key, start, end in matches:
            into = hits
            if key < first_open:
                end -= 2  # the blank on each side
                senses = forms[key].get(text[start:end])
                if senses is None:
                    continue
            elif key < first_stem:
                end -= 1
                surface = text[start:end]
                senses = forms[key].get(surface)
                if senses is None:
                    continue
                if words[end + 1] != _BLANK:
                    more = extend(surface, senses, text, end)
                    if more is None:
                        continue
                    into, (end, senses) = extended, more
            else:
                member = self.index.member(key, text, start)
                if member is None:
                    continue
                into, (end, senses) = designations, member
            # An item ends in a line break, so that there is a character on both sides.
            if latin or not (text[end].isalnum() or text[start - 1].isalnum()):
                into.append((start, end, senses))
                if start < reached or not senses:
                    apart = False
                reached = end
        if extended or designations:
            return hits + extended + designations, False
        return hits, apart


def _longest(hits: list[Hit]) -> list[Hit]:
    """Keep, in each layer, the leftmost and longest; a phrase takes its place in all layers."""
    kept: list[Hit] = []
    taken: dict[str, int] = {}
    swallowed = reached = 0
    for hit in sorted(hits, key=_first_and_longest):
        start, end, senses = hit
        if start < swallowed:
            continue
        if not senses:
            swallowed = reached = max(end, reached)
        elif start >= reached:
            # Nothing before it comes this far: no layer can be taken.
            taken = dict.fromkeys([sense.layer for sense in senses], end)
            reached = end
            kept.append(hit)
        elif free := tuple(sense for sense in senses if taken.get(sense.layer, 0) <= start):
            taken |= dict.fromkeys([sense.layer for sense in free], end)
            reached = max(end, reached)
            kept.append((start, end, free))
    kept.sort(key=_place)
    return kept


_place = itemgetter(0, 1)


def _first_and_longest(hit: Hit) -> tuple[int, int]:
    return hit[0], -hit[1]


def load_gazetteer(folder: Path) -> Gazetteer:
    """Read, check and compile the vocabulary of a seeds folder, once per process and folder.

    Raises SeedError.
    """
    return _load(folder.resolve())


@lru_cache(maxsize=4)
def _load(folder: Path) -> Gazetteer:
    # The hundreds of thousands of objects made here all stay: looking for garbage among them costs a quarter more time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return Gazetteer(read_vocabulary(folder), vocabulary_version(folder))
    finally:
        if collecting:
            gc.enable()


def vocabulary_version(folder: Path) -> str:
    """A short name for the exact contents of the vocabulary files and the matcher: `1-3f9a0c12`."""
    digest = hashlib.blake2b(digest_size=4)
    for path in sorted([*folder.glob("*.toml"), *folder.glob("*.csv")]):
        if path.name != "feeds.csv":
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{MATCHER}-{digest.hexdigest()}"
