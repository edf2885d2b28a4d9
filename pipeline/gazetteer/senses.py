"""The values of a vocabulary: names, what they mean, and what is known of states, weapons and events.

Layers are matched apart from each other: inside one layer the longest name wins, so "South Sudan" hides
"Sudan", while "US arms" may be a state and a weapon. Phrases of `seeds/phrases*.csv` win in every layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.errors import SeedError
from pipeline.gazetteer.rules import Rule
from pipeline.gazetteer.statuses import Status
from pipeline.gazetteer.surfaces import skeleton, variants


class Sense:
    """What a name means: a tag's kind, code, name, type and way of recognition, and the seed row that says so."""

    __slots__ = ("code", "head", "kind", "known_as", "layer", "name", "rivals", "row", "rule", "term", "type", "via")

    def __init__(
        self,
        kind: str,
        code: str,
        name: str,
        type_: str,
        via: str,
        row: str,
        rule: Rule | None = None,
        term: tuple[str, str] = ("", ""),
    ) -> None:
        """`type_` is the type of a weapon, event or actor; `term` the first and the last day of an office."""
        self.kind, self.code, self.name, self.type, self.via = kind, code, name, type_, via
        self.row, self.rule, self.term = row, rule, term
        #: Leaders of one name, this one among them: the date of an article tells which is meant.
        self.rivals: tuple[Sense, ...] = ()
        #: What a mention of it begins with.
        self.head = (kind, code, name, type_, via)
        #: What rules know it by: a weapon's type, any other's code.
        self.known_as = type_ if kind == "weapon" else code
        #: Names compete for the longest match inside one layer only; each event type is a layer of its own.
        self.layer = f"event {code}" if kind == "event" else kind

    def ruled(self, rule: Rule | None) -> Sense:
        """The same meaning, decided by a rule, or by none."""
        return Sense(*self.head, self.row, rule, self.term)

    def among(self, rivals: tuple[Sense, ...]) -> Sense:
        """The same meaning, as one of several leaders of that name."""
        made = self.ruled(self.rule)
        made.rivals = rivals
        return made

    def on(self, day: str) -> Sense:
        """Of the rivals the one in office on a day (ISO 8601; empty for now), else the latest before it."""
        day = day or _EVER
        begun = [rival for rival in self.rivals if rival.term[0] <= day] or list(self.rivals)
        # An end of "2023" is the end of that year.
        return max(begun, key=lambda rival: (day <= f"{rival.term[1]}~" or not rival.term[1], rival.term[0]))


# Later than any day.
_EVER = "9999"


class Name:
    """One alias as an analyst wrote it, with its sense."""

    __slots__ = ("alias", "sense")

    def __init__(self, alias: str, sense: Sense) -> None:
        self.alias, self.sense = alias, sense

    @property
    def capitals(self) -> bool:
        """Whether it may stand all in capitals inside a text that does not."""
        return self.sense.kind in ("state", "actor")

    def surfaces(self) -> Iterator[str]:
        """All forms in which it may stand in a text."""
        return variants(self.alias, capitals=self.capitals)


@dataclass(frozen=True, slots=True)
class State:
    """A state or territory: ISO alpha-3 code, short English name, label point in degrees."""

    code: str
    name: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class WeaponType:
    """One of the weapon types, with the official categories it may fall into."""

    code: str
    name: str
    definition: str
    categories: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class System:
    """A named weapon system: slug, name, weapon type, states of origin, official categories by list."""

    code: str
    name: str
    type: str
    origin: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]


class Family:
    """A family of designations: what stands after one of the `stems` must match `tail` ("Su-" and two digits)."""

    __slots__ = ("_examples", "_keys", "_pattern", "row", "sense", "stems", "tail")

    def __init__(self, row: str, stems: Iterable[str], tail: str, sense: Sense, examples: Sequence[str]) -> None:
        """`row` is where it stands. After a short stem a member begins as one of the `examples` does."""
        self.row, self.tail, self.sense, self._examples = row, tail, sense, examples
        self._pattern: re.Pattern[str] | None = None
        self._keys: set[bytes] | None = None
        #: All forms of the stems: "Su-" also as "Su " and "Su"; a single letter keeps its hyphen.
        self.stems = tuple(form for stem in stems for form in _stem_forms(stem))

    def skeletons(self) -> set[bytes]:
        """What a text must hold for one of the family to be in it."""
        if self._keys is None:
            self._keys = self._make_keys()
        return self._keys

    def _make_keys(self) -> set[bytes]:
        whole = {stem: skeleton(stem)[:-1] for stem in self.stems}
        short = [stem for stem, key in whole.items() if len(key.strip()) <= SHORT_STEM]
        keys = {key for stem, key in whole.items() if stem not in short}
        beginnings = {self._beginning(example) for example in self._examples} if short else set()
        return keys.union(*(_starts(whole[stem], stem, beginnings) for stem in short))

    def _beginning(self, example: str) -> tuple[bytes, bytes]:
        """What an example begins with after its stem: a blank if there is a mark, and a letter or digit."""
        stem = max((form for form in self.stems if form in example), key=len, default="")
        after = skeleton(example.partition(stem)[2] if stem else example)[1:]
        first = after.lstrip()[:1]
        return b"" if after.startswith(first) else b" ", first

    def end(self, text: str, start: int) -> int | None:
        """Where a member that begins at `start` ends, or None. Raises SeedError when the tail is no pattern."""
        if self._pattern is None:
            try:
                self._pattern = re.compile(f"(?:{self.tail})s?(?!\\w)")
            except re.error as error:
                raise SeedError(self.row, f"tail is no regular expression: {error}") from None
        for stem in self.stems:
            if text.startswith(stem, start) and (tail := self._pattern.match(text, start + len(stem))):
                return tail.end()
        return None

    def is_in(self, text: str) -> bool:
        """Whether one of the family stands in a text."""
        words, keys = skeleton(text), self.skeletons()
        return any(self.end(text, at) for at in range(len(text)) if any(words.startswith(key, at) for key in keys))


def _stem_forms(stem: str) -> tuple[str, ...]:
    if not stem.endswith("-") or len(stem) == 2:
        return (stem,)
    return (stem, stem[:-1] + " ", stem[:-1])


def _starts(key: bytes, stem: str, beginnings: set[tuple[bytes, bytes]]) -> set[bytes]:
    """A key for each thing that may follow a stem: any digit for a digit, and any letter of a ship's name ("HMS ")."""
    starts = set()
    for mark, first in beginnings:
        follow = first
        if first.isdigit():
            follow = b"0123456789"
        elif first and stem.endswith(" "):
            follow = b"abcdefghijklmnopqrstuvwxyz"
        starts |= {key + mark + bytes([one]) for one in follow} or {key + mark}
    return starts


#: A stem of at most so many letters and digits begins too many other words.
SHORT_STEM = 4


@dataclass(frozen=True, slots=True)
class EventType:
    """An event type with its name and PLOVER code."""

    code: str
    name: str
    plover: str


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence that must (or must not) yield a tag of a code, or of any code with a `status`."""

    where: str
    sentence: str
    kind: str
    code: str
    holds: bool
    status: str = ""


@dataclass(slots=True)
class Vocabulary:
    """Everything under `seeds/` that the tagger knows."""

    states: dict[str, State] = field(default_factory=dict)
    actors: dict[str, str] = field(default_factory=dict)
    weapon_types: dict[str, WeaponType] = field(default_factory=dict)
    systems: dict[str, System] = field(default_factory=dict)
    events: dict[str, EventType] = field(default_factory=dict)
    names: list[Name] = field(default_factory=list)
    families: list[Family] = field(default_factory=list)
    phrases: list[tuple[str, str]] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    abbreviations: frozenset[str] = field(default_factory=frozenset)
    #: Designations that must (or must not) be of a family: where that is said, the family, the text, which of the two.
    members: list[tuple[str, Family, str, bool]] = field(default_factory=list)
