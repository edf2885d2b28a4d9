"""The gazetteer: the vocabulary of `seeds/` made ready to match, in one Aho-Corasick automaton.

seeds/*.csv, *.toml → seeds (rows) → vocabulary (names with senses) → surfaces (variants) → Gazetteer
"""

from __future__ import annotations

import gc
import hashlib
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import ahocorasick_rs

from pipeline.errors import SeedError
from pipeline.gazetteer.senses import Family, Sense, Vocabulary
from pipeline.gazetteer.surfaces import variants
from pipeline.gazetteer.vocabulary import read_vocabulary

#: Raised when the way of matching changes, so that tags of another matcher can be told apart.
MATCHER = 1

# What may follow a name of a weapon: "drones", "Leopards"; states write their plurals out.
_PLURAL = re.compile(r"s(?!\w)")
# What may follow a designation that ends in a digit: "F-16C", "Su-35S", "MQ-9B", "T-72B3", "F-16s".
_VARIANT_SUFFIX = re.compile(r"(?:[A-Z]{1,3}\d{0,2}[A-Z]{0,2}s?|s|bis|ER)(?!\w)")
_DESIGNATION = re.compile(r"(?=.*[A-Za-z])(?=.*[A-Z\d][-\d]).*\d")


class Hit(NamedTuple):
    """One name found at `start:end` of a text, with what it may mean (nothing for a swallowed phrase)."""

    start: int
    end: int
    senses: tuple[Sense, ...]


class Gazetteer:
    """Finds all names of a vocabulary in a text: whole words, longest name first, layer by layer."""

    def __init__(self, vocabulary: Vocabulary, version: str) -> None:
        """`version` names the vocabulary; it is stored with every tag.

        Raises SeedError when two rows of one layer claim the same alias for different codes.
        """
        self.vocabulary = vocabulary
        self.version = version
        surfaces = _Surfaces(vocabulary)
        self._senses = surfaces.senses
        self._tails = surfaces.tails
        self._families = surfaces.families
        self._first_stem = surfaces.first_stem
        self._automaton = ahocorasick_rs.AhoCorasick(surfaces.names, matchkind=ahocorasick_rs.MatchKind.Standard)
        #: Every form that is looked for.
        self.surfaces: tuple[str, ...] = tuple(surfaces.names)

    def find(self, *readings: str) -> list[Hit]:
        """All hits in reading order, in one or more readings of a text, all of the same length.

        Offsets are code points. A reading may not hold lone surrogates.
        """
        hits: list[Hit] = []
        extended: list[Hit] = []
        members: list[Hit] = []
        for text in readings:
            length = len(text)
            for pattern, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
                if start and text[start - 1].isalnum():
                    continue
                if pattern >= self._first_stem:
                    for family in self._families[pattern - self._first_stem]:
                        if more := family.tail.match(text, end):
                            members.append(Hit(start, more.end(), (family.sense,)))
                            break
                    continue
                senses = self._senses[pattern]
                if end == length or not text[end].isalnum():
                    hits.append(Hit(start, end, senses))
                elif (tail := self._tails[pattern]) and (more := tail.match(text, end)):
                    # "B-1" may be a visa, "B-1B" is not: a variant needs no rule.
                    variant = tail is _VARIANT_SUFFIX and more[0] != "s"
                    extended.append(Hit(start, more.end(), _without_rules(senses) if variant else senses))
        # Of names of one span, a listed one goes before a plural or variant, and that before a family: the sort
        # keeps their order.
        hits += extended
        hits += members
        hits.sort(key=_position)
        return _longest(hits)


def _without_rules(senses: tuple[Sense, ...]) -> tuple[Sense, ...]:
    return tuple(replace(sense, rule=None) if sense.rule else sense for sense in senses)


def _position(hit: Hit) -> tuple[int, int]:
    return hit.start, -hit.end


def _longest(hits: list[Hit]) -> list[Hit]:
    """Keep, in each layer, the leftmost and longest; a phrase takes its place in all layers."""
    kept: list[Hit] = []
    taken: dict[str, int] = {}
    swallowed = reached = 0
    for hit in hits:
        start, end, senses = hit
        if start < swallowed:
            continue
        if not senses:
            swallowed = reached = max(end, reached)
        elif start >= reached:
            # Nothing before it comes this far: no layer can be taken.
            taken = {sense.layer: end for sense in senses}
            reached = end
            kept.append(hit)
        elif free := tuple(sense for sense in senses if taken.get(sense.layer, 0) <= start):
            taken |= {sense.layer: end for sense in free}
            reached = max(end, reached)
            kept.append(Hit(start, end, free))
    return kept


class _Surfaces:
    """Every surface of every name, each with the senses it may have (one in each layer)."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        declared: dict[str, dict[str, Sense]] = {}
        for name in vocabulary.names:
            layer = declared.setdefault(name.alias, {})
            other = layer.setdefault(name.sense.layer, name.sense)
            if other.code != name.sense.code or (name.sense.kind == "event" and other is not name.sense):
                problem = (
                    f"{name.alias!r} is {name.sense.code} here and {other.code} at {other.row}; keep it in one place"
                )
                raise SeedError(name.sense.row, problem)
        for name in vocabulary.names:
            for surface in name.surfaces():
                declared.setdefault(surface, {}).setdefault(name.sense.layer, name.sense)
        phrases = dict.fromkeys(
            surface
            for phrase, _ in vocabulary.phrases
            for surface in variants(phrase, capitals=False)
            if surface not in declared
        )
        stems: dict[str, list[Family]] = {}
        for family in vocabulary.families:
            for stem in family.stems:
                if stem not in declared and stem not in phrases:
                    stems.setdefault(stem, []).append(family)
        self.names: list[str] = [*declared, *phrases, *stems]
        self.first_stem = len(declared) + len(phrases)
        #: The families that begin with each stem; stems come last among the names.
        self.families: list[list[Family]] = list(stems.values())
        self.senses: list[tuple[Sense, ...]] = [tuple(layers.values()) for layers in declared.values()]
        self.senses += [()] * len(phrases)
        #: What may follow a name that would otherwise end inside a word, by pattern.
        self.tails = [_tail(*pair) for pair in zip(self.names[: self.first_stem], self.senses, strict=True)]


def _tail(name: str, senses: tuple[Sense, ...]) -> re.Pattern[str] | None:
    if not senses:
        return _PLURAL if name[0].islower() else None
    if senses[0].kind != "weapon" or not name[-1].isalnum():
        return None
    return _VARIANT_SUFFIX if name[-1].isdigit() and _DESIGNATION.fullmatch(name) else _PLURAL


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
