"""The filter widgets. The link is the one source of truth: widgets are seeded from it and write to it.

On each run the page decodes the link; when the link is not the one this session wrote (first visit, pasted link,
Back, Forward) the widgets are set from it. A changed widget writes a new link, which the browser's history keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import streamlit as st

from dashboard.links import PERIODS, Known, Period, View, dated, decode, encode
from pipeline.model import Filters

_PERIOD_NAMES: Mapping[Period, str] = {
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "1y": "Last 12 months",
    "all": "All dates",
    "dates": "From … to …",
}
_LISTS = ("states", "actors", "weapons", "systems", "events", "kinds", "countries")
_KEYS = ("relevant", *_LISTS, "match", "text", "period", "days")


@dataclass(frozen=True, slots=True)
class Options:
    """What can be chosen, most frequent first, and how a code is called."""

    states: Sequence[str]
    actors: Sequence[str]
    weapons: Sequence[str]
    systems: Sequence[str]
    events: Sequence[str]
    kinds: Sequence[str]
    countries: Sequence[str]
    name: Callable[[str, str], str]


def here() -> dict[str, list[str]]:
    """The query parameters of this page as they stand in the browser."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def read_link(known: Known, default: View) -> tuple[View, list[str]]:
    """The view of the link, and what in it could not be used; seeds the widgets when the link is a new one."""
    params = here()
    if st.session_state.get("link") != params:
        view, notices = decode(params, known, default)
        st.session_state.link = params
        st.session_state.notices = notices
        _seed(view)
    view, _ = decode(params, known, default)
    return view, st.session_state.notices


def write_link(view: View, default: View) -> None:
    """Make this the link of the page; what was said of the earlier link no longer holds."""
    st.query_params.from_dict(encode(view, default))
    st.session_state.link = here()
    st.session_state.notices = []


def toggle_state(view: View, default: View, code: str) -> None:
    """Choose a state, or give it up, as a click on the map does."""
    chosen = view.filters.states
    states = tuple(c for c in chosen if c != code) if code in chosen else (*chosen, code)
    changed = replace(view, filters=replace(view.filters, states=states), page=1)
    write_link(changed, default)
    _seed(changed)


def clear(default: View) -> None:
    """Back to the view without filters."""
    write_link(default, default)
    _seed(default)


def open_article(view: View, default: View, article_id: int) -> None:
    """Put the explanation of an article into the link, which opens it."""
    write_link(replace(view, article=article_id), default)


def close_article(view: View, default: View) -> None:
    """The same view without an explanation."""
    write_link(replace(view, article=None), default)


def forget_link() -> None:
    """Another page has been drawn, and Streamlit has forgotten the widgets: the next link sets them anew."""
    st.session_state.pop("link", None)


def filter_widgets(view: View, default: View, options: Options, today: date, first: date | None) -> None:
    """Draw the filters; `today` and `first` bound the calendar."""

    def changed() -> None:
        chosen = _chosen(view)
        if chosen.period == "dates" and not (chosen.filters.since or chosen.filters.until):
            # The calendar opens with the days that are shown: nothing moves until a reader moves it.
            shown = dated(view, today)
            days = (shown.since or first or today, shown.until or today)
            st.session_state.f_days = days
            chosen = replace(chosen, filters=replace(chosen.filters, since=days[0], until=days[1]))
        write_link(chosen, default)

    def several(label: str, name: str, choices: Sequence[str], hint: str) -> None:
        chosen = st.session_state[f"f_{name}"]
        listed = [*choices, *(code for code in chosen if code not in choices)]
        st.multiselect(
            label,
            listed,
            key=f"f_{name}",
            format_func=lambda code: options.name(name, code),
            on_change=changed,
            placeholder=hint,
        )

    # Streamlit forgets the value of a widget that a run does not draw, as these two at times are not.
    st.session_state.setdefault("f_match", view.filters.match)
    st.session_state.setdefault("f_days", tuple(d for d in (view.filters.since, view.filters.until) if d))
    st.toggle(
        "Arms diplomacy only",
        key="f_relevant",
        on_change=changed,
        help="Articles about dealings across borders over arms: a weapon together with a meeting, transfer, sanction"
        " or agreement. Off shows everything the feeds carried.",
    )
    st.selectbox("Published", PERIODS, key="f_period", format_func=lambda p: _PERIOD_NAMES[p], on_change=changed)
    if st.session_state.f_period == "dates":
        low = min([d for d in (first, *st.session_state.f_days) if d] or [today])
        st.date_input(
            "From and to (UTC, both included)",
            key="f_days",
            min_value=min(low, date(1990, 1, 1)),
            max_value=max([today, *st.session_state.f_days]),
            format="YYYY-MM-DD",
            on_change=changed,
        )
    several("States", "states", options.states, "Any state")
    if len(st.session_state.f_states) > 1:
        st.segmented_control(
            "Articles that mention",
            ["any", "all"],
            key="f_match",
            format_func=lambda m: f"{m} of them",
            on_change=changed,
        )
    several("Organisation or armed group", "actors", options.actors, "Any, or none")
    several("Weapon type", "weapons", options.weapons, "Any weapon")
    several("Weapon system", "systems", options.systems, "Any system")
    several("Event", "events", options.events, "Any event")
    several("Outlet kind", "kinds", options.kinds, "Any kind of outlet")
    several("Outlet country", "countries", options.countries, "Any country")
    st.text_input("Words in title or summary", key="f_text", max_chars=200, on_change=changed)
    st.button("Clear all filters", on_click=clear, args=(default,), width="stretch")


def _seed(view: View) -> None:
    f = view.filters
    values = {
        **{name: list(getattr(f, name)) for name in _LISTS},
        "relevant": f.relevant,
        "match": f.match,
        "text": f.text,
        "period": view.period,
        "days": tuple(d for d in (f.since, f.until) if d),
        "step": view.step,
        "by": view.by,
        "measure": view.measure,
        "page": view.page,
    }
    for name, value in values.items():
        st.session_state[f"f_{name}"] = value


def _chosen(view: View) -> View:
    """The view that the widgets show now; any change of a filter goes back to the first page."""
    said = {name: st.session_state.get(f"f_{name}") for name in _KEYS}
    period: Period = said["period"] or "all"
    since, until = None, None
    if period == "dates":
        days = tuple(said["days"] or ())
        since, until = view.filters.since, view.filters.until
        if len(days) == 2:
            since, until = days
        elif days and not since and not until:
            since = days[0]  # the calendar is open; a view with a date of its own waits for the second day
    lists = {name: tuple(said[name] or ()) for name in _LISTS}
    filters = Filters(
        **lists,
        match=said["match"] or "any",
        since=since,
        until=until,
        text=(said["text"] or "").strip(),
        relevant=bool(said["relevant"]),
    )
    return replace(view, filters=filters, period=period, page=1)
