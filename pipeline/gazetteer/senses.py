"""The values of a vocabulary: names, what they mean, and what is known of states, weapons and events.

Layers are matched apart from each other: inside one layer the longest name wins, so "South Sudan" hides
"Sudan", while "US arms" may be a state and a weapon. Phrases of `seeds/phrases*.csv` win in every layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.gazetteer.rules import Rule
from pipeline.gazetteer.surfaces import variants


@dataclass(frozen=True, slots=True)
class Sense:
    """What a name means: a tag's kind, code, name, type and way of recognition, and the seed row that says so."""

    kind: str
    code: str
    name: str
    type: str
    via: str
    row: str
    rule: Rule | None = None
    #: Names compete for the longest match inside one layer only; each event type is a layer of its own.
    layer: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "layer", f"event {self.code}" if self.kind == "event" else self.kind)


@dataclass(frozen=True, slots=True)
class Name:
    """One alias as an analyst wrote it, with its sense."""

    alias: str
    sense: Sense

    def surfaces(self) -> Iterator[str]:
        """All forms in which it may stand in a text."""
        return variants(self.alias, capitals=self.sense.kind in ("state", "actor"))


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


@dataclass(frozen=True, slots=True)
class Family:
    """A family of designations: what stands after one of the `stems` must match `tail` ("Su-" and two digits)."""

    stems: tuple[str, ...]
    tail: re.Pattern[str]
    sense: Sense

    def is_in(self, text: str) -> bool:
        """Whether one of the family stands in a text."""
        starts = [m.end() for stem in self.stems for m in re.finditer(r"(?<!\w)" + re.escape(stem), text)]
        return any(self.tail.match(text, start) for start in starts)


@dataclass(frozen=True, slots=True)
class EventType:
    """An event type with its name and PLOVER code."""

    code: str
    name: str
    plover: str


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence that must (or must not) yield a tag; a test runs every one."""

    where: str
    sentence: str
    kind: str
    code: str
    holds: bool


@dataclass(slots=True)
class Vocabulary:
    """Everything under `seeds/` that the tagger knows."""

    states: dict[str, State]
    actors: dict[str, str]
    weapon_types: dict[str, WeaponType]
    systems: dict[str, System]
    events: dict[str, EventType]
    names: list[Name]
    families: list[Family]
    phrases: list[tuple[str, str]]
    examples: list[Example]
