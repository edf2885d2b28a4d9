"""The script Streamlit runs for each reader and each change: link → view → tables → sections, top to bottom."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import sections
from dashboard.filters import Options, filter_widgets, read_link
from dashboard.links import Known, View, dated, stepped
from dashboard.listing import Labels
from dashboard.service import Service, open_service
from pipeline import queries
from pipeline.feedlist import BODIES, KINDS
from pipeline.run import utc_now
from pipeline.settings import Settings

_CSS = Path(__file__).with_name("static") / "parley.css"
#: How many lines the frequency chart has at most, unless more are chosen.
LINES = 6


def known_codes(service: Service) -> Known:
    """Every code that a link to this Parley may use."""
    v = service.gazetteer.vocabulary
    return Known(
        state=frozenset(v.states),
        weapon=frozenset(v.weapon_types),
        system=frozenset(v.systems),
        event=frozenset(v.events),
        kind=frozenset(KINDS),
        country=frozenset(v.states) | frozenset(BODIES),
    )


def options(service: Service, found: dict[str, list[tuple[str, int]]]) -> Options:
    """What the filters offer: what is stored, most frequent first."""
    v = service.gazetteer.vocabulary
    names = {
        "states": {code: state.name for code, state in v.states.items()},
        "weapons": {code: kind.name for code, kind in v.weapon_types.items()},
        "systems": {code: system.name for code, system in v.systems.items()},
        "events": {code: event.name for code, event in v.events.items()},
        "kinds": {kind: kind[0].upper() + kind[1:] for kind in KINDS},
        "countries": {code: state.name for code, state in v.states.items()} | BODIES,
    }
    listed = {column: [code for code, _ in rows if code in names[column]] for column, rows in found.items()}
    return Options(**listed, name=lambda column, code: names[column].get(code, code))


def change_window(filters: Any, last: date | None) -> tuple[Any, Any, str]:
    """The two periods whose difference the key figures show, and how to say so."""
    if filters.since is not None:
        before = queries.previous(filters, max(filters.since, last or filters.since))
        assert before is not None
        return None, before, f"against {before.since:%d %b %Y} to {before.until:%d %b %Y}"
    until = min(d for d in (filters.until, last) if d) if (filters.until or last) else None
    if until is None:
        return None, None, "no period to compare with"
    recent = replace(filters, since=until - timedelta(days=29), until=until)
    before = queries.previous(recent, until)
    return recent, before, f"the 30 days to {until:%d %b %Y} against the 30 days before"


def status_line(service: Service, coverage: queries.Coverage) -> str:
    """What is stored, from when, and how the ingester is doing, in one line."""
    parts = ["Who met whom, about which weapons, says which source"]
    if coverage.first and coverage.last:
        parts.append(f"{coverage.articles:,} articles, {coverage.first:%d %b %Y} to {coverage.last:%d %b %Y}")
    progress = service.progress
    if progress.total:
        parts.append(f"fetching: {progress.done} of {progress.total} feeds")
    elif coverage.last_cycle:
        reached = f"{coverage.feeds_reached} of {coverage.feeds} feeds reached so far"
        parts.append(f"last cycle {coverage.last_cycle:%d %b %H:%M} UTC, {reached}")
    if coverage.outdated_tags:
        parts.append(
            f"{coverage.outdated_tags:,} articles carry tags of an earlier vocabulary (python -m pipeline retag)"
        )
    return " · ".join(parts)


def main() -> None:
    st.set_page_config(
        page_title="Parley: who met whom, about which weapons",
        page_icon="🕊️",
        layout="wide",
        menu_items={
            "About": "Parley tracks arms-diplomacy news: who met whom, about which weapons, says which source."
        },
    )
    st.html(_CSS)
    service = open_service(Settings.from_env())
    store, vocabulary = service.store, service.gazetteer.vocabulary
    now = utc_now()
    default = View()
    coverage = queries.coverage(store, service.gazetteer.version)
    view, said = read_link(known_codes(service), default)
    filters = dated(view, now.date())
    choices = options(service, queries.choices(store))

    with st.sidebar:
        st.header("Filters", anchor=False)
        filter_widgets(view, default, choices, now.date(), coverage.first)

    head, tools = st.columns([6, 1], vertical_alignment="bottom")
    head.title("Parley", anchor=False)
    head.caption(status_line(service, coverage))
    with tools:
        sections.share(view, default, now.date(), coverage.first)
    sections.notices(said, coverage, now)

    shown = queries.figures(store, filters)
    recent, before, window = change_window(filters, coverage.last)
    base = queries.figures(store, before) if before else None
    sections.figures(shown, base, window, queries.figures(store, recent) if recent else shown)

    names = {code: state.name for code, state in vocabulary.states.items()}
    left, right = st.columns([1.12, 1])
    with left:
        sections.world_map(queries.by_state(store, filters), view, default, names, service.tiny, shown.unplaced)
    with right:
        group_names = {
            "state": names,
            "weapon": {code: kind.name for code, kind in vocabulary.weapon_types.items()},
            "event": {code: event.name for code, event in vocabulary.events.items()},
        }
        span = (filters.since or coverage.first or now.date(), filters.until or coverage.last or now.date())
        table = queries.frequency(store, filters, stepped(view, *span), view.by, LINES)
        sections.frequency(table, view, default, group_names[view.by])

    def load(limit: int, offset: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        rows = queries.articles(store, filters, limit, offset).to_pylist()
        return rows, queries.mentions(store, [row["article_id"] for row in rows]).to_pylist()

    labels = Labels(names | BODIES, group_names["weapon"], group_names["event"])
    sections.article_list(shown.articles, view, default, load, labels)


main()
