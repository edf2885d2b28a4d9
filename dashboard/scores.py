"""The texts of `docs/accuracy.json` and `docs/corpora.toml` → what the Accuracy page shows. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import tomli

from pipeline.evaluate import Score

#: With fewer labelled cases than this a score is hardly more than an anecdote, and is drawn as such.
FEW = 30
_RECALL_ONLY, _FALSE_ALARMS = " (recall only)", ", false alarms"
_TAGS = {
    "states": "States",
    "weapon types": "Weapon types",
    "weapon spans": "Weapons, word for word",
    "weapons": "Weapons",
    "relevant": "Arms diplomacy, in or out",
}
#: The columns of `rows`, and which of them hold numbers.
COLUMNS = (
    "Tag",
    "Precision",
    "Recall",
    "F1",
    "95 % interval",
    "Labelled",
    "Items",
    "Said wrongly",
    "Missed",
)
NUMBERS = range(1, 7)


@dataclass(frozen=True, slots=True)
class Corpus:
    """A set of labelled items: what it is, who made it, and whether the vocabulary was made with a view of it."""

    key: str
    name: str
    what: str = ""
    source: str = ""
    licence: str = ""
    seen: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured: with which tagger, when, on which corpora with which scores, and what was not."""

    tagger: str
    measured: date
    corpora: tuple[tuple[Corpus, tuple[Score, ...]], ...]
    not_measured: tuple[str, ...]

    @property
    def all_seen(self) -> bool:
        """Whether the mistakes on every corpus were looked at while the vocabulary was made."""
        return all(corpus.seen for corpus, _ in self.corpora)


def read_report(scores: str, corpora: str) -> Report:
    """The report, its corpora in the order of `corpora.toml`; ValueError saying what is wrong with which file."""
    try:
        found = json.loads(scores)
        tagger, measured = str(found["tagger"]), date.fromisoformat(found["date"])
        by_corpus: dict[str, list[Score]] = {}
        for row in found["scores"]:
            score = _score(row)
            by_corpus.setdefault(score.corpus, []).append(score)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"accuracy.json is not what `make evaluate` writes: {_said(error)}") from error
    try:
        table = tomli.loads(corpora)
        known = {row["key"]: Corpus(**row) for row in table.get("corpus", [])}
        not_measured = tuple(str(line) for line in table.get("not_measured", []))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"corpora.toml cannot be used: {_said(error)}") from error
    order = [key for key in known if key in by_corpus] + [key for key in by_corpus if key not in known]
    described = tuple((known.get(key, Corpus(key, key)), tuple(by_corpus[key])) for key in order)
    return Report(tagger, measured, described, not_measured)


def rows(scores: Sequence[Score], names: Mapping[str, Mapping[str, str]]) -> list[tuple[str, ...]]:
    """The scores of one corpus as lines of a table with the columns `COLUMNS`.

    `names` has what the codes of states, weapon types and events are called, by `state`, `weapon` and `event`.
    """
    return [_row(score, names) for score in scores]


def tag_name(label: str, names: Mapping[str, Mapping[str, str]]) -> str:
    """What a label of the evaluation is called on the page."""
    bare = label.removesuffix(_RECALL_ONLY).removesuffix(_FALSE_ALARMS)
    name = _TAGS.get(bare) or names["event"].get(bare) or bare[:1].upper() + bare[1:]
    return f"{name}, where there is none" if label.endswith(_FALSE_ALARMS) else name


def _row(score: Score, names: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    called = {"states": names["state"], "weapon types": names["weapon"]}.get(score.label.removesuffix(_RECALL_ONLY), {})
    # Resampling items of which all are right shows no chance at all.
    interval = f"{score.low:.2f} to {score.high:.2f}" if score.low < score.high else "too few to say"
    wrongly = _confused(score.false_alarms, score.worst_false, called)
    missed = score.n - round((score.recall or 0.0) * score.n)
    if score.label.endswith(_FALSE_ALARMS):
        share = score.false_alarms / score.items if score.items else 0.0
        interval = f"{score.low:.1%} to {score.high:.1%} of items"
        wrongly = f"in {score.false_alarms:,} of {score.items:,} items ({share:.1%})"
    elif score.label.endswith(_RECALL_ONLY):
        interval = f"{interval} (recall)"
        wrongly = "not measured"
    return (
        tag_name(score.label, names),
        _two(score.precision),
        _two(score.recall),
        _two(score.f1),
        interval,
        f"{score.n:,}{' (few)' if 0 < score.n < FEW else ''}" if score.n else "–",
        f"{score.items:,}",
        wrongly,
        _confused(missed, score.worst_missed, called) if score.n else "–",
    )


def _confused(count: int, worst: Sequence[tuple[str, int]], called: Mapping[str, str]) -> str:
    """How often, and of what most; a label with a single code has nothing more to say than how often."""
    if not called or not worst or not count:
        return f"{count:,}"
    listed = ", ".join(f"{called.get(code, code)}{f' ×{times}' if times > 1 else ''}" for code, times in worst)
    return f"{count:,}: {listed}{' …' if sum(times for _, times in worst) < count else ''}"


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _score(row: Mapping[str, Any]) -> Score:
    """One score. Columns that a later version adds are passed over, those that lack are an error."""
    values = {field.name: row[field.name] for field in fields(Score) if field.name in row}
    for name in ("worst_false", "worst_missed"):
        values[name] = tuple((str(code), int(times)) for code, times in values.get(name, ()))
    for name in ("items", "n", "false_alarms"):
        values[name] = int(values[name])
    for name in ("precision", "recall", "f1", "low", "high"):
        value = values[name]
        if value is None and name not in ("low", "high"):
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ValueError(f"{name} is {value!r}, not a share")
    values["label"], values["corpus"] = str(values["label"]), str(values["corpus"])
    return Score(**values)


def _said(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
