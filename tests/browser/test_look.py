"""What a first visit shows, on a desk and on a phone, in light and in dark, to any reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import DESK, PHONE, Reader, Scheme, Size, Visit
from tests.browser.reading import articles, figures, titles
from tests.browser.served import Parley

LOOKS: list[tuple[Size, Scheme]] = [(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")]
TABLET = (820, 1180)
_OVERFLOW = """() => [document.scrollingElement, document.querySelector('[data-testid=stMain]')]
  .map(element => element.scrollWidth - element.clientWidth)"""


def box(locator: Locator) -> dict[str, float]:
    """Where an element stands on the screen."""
    found = locator.bounding_box()
    assert found is not None, f"{locator} is not shown"
    return {"x": found["x"], "y": found["y"], "width": found["width"], "height": found["height"]}


def in_view(locator: Locator, page: Page) -> bool:
    """Whether the whole element stands on the screen without scrolling."""
    b, size = box(locator), page.viewport_size
    assert size is not None
    within = b["x"] >= 0 and b["x"] + b["width"] <= size["width"] and b["y"] >= 0
    return b["width"] > 0 and b["height"] > 0 and within and b["y"] + b["height"] <= size["height"]


def overlap(one: Locator, other: Locator) -> bool:
    a, b = box(one), box(other)
    across = a["x"] < b["x"] + b["width"] and b["x"] < a["x"] + a["width"]
    return across and a["y"] < b["y"] + b["height"] and b["y"] < a["y"] + a["height"]


def shade(page: Page) -> float:
    """How bright the page is, from 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    return sum(float(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")[:3]) / 3


@pytest.fixture(scope="module", params=LOOKS, ids=["desk-light", "desk-dark", "phone-light", "phone-dark"])
def look(request: pytest.FixtureRequest, reader: Reader, sample: Parley) -> Iterator[tuple[Page, Size, Scheme]]:
    """The page with a notice, two states and dates, so that everything it can show is there, in each look."""
    size, scheme = request.param
    with reader.watched() as visit:
        link = "/?state=RUS&state=USA&state=Atlantis&from=2022-01-01&to=2026-12-31"
        yield visit(sample, link, size=size, scheme=scheme), size, scheme


def test_a_first_visit_shows_figures_map_chart_and_list_without_scrolling(visit: Visit, sample: Parley) -> None:
    page = visit(sample)
    expect(page.get_by_test_id("stAlert")).to_contain_text("This is sample data")
    assert list(figures(page)) == ["Articles", "Meetings", "Transfers", "States named", "Outlets"]
    assert all(int(value) > 0 for value in figures(page).values())
    shapes = page.locator("path.choroplethlocation")
    assert shapes.evaluate_all("all => all.filter(s => s.getBoundingClientRect().width > 0).length") > 200
    assert shapes.evaluate_all("all => new Set(all.map(s => getComputedStyle(s).fill)).size") > 5
    lines = page.locator(".scatterlayer .trace path.js-line")
    assert lines.count() == 6
    assert len(set(lines.evaluate_all("all => all.map(line => line.style.stroke)"))) == 6
    assert len(set(lines.evaluate_all("all => all.map(line => line.style.strokeDasharray)"))) == 6
    assert len(titles(page)) == 25
    expect(page.get_by_text(f"1 to 25 of {articles(page)}, newest first.")).to_be_visible()
    for part in (*page.get_by_test_id("stMetric").all(), *page.get_by_test_id("stPlotlyChart").all()):
        assert in_view(part, page)
    chart, land = box(page.get_by_test_id("stPlotlyChart").first), box(page.locator(".choroplethlayer"))
    assert land["width"] > 0.8 * chart["width"]
    assert land["height"] > 0.7 * chart["height"]


def test_on_a_tablet_the_chart_goes_below_the_map_and_both_can_be_read(visit: Visit, sample: Parley) -> None:
    page = visit(sample, size=TABLET)
    over, under = (box(chart) for chart in page.get_by_test_id("stPlotlyChart").all())
    assert under["y"] > over["y"] + over["height"]
    assert box(page.locator(".choroplethlayer"))["width"] > 350
    assert page.evaluate(_OVERFLOW) == [0, 0]


def test_nothing_hides_the_title_and_nothing_scrolls_sideways(look: tuple[Page, Size, Scheme]) -> None:
    page, size, _ = look
    assert page.evaluate(_OVERFLOW) == [0, 0]
    assert not overlap(page.get_by_test_id("stHeader"), page.get_by_role("heading", name="Parley"))
    charts = page.get_by_test_id("stPlotlyChart").all()
    assert len(charts) == 2
    for chart in charts:
        assert box(chart)["x"] + box(chart)["width"] <= size[0]
    if size == PHONE:
        land = box(page.locator(".choroplethlayer"))
        assert land["width"] > 0.7 * size[0]
        # The map is no small thing in a tall box.
        assert box(charts[0])["height"] < 1.6 * land["height"]


def test_the_page_is_dark_for_who_asks_for_dark(look: tuple[Page, Size, Scheme]) -> None:
    page, _, scheme = look
    assert shade(page) < 60 if scheme == "dark" else shade(page) > 200


@pytest.mark.parametrize(("size", "scheme"), LOOKS, ids=["desk-light", "desk-dark", "phone-light", "phone-dark"])
def test_the_accuracy_page_can_be_read_in_each_look(visit: Visit, sample: Parley, size: Size, scheme: Scheme) -> None:
    page = visit(sample, "/accuracy", size=size, scheme=scheme, painted=".scatterlayer path.point")
    assert page.evaluate(_OVERFLOW) == [0, 0]
    assert not overlap(page.get_by_test_id("stHeader"), page.get_by_role("heading", name="How accurate"))
    assert shade(page) < 60 if scheme == "dark" else shade(page) > 200
    for table in page.locator(".parley-table").all():
        assert box(table)["x"] + box(table)["width"] <= size[0]
    assert serious(page) == []


@pytest.mark.parametrize(("size", "scheme"), LOOKS, ids=["desk-light", "desk-dark", "phone-light", "phone-dark"])
def test_an_explanation_can_be_read_in_each_look(visit: Visit, sample: Parley, size: Size, scheme: Scheme) -> None:
    page = visit(sample, size=size, scheme=scheme)
    expect(page.get_by_role("button", name="Explain")).to_have_count(25)
    item = page.locator('[class*="st-key-article_"]').first
    words, button = box(item.locator("article")), box(item.get_by_role("button"))
    assert button["x"] + button["width"] <= size[0]
    assert (
        button["y"] >= words["y"] + words["height"] if size == PHONE else button["x"] > words["x"] + words["width"] / 2
    )
    item.get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".parley-table").first).to_be_visible()
    shown = box(dialog)
    assert shown["width"] <= size[0]
    assert shown["width"] > 0.75 * size[0]
    for table in dialog.locator(".parley-table").all():
        assert box(table)["x"] + box(table)["width"] <= shown["x"] + shown["width"]
    assert serious(page) == []


def serious(page: Page) -> list[str]:
    """What axe finds to be a serious or critical barrier, with the first elements concerned."""

    def words(violation: dict[str, Any]) -> str:
        nodes = [f"{node['html'][:160]} ({node['failureSummary'][:200]})" for node in violation["nodes"][:3]]
        return f"{violation['id']}: {violation['help']}, {len(violation['nodes'])} times: {nodes}"

    found = Axe().run(page).response["violations"]
    return [words(violation) for violation in found if violation["impact"] in ("serious", "critical")]


def test_no_reader_is_shut_out(look: tuple[Page, Size, Scheme]) -> None:
    assert serious(look[0]) == []
