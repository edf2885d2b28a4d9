"""Seed rows → vocabulary: every file is read and checked here, before anything is matched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from pipeline.errors import SeedError
from pipeline.gazetteer.guards import Guards, read_rule, small
from pipeline.gazetteer.rules import NEAR, Beside, Near
from pipeline.gazetteer.seeds import Row, read_csv, read_toml
from pipeline.gazetteer.senses import (
    EventType,
    Example,
    Family,
    Name,
    Sense,
    State,
    System,
    Vocabulary,
    WeaponType,
)
from pipeline.gazetteer.statuses import Status
from pipeline.model import EVENT_TYPES

_LISTS = ("sipri", "unroca", "ml", "mtcr")
_STATE_VIAS = {
    "names": "name",
    "adjectives": "adjective",
    "capitals": "capital",
    "institutions": "institution",
    "regions": "region",
}


def read_vocabulary(folder: Path) -> Vocabulary:
    """Read and check all seed files of a folder. Raises SeedError with file, line and the mend."""
    v = Vocabulary()
    rules = Guards(folder)
    _read_states(v, folder, rules)
    _read_actors(v, folder, rules)
    _read_weapons(v, folder, rules)
    _read_families(v, folder)
    _read_events(v, folder, rules.contexts)
    _read_statuses(v, folder)
    v.abbreviations = rules.contexts.get("abbreviations", frozenset())
    for path in sorted(folder.glob("phrases*.csv")):
        v.phrases += [(row.text("phrase"), row.where) for row in read_csv(path, ("phrase", "because", "source"))]
    rules.check_used(v)
    return v


def _read_states(v: Vocabulary, folder: Path, rules: Guards) -> None:
    for row in read_toml(folder / "states.toml"):
        if not (len(row.key) == 3 and row.key.isalpha() and row.key.isupper()):
            raise SeedError(row.where, f"[{row.key}] is no ISO 3166-1 alpha-3 code")
        name = row.text("name")
        row.text("source")
        v.states[row.key] = State(row.key, name, row.number("lat", 0.0), row.number("lon", 0.0))
        guard = rules.of("state", row.key)
        for column, via in _STATE_VIAS.items():
            v.names += [guard(a, Sense("state", row.key, name, "", via, row.where)) for a in row.texts(column)]
        v.examples += _examples(row, "state", row.key)
    for row in read_csv(folder / "leaders.csv", ("state", "name", "aliases", "office", "from", "to", "source")):
        term = row.text("from", required=False), row.text("to", required=False)
        _add_to_state(v, row, rules, (row.text("name"), *row.texts("aliases")), "leader", term)
    for row in read_csv(folder / "places.csv", ("place", "aliases", "state", "kind", "population", "source")):
        kind = row.one_of("kind", ("city", "region"))
        _add_to_state(v, row, rules, (row.text("place"), *row.texts("aliases")), kind)


def _add_to_state(
    v: Vocabulary, row: Row, rules: Guards, aliases: Iterable[str], via: str, term: tuple[str, str] = ("", "")
) -> None:
    code = row.text("state")
    if code not in v.states:
        raise SeedError(row.where, f"state {code!r} is not in states.toml; add it there or mend the code")
    guard = rules.of("state", code)
    sense = Sense("state", code, v.states[code].name, "", via, row.where, None, term)
    v.names += [guard(a, sense) for a in aliases]


def _read_actors(v: Vocabulary, folder: Path, rules: Guards) -> None:
    for row in read_toml(folder / "actors.toml"):
        kind = row.one_of("kind", ("organisation", "armed group"))
        name = v.actors[row.key] = row.text("name")
        guard = rules.of("actor", row.key)
        for column, via in (("names", "name"), ("heads", "leader")):
            v.names += [guard(a, Sense("actor", row.key, name, kind, via, row.where)) for a in row.texts(column)]
        v.examples += _examples(row, "actor", row.key)


def _read_weapons(v: Vocabulary, folder: Path, rules: Guards) -> None:
    for row in read_toml(folder / "weapon_types.toml"):
        categories = {key: row.texts(key) for key in _LISTS}
        v.weapon_types[row.key] = WeaponType(row.key, row.text("name"), row.text("definition"), categories)
    types = tuple(v.weapon_types)
    for row in read_csv(folder / "weapon_terms.csv", ("term", "type", "aliases", "source")):
        term, kind = row.text("term"), row.one_of("type", types)
        guard = rules.of("term", term)
        sense = Sense("weapon", kind, term, kind, "term", row.where)
        v.names += [guard(a, sense) for a in (term, *row.texts("aliases"))]
    for row in read_csv(folder / "weapons.csv", ("code", "name", "type", "aliases", "origin", *_LISTS, "source")):
        code, name, kind = row.text("code"), row.text("name"), row.one_of("type", types)
        if code in v.systems:
            raise SeedError(row.where, f"code {code!r} stands twice; give one row another code or join them")
        origin = row.texts("origin")
        if unknown := [o for o in origin if o not in v.states]:
            raise SeedError(row.where, f"origin {unknown[0]!r} is not in states.toml")
        v.systems[code] = System(code, name, kind, origin, {key: row.texts(key) for key in _LISTS})
        guard = rules.of("weapon", code)
        sense = Sense("weapon", code, name, kind, "system", row.where)
        v.names += [guard(a, sense) for a in dict.fromkeys((name, *row.texts("aliases")))]


def _read_families(v: Vocabulary, folder: Path) -> None:
    for row in read_toml(folder / "designations.toml"):
        kind = row.one_of("type", tuple(v.weapon_types))
        sense = Sense("weapon", kind, row.text("name"), kind, "designation", row.where)
        if not row.texts("stems"):
            raise SeedError(row.where, "stems is empty; say what the designations begin with")
        # Taken as written: the blank in "Mirage " belongs to the stem.
        family = Family(row.where, row.fields["stems"], row.text("tail"), sense, row.texts("examples"))
        for column, holds in (("examples", True), ("not_examples", False)):
            v.members += [(row.where, family, text, holds) for text in row.texts(column)]
        v.families.append(family)


def _read_events(v: Vocabulary, folder: Path, contexts: dict[str, frozenset[str]]) -> None:
    for row in read_toml(folder / "meetings.toml"):
        if row.key not in EVENT_TYPES:
            raise SeedError(row.where, f"[{row.key}] is no event type; use one of {', '.join(EVENT_TYPES)}")
        name = row.text("name")
        v.events[row.key] = EventType(row.key, name, row.text("plover"))
        for number, fields in enumerate(row.fields.get("triggers", []), start=1):
            trigger = Row(f"{row.where} trigger {number}", row.key, fields)
            sense = Sense("event", row.key, name, row.key, "trigger", trigger.where, read_rule(trigger, contexts))
            v.names += [Name(phrase, sense) for phrase in trigger.texts("phrases")]
        v.examples += _examples(row, "event", row.key)


def _read_statuses(v: Vocabulary, folder: Path) -> None:
    for row in read_toml(folder / "statuses.toml"):
        kind, name = row.one_of("kind", ("event", "weapon")), row.text("name")
        lists = {name: frozenset(map(small, row.texts(name))) for name in ("before", "after", "earlier", "later")}
        status = Status(
            row.key,
            name,
            kind,
            before=Beside(lists["before"], after=False) if lists["before"] else None,
            after=Beside(lists["after"], after=True) if lists["after"] else None,
            earlier=Near(lists["earlier"]) if lists["earlier"] else None,
            later=Near(lists["later"]) if lists["later"] else None,
            within=int(row.number("within", NEAR)),
        )
        v.statuses.append(status)
        v.examples += [replace(example, status=row.key) for example in _examples(row, kind, "")]


def _examples(row: Row, kind: str, code: str) -> Iterator[Example]:
    if not row.texts("examples"):
        raise SeedError(row.where, "has no examples; give at least one sentence that must yield it")
    for column, holds in (("examples", True), ("not_examples", False)):
        for sentence in row.texts(column):
            yield Example(row.where, sentence, kind, code, holds)
