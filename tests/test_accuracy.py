"""The Accuracy page, drawn from files of the test's own: right, of another vocabulary, missing, broken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipeline.settings import ROOT

MEASURED = json.loads((ROOT / "docs" / "accuracy.json").read_text(encoding="utf-8"))


def _page(folder, version):  # type: ignore[no-untyped-def] # Streamlit runs these lines alone: no name of this file
    from dashboard.accuracy import accuracy

    names = {"state": {}, "weapon": {}, "event": {"meeting": "Meeting"}}
    accuracy(folder, version, names)


def drawn(folder: Path, version: str = MEASURED["tagger"]) -> AppTest:
    page = AppTest.from_function(_page, kwargs={"folder": folder, "version": version}, default_timeout=20).run()
    assert not page.exception
    return page


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("accuracy.json", "corpora.toml"):
        shutil.copy(ROOT / "docs" / name, tmp_path)
    return tmp_path


def test_the_measured_vocabulary_is_named_and_nothing_is_warned_of_when_it_runs(folder: Path) -> None:
    page = drawn(folder)
    assert "It is the vocabulary that runs here." in page.caption[0].value
    assert MEASURED["tagger"] in page.caption[0].value
    assert len(page.warning) == 0


def test_another_vocabulary_than_the_measured_one_is_said_aloud(folder: Path) -> None:
    page = drawn(folder, "1-other")
    (warning,) = page.warning
    assert "1-other" in warning.value
    assert MEASURED["tagger"] in warning.value
    assert len(page.get("plotly_chart")) == 1


def test_the_page_says_what_figures_mean_what_corpora_are_and_what_is_not_measured(folder: Path) -> None:
    page = drawn(folder)
    words = page.markdown[0].value
    assert all(f"**{name}**" in words for name in ("Precision", "Recall", "F1", "95 % interval"))
    headers = [header.value for header in page.header]
    assert {"Hard cases", "What is not measured", "What the figures mean"} <= set(headers)
    shown = "".join(html.proto.body for html in page.get("html"))
    assert "CC0 1.0" in shown
    assert "Organisations and armed groups" in shown


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("accuracy.json", None, "accuracy.json: No such file or directory"),
        ("corpora.toml", None, "corpora.toml: No such file or directory"),
        ("accuracy.json", "{", "accuracy.json is not what `make evaluate` writes: "),
        ("accuracy.json", "<script>alert(1)</script>", "accuracy.json is not what `make evaluate` writes: "),
        ("corpora.toml", "=", "corpora.toml cannot be used: "),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_what_to_do(
    folder: Path, name: str, text: str | None, said: str
) -> None:
    (folder / name).unlink()
    if text is not None:
        (folder / name).write_text(text, encoding="utf-8")
    page = drawn(folder)
    assert "`make evaluate`" in page.warning[0].value
    assert page.text[0].value.startswith(said)
    assert str(folder) not in page.text[0].value
    assert len(page.get("plotly_chart")) == 0


def test_bytes_that_are_no_text_are_named_too(folder: Path) -> None:
    (folder / "accuracy.json").write_bytes(b"\xff\xfe\x00")
    assert len(drawn(folder).warning) == 1


def test_without_scores_there_is_no_chart_and_no_failure(folder: Path) -> None:
    (folder / "accuracy.json").write_text(json.dumps(MEASURED | {"scores": []}), encoding="utf-8")
    assert len(drawn(folder).get("plotly_chart")) == 0
