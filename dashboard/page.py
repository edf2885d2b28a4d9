"""The script Streamlit runs for each reader and each change: link → view → tables → sections, top to bottom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import sections
from dashboard.accuracy import accuracy
from dashboard.explanation import explanation
from dashboard.filters import Options, filter_widgets, forget_link, read_link
from dashboard.links import Known, View, dated, stepped
from dashboard.listing import Labels
from dashboard.service import Service, open_service
from pipeline import queries
from pipeline.feedlist import BODIES, KINDS
from pipeline.model import Filters
from pipeline.run import utc_now
from pipeline.settings import ROOT, Settings
from pipeline.tag import explain

_CSS = Path(__file__).with_name("static") / "parley.css"
#: How many lines the frequency chart has at most, unless more are chosen.
LINES = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """What this run of the page is about: the view, its days, and what the database holds."""

    service: Service
    view: View
    default: View
    filters: Filters
    coverage: queries.Coverage
    now: datetime
    notices: list[str]
    measured: st.Page


def group_names(service: Service) -> dict[str, dict[str, str]]:
    """What the codes of states, weapon types and event types are called."""
    v = service.gazetteer.vocabulary
    return {
        "state": {code: state.name for code, state in v.states.items()},
        "weapon": {code: kind.name for code, kind in v.weapon_types.items()},
        "event": {code: event.name for code, event in v.events.items()},
    }


def known_codes(service: Service) -> Known:
    """Every code that a link to this Parley may use."""
    v = service.gazetteer.vocabulary
    return Known(
        state=frozenset(v.states),
        actor=frozenset(v.actors),
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
        "actors": v.actors,
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
    if progress.error:
        parts.append("fetching has stopped, the reason is in the server's log")
    elif progress.total:
        parts.append(f"fetching: {progress.done} of {progress.total} feeds")
    elif coverage.last_cycle:
        reached = f"{coverage.feeds_reached} of {coverage.feeds} feeds reached so far"
        parts.append(f"last cycle {coverage.last_cycle:%d %b %H:%M} UTC, {reached}")
    if coverage.outdated_tags:
        parts.append(
            f"{coverage.outdated_tags:,} articles carry tags of an earlier vocabulary (python -m pipeline retag)"
        )
    return " · ".join(parts)


def draw_head(page: Asked) -> None:
    """Filters, title, status, Share, and what must be known before trusting the figures."""
    now, coverage = page.now, page.coverage
    with st.sidebar:
        st.header("Filters", anchor=False)
        choices = options(page.service, queries.choices(page.service.store))
        filter_widgets(page.view, page.default, choices, now.date(), coverage.first)
    head, tools = st.columns([3, 1], vertical_alignment="bottom")
    head.title("Parley", anchor=False)
    head.caption(status_line(page.service, coverage))
    with tools.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"):
        st.page_link(page.measured, label="Accuracy", icon=":material/target:")
        sections.share(page.view, page.default, now.date(), coverage.first)
    sections.notices(page.notices, coverage, now)


def draw_figures(page: Asked) -> queries.Figures:
    """The key figures with their change; gives them back for what follows."""
    store = page.service.store
    shown = queries.figures(store, page.filters)
    recent, before, window = change_window(page.filters, page.coverage.last)
    base = queries.figures(store, before) if before else None
    sections.figures(shown, base, window, queries.figures(store, recent) if recent else shown)
    return shown


def draw_charts(page: Asked, unplaced: int, names: Mapping[str, Mapping[str, str]]) -> None:
    """Map and mention frequency, side by side."""
    store, view, coverage, today = page.service.store, page.view, page.coverage, page.now.date()
    left, right = st.columns([1.12, 1])
    with left:
        counts = queries.by_state(store, page.filters)
        sections.world_map(counts, view, page.default, names["state"], page.service.tiny, unplaced)
    with right:
        span = (page.filters.since or coverage.first or today, page.filters.until or coverage.last or today)
        table = queries.frequency(store, page.filters, stepped(view, *span), view.by, LINES)
        sections.frequency(table, view, page.default, names[view.by])


def draw_articles(page: Asked, total: int, labels: Labels) -> None:
    """The article list with the words behind each tag."""
    store = page.service.store

    def load(limit: int, offset: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        rows = queries.articles(store, page.filters, limit, offset).to_pylist()
        return rows, queries.mentions(store, [row["article_id"] for row in rows]).to_pylist()

    sections.article_list(total, page.view, page.default, load, labels)


def draw_explanation(page: Asked, row: dict[str, Any], labels: Labels) -> None:
    """The explanation of the article that the link names."""
    gazetteer = page.service.gazetteer
    mentions = queries.mentions(page.service.store, [row["article_id"]]).to_pylist()
    present = explain(row["title"], row["summary"], gazetteer, f"{row['published']:%Y-%m-%d}")
    explanation(row, mentions, present, gazetteer.version, page.view, page.default, labels)


def dashboard(service: Service, measured: st.Page) -> None:
    """The page of filters, figures, map, frequency and articles."""
    default, now = View(), utc_now()
    view, notices = read_link(known_codes(service), default)
    explained = [] if view.article is None else queries.article(service.store, view.article).to_pylist()
    if view.article is not None and not explained:
        said = f"“article={view.article}” is not stored here: it has left, or the link is of another Parley."
        view, notices = replace(view, article=None), [*notices, said]
    coverage = queries.coverage(service.store, service.gazetteer.version)
    page = Asked(service, view, default, dated(view, now.date()), coverage, now, notices, measured)
    names = group_names(service)
    statuses = {status.code: status.name for status in service.gazetteer.vocabulary.statuses}
    plover = {event.code: event.plover for event in service.gazetteer.vocabulary.events.values()}
    labels = Labels(names["state"] | BODIES, names["weapon"], names["event"], statuses, plover)
    draw_head(page)
    for row in explained:
        draw_explanation(page, row, labels)
    shown = draw_figures(page)
    draw_charts(page, shown.unplaced, names)
    draw_articles(page, shown.articles, labels)


def main() -> None:
    """One run of the script: the page of the address."""
    st.set_page_config(
        page_icon="🕊️",
        layout="wide",
        menu_items={
            "About": "Parley tracks arms-diplomacy news: who met whom, about which weapons, says which source."
        },
    )
    st.html(_CSS)
    service = open_service(Settings.from_env())

    def draw_dashboard() -> None:
        dashboard(service, measured)

    def draw_accuracy() -> None:
        forget_link()
        st.page_link(home, label="Back to the dashboard", icon=":material/arrow_back:")
        accuracy(ROOT / "docs", service.gazetteer.version, group_names(service))

    home = st.Page(draw_dashboard, title="Parley: who met whom, about which weapons", default=True)
    measured = st.Page(draw_accuracy, title="Parley: how accurate are the tags?", url_path="accuracy")
    st.navigation([home, measured], position="hidden").run()


# Streamlit runs this file as the process's main module; a reading process, which starts by importing the main module
# of its parent under another name, must not draw a page.
if __name__ == "__main__":
    main()
