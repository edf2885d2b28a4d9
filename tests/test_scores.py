"""The Accuracy page says what the evaluation wrote, and names what it cannot read."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from datetime import date
from typing import Any

import pytest

from dashboard.scores import COLUMNS, FEW, Corpus, read_report, rows, tag_name
from pipeline.evaluate import Score
from pipeline.model import EVENT_TYPES
from pipeline.settings import ROOT

NAMES = {
    "state": {"USA": "United States", "RUS": "Russia"},
    "weapon": {"missile": "Missiles"},
    "event": {event: event.capitalize() for event in EVENT_TYPES},
}
CORPORA = """
not_measured = ["Whether it is true."]
[[corpus]]
key = "hard"
name = "Hard cases"
what = "Invented."
source = "us"
licence = "CC0"
seen = true
[[corpus]]
key = "feeds"
name = "Feeds"
what = "Real."
source = "them"
licence = "theirs"
seen = false
"""


def score(label: str = "states", **changed: Any) -> Score:
    plain = Score(label, "feeds", 100, 40, 0.9, 0.8, 0.85, 0.7, 0.95, 4, (("USA", 3), ("XXX", 1)), (("RUS", 5),))
    return dataclasses.replace(plain, **changed)


def written(*scores: Score, **changed: Any) -> str:
    """What `make evaluate` writes."""
    whole = {"tagger": "1-abc", "date": "2026-11-23", "scores": [dataclasses.asdict(s) for s in scores]}
    return json.dumps(whole | changed)


def cells(one: Score) -> dict[str, str]:
    return dict(zip(COLUMNS, rows([one], NAMES)[0], strict=True))


def test_the_report_keeps_every_score_under_its_corpus_in_the_order_of_the_descriptions() -> None:
    unknown, hard = score(corpus="new"), score(corpus="hard")
    report = read_report(written(score(), unknown, hard, score("meeting")), CORPORA)
    assert (report.tagger, report.measured) == ("1-abc", date(2026, 11, 23))
    assert [(c.name, len(s)) for c, s in report.corpora] == [("Hard cases", 1), ("Feeds", 2), ("new", 1)]
    assert report.corpora[1][1] == (score(), score("meeting"))
    assert report.corpora[2][0] == Corpus("new", "new")
    assert report.not_measured == ("Whether it is true.",)
    assert not report.all_seen
    assert read_report(written(hard), CORPORA).all_seen


def test_columns_that_a_later_evaluation_adds_are_passed_over() -> None:
    row = dataclasses.asdict(score()) | {"kappa": 1}
    report = read_report(json.dumps({"tagger": "1", "date": "2026-01-01", "scores": [row], "by": "x"}), CORPORA)
    assert report.corpora[0][1] == (score(),)


BROKEN = (
    "",
    "{",
    "null",
    "[]",
    "{}",
    '"text"',
    written(score(), date="soon"),
    written(score(), date=None),
    written(score(), scores=None),
    written(score(), scores=[1]),
    written(score(), scores=[{}]),
    written(score(precision=1.5)),
    written(score(low=float("nan"))),
    written(score(f1="0.9")),  # type: ignore[arg-type]
    written(score(n=None)),  # type: ignore[arg-type]
    written(score(), scores=[dataclasses.asdict(score()) | {"worst_false": [1]}]),
)


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:40])
def test_what_is_no_evaluation_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"^accuracy\.json "):
        read_report(text, CORPORA)


@pytest.mark.parametrize(
    "text", ["=", "[[corpus]]\nname = 'x'", "[[corpus]]\nkey = 'x'\nname = 'x'\nsaen = 1", "corpus = 1"]
)
def test_descriptions_that_cannot_be_used_are_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"^corpora\.toml "):
        read_report(written(score()), text)


def test_a_row_has_every_figure_and_confusions_by_name() -> None:
    assert cells(score()) == {
        "Tag": "States",
        "Precision": "0.90",
        "Recall": "0.80",
        "F1": "0.85",
        "95 % interval": "0.70 to 0.95",
        "Labelled": "40",
        "Items": "100",
        "Said wrongly": "4: United States ×3, XXX",
        "Missed": "8: Russia ×5 …",
    }
    weapon = score("weapon types", worst_false=(("missile", 4),), worst_missed=())
    assert (cells(weapon)["Said wrongly"], cells(weapon)["Missed"]) == ("4: Missiles ×4", "8")


def test_a_label_with_one_code_says_only_how_often() -> None:
    line = cells(score("meeting", worst_false=(("meeting", 4),), worst_missed=(("meeting", 8),)))
    assert (line["Tag"], line["Said wrongly"], line["Missed"]) == ("Meeting", "4", "8")
    assert cells(score("relevant", worst_false=(("1", 4),)))["Said wrongly"] == "4"


def test_what_was_not_measured_is_not_a_nought() -> None:
    recall = cells(score("weapon spans (recall only)", precision=None, f1=None, false_alarms=0, worst_missed=()))
    assert (recall["Precision"], recall["Recall"], recall["F1"]) == ("–", "0.80", "–")
    assert (recall["Said wrongly"], recall["95 % interval"]) == ("not measured", "0.70 to 0.95 (recall)")
    alarms = score("weapons, false alarms", n=0, precision=None, recall=None, f1=None, low=0.01, high=0.09)
    line = cells(alarms)
    assert (line["Tag"], line["Missed"]) == ("Weapons, where there is none", "–")
    assert (line["Said wrongly"], line["95 % interval"]) == ("in 4 of 100 items (4.0%)", "1.0% to 9.0% of items")


def test_few_cases_are_said_to_be_few_and_no_interval_is_made_of_nothing() -> None:
    assert cells(score(n=FEW))["Labelled"] == str(FEW)
    few = cells(score(n=3, precision=1.0, recall=1.0, f1=1.0, low=1.0, high=1.0))
    assert (few["Labelled"], few["95 % interval"]) == ("3 (few)", "too few to say")


def test_every_label_has_a_name() -> None:
    assert tag_name("states (recall only)", NAMES) == "States"
    assert tag_name("actors", NAMES) == "Actors"


def test_every_corpus_that_was_measured_is_described_with_source_and_licence() -> None:
    folder = ROOT / "docs"
    corpora = (folder / "corpora.toml").read_text(encoding="utf-8")
    report = read_report((folder / "accuracy.json").read_text(encoding="utf-8"), corpora)
    for corpus, scores in report.corpora:
        assert all((corpus.name, corpus.what, corpus.source, corpus.licence)), f"{corpus.key}: not in docs/corpora.toml"
        assert all(len(line) == len(COLUMNS) for line in rows(scores, NAMES))
    keys = [row["key"] for row in tomllib.loads(corpora)["corpus"]]
    assert sorted(keys) == sorted({corpus.key for corpus, _ in report.corpora}), "a description of nothing measured"
    assert report.not_measured
