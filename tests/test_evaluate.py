"""Scores, computed by hand beside."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.evaluate import Outcome, Score, bootstrap_f1, f1, missing_labels, score, wilson
from pipeline.model import EVENT_TYPES, Mention, Tags
from tests.making import Find, tags

NO_EVENTS: dict[str, Any] = dict.fromkeys(EVENT_TYPES, 0)
RUS, FRA, DRONE, MEETING = (
    ("state", "RUS", ""),
    ("state", "FRA", ""),
    ("weapon", "geran-2", "drone"),
    ("event", "meeting", "meeting"),
)


def gold(*states: str, weapons: tuple[str, ...] = (), relevant: int = 0, **events: int) -> dict[str, Any]:
    return {"states": list(states), "weapons": {w: ["x"] for w in weapons}, "relevant": relevant} | NO_EVENTS | events


def scores(*items: tuple[dict[str, Any], Tags]) -> dict[str, Score]:
    return {s.label: s for s in score(items)}


def said(*found: Find, relevant: bool = False) -> Tags:
    return tags(*found, relevant=relevant)


def span(start: int, end: int, field: str = "text") -> Tags:
    return Tags((Mention("weapon", "drone", "", "drone", "term", field, start, end, "x", "", ""),), False, "")


def test_precision_recall_and_f1_count_codes_per_item() -> None:
    found = scores(
        (gold("RUS", "FRA"), said(RUS, RUS)),  # one hit, one missed, and the second mention counts no more
        (gold("FRA"), said(RUS, FRA)),  # one hit, one false
        (gold(), said(RUS)),  # one false
    )["states"]
    assert (found.items, found.n) == (3, 3)
    assert (found.precision, found.recall, found.f1) == (2 / 4, 2 / 3, 4 / 7)
    assert found.false_alarms == 2
    assert found.low <= 4 / 7 <= found.high


def test_weapons_are_scored_by_type_and_events_one_by_one() -> None:
    found = scores(
        (gold(weapons=("drone", "missile"), meeting=1, relevant=1), said(DRONE, MEETING, relevant=True)),
        (gold(transfer=1), said(MEETING)),
    )
    assert (found["weapon types"].precision, found["weapon types"].recall) == (1.0, 0.5)
    assert (found["meeting"].precision, found["meeting"].recall) == (0.5, 1.0)
    assert (found["transfer"].precision, found["transfer"].recall, found["transfer"].f1) == (None, 0.0, 0.0)
    assert (found["sanction"].f1, found["sanction"].n) == (None, 0)
    assert found["relevant"].f1 == 1.0
    assert list(found) == ["states", "weapon types", *EVENT_TYPES, "relevant"]


def test_labels_that_a_corpus_does_not_have_are_not_scored() -> None:
    item = {"corpus": "c", "gold_states": ["RUS"], "gold_weapon_spans": None, "gold_meeting": None}
    assert set(scores((item, said(RUS)))) == {"states"}


def test_gold_that_is_for_recall_only_knows_no_false_codes() -> None:
    item = {"corpus": "c", "gold_states": ["RUS", "FRA"], "notes": "RECALL-ONLY: titles"}
    found = scores((item, said(RUS, ("state", "USA", ""))))["states (recall only)"]
    assert (found.precision, found.recall, found.f1, found.false_alarms) == (None, 0.5, None, 0)
    assert (found.low, found.high) == wilson(1, 2)


def test_weapon_spans_are_hit_when_they_overlap() -> None:
    def one(spans: list[list[Any]], said: Tags) -> Score:
        return scores(({"corpus": "c", "gold_weapon_spans": spans}, said))["weapon spans (recall only)"]

    assert one([[10, 20, "x"]], span(19, 25)).recall == 1.0
    assert one([[10, 20, "x"]], span(20, 25)).recall == 0.0
    assert one([[10, 20, "x"]], span(5, 10)).recall == 0.0
    assert one([[10, 20, "x"]], span(12, 13)).recall == 1.0
    assert one([[10, 20, "x"]], span(12, 13, "title")).recall == 0.0
    assert one([[0, 5, "x"], [10, 20, "x"]], span(0, 1)).recall == 0.5


def test_an_item_without_weapons_counts_alarms_once() -> None:
    item = {"corpus": "c", "gold_weapon_spans": []}
    found = scores((item, span(0, 1)), (item, span(0, 1, "title")), (item, said()), (item, said(RUS)))
    alarms = found["weapons, false alarms"]
    assert (alarms.false_alarms, alarms.items, alarms.recall) == (2, 4, None)
    assert (alarms.low, alarms.high) == wilson(2, 4)


def test_meetings_are_scored_for_recall_and_for_alarms_apart() -> None:
    yes, no = {"corpus": "c", "gold_meeting": 1}, {"corpus": "c", "gold_meeting": 0}
    found = scores((yes, said(MEETING)), (yes, said()), (no, said(MEETING)), (no, said()), (no, said()))
    assert (found["meeting (recall only)"].recall, found["meeting (recall only)"].n) == (0.5, 2)
    assert (found["meeting, false alarms"].false_alarms, found["meeting, false alarms"].items) == (1, 3)


def test_each_corpus_is_scored_apart() -> None:
    items = [({"corpus": name, "gold_states": ["RUS"]}, said(*found)) for name, found in (("a", [RUS]), ("b", []))]
    assert [(s.corpus, s.recall) for s in score(items)] == [("a", 1.0), ("b", 0.0)]
    assert score([]) == []


def test_an_item_that_lacks_labels_is_known() -> None:
    assert missing_labels(gold("RUS")) == []
    assert missing_labels({"corpus": "c"}) == []
    assert missing_labels({"text": "x", "states": []})[:2] == ["weapons", "meeting"]


@pytest.mark.parametrize(
    ("hits", "false", "missed", "expected"),
    [(0, 0, 0, None), (1, 0, 0, 1.0), (0, 1, 1, 0.0), (2, 1, 1, 2 / 3), (3, 1, 0, 6 / 7)],
)
def test_f1_is_the_harmonic_mean(hits: int, false: int, missed: int, expected: float | None) -> None:
    assert f1(hits, false, missed) == expected


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        # From the formula of Wilson (1927), worked out by hand to four digits.
        (5, 10, 0.2366, 0.7634),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilsons_interval(hits: int, n: int, low: float, high: float) -> None:
    assert wilson(hits, n) == pytest.approx((low, high), abs=5e-5)


def test_the_bootstrap_gives_the_same_interval_every_time() -> None:
    varied = [Outcome(n % 7, n % 3, n % 5) for n in range(200)]
    assert bootstrap_f1(varied) == bootstrap_f1(list(varied))


def test_the_bootstrap_holds_the_score_and_narrows_with_more_items() -> None:
    outcomes = [Outcome(1, 0, 0)] * 30 + [Outcome(0, 1, 1)] * 10
    low, high = bootstrap_f1(outcomes)
    assert low < 0.75 < high
    assert low > 0.55
    assert high < 0.92
    wider = bootstrap_f1(outcomes[::4])
    assert wider[1] - wider[0] > high - low, "fewer items say less"


def test_the_bootstrap_knows_its_ends() -> None:
    assert bootstrap_f1([Outcome(1, 0, 0)] * 5) == (1.0, 1.0)
    assert bootstrap_f1([Outcome(0, 0, 0)] * 5) == (0.0, 1.0)
