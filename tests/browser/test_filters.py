"""Filters, map clicks and links, as a reader uses them."""

from __future__ import annotations

import http.client
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.reading import (
    articles,
    choose,
    click_on,
    dots,
    drawn,
    figures,
    point_at,
    query,
    settled,
    shared_link,
    tagged,
    titles,
)
from tests.browser.served import Parley


def test_a_state_is_chosen_in_the_sidebar(visit: Visit, sample: Parley) -> None:
    page = visit(sample)
    before = articles(page)
    choose(page, "States", "North Korea")
    settled(page, state=["PRK"])
    assert 0 < articles(page) < before
    assert tagged(page, "North Korea") == len(titles(page))
    choose(page, "States", "Russia")
    settled(page, state=["PRK", "RUS"])
    either = articles(page)
    page.get_by_role("radio", name="all of them").click()
    settled(page, state=["PRK", "RUS"], match=["all"])
    assert 0 < articles(page) < either
    page.get_by_role("button", name="Clear all filters").click()
    settled(page)
    assert articles(page) == before


def test_a_weapon_type_is_chosen_and_words_are_looked_for(visit: Visit, sample: Parley) -> None:
    page = visit(sample)
    before = articles(page)
    choose(page, "Weapon type", "Drones")
    settled(page, weapon=["drone"])
    drones = articles(page)
    assert 0 < drones < before
    listed = page.locator(".parley-list article")
    assert listed.count() == page.locator(".parley-list article:has(.tag.w)").count()
    words = page.get_by_role("textbox", name="Words in title or summary")
    words.fill("Ukraine")
    words.press("Enter")
    settled(page, weapon=["drone"], q=["Ukraine"])
    assert 0 < articles(page) < drones
    assert all("Ukraine" in text for text in listed.all_inner_texts())


def test_a_click_on_the_map_filters_and_another_gives_it_up(visit: Visit, sample: Parley) -> None:
    page = visit(sample, "/?scope=all")
    before, first = figures(page), titles(page)
    point_at(page, "RUS")
    expect(page.locator(".hoverlayer").first).to_have_text(re.compile(r"Russia\d+ articles"))
    click_on(page, "RUS")
    settled(page, scope=["all"], state=["RUS"])
    assert int(figures(page)["Articles"]) < int(before["Articles"])
    assert page.get_by_test_id("stMultiSelect").first.get_by_text("Russia").count() == 1
    click_on(page, "RUS")
    settled(page, scope=["all"])
    assert (figures(page), titles(page)) == (before, first)


def test_a_state_too_small_to_point_at_has_a_dot_to_click(visit: Visit, sample: Parley) -> None:
    page = visit(sample, "/?scope=all")
    small = max(dots(page))
    click_on(page, small)
    settled(page, scope=["all"], state=[small])
    assert articles(page) > 0


def test_the_shared_link_shows_the_same_to_somebody_else(visit: Visit, sample: Parley) -> None:
    page = visit(sample, "/?state=RUS&by=weapon&scope=all")
    link = shared_link(page)
    assert link.startswith(f"{sample.url}/?")
    params = parse_qs(urlsplit(link).query)
    assert set(params) == {"state", "by", "scope", "step", "from", "to"}
    other = visit(sample, link, fresh=True)
    assert (figures(other), titles(other)) == (figures(page), titles(page))
    assert query(other) == params
    assert other.get_by_test_id("stText").count() == 0


def test_back_undoes_the_last_filter_and_forward_redoes_it(visit: Visit, sample: Parley) -> None:
    page = visit(sample, "/?state=PRK")
    one = figures(page)
    choose(page, "Event", "Meeting")
    settled(page, state=["PRK"], event=["meeting"])
    both = figures(page)
    assert both != one
    sidebar = page.get_by_test_id("stSidebar")
    page.go_back()
    settled(page, state=["PRK"])
    expect(sidebar).not_to_contain_text("Meeting")
    drawn(page)
    assert figures(page) == one
    page.go_forward()
    settled(page, state=["PRK"], event=["meeting"])
    expect(sidebar).to_contain_text("Meeting")
    drawn(page)
    assert figures(page) == both


def test_unknown_values_of_a_link_are_named(visit: Visit, sample: Parley) -> None:
    page = visit(sample, "/?state=Atlantis&state=PRK&from=soon&weapon=**bold**%20%3Cimg%20src%3Dx%3E&colour=red")
    notices = page.locator(".st-key-link_notices").get_by_test_id("stText").all_inner_texts()
    assert notices == [
        "“colour” is not a parameter of Parley.",
        "“state=Atlantis” is unknown here and was left out.",
        "“weapon=**bold** <img src=x>” is unknown here and was left out.",
        "“from=soon” is not a date such as 2023-09-17 and was left out.",
    ]
    assert page.locator("img[src=x]").count() == 0
    assert tagged(page, "North Korea") == len(titles(page)) > 0


def test_the_list_is_turned_page_by_page(visit: Visit, sample: Parley) -> None:
    page = visit(sample)
    first = titles(page)
    page.get_by_test_id("stPagination").get_by_role("button", name="2", exact=False).first.click()
    settled(page, page=["2"])
    second = titles(page)
    assert len(first) == len(second) == 25
    assert not set(first) & set(second)


def test_the_chart_is_changed_and_stays_in_the_link(visit: Visit, sample: Parley) -> None:
    page = visit(sample, "/?by=event&measure=share&step=month")
    assert "Meeting" in page.locator(".legendtext").all_text_contents()
    ticks = page.locator(".ytick text").all_text_contents()
    assert ticks
    assert all(tick.endswith("%") for tick in ticks)
    page.get_by_role("combobox", name="Lines").focus()
    choose(page, "Lines", "by weapon type")
    settled(page, by=["weapon"], measure=["share"], step=["month"])
    expect(page.locator(".legendtext").first).not_to_have_text("Meeting")


@pytest.mark.parametrize(
    "path",
    [
        "/app/static/..%2fpage.py",
        "/app/static/../page.py",
        "/app/static/%2e%2e/page.py",
        "/app/static/..%2f..%2fpipeline%2fstore.py",
        "/app/static/%00.css",
        "/static/..%2f..%2f..%2f..%2f..%2fapp.py",
    ],
)
def test_no_file_but_those_meant_for_it_is_given_out(sample: Parley, path: str) -> None:
    connection = http.client.HTTPConnection(sample.url.removeprefix("http://"), timeout=10)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status < 500
    assert b"import annotations" not in body
    assert answer.getheader("content-security-policy", "").startswith("default-src 'self'")


def test_a_first_visit_is_compressed(sample: Parley) -> None:
    connection = http.client.HTTPConnection(sample.url.removeprefix("http://"), timeout=10)
    connection.request("GET", "/")
    index = connection.getresponse().read().decode()
    script = "/static/js/" + index.partition('src="./static/js/')[2].partition('"')[0]
    connection.request("GET", script, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("content-encoding")) == (200, "gzip")
    assert len(answer.read()) < 250_000
    connection.close()
