"""The page says what the queries say, for any link, and writes a link for any choice. Run by Streamlit's AppTest."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from html import escape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from dashboard.links import Period, View, dated, pinned
from dashboard.sections import PAGE_SIZE
from dashboard.service import Service, open_service
from pipeline import queries
from pipeline.model import Filters
from pipeline.run import utc_now
from pipeline.settings import ROOT, Settings
from pipeline.tag import explain

PAGE = ROOT / "dashboard" / "page.py"
TODAY = utc_now().date()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service that the page opens: a new database, made by ingesting the bundled sample."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARLEY_DB", str(tmp_path_factory.mktemp("page") / "parley.duckdb"))
        patch.setenv("PARLEY_INGEST", "0")
        service = open_service(Settings.from_env())
        try:
            yield service
        finally:
            service.stop()
            open_service.cache_clear()


def opened(**params: Any) -> AppTest:
    """The page after its first run for a link with these parameters."""
    page = AppTest.from_file(str(PAGE), default_timeout=20)
    for name, value in params.items():
        page.query_params[{"since": "from"}.get(name, name)] = value
    return page.run()


def link(page: AppTest) -> dict[str, list[str]]:
    return {name: [v] if isinstance(v, str) else list(v) for name, v in page.query_params.items()}


def figures(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def spec(page: AppTest, number: int) -> Any:
    return json.loads(page.get("plotly_chart")[number].proto.spec)


def said(page: AppTest) -> list[str]:
    return [text.value for text in page.text]


def assert_shows(page: AppTest, service: Service, filters: Filters) -> None:
    """Figures, map and list of the page are what the queries give for these filters."""
    assert not page.exception
    assert not page.error
    expected = queries.figures(service.store, filters)
    assert figures(page) == {
        "Articles": f"{expected.articles:,}",
        "Meetings": f"{expected.meetings:,}",
        "Transfers": f"{expected.transfers:,}",
        "States named": f"{expected.states:,}",
        "Outlets": f"{expected.outlets:,}",
    }
    on_map = dict(spec(page, 0)["data"][2]["customdata"])
    by_state = {r["code"]: r["articles"] for r in queries.by_state(service.store, filters).to_pylist()}
    assert {code: int(words.split()[0].replace(",", "")) for code, words in on_map.items()} == by_state
    listed = "".join(html.proto.body for html in page.get("html"))
    rows = queries.articles(service.store, filters, PAGE_SIZE, 0).to_pylist()
    assert listed.count("<article>") == len(rows) == min(expected.articles, PAGE_SIZE)
    assert all(row["link"] in listed for row in rows)


@pytest.fixture(scope="module")
def most_named(service: Service) -> list[str]:
    """The states of the sample, most named first."""
    return [code for code, _ in queries.choices(service.store)["states"]]


def test_the_sample_fills_the_page(service: Service) -> None:
    shown = queries.figures(service.store, Filters())
    assert shown.articles > PAGE_SIZE
    assert min(shown.outlets, shown.states, shown.meetings, shown.transfers) > 4


def test_a_first_visit_shows_all_arms_diplomacy_and_says_that_it_is_sample_data(service: Service) -> None:
    page = opened()
    assert_shows(page, service, Filters())
    assert page.toggle(key="f_relevant").value is True
    assert page.selectbox(key="f_period").value == "all"
    assert "This is sample data" in page.info[0].value
    assert said(page) == []
    assert link(page) == {}


def test_a_link_sets_the_widgets_and_the_figures(service: Service, most_named: list[str]) -> None:
    first, second = most_named[:2]
    page = opened(
        state=[first, second], match="all", event="meeting", kind="trade-press", scope="all",
        since="2022-06-01", to="2026-01-31", q="the", by="weapon", step="month", measure="share",
    )  # fmt: skip
    filters = Filters(
        states=(first, second),
        match="all",
        events=("meeting",),
        kinds=("trade press",),
        since=date(2022, 6, 1),
        until=date(2026, 1, 31),
        text="the",
        relevant=False,
    )
    assert_shows(page, service, filters)
    assert page.multiselect(key="f_states").value == [first, second]
    assert page.button_group[0].value == "all"
    assert page.multiselect(key="f_events").value == ["meeting"]
    assert page.multiselect(key="f_kinds").value == ["trade press"]
    assert page.toggle(key="f_relevant").value is False
    assert page.selectbox(key="f_period").value == "dates"
    assert page.date_input(key="f_days").value == (date(2022, 6, 1), date(2026, 1, 31))
    assert page.text_input(key="f_text").value == "the"
    assert [page.selectbox(key=f"f_{name}").value for name in ("by", "step", "measure")] == ["weapon", "month", "share"]
    assert said(page) == []


@pytest.mark.parametrize("period", ["7d", "1y"])
def test_a_period_counts_back_from_today(service: Service, period: Period) -> None:
    page = opened(period=period)
    assert_shows(page, service, dated(View(period=period), TODAY))
    assert page.selectbox(key="f_period").value == period


def test_each_unknown_value_of_a_link_is_named(service: Service) -> None:
    page = opened(state=["Atlantis", "PRK"], weapon="phaser", since="yesterday", page="0", colour="red")
    assert_shows(page, service, Filters(states=("PRK",)))
    notices = said(page)
    assert len(notices) == 5
    for value in ("colour", "state=Atlantis", "weapon=phaser", "from=yesterday", "page=0"):
        assert sum(f"“{value}”" in notice for notice in notices) == 1


def test_a_filter_can_be_chosen_after_a_hostile_link(service: Service) -> None:
    page = opened(since="0001-01-01", to="9999-12-31", state="x" * 10_000, q="\x00")
    page.multiselect(key="f_events").set_value(["meeting"]).run()
    assert not page.exception
    assert link(page)["event"] == ["meeting"]


def test_notices_leave_with_the_link_that_they_were_about(service: Service) -> None:
    page = opened(state="Atlantis")
    assert len(said(page)) == 1
    assert len(said(page.run())) == 1
    page.toggle(key="f_relevant").set_value(False).run()
    assert said(page) == []


def test_a_changed_filter_writes_the_link_and_the_figures_follow(service: Service, most_named: list[str]) -> None:
    page = opened()
    page.multiselect(key="f_states").set_value([most_named[2]]).run()
    assert link(page) == {"state": [most_named[2]]}
    assert_shows(page, service, Filters(states=(most_named[2],)))
    page.multiselect(key="f_events").set_value(["transfer"]).run()
    assert link(page) == {"state": [most_named[2]], "event": ["transfer"]}
    assert_shows(page, service, Filters(states=(most_named[2],), events=("transfer",)))
    page.text_input(key="f_text").set_value(" drone ").run()
    assert link(page)["q"] == ["drone"]
    page.toggle(key="f_relevant").set_value(False).run()
    assert link(page)["scope"] == ["all"]
    page.selectbox(key="f_period").set_value("90d").run()
    assert link(page)["period"] == ["90d"]
    next(button for button in page.button if button.label == "Clear all filters").click().run()
    assert link(page) == {}
    assert_shows(page, service, Filters())
    assert page.multiselect(key="f_states").value == []
    assert page.text_input(key="f_text").value == ""


def test_the_chart_is_part_of_the_link(service: Service) -> None:
    page = opened(state="PRK")
    page.selectbox(key="f_by").set_value("event").run()
    page.selectbox(key="f_measure").set_value("share").run()
    page.selectbox(key="f_step").set_value("month").run()
    assert link(page) == {"state": ["PRK"], "by": ["event"], "measure": ["share"], "step": ["month"]}
    table = queries.frequency(service.store, Filters(states=("PRK",)), "month", "event", 6).to_pylist()
    drawn = [(x, y) for line in spec(page, 1)["data"] for x, y in zip(line["x"], line["y"], strict=True)]
    assert sorted(drawn) == sorted((row["period"].isoformat(), row["share"]) for row in table)
    assert_shows(page, service, Filters(states=("PRK",)))


def test_any_or_all_is_asked_once_two_states_are_chosen(service: Service, most_named: list[str]) -> None:
    page = opened(state=most_named[0])
    assert len(page.get("button_group")) == 0
    page.multiselect(key="f_states").set_value(most_named[:2]).run()
    assert_shows(page, service, Filters(states=tuple(most_named[:2])))
    page.button_group[0].set_value("all").run()
    assert link(page) == {"state": most_named[:2], "match": ["all"]}
    assert_shows(page, service, Filters(states=tuple(most_named[:2]), match="all"))


def test_dates_are_chosen_in_the_calendar(service: Service) -> None:
    page = opened()
    page.selectbox(key="f_period").set_value("dates").run()
    assert_shows(page, service, Filters())
    page.date_input(key="f_days").set_value((date(2023, 9, 1), date(2023, 9, 30))).run()
    assert link(page) == {"from": ["2023-09-01"], "to": ["2023-09-30"]}
    assert_shows(page, service, Filters(since=date(2023, 9, 1), until=date(2023, 9, 30)))
    page.selectbox(key="f_period").set_value("all").run()
    assert link(page) == {}


@pytest.mark.parametrize(
    ("params", "filters"),
    [
        ({"to": "2023-09-30"}, Filters(until=date(2023, 9, 30))),
        ({"since": "2023-09-01"}, Filters(since=date(2023, 9, 1))),
    ],
)
def test_a_link_with_one_date_keeps_it_when_another_filter_changes(
    service: Service, params: dict[str, str], filters: Filters
) -> None:
    page = opened(**params)
    assert_shows(page, service, filters)
    page.multiselect(key="f_events").set_value(["meeting"]).run()
    assert_shows(page, service, replace(filters, events=("meeting",)))


def test_a_filter_goes_back_to_the_first_page_and_the_chart_does_not(service: Service) -> None:
    page = opened(page="2")
    page.selectbox(key="f_by").set_value("event").run()
    assert link(page)["page"] == ["2"]
    page.toggle(key="f_relevant").set_value(False).run()
    assert link(page) == {"scope": ["all"], "by": ["event"]}


def test_a_page_of_the_list_follows_the_one_before(service: Service) -> None:
    whole = [row["link"] for row in queries.articles(service.store, Filters(), PAGE_SIZE * 2, 0).to_pylist()]
    for number in (1, 2):
        listed = "".join(html.proto.body for html in opened(page=str(number)).get("html"))
        for place, address in enumerate(whole):
            assert (f'href="{address}"' in listed) == (place // PAGE_SIZE == number - 1)


def test_a_page_beyond_the_last_shows_the_last_and_says_so(service: Service) -> None:
    page = opened(page="99999")
    pages = -(-queries.figures(service.store, Filters()).articles // PAGE_SIZE)
    assert said(page) == [f"The link asks for page 99999; the last one is {pages}."]
    assert not page.exception


def test_a_view_without_articles_says_what_to_do(service: Service) -> None:
    page = opened(q="no article says this")
    assert_shows(page, service, Filters(text="no article says this"))
    assert sum("No article matches" in info.value for info in page.info) == 1


def test_the_change_shown_is_that_of_the_last_30_days_of_the_data(service: Service) -> None:
    last = queries.coverage(service.store, service.gazetteer.version).last
    assert last is not None
    recent = Filters(since=last - timedelta(days=29), until=last)
    before = Filters(since=last - timedelta(days=59), until=last - timedelta(days=30))
    now, then = queries.figures(service.store, recent), queries.figures(service.store, before)
    change = now.articles - then.articles
    assert opened().metric[0].delta == (f"{change:+,}" if change else "±0")


def test_the_change_of_a_dated_view_is_against_the_period_before(service: Service) -> None:
    page = opened(since="2023-09-01", to="2023-10-30")
    now = queries.figures(service.store, Filters(since=date(2023, 9, 1), until=date(2023, 10, 30)))
    then = queries.figures(service.store, Filters(since=date(2023, 7, 3), until=date(2023, 8, 31)))
    change = now.articles - then.articles
    assert page.metric[0].delta == (f"{change:+,}" if change else "±0")
    assert "03 Jul 2023 to 31 Aug 2023" in page.metric[0].help


def test_the_shared_link_shows_the_same(service: Service) -> None:
    page = opened(state="PRK", period="all")
    address = page.code[0].value
    params = dict(pair.split("=", 1) for pair in address.partition("?")[2].split("&"))
    assert set(params) == {"state", "step", "from", "to"}
    params["since"] = params.pop("from")
    again = opened(**params)
    assert figures(again) == figures(page)
    first = queries.coverage(service.store, service.gazetteer.version).first
    assert_shows(again, service, pinned(View(Filters(states=("PRK",))), TODAY, first).filters)


def body(page: AppTest) -> str:
    """All the HTML of the page."""
    return "".join(html.proto.body for html in page.get("html"))


def explained(page: AppTest) -> str:
    """The HTML of the open explanation, from its article on; empty when none is open."""
    return body(page).partition("parley-whole")[2]


def test_explain_opens_the_article_with_every_mention_and_its_reason(service: Service) -> None:
    page = opened(state="RUS")
    assert explained(page) == ""
    row = queries.articles(service.store, Filters(states=("RUS",)), 1, 0).to_pylist()[0]
    page.button(key=f"explain_{row['article_id']}").click().run()
    assert not page.exception
    assert link(page) == {"state": ["RUS"], "article": [str(row["article_id"])]}
    assert_shows_explanation(page, service, row["article_id"])
    # The filters are as they were behind it.
    assert figures(page)["Articles"] == f"{queries.figures(service.store, Filters(states=('RUS',))).articles:,}"
    page.toggle(key="f_relevant").set_value(False).run()
    assert page.multiselect(key="f_states").value == ["RUS"]


def assert_shows_explanation(page: AppTest, service: Service, article_id: int) -> None:
    shown = explained(page)
    row = queries.article(service.store, article_id).to_pylist()[0]
    found = queries.mentions(service.store, [article_id]).to_pylist()
    assert found
    for mention in found:
        assert escape(f"“{mention['surface']}”") in shown
        assert f">{mention['row']}<" in shown
        assert escape(mention["because"]) in shown
    vocabulary = service.gazetteer.vocabulary
    for mention in (m for m in found if m["kind"] == "event"):
        assert f"(PLOVER {vocabulary.events[mention['type']].plover})" in shown
        assert all(status.name in shown for status in vocabulary.statuses if status.code == mention["status"])
    day = f"{row['published']:%Y-%m-%d}"
    _, considered = explain(row["title"], row["summary"], service.gazetteer, day)
    for mention in (c.mention for c in considered if not c.accepted):
        assert escape(f"“{mention.surface}”") in shown
        assert escape(mention.because) in shown
    assert escape(row["reason"]) in shown
    assert any(code.value.endswith(f"/?article={article_id}") for code in page.code)


def test_a_link_opens_the_explanation_whatever_the_filters(service: Service) -> None:
    rows = queries.articles(service.store, Filters(relevant=False), 500, 0).to_pylist()
    (outside, *_) = [row["article_id"] for row in rows if not row["relevant"] and row["reason"].startswith("“")]
    page = opened(article=str(outside))
    assert not page.exception
    assert_shows_explanation(page, service, outside)
    assert "Not arms diplomacy: " in explained(page)
    del page.query_params["article"]
    assert explained(page.run()) == ""


def test_an_article_that_is_not_stored_is_named_and_the_page_is_there(service: Service) -> None:
    page = opened(article="12345", state="PRK")
    assert_shows(page, service, Filters(states=("PRK",)))
    assert said(page) == ["“article=12345” is not stored here: it has left, or the link is of another Parley."]
    assert explained(page) == ""
    page.toggle(key="f_relevant").set_value(False).run()
    assert "article" not in link(page)
    assert said(page) == []


def test_tags_of_an_earlier_vocabulary_are_said_to_be_so(service: Service) -> None:
    row = queries.articles(service.store, Filters(), 1, 0).to_pylist()[0]
    now = service.gazetteer.version
    assert not any(now in text for text in said(opened(article=str(row["article_id"]))))
    service.gazetteer.version = "1-later"
    try:
        page = opened(article=str(row["article_id"]))
    finally:
        service.gazetteer.version = now
    assert f"The stored tags were made by tagger {now}; 1-later is running now." in said(page)
    assert "The present one gives the same tags." in said(page)


def followed(page: AppTest) -> AppTest:
    """The page after a click on its only link to another page."""
    (way,) = page.get("page_link")
    # `switch_page` knows pages that are files; ours are functions, known by the same hash in the link.
    page._page_hash = way.proto.page_script_hash
    page.query_params.clear()
    page.run()
    assert not page.exception
    return page


def test_the_accuracy_page_has_an_address_and_a_way_back(service: Service) -> None:
    page = opened(state="PRK")
    (way,) = page.get("page_link")
    assert (way.proto.page, way.proto.label) == ("accuracy", "Accuracy")
    page = followed(page)
    assert page.title[0].value == "How accurate are the tags?"
    (back,) = page.get("page_link")
    assert back.proto.page == ""
    again = followed(page)
    assert_shows(again, service, Filters())
    assert again.multiselect(key="f_states").value == []


def test_the_accuracy_page_shows_the_figures_of_the_file(service: Service) -> None:
    page = followed(opened())
    measured = json.loads((ROOT / "docs" / "accuracy.json").read_text(encoding="utf-8"))
    shown = body(page)
    assert shown.count("<table") == len({score["corpus"] for score in measured["scores"]})
    assert shown.count("<tr>") - shown.count("<thead>") == len(measured["scores"])
    drawn = {x for trace in spec(page, 0)["data"] for x in trace["x"]}
    assert drawn == {score["f1"] for score in measured["scores"] if score["f1"] is not None}
    assert any(measured["tagger"] in caption.value for caption in page.caption)
    assert "United States ×" in shown
    assert ">USA" not in shown


HOSTILE = (
    {"state": "<script>alert(1)</script>"},
    {"state": ["' OR 1=1 --", "PRK'; DROP TABLE articles; --"]},
    {"q": "'; DROP TABLE articles; --"},
    {"q": "$text $states {x} %s \\ \x00 \x1b"},
    {"q": "%"},
    {"q": "\u202e\u0301😀" * 50},
    {"q": "x" * 100_000},
    {"since": "0001-01-01", "to": "9999-12-31"},
    {"since": "0001-01-01"},
    {"since": "9999-12-31"},
    {"to": "0001-01-01"},
    {"to": "9999-12-31"},
    {"since": "9999-12-31", "to": "0001-01-01"},
    {"since": "0001-01-02", "to": "0001-01-03"},
    {"since": "0001-01-01", "step": "day"},
    {"page": "100000"},
    {"page": "-1"},
    {"page": ["1", "2", "x"]},
    {"state": ["PRK"] * 1_000},
    {"match": "all", "state": ["RUS", "USA", "CHN", "PRK"]},
    {"weapon": "__class__", "event": "None", "kind": "", "country": "🏴"},
    {"": "x", "f_states": "x", "link": "x", "__proto__": "x"},
    {"step": "day", "measure": "share", "by": "event", "scope": "all"},
    {"period": "9999999d"},
    {"article": "<script>alert(1)</script>"},
    {"article": ["1", "-1", "1e3", "9" * 5_000]},
    {"article": str(2**64 - 1)},
    {"article": str(2**64)},
)


@pytest.mark.parametrize("params", HOSTILE, ids=lambda params: ascii(params)[:60])
def test_no_link_breaks_the_page(service: Service, params: dict[str, Any]) -> None:
    page = opened(**params)
    assert not page.exception
    assert not page.error
    assert len(page.metric) == 5
    # Nothing was lost or changed by it.
    assert queries.figures(service.store, Filters()).articles > PAGE_SIZE


# A failing query is short anyway: looking for a shorter one would take minutes.
@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    st.dictionaries(
        st.sampled_from(("state", "weapon", "event", "match", "since", "to", "period", "q", "step", "by", "page")),
        st.one_of(
            st.text(max_size=20), st.dates().map(str), st.sampled_from(("PRK", "drone", "meeting", "all", "7d", "day"))
        ),
    )
)
def test_no_query_breaks_the_page(service: Service, params: dict[str, str]) -> None:
    page = opened(**params)
    assert not page.exception
    assert not page.error
    assert len(page.metric) == 5


def test_an_ingester_that_has_stopped_is_told(service: Service) -> None:
    told = "fetching has stopped, the reason is in the server's log"
    assert told not in opened().caption[0].value
    service.progress.error = "the list of feeds cannot be read"
    try:
        assert told in opened().caption[0].value
    finally:
        service.progress.error = ""


def test_a_reading_process_that_imports_the_page_draws_nothing(service: Service) -> None:
    # A new process imports its parent's main module under this name, and Streamlit makes the page that module.
    before = open_service.cache_info()
    runpy.run_path(str(PAGE), run_name="__mp_main__")
    assert open_service.cache_info() == before


def test_the_page_opens_the_database_of_the_settings(service: Service) -> None:
    assert service.store.path is not None
    assert Path(service.store.path).exists()
    assert service.settings.ingest is False
