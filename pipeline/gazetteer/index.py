"""Names by the skeleton that all their writings share, each with the exact forms in which it may stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipeline.errors import SeedError
from pipeline.gazetteer.senses import Family, Name, Sense, Vocabulary
from pipeline.gazetteer.surfaces import joined_designation, plain, skeleton, variants

# What may follow a name of a weapon: "drones", "Leopards"; states write their plurals out.
_PLURAL = re.compile(r"s(?!\w)")
# What may follow a designation that ends in a digit: "F-16C", "Su-35S", "MQ-9B", "T-72B3", "F-16s".
_VARIANT_SUFFIX = re.compile(r"(?:[A-Z]{1,3}\d{0,2}[A-Z]{0,2}s?|s|bis|ER)(?!\w)")
_DESIGNATION = re.compile(r"(?=.*[A-Za-z])(?=.*[A-Z\d][-\d]).*\d")

#: What may stand at one place of a text: the exact words, and what they may mean (nothing for a swallowed phrase).
Forms = dict[str, tuple[Sense, ...]]


class _Forms(dict[int, Forms]):
    """Forms by key, made when the key is first met: most never are."""

    def __init__(self, names: Sequence[tuple[Sequence[Name], Sequence[str]]]) -> None:
        super().__init__()
        self._names = names

    def __missing__(self, key: int) -> Forms:
        self[key] = forms = _forms(*self._names[key])
        return forms


class Index:
    """Every name of a vocabulary as a key to look for, and what each key may mean.

    Keys are skeletons with a blank before them. The first ones end in a blank too: whole words. From `first_open`
    on they may go on ("F-16C", "drones"), and from `first_stem` on they are the beginnings of designations.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Raises SeedError when two rows of one layer claim the same alias for different codes."""
        _check_once(vocabulary.names)
        named: dict[bytes, list[Name]] = {}
        swallowed: dict[bytes, list[str]] = {}
        stems: dict[bytes, list[Family]] = {}
        may_go_on: dict[bytes, None] = {}  # in the order of the files: the same seeds make the same keys
        for name in vocabulary.names:
            goes_on = name.sense.kind == "weapon"
            for key in _keys(name.alias, name.capitals):
                if key in named:
                    named[key].append(name)
                else:
                    named[key] = [name]
                if goes_on or not name.alias[-1].isalnum():
                    may_go_on[key] = None
        for phrase, _ in vocabulary.phrases:
            for key in _keys(phrase, False):
                swallowed.setdefault(key, []).append(phrase)
                if phrase[0].islower() or not phrase[-1].isalnum():
                    may_go_on[key] = None
        for family in vocabulary.families:
            for key in sorted(family.skeletons()):
                stems.setdefault(key, []).append(family)
        whole = [key for key in (named | swallowed) if key not in may_go_on]
        #: What the automaton looks for.
        self.keys: list[bytes] = [*whole, *(key[:-1] for key in may_go_on), *stems]
        self.first_open = len(whole)
        self.first_stem = len(whole) + len(may_go_on)
        #: The families of designations that begin with each stem.
        self.families: list[list[Family]] = list(stems.values())
        self._names = [(named.get(key, ()), swallowed.get(key, ())) for key in (*whole, *may_go_on)]
        #: The exact forms that each key may stand for.
        self.forms = _Forms(self._names)

    def member(self, key: int, text: str, start: int) -> tuple[int, tuple[Sense, ...]] | None:
        """Where the designation that begins at `start` ends, and what it means; None when it is of no family."""
        for family in self.families[key - self.first_stem]:
            if end := family.end(text, start):
                return end, (family.sense,)
        return None

    def surfaces(self) -> list[str]:
        """Every exact form of every name and phrase, as a tool without rules would have to look for them."""
        listed = {form for names, phrases in self._names for form in _forms(names, phrases)}
        return sorted(listed | {stem for families in self.families for f in families for stem in f.stems})


def _check_once(names: Iterable[Name]) -> None:
    declared: dict[tuple[str, str], Sense] = {}
    for name in names:
        other = declared.setdefault((name.alias, name.sense.layer), name.sense)
        if other is name.sense:
            continue
        if name.sense.kind == "state" and other.via == name.sense.via == "leader":
            continue  # the date of an article tells who is meant
        if other.code != name.sense.code or name.sense.kind == "event":
            problem = f"{name.alias!r} is {name.sense.code} here and {other.code} at {other.row}; keep it in one place"
            raise SeedError(name.sense.row, problem)


def _keys(alias: str, capitals: bool) -> Iterable[bytes]:
    """The skeletons of all surfaces of an alias; most have one."""
    if alias.isascii():
        joined = joined_designation(alias)
        return (skeleton(alias), skeleton(joined)) if joined else (skeleton(alias),)
    return sorted({skeleton(surface) for surface in variants(alias, capitals=capitals)})


def _forms(names: Iterable[Name], phrases: Iterable[str]) -> Forms:
    """Of two names of one layer that share a form, the one that was written so counts, then the first.

    Leaders who share a form stay rivals.
    """
    layers: dict[str, dict[str, Sense]] = {}
    leaders: dict[str, dict[str, Sense]] = {}
    for name in names:
        layers.setdefault(plain(name.alias), {}).setdefault(name.sense.layer, name.sense)
    for name in names:
        for surface in dict.fromkeys(variants(name.alias, capitals=name.capitals)):
            layers.setdefault(surface, {}).setdefault(name.sense.layer, name.sense)
            if name.sense.kind == "state" and name.sense.via == "leader":
                leaders.setdefault(surface, {}).setdefault(name.sense.row, name.sense)
    for surface, rivals in leaders.items():
        first = layers[surface]["state"]
        if len(rivals) > 1 and first.via == "leader":
            layers[surface]["state"] = first.among(tuple(rivals.values()))
    forms: Forms = {surface: tuple(senses.values()) for surface, senses in layers.items()}
    for phrase in phrases:
        for surface in variants(phrase, capitals=False):
            forms.setdefault(surface, ())
    return forms


def tail(surface: str, senses: tuple[Sense, ...]) -> re.Pattern[str] | None:
    """What may follow a name that would otherwise end inside a word."""
    if not senses:
        return _PLURAL if surface[0].islower() else None
    if senses[0].kind != "weapon" or not surface[-1].isalnum():
        return None
    return _VARIANT_SUFFIX if surface[-1].isdigit() and _DESIGNATION.fullmatch(surface) else _PLURAL


def extend(surface: str, senses: tuple[Sense, ...], text: str, end: int) -> tuple[int, tuple[Sense, ...]] | None:
    """Where a name goes on to as a plural or a variant, and what it means then; None when it does not.

    A name that ends in a mark ends there, whatever follows: "US$5m".
    """
    if not surface[-1].isalnum():
        return end, senses
    pattern = tail(surface, senses)
    more = pattern.match(text, end) if pattern else None
    if more is None:
        return None
    # "B-1" may be a visa, "B-1B" is not: a variant needs no rule.
    variant = pattern is _VARIANT_SUFFIX and more[0] != "s"
    return more.end(), tuple(sense.ruled(None) for sense in senses) if variant else senses
