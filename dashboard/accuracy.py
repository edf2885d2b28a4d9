"""The Accuracy page: how often the tags are right, measured on which corpora, and what is not measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from dashboard.charts import Scored, accuracy_figure
from dashboard.listing import prose, table
from dashboard.scores import COLUMNS, FEW, NUMBERS, Corpus, Report, read_report, rows, tag_name

_MEANINGS = (
    "**Precision**: of the tags that Parley gave, the share that the labels confirm.",
    "**Recall**: of the tags in the labels, the share that Parley gave.",
    "**F1**: the harmonic mean of the two; it is low when either is low.",
    "**95 % interval**: how far chance alone may move the figure, were other items of the same kind drawn.",
    "A tag counts once for an item, however often its words stand there.",
)
_SEEN = "The mistakes on all these corpora were seen while the vocabulary was made: **expect less on news never seen.**"


def accuracy(folder: Path, version: str, names: Mapping[str, Mapping[str, str]]) -> None:
    """Draw the page from `accuracy.json` and `corpora.toml` of a folder; `version` is the running vocabulary."""
    st.title("How accurate are the tags?", anchor=False)
    try:
        texts = [(folder / name).read_text(encoding="utf-8") for name in ("accuracy.json", "corpora.toml")]
        report = read_report(*texts)
    except (OSError, ValueError) as error:
        st.warning(
            "There are no figures to show: `make evaluate` measures the tagger and writes `docs/accuracy.json`.",
            icon=":material/warning:",
        )
        st.text(_problem(error))
        return
    _whose(report, version)
    _chart(report, names)
    for corpus, scores in report.corpora:
        with st.container(border=True):
            st.header(corpus.name, anchor=False)
            st.html(prose(_about(corpus, report)))
            st.html(table(COLUMNS, rows(scores, names), look="parley-scores", numbers=NUMBERS))
    if report.not_measured:
        with st.container(border=True):
            st.header("What is not measured", anchor=False)
            st.html(prose(report.not_measured))


def _whose(report: Report, version: str) -> None:
    """Of which vocabulary the figures are, and what they mean."""
    measured = f"Tagger {report.tagger}, measured on {report.measured:%d %B %Y}"
    if report.tagger == version:
        st.caption(f"{measured}. It is the vocabulary that runs here.")
    else:
        st.caption(f"{measured}.")
        st.warning(
            f"The vocabulary that runs here is **{version}**, not **{report.tagger}**, which was measured: its tags"
            " may be better or worse than these figures. `make evaluate` measures it.",
            icon=":material/warning:",
        )
    with st.container(border=True):
        st.header("What the figures mean", anchor=False)
        st.markdown("\n".join(f"- {meaning}" for meaning in (*_MEANINGS, *([_SEEN] if report.all_seen else []))))


def _chart(report: Report, names: Mapping[str, Mapping[str, str]]) -> None:
    series = [
        (corpus.name, [Scored(tag_name(s.label, names), s.f1, s.low, s.high, s.n) for s in scores if s.f1 is not None])
        for corpus, scores in report.corpora
    ]
    series = [(name, points) for name, points in series if points]
    if not series:
        return
    with st.container(border=True):
        st.header("F1 by tag and corpus", anchor=False)
        st.plotly_chart(accuracy_figure(series, FEW), key="accuracy", config={"displayModeBar": False})
        st.caption(
            f"Bars are 95 % intervals; a hollow mark stands on fewer than {FEW} labelled cases. The scale does not"
            " begin at 0. Corpora on which only recall or false alarms can be measured are in the tables alone."
        )


def _about(corpus: Corpus, report: Report) -> list[str]:
    """What a corpus is, whose it is, and whether the figures on it flatter."""
    if not corpus.what:
        return ["Not described in docs/corpora.toml."]
    seen = "Seen while the vocabulary was made." if corpus.seen else "Held out: not seen while the vocabulary was made."
    said = "" if report.all_seen else f" {seen}"
    return [corpus.what, f"Source: {corpus.source}. Licence: {corpus.licence}.{said}"]


def _problem(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{Path(error.filename).name}: {error.strerror}"
    return str(error)
