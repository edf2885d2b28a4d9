"""A link says everything a view shows, and says it again when it is read back."""

from __future__ import annotations

import re
from datetime import date, timedelta
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.links import (
    GROUPS,
    IDS,
    LONGEST_TEXT,
    MEASURES,
    MOST_PAGES,
    MOST_VALUES,
    PERIOD_DAYS,
    PERIODS,
    STEPS,
    YEARS,
    Known,
    Period,
    View,
    dated,
    decode,
    encode,
    pinned,
    query,
    shown,
    stepped,
)
from pipeline.feedlist import BODIES, KINDS
from pipeline.gazetteer.vocabulary import read_vocabulary
from pipeline.model import EVENT_TYPES, Filters
from pipeline.settings import ROOT

KNOWN = Known(
    state=frozenset({"PRK", "RUS", "USA", "UKR", "SGP", "IRN"}),
    actor=frozenset({"NATO", "WAGNER"}),
    weapon=frozenset({"drone", "missile", "nuclear", "air_defence"}),
    system=frozenset({"hwasong-18", "shahed-136"}),
    event=frozenset(EVENT_TYPES),
    kind=frozenset(KINDS),
    country=frozenset({"PRK", "RUS", "USA", "UKR", "SGP", "IRN"} | set(BODIES)),
)
TODAY = date(2026, 5, 22)
DEFAULT = View()
days = st.dates(date(YEARS.start, 1, 1), date(YEARS.stop - 1, 12, 31))


def several(codes: frozenset[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(sorted(codes)), unique=True).map(tuple)


@st.composite
def views(draw: st.DrawFn) -> View:
    """Any view that the page can show: only the period `dates` has dates, and it has at least one."""
    period = draw(st.sampled_from(PERIODS))
    since = until = None
    if period == "dates":
        since, until = draw(
            st.one_of(
                st.tuples(days, st.none()),
                st.tuples(st.none(), days),
                st.lists(days, min_size=2, max_size=2).map(sorted).map(tuple),
            )
        )
    filters = Filters(
        states=draw(several(KNOWN.state)),
        match=draw(st.sampled_from(("any", "all"))),
        actors=draw(several(KNOWN.actor)),
        weapons=draw(several(KNOWN.weapon)),
        systems=draw(several(KNOWN.system)),
        events=draw(several(KNOWN.event)),
        kinds=draw(several(KNOWN.kind)),
        countries=draw(several(KNOWN.country)),
        since=since,
        until=until,
        text=draw(st.text(max_size=LONGEST_TEXT).map(str.strip)),
        relevant=draw(st.booleans()),
    )
    return View(
        filters=filters,
        period=period,
        step=draw(st.sampled_from(STEPS)),
        by=draw(st.sampled_from(GROUPS)),
        measure=draw(st.sampled_from(MEASURES)),
        page=draw(st.integers(1, MOST_PAGES)),
        article=draw(st.none() | st.integers(0, IDS - 1)),
    )


defaults = st.builds(
    View,
    filters=st.builds(Filters, relevant=st.booleans()),
    period=st.sampled_from(PERIODS[:-1]),
    step=st.sampled_from(STEPS),
    by=st.sampled_from(GROUPS),
    measure=st.sampled_from(MEASURES),
)
NAMES = (
    *("state", "weapon", "system", "event", "kind", "country", "match", "from", "to", "period"),
    *("q", "scope", "step", "by", "measure", "page", "article"),
)
anything = st.dictionaries(
    st.one_of(st.sampled_from(NAMES), st.text(st.characters(), max_size=20)),
    st.lists(
        st.one_of(
            st.text(st.characters(), max_size=30),
            st.sampled_from(("PRK", "drone", "2023-09-13", "2024-02-30", "all", "7d", "1", "-1", "state-media", "")),
            st.dates().map(str),
        ),
        max_size=4,
    ),
    max_size=8,
)


def read(link: str) -> tuple[View, list[str]]:
    """What a link as a person writes it decodes to."""
    return decode(parse_qs(link, keep_blank_values=True), KNOWN, DEFAULT)


@given(views(), defaults)
def test_a_view_comes_back_from_its_link(view: View, default: View) -> None:
    params = encode(view, default)
    assert decode(params, KNOWN, default) == (view, [])
    assert parse_qs(query(params), keep_blank_values=True) == params


@given(anything, defaults)
def test_any_query_gives_a_view_that_a_link_can_hold(params: dict[str, list[str]], default: View) -> None:
    view, notices = decode(params, KNOWN, default)
    assert decode(encode(view, default), KNOWN, default) == (view, [])
    assert all(notice.isprintable() for notice in notices)


@given(views())
def test_the_default_view_has_an_empty_link_and_no_other_has(view: View) -> None:
    assert (encode(view, DEFAULT) == {}) == (view == DEFAULT)


@pytest.mark.parametrize("name", ["state", "weapon", "system", "event", "kind", "country"])
def test_each_unknown_code_is_named_and_the_others_hold(name: str) -> None:
    code = min(getattr(KNOWN, name))
    view, notices = decode({name: ["Atlantis", code, "<b>x</b>"]}, KNOWN, DEFAULT)
    assert notices == [
        f"“{name}=Atlantis” is unknown here and was left out.",
        f"“{name}=<b>x</b>” is unknown here and was left out.",
    ]
    assert encode(view, DEFAULT) == encode(decode({name: [code]}, KNOWN, DEFAULT)[0], DEFAULT) != {}


@pytest.mark.parametrize("name", ["match", "period", "scope", "step", "by", "measure", "page", "from", "to"])
def test_each_unusable_single_value_is_named_and_the_default_is_shown(name: str) -> None:
    view, notices = decode({name: ["sideways"]}, KNOWN, DEFAULT)
    assert view == DEFAULT
    assert len(notices) == 1
    assert f"“{name}=sideways”" in notices[0]


def test_an_unknown_parameter_is_named() -> None:
    assert read("stat=PRK&state=PRK") == (
        View(Filters(states=("PRK",))),
        ["“stat” is not a parameter of Parley."],
    )


@pytest.mark.parametrize(
    "value",
    [
        "2023-02-30",
        "2023-9-1",
        "20230901",
        "2023-W36-1",
        "2023-09-01T00:00",
        "٢٠٢٣-٠٩-٠١",
        "0000-01-01",
        "0001-01-01",
        "9999-12-31",
        "1 Sep",
    ],
)
@pytest.mark.parametrize("name", ["from", "to"])
def test_a_bad_date_is_named_and_left_out(name: str, value: str) -> None:
    view, notices = decode({name: [value]}, KNOWN, DEFAULT)
    assert view == DEFAULT
    assert notices == [f"“{name}={value}” is not a date such as 2023-09-17 and was left out."]


def test_reversed_dates_are_swapped_and_said() -> None:
    view, notices = read("from=2023-09-30&to=2023-09-01")
    assert (view.filters.since, view.filters.until) == (date(2023, 9, 1), date(2023, 9, 30))
    assert notices == ["“from=2023-09-30” is after “to=2023-09-01”: the two were swapped."]


def test_one_day_is_a_range() -> None:
    view, notices = read("from=2023-09-13&to=2023-09-13")
    assert (view.filters.since, view.filters.until, notices) == (date(2023, 9, 13), date(2023, 9, 13), [])


@pytest.mark.parametrize("given_dates", ["from=2023-09-01", "to=2023-09-30", "from=2023-09-01&to=2023-09-30"])
def test_dates_win_over_a_period_and_it_is_said(given_dates: str) -> None:
    view, notices = read(f"{given_dates}&period=7d")
    assert view == read(given_dates)[0]
    assert view.period == "dates"
    assert notices == ["“period=7d” was set aside, because the link has dates of its own."]


def test_dates_is_no_period_of_a_link() -> None:
    view, notices = read("period=dates")
    assert view == DEFAULT
    assert notices == ["“period=dates” is not one of 7d, 30d, 90d, 1y, all; all is shown."]


def test_of_a_repeated_single_value_the_last_counts_and_it_is_said() -> None:
    view, notices = read("match=all&match=any&page=2&page=3")
    assert (view.filters.match, view.page) == ("any", 3)
    assert notices == [
        "“match” stands 2 times; the last, “any”, was used.",
        "“page” stands 2 times; the last, “3”, was used.",
    ]


def test_a_code_that_stands_twice_counts_once_and_order_is_kept() -> None:
    assert read("state=RUS&state=PRK&state=rus")[0].filters.states == ("RUS", "PRK")


@pytest.mark.parametrize("value", ["prk", "PRK", " Prk "])
def test_codes_are_read_in_any_case(value: str) -> None:
    assert decode({"state": [value]}, KNOWN, DEFAULT) == (View(Filters(states=("PRK",))), [])


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_have_no_blanks_in_a_link_and_may_be_written_with_them(kind: str) -> None:
    view = View(Filters(kinds=(kind,)))
    slug = encode(view, DEFAULT)["kind"][0]
    assert re.fullmatch(r"[a-z-]+", slug)
    for value in (slug, kind, kind.upper()):
        assert decode({"kind": [value]}, KNOWN, DEFAULT) == (view, [])


@pytest.mark.parametrize(("value", "page"), [("1", 1), ("2", 2), ("007", 7), (str(MOST_PAGES), MOST_PAGES), ("", 1)])
def test_a_page_number_is_read(value: str, page: int) -> None:
    assert decode({"page": [value]}, KNOWN, DEFAULT) == (View(page=page), [])


@pytest.mark.parametrize("value", ["0", "-1", str(MOST_PAGES + 1), "9" * 5_000, "1.5", "1e3", "٣", "²", " 2"])
def test_what_is_no_page_number_gives_the_first_page_and_is_said(value: str) -> None:
    view, notices = decode({"page": [value]}, KNOWN, DEFAULT)
    assert view == DEFAULT
    assert notices == [f"“page={shown(value)}” is not a page number; the first page is shown."]


def test_a_search_text_is_stripped_and_cut_with_a_notice() -> None:
    assert read("q=++Kim+Jong+Un++") == (View(Filters(text="Kim Jong Un")), [])
    view, notices = decode({"q": ["x" * (LONGEST_TEXT + 1)]}, KNOWN, DEFAULT)
    assert view.filters.text == "x" * LONGEST_TEXT
    assert notices == [f"The search text was cut to {LONGEST_TEXT} characters."]


def test_more_values_than_anyone_chooses_are_not_read() -> None:
    view, notices = decode({"state": ["PRK"] * MOST_VALUES + ["RUS"]}, KNOWN, DEFAULT)
    assert view.filters.states == ("PRK",)
    assert notices == [f"Only the first {MOST_VALUES} values of “state” were read."]


def test_a_value_is_shown_short_and_without_characters_that_hide_or_turn_text() -> None:
    assert shown("a\n\u202ecod\u200b\x1b[1m") == "a��cod��[1m"
    assert shown("x" * 61) == "x" * 57 + "…"
    assert shown("x" * 60) == "x" * 60


# Links that people may have written down: each must keep its meaning for ever. Add to the list; change nothing in it.
CANONICAL = {
    "": View(),
    "state=PRK&state=RUS&match=all&weapon=drone&from=2023-09-01&to=2023-09-30&by=weapon&step=day": View(
        Filters(
            states=("PRK", "RUS"),
            match="all",
            weapons=("drone",),
            since=date(2023, 9, 1),
            until=date(2023, 9, 30),
        ),
        period="dates",
        by="weapon",
        step="day",
    ),
    "scope=all": View(Filters(relevant=False)),
    "scope=arms&period=all&step=auto&by=state&measure=articles&match=any&page=1": View(),
    "period=30d&measure=share&by=event&step=week": View(period="30d", measure="share", by="event", step="week"),
    "state=UKR&system=shahed-136&event=transfer&event=sanction": View(
        Filters(states=("UKR",), systems=("shahed-136",), events=("transfer", "sanction"))
    ),
    "kind=state-media&kind=public-broadcaster&country=RUS&country=EUE": View(
        Filters(kinds=("state media", "public broadcaster"), countries=("RUS", "EUE"))
    ),
    "article=14107893283425018215": View(article=14107893283425018215),
    "state=PRK&article=0": View(Filters(states=("PRK",)), article=0),
    "q=Kim+Jong+Un&page=2": View(Filters(text="Kim Jong Un"), page=2),
    "from=2024-01-01": View(Filters(since=date(2024, 1, 1)), period="dates"),
    "to=2024-12-31&step=month": View(Filters(until=date(2024, 12, 31)), period="dates", step="month"),
    **{f"event={event}": View(Filters(events=(event,))) for event in EVENT_TYPES},
}


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "1e3", "0x10", str(IDS), "9" * 21, " 1", "１", "<b>1</b>"])
def test_what_cannot_be_the_id_of_an_article_is_named_and_left_out(value: str) -> None:
    view, notices = decode({"article": [value]}, KNOWN, DEFAULT)
    assert view == View()
    assert notices == [f"“article={shown(value)}” is not the number of an article and was left out."]


@pytest.mark.parametrize("link", CANONICAL)
def test_a_canonical_link_keeps_its_meaning(link: str) -> None:
    assert read(link) == (CANONICAL[link], [])


def test_the_vocabulary_still_has_every_code_of_the_canonical_links() -> None:
    v = read_vocabulary(ROOT / "seeds")
    for view in CANONICAL.values():
        f = view.filters
        assert set(f.states) <= set(v.states)
        assert set(f.weapons) <= set(v.weapon_types)
        assert set(f.systems) <= set(v.systems)
        assert set(f.events) <= set(v.events)
        assert set(f.countries) <= set(v.states) | set(BODIES)


@pytest.mark.parametrize("period", PERIOD_DAYS)
def test_a_period_ends_today_and_has_its_number_of_days(period: Period) -> None:
    filters = dated(View(Filters(states=("PRK",)), period=period), TODAY)
    assert filters.until == TODAY
    assert filters.since == TODAY - timedelta(days=PERIOD_DAYS[period] - 1)
    assert filters.states == ("PRK",)


def test_all_dates_and_given_dates_are_asked_for_as_they_are() -> None:
    assert dated(View(), TODAY) == Filters()
    given_dates = Filters(since=date(2020, 1, 1))
    assert dated(View(given_dates, period="dates"), TODAY) == given_dates


@given(views(), days, st.one_of(st.none(), days))
def test_a_pinned_view_shows_the_same_on_any_later_day(view: View, today: date, first: date | None) -> None:
    fixed = pinned(view, today, first)
    assert fixed.period == "dates"
    assert fixed.step != "auto"
    since, until = fixed.filters.since, fixed.filters.until
    assert since is not None
    assert until is not None
    assert since <= until
    assert pinned(fixed, today + timedelta(days=9), None) == fixed
    assert decode(encode(fixed, DEFAULT), KNOWN, DEFAULT) == (fixed, [])


def test_pinning_writes_out_what_the_page_shows() -> None:
    first = date(2022, 1, 16)
    whole = pinned(View(Filters(states=("PRK",))), TODAY, first)
    assert query(encode(whole, DEFAULT)) == "state=PRK&step=month&from=2022-01-16&to=2026-05-22"
    week = pinned(View(period="7d"), TODAY, first)
    assert query(encode(week, DEFAULT)) == "step=day&from=2026-05-16&to=2026-05-22"
    chosen = pinned(View(period="1y", step="day"), TODAY, first)
    assert query(encode(chosen, DEFAULT)) == "step=day&from=2025-05-23&to=2026-05-22"


@pytest.mark.parametrize(
    ("days", "step"),
    [(0, "day"), (6, "day"), (45, "day"), (46, "week"), (400, "week"), (401, "month"), (9_000, "month")],
)
def test_the_auto_step_follows_the_length_of_the_period(days: int, step: str) -> None:
    since = date(2000, 1, 1)
    assert stepped(View(), since, since + timedelta(days=days)) == step
    for chosen in STEPS[1:]:
        assert stepped(View(step=chosen), since, since + timedelta(days=days)) == chosen
