"""Rules from seed files: those that guard ambiguous words, and what any row says of its own conditions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.errors import SeedError
from pipeline.gazetteer.rules import NEAR, Beside, Near, Rule
from pipeline.gazetteer.seeds import Row, read_toml
from pipeline.gazetteer.senses import Example, Name, Sense, Vocabulary
from pipeline.gazetteer.surfaces import plain


def small(word: str) -> str:
    """A word of a list as it is compared."""
    return plain(word).strip().lower()


def read_rule(row: Row, contexts: dict[str, frozenset[str]]) -> Rule:
    """The rule that a row of an ambiguous file, or a trigger, describes. Raises SeedError."""

    def words(column: str) -> frozenset[str]:
        listed = row.texts(column)
        own = frozenset(small(word) for word in listed if not word.startswith("@"))
        named = [word[1:] for word in listed if word.startswith("@")]
        if unknown := [name for name in named if name not in contexts]:
            raise SeedError(row.where, f"{column} names @{unknown[0]}, which is not in contexts.toml")
        return own.union(*(contexts[name] for name in named))

    def beside(column: str, *, after: bool) -> Beside | None:
        return Beside(listed, after=after) if (listed := words(column)) else None

    def near(column: str) -> Near | None:
        return Near(listed) if (listed := words(column)) else None

    return Rule(
        default=row.one_of("default", ("yes", "no")) == "yes" if "default" in row.fields else True,
        because=row.text("because", required=False),
        before=beside("before", after=False),
        after=beside("after", after=True),
        near=near("near"),
        not_before=beside("not_before", after=False),
        not_after=beside("not_after", after=True),
        unless=near("unless"),
        near_tags=frozenset(row.texts("near_tags")),
        parties=int(row.number("parties", 0)),
        sentence_parties=int(row.number("sentence_parties", 0)),
        requires_tags=frozenset(row.texts("requires_tags")),
        requires_side=row.one_of("requires_side", ("any", "before", "after"))
        if "requires_side" in row.fields
        else "any",
        reach=int(row.number("reach", 0)),
        neighbours="neighbours" in row.fields and row.one_of("neighbours", ("yes", "no")) == "yes",
        except_codes=frozenset(row.texts("except_codes")),
        within=int(row.number("within", NEAR)),
    )


class Guards:
    """The rules of the ambiguous words, by the row they guard."""

    def __init__(self, folder: Path) -> None:
        self.contexts: dict[str, frozenset[str]] = {}
        for path in sorted(folder.glob("contexts*.toml")):
            self.contexts |= {row.key: frozenset(map(small, row.texts("words"))) for row in read_toml(path)}
        self._rules: dict[tuple[str, str], dict[str, tuple[Rule, str]]] = {}
        self._examples: list[tuple[Row, str, str]] = []
        self._named: dict[tuple[str, str], list[Name]] = {}
        for path in sorted(folder.glob("ambiguous*.toml")):
            for row in read_toml(path):
                self._add(row)

    def _add(self, row: Row) -> None:
        kind, _, code = row.text("means").partition(":")
        if kind not in ("state", "actor", "weapon", "term") or not code:
            raise SeedError(row.where, "means must be state:, actor:, weapon: or term: and a code")
        if not row.texts("is") or not row.texts("is_not"):
            raise SeedError(row.where, "needs sentences where it is meant (is) and where it is not (is_not)")
        rule = read_rule(row, self.contexts)
        guarded = self._rules.setdefault((kind, code), {})
        for surface in row.texts("surfaces"):
            if surface in guarded:
                raise SeedError(row.where, f"{surface!r} has a rule already, at {guarded[surface][1]}; join the two")
            guarded[surface] = (rule, row.where)
        self._examples.append((row, kind, code))

    def of(self, kind: str, code: str) -> Callable[[str, Sense], Name]:
        """A maker of names for one row, that puts the rule of an ambiguous surface into its sense."""
        guarded = self._rules.get((kind, code))
        if guarded is None:
            return Name
        named = self._named.setdefault((kind, code), [])

        def name(alias: str, sense: Sense) -> Name:
            made = Name(alias, sense.ruled(guarded[alias][0]) if alias in guarded else sense)
            named.append(made)
            return made

        return name

    def check_used(self, v: Vocabulary) -> None:
        """Every rule guards an alias that exists, or a variant of one; its sentences become examples."""
        aliases = {key: {name.alias for name in names} for key, names in self._named.items()}
        for row, kind, code in self._examples:
            names = self._named.get((kind, code), [])
            if unknown := set(row.texts("surfaces")) - aliases.get((kind, code), set()):
                unknown -= {s for name in names for s in name.surfaces()}
            if unknown:
                problem = f"{min(unknown)!r} is no alias of {kind}:{code}; add it there or mend this row"
                raise SeedError(row.where, problem)
            tag_kind = "weapon" if kind == "term" else kind
            tag_code = names[0].sense.code
            for column, holds in (("is", True), ("is_not", False)):
                v.examples += [Example(row.where, s, tag_kind, tag_code, holds) for s in row.texts(column)]
