"""The sections of the page, each one question answered: the st. calls and nothing else of substance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import streamlit as st

from dashboard import charts
from dashboard.filters import open_article, toggle_state, write_link
from dashboard.links import View, encode, pinned, query
from dashboard.listing import Labels, listing
from pipeline.queries import Coverage, Figures

#: Articles on one page of the list.
PAGE_SIZE = 25
_GROUP_NAMES = {"state": "by state", "weapon": "by weapon type", "event": "by event"}
_STEP_NAMES = {"auto": "auto step", "day": "per day", "week": "per week", "month": "per month"}
_MEASURE_NAMES = {"articles": "articles", "share": "share of all"}
_CHART = {"displayModeBar": False, "scrollZoom": False}


def notices(said: Sequence[str], coverage: Coverage, now: datetime) -> None:
    """What the reader must know before trusting the figures."""
    if said:
        # st.text is literal: a link's words are a stranger's and must not become Markdown.
        with st.container(border=True, key="link_notices"):
            st.markdown("**This link could not be followed to the letter:**")
            for notice in said:
                st.text(notice)
    if coverage.sample:
        st.info(
            "**This is sample data:** short items in Parley's own words about real events, so that the page can be"
            " tried at once. It leaves by itself as soon as the first feed has been fetched: Parley does that on its"
            " own while it has network, or run `python -m pipeline ingest` with the server stopped. `PARLEY_SAMPLE=0`"
            " starts without it.",
            icon=":material/science:",
        )
    if coverage.unreached_since:
        st.warning(
            f"No feed could be reached since {coverage.unreached_since:%d %B %Y, %H:%M} UTC. What is shown was stored"
            " before; the ingester keeps trying.",
            icon=":material/wifi_off:",
        )


def figures(now: Figures, before: Figures | None, window: str, recent: Figures) -> None:
    """Key figures, and the change from `before` to `recent` (which is `now` when the view has a first day)."""
    rows = (
        ("Articles", "articles", "Articles of this view, each counted once however many feeds carried it."),
        ("Meetings", "meetings", "Articles of this view that mention a meeting, visit, call or talks across borders."),
        ("Transfers", "transfers", "Articles of this view that mention a supply of arms across borders."),
        ("States named", "states", "Different states and territories named in these articles."),
        ("Outlets", "outlets", "Different outlets that carried these articles."),
    )
    line = st.container(horizontal=True, gap="small")
    for label, name, help_ in rows:
        value = getattr(now, name)
        delta = None if before is None else getattr(recent, name) - getattr(before, name)
        line.metric(
            label,
            f"{value:,}",
            None if delta is None else f"{delta:+,}" if delta else "±0",
            delta_color="blue" if delta else "off",
            delta_arrow="auto" if delta else "off",
            help=f"{help_} Change: {window}." if before is not None else f"{help_} {window}.",
            border=True,
        )


def world_map(
    table: pa.Table,
    view: View,
    default: View,
    names: Mapping[str, str],
    tiny: Mapping[str, tuple[float, float]],
    unplaced: int,
) -> None:
    """Articles per state; a click on a state filters by it, another click gives it up."""
    round_ = st.session_state.setdefault("map_round", 0)
    key = f"map_{round_}"

    def clicked() -> None:
        points = st.session_state[key]["selection"]["points"]
        if points:
            code = points[0].get("location") or points[0]["customdata"][0]
            # A new key is a new map without a selection: the next click on the same state is a click again.
            st.session_state.map_round += 1
            if code in names:
                toggle_state(view, default, code)

    with st.container(border=True, height="stretch"):
        st.header("Where", anchor=False)
        figure = charts.map_figure(table, names, tiny, view.filters.states)
        st.plotly_chart(figure, key=key, on_select=clicked, selection_mode="points", config=_CHART)
        rest = f" {unplaced:,} of them name no state." if unplaced else ""
        st.caption(
            "Articles that name each state, on a logarithmic scale. Click a state to filter by it."
            f"{rest} Borders are Natural Earth's and imply no endorsement."
        )


def frequency(table: pa.Table, view: View, default: View, names: Mapping[str, str]) -> None:
    """The mention-frequency chart with its three choices, which are part of the link."""

    def changed() -> None:
        state = st.session_state
        chosen = replace(
            view, by=state.f_by or view.by, step=state.f_step or view.step, measure=state.f_measure or view.measure
        )
        write_link(chosen, default)

    with st.container(border=True, height="stretch"):
        st.header("Mention frequency", anchor=False)
        with st.container(horizontal=True, gap="small"):
            _choose("Lines", "f_by", _GROUP_NAMES, changed)
            _choose("Step", "f_step", _STEP_NAMES, changed)
            _choose("Scale", "f_measure", _MEASURE_NAMES, changed)
        if table.num_rows:
            st.plotly_chart(
                charts.frequency_figure(table, names, view.measure), key="frequency", config=_CHART, height="stretch"
            )
        else:
            st.info("No article of this view names one. Widen the dates or clear a filter.")
        st.caption(
            "Share: articles of the view that name it, divided by all articles stored for that period, in UTC."
            if view.measure == "share"
            else "Articles of the view that name it, by date of publication in UTC."
        )


def _choose(label: str, key: str, names: Mapping[str, str], changed: Callable[[], None]) -> None:
    st.selectbox(
        label, list(names), key=key, format_func=lambda c: names[c], on_change=changed, label_visibility="collapsed"
    )


def article_list(
    total: int,
    view: View,
    default: View,
    load: Callable[[int, int], tuple[list[dict[str, Any]], list[dict[str, Any]]]],
    labels: Labels,
) -> None:
    """The articles with the words that caused each tag, a page at a time."""
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(view.page, pages)

    # A widget of its own for each page shown: its default then always is the page of the link.
    key = f"pages_{page}_of_{pages}"

    def turned() -> None:
        write_link(replace(view, page=st.session_state[key]), default)

    with st.container(border=True):
        st.header("Articles", anchor=False)
        if view.page > pages:
            st.text(f"The link asks for page {view.page}; the last one is {pages}.")
        if not total:
            more = ", or switch off “Arms diplomacy only”" if view.filters.relevant else ""
            st.info(f"No article matches. Widen the dates, take out a filter{more}.")
            return
        low, high = (page - 1) * PAGE_SIZE + 1, min(page * PAGE_SIZE, total)
        st.caption(
            f"{low:,} to {high:,} of {total:,}, newest first. Marked words caused the tags:"
            " states underlined, weapons dashed, events double, organisations dotted."
        )
        rows, mentions = load(PAGE_SIZE, (page - 1) * PAGE_SIZE)
        with st.container(gap=None):
            for row in rows:
                _one_article(row, [m for m in mentions if m["article_id"] == row["article_id"]], view, default, labels)
        if pages > 1:
            st.pagination(pages, default=page, key=key, on_change=turned)


def _one_article(
    row: Mapping[str, Any], mentions: Sequence[Mapping[str, Any]], view: View, default: View, labels: Labels
) -> None:
    article_id = row["article_id"]
    with st.container(key=f"article_{article_id}", horizontal=True, gap="small"):
        st.html(listing([row], mentions, labels))
        st.button(
            "Explain",
            key=f"explain_{article_id}",
            icon=":material/manage_search:",
            type="tertiary",
            on_click=open_article,
            args=(view, default, article_id),
        )


def share(view: View, default: View, today: date, first: date | None) -> None:
    """The link to this very view with all dates written out."""
    with st.popover("Share", icon=":material/share:", width=150):
        st.markdown("Anyone with access to this Parley sees the same view: all filters, all dates written out.")
        parts = urlsplit(st.context.url or "")
        params = query(encode(pinned(view, today, first), default))
        st.code(f"{parts.scheme}://{parts.netloc}{parts.path or '/'}?{params}", language=None, wrap_lines=True)
        st.caption("Figures may still grow when feeds bring older articles later.")
