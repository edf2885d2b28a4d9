"""Why an article carries its tags, and how often tags are right: opened, cited and left as a reader does."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.reading import drawn, figures, query, settled, titles
from tests.browser.served import Parley

OPEN = "[role=dialog] .parley-whole"


def words(page: Page) -> list[str]:
    """The marked words of the open article."""
    return page.locator(f"{OPEN} mark").all_inner_texts()


def test_explain_is_reached_by_keyboard_and_left_by_escape(visit: Visit, sample: Parley) -> None:
    page = visit(sample, "/?state=PRK")
    before, number = figures(page), 2
    title = titles(page)[number]
    button = page.get_by_role("button", name="Explain").nth(number)
    page.locator(".parley-list h3 a").nth(number).focus()
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_selector(OPEN)
    drawn(page)
    assert query(page)["state"] == ["PRK"]
    assert re.fullmatch(r"\d+", query(page)["article"][0])
    dialog = page.get_by_role("dialog", name="Why these tags?")
    assert dialog.locator(".parley-whole h3").inner_text() == title
    found = dialog.locator(".parley-table").first
    assert found.locator("th").all_inner_texts() == [
        "Words",
        "Stands in",
        "Tag",
        "Found",
        "Seed row",
        "Why it was taken",
    ]
    listed = {text.partition("”")[0].removeprefix("“") for text in found.locator("td:first-child").all_inner_texts()}
    assert set(words(page)) <= listed
    assert all(re.match(r"[\w/]+\.(toml|csv):\d+", row) for row in found.locator("td:nth-child(5)").all_inner_texts())
    assert all(found.locator("td:nth-child(6)").all_inner_texts())
    expect(dialog).to_contain_text("Arms diplomacy: “")
    page.keyboard.press("Escape")
    settled(page, state=["PRK"])
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()
    assert figures(page) == before


def test_the_link_of_an_explanation_opens_it_for_somebody_else(visit: Visit, sample: Parley) -> None:
    page = visit(sample)
    page.get_by_role("button", name="Explain").first.click()
    page.wait_for_selector(OPEN)
    drawn(page)
    link = page.get_by_role("dialog").get_by_test_id("stCode").inner_text().strip()
    assert link == f"{sample.url}/?article={query(page)['article'][0]}"
    other = visit(sample, link, fresh=True, painted=OPEN)
    assert words(other) == words(page) != []
    other.get_by_role("dialog").get_by_role("button", name="Close").click()
    settled(other)
    expect(other.get_by_role("dialog")).to_have_count(0)
    assert len(titles(other)) == 25


def test_back_closes_an_explanation_and_forward_opens_it_again(visit: Visit, sample: Parley) -> None:
    page = visit(sample, "/?state=RUS")
    page.get_by_role("button", name="Explain").first.click()
    page.wait_for_selector(OPEN)
    article = query(page)["article"]
    shown = words(page)
    page.go_back()
    settled(page, state=["RUS"])
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.go_forward()
    settled(page, state=["RUS"], article=article)
    page.wait_for_selector(OPEN)
    assert words(page) == shown


def test_what_was_rejected_is_listed_with_the_reason(visit: Visit, sample: Parley) -> None:
    page = visit(sample)
    for number in range(5):
        page.get_by_role("button", name="Explain").nth(number).click()
        page.wait_for_selector(OPEN)
        drawn(page)
        dialog = page.get_by_role("dialog")
        rejected = dialog.locator(".parley-table").nth(1)
        if rejected.count():
            break
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        drawn(page)
    assert rejected.locator("th").last.inner_text() == "Why not"
    assert all(rejected.locator("td:last-child").all_inner_texts())


def test_an_article_that_is_not_here_is_named(visit: Visit, sample: Parley) -> None:
    page = visit(sample, "/?article=7&article=<img src=x>&state=PRK")
    said = page.locator(".st-key-link_notices").get_by_test_id("stText").all_inner_texts()
    assert "“article=<img src=x>” is not the number of an article and was left out." in said
    page = visit(sample, "/?article=7")
    said = page.locator(".st-key-link_notices").get_by_test_id("stText").all_inner_texts()
    assert said == ["“article=7” is not stored here: it has left, or the link is of another Parley."]
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_accuracy_page_is_reached_by_its_link_and_back_finds_the_view_as_it_was(
    visit: Visit, sample: Parley
) -> None:
    page = visit(sample, "/?state=PRK&scope=all")
    before, listed = figures(page), titles(page)
    page.get_by_role("link", name="Accuracy").click()
    page.wait_for_url(f"{sample.url}/accuracy")
    expect(page.get_by_role("heading", name="How accurate are the tags?")).to_be_visible()
    page.wait_for_selector(".scatterlayer path.point")
    drawn(page)
    assert page.locator(".parley-table").count() > 5
    assert page.title() == "Parley: how accurate are the tags?"
    page.go_back()
    settled(page, state=["PRK"], scope=["all"])
    expect(page.locator(".parley-list article")).to_have_count(len(listed))
    assert (figures(page), titles(page)) == (before, listed)
    expect(page.get_by_test_id("stSidebar")).to_contain_text("North Korea")
    page.go_forward()
    expect(page.get_by_role("heading", name="How accurate are the tags?")).to_be_visible()
    page.get_by_role("link", name="Back to the dashboard").click()
    page.wait_for_selector(".parley-list")
    settled(page)
    assert len(titles(page)) == 25


def test_the_accuracy_page_opens_at_its_own_address(visit: Visit, sample: Parley) -> None:
    page = visit(sample, "/accuracy", fresh=True, painted=".scatterlayer path.point")
    expect(page.get_by_text(re.compile(r"Tagger \d+-[0-9a-f]+, measured on \d\d \w+ \d{4}"))).to_be_visible()
    head = page.locator(".parley-table").first.locator("th").all_inner_texts()
    assert head[:7] == ["Tag", "Precision", "Recall", "F1", "95 % interval", "Labelled", "Items"]
    legend = page.locator(".legendtext").all_text_contents()
    headings = page.get_by_role("heading", level=2).all_inner_texts()
    assert len(legend) > 2
    assert set(legend) < set(headings)
    assert {"What the figures mean", "What is not measured"} < set(headings)
    symbols = page.locator(".legend .scatterpts").evaluate_all("all => all.map(mark => mark.getAttribute('d'))")
    assert len(set(symbols)) == len(legend)
