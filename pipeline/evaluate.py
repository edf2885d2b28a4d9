"""Tags against labelled items: precision, recall and F1 with a 95 % interval. Pure.

Scores are per item ("article level"): a code counts once however often it stands in the text. Labels that a
file does not have (null) are not scored, and gold marked RECALL-ONLY is never scored for precision.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.model import EVENT_TYPES, Tags

#: z of a two-sided 95 % interval.
Z95 = 1.959964
#: Resamples of the bootstrap behind the interval of F1, and its seed: the same file gives the same interval.
RESAMPLES = 1_000
SEED = 20_260_101
#: How many of the worst confusions a score names.
WORST = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """One item scored for one label: how many codes were right, wrong and missed, and which were not right."""

    hits: int
    false: int
    missed: int
    false_codes: tuple[str, ...] = ()
    missed_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """One line of the report. `n` is how many gold codes there were, `items` how many items were scored.

    `precision` and `f1` are None where the gold allows no precision, `recall` and `f1` where it has no positives.
    `low` and `high` bound the leading number (F1, else recall, else false alarms) at 95 %.
    """

    label: str
    corpus: str
    items: int
    n: int
    precision: float | None
    recall: float | None
    f1: float | None
    low: float
    high: float
    false_alarms: int
    #: The codes most often said wrongly, and most often missed, with how often.
    worst_false: tuple[tuple[str, int], ...] = ()
    worst_missed: tuple[tuple[str, int], ...] = ()


def score(items: Iterable[tuple[Mapping[str, Any], Tags]]) -> list[Score]:
    """Scores of labelled items with their tags, one line for each corpus and label, in a stable order.

    An item is a JSON object as the files in the evaluation folder have it: `states`, `weapons`, `meeting` …
    `relevant` of our own gold, or `gold_states`, `gold_weapon_spans`, `gold_meeting` of the others.
    """
    outcomes: dict[tuple[str, str], list[Outcome]] = {}
    for item, tags in items:
        corpus = str(item.get("corpus") or "arms_diplomacy")
        for label, outcome in _outcomes(item, tags):
            outcomes.setdefault((corpus, label), []).append(outcome)
    return [_summary(label, corpus, listed) for (corpus, label), listed in outcomes.items()]


def missing_labels(item: Mapping[str, Any]) -> list[str]:
    """Which labels an item of our own gold lacks; an item of another corpus may have as few as it likes."""
    needed = ("states", "weapons", *EVENT_TYPES, "relevant") if item.get("corpus") is None else ()
    return [label for label in needed if item.get(label) is None]


def _outcomes(item: Mapping[str, Any], tags: Tags) -> Iterable[tuple[str, Outcome]]:
    if "relevant" in item:
        yield from _own_gold(item, tags)
        return
    partial = "recall-only" in str(item.get("notes", "")).lower()
    if item.get("gold_states") is not None:
        label = "states (recall only)" if partial else "states"
        yield label, _compare(set(item["gold_states"]), set(tags.codes("state")), partial)
    if item.get("gold_weapon_spans") is not None:
        found = [(m.start, m.end) for m in tags.mentions if m.kind == "weapon" and m.field == "text"]
        named = any(m.kind == "weapon" and m.field == "title" for m in tags.mentions)
        spans = [(start, end) for start, end, _ in item["gold_weapon_spans"]]
        if not spans:
            yield "weapons, false alarms", Outcome(0, int(bool(found) or named), 0)
        else:
            hits = sum(any(s < end and start < e for s, e in found) for start, end in spans)
            yield "weapon spans (recall only)", Outcome(hits, 0, len(spans) - hits)
    if item.get("gold_meeting") is not None:
        said = "meeting" in tags.types("event")
        if item["gold_meeting"]:
            yield "meeting (recall only)", Outcome(int(said), 0, int(not said))
        else:
            yield "meeting, false alarms", Outcome(0, int(said), 0)


def _own_gold(item: Mapping[str, Any], tags: Tags) -> Iterable[tuple[str, Outcome]]:
    yield "states", _compare(set(item["states"]), set(tags.codes("state")), False)
    yield "weapon types", _compare(set(item["weapons"]), set(tags.types("weapon")), False)
    events = tags.types("event")
    for event in EVENT_TYPES:
        yield event, _compare({event} if item[event] else set(), {event} & set(events), False)
    yield "relevant", _compare({1} if item["relevant"] else set(), {1} if tags.relevant else set(), False)


def _compare(gold: set[Any], said: set[Any], recall_only: bool) -> Outcome:
    false, missed = [] if recall_only else sorted(map(str, said - gold)), sorted(map(str, gold - said))
    return Outcome(len(gold & said), len(false), len(missed), tuple(false), tuple(missed))


def _summary(label: str, corpus: str, outcomes: list[Outcome]) -> Score:
    hits, false, missed = (sum(getattr(o, name) for o in outcomes) for name in ("hits", "false", "missed"))
    n = hits + missed
    recall = hits / n if n else None
    precision = hits / (hits + false) if hits + false else None
    leading = f1(hits, false, missed)
    if label.endswith("false alarms"):
        precision = recall = leading = None
        low, high = wilson(false, len(outcomes))
    elif label.endswith("(recall only)"):
        precision = leading = None
        low, high = wilson(hits, n)
    else:
        low, high = bootstrap_f1(outcomes)
    worst = [_most(code for o in outcomes for code in getattr(o, name)) for name in ("false_codes", "missed_codes")]
    return Score(label, corpus, len(outcomes), n, precision, recall, leading, low, high, false, *worst)


def _most(codes: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(codes).most_common(WORST))


def f1(hits: int, false: int, missed: int) -> float | None:
    """2·hits / (2·hits + false + missed); None when there is nothing to find and nothing was said."""
    whole = 2 * hits + false + missed
    return 2 * hits / whole if whole else None


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a proportion (Wilson 1927); (0, 1) when n is 0."""
    if n == 0:
        return 0.0, 1.0
    p, z2 = hits / n, Z95 * Z95
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def bootstrap_f1(outcomes: list[Outcome]) -> tuple[float, float]:
    """The 95 % percentile interval of F1 over resampled items (Efron 1979), with a fixed seed."""
    dice = random.Random(SEED)
    values = []
    for _ in range(RESAMPLES):
        drawn = dice.choices(outcomes, k=len(outcomes))
        value = f1(sum(o.hits for o in drawn), sum(o.false for o in drawn), sum(o.missed for o in drawn))
        if value is not None:
            values.append(value)
    values.sort()
    if not values:
        return 0.0, 1.0
    return values[int(0.025 * len(values))], values[min(len(values) - 1, int(0.975 * len(values)))]
