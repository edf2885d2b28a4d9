"""What a reader sees of the page and does to it, as plain calls."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.browser.served import DRAWN

# A point of the screen inside the shape of a state: its middle, or else the inner point nearest to it.
_INSIDE = """code => {
  const shapes = [...document.querySelectorAll('path.choroplethlocation')]
  const shape = shapes.find(p => p.__data__ && p.__data__.loc === code)
  if (!shape) return null
  const box = shape.getBoundingClientRect(), toShape = shape.getScreenCTM().inverse()
  const points = []
  for (let i = 1; i < 24; i++) for (let j = 1; j < 24; j++)
    points.push([box.x + box.width * i / 24, box.y + box.height * j / 24])
  const middle = [box.x + box.width / 2, box.y + box.height / 2]
  const off = p => Math.hypot(p[0] - middle[0], p[1] - middle[1])
  const solid = p => [[0, 0], [3, 0], [-3, 0], [0, 3], [0, -3]].every(d =>
    shape.isPointInFill(new DOMPoint(p[0] + d[0], p[1] + d[1]).matrixTransform(toShape)))
  return [middle, ...points].filter(solid).sort((a, b) => off(a) - off(b))[0] || null
}"""
_DOTS = """() => [...document.querySelectorAll('.scattergeo path.point')].map(dot => {
  const box = dot.getBoundingClientRect()
  return [dot.__data__.data[0], [box.x + box.width / 2, box.y + box.height / 2]]
})"""


def figures(page: Page) -> dict[str, str]:
    """The key figures: label → value."""
    labels = page.get_by_test_id("stMetricLabel").all_inner_texts()
    values = page.get_by_test_id("stMetricValue").all_inner_texts()
    return dict(zip([label.strip() for label in labels], values, strict=True))


def articles(page: Page) -> int:
    """How many articles the view has, as the first key figure says."""
    return int(figures(page)["Articles"].replace(",", ""))


def titles(page: Page) -> list[str]:
    """The titles of the article list."""
    return page.locator(".parley-list h3").all_inner_texts()


def tagged(page: Page, words: str) -> int:
    """How many articles of the list carry a tag with these words."""
    return page.locator(".parley-list article").filter(has=page.locator(".tag", has_text=words)).count()


def query(page: Page) -> dict[str, list[str]]:
    """The query parameters that stand in the address bar."""
    return parse_qs(urlsplit(page.url).query, keep_blank_values=True)


def settled(page: Page, /, **params: Sequence[str]) -> None:
    """Wait until the address bar has exactly these parameters and the page is drawn for them."""
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query, keep_blank_values=True) == params, timeout=10_000)
    drawn(page)


def drawn(page: Page) -> None:
    """Wait until the page has run for the last change: no element of an earlier run is left."""
    page.wait_for_selector(DRAWN)
    expect(page.locator("[data-stale=true]")).to_have_count(0)


def choose(page: Page, label: str, option: str) -> None:
    """Look an option up in a list by its name, and choose it."""
    page.get_by_role("combobox", name=label, exact=True).focus()
    page.keyboard.type(option)
    page.get_by_role("option", name=option, exact=True).click()
    page.keyboard.press("Escape")


def dots(page: Page) -> dict[str, tuple[float, float]]:
    """The states drawn as dots, with their places on the screen."""
    return dict(page.evaluate(_DOTS))


def point_at(page: Page, code: str) -> None:
    """Bring the mouse onto a state of the map, shape or dot, and wait for its label."""
    place = dots(page).get(code) or page.evaluate(_INSIDE, code)
    assert place is not None, f"{code} is not painted"
    page.mouse.move(place[0] - 2, place[1])
    page.mouse.move(*place, steps=3)
    page.wait_for_selector(".stPlotlyChart .hoverlayer .hovertext")


def click_on(page: Page, code: str) -> None:
    """Click a state of the map."""
    point_at(page, code)
    page.mouse.down()
    page.mouse.up()


def shared_link(page: Page) -> str:
    """The link that the Share popover offers."""
    page.get_by_role("button", name="Share").click()
    return page.get_by_test_id("stPopoverBody").get_by_test_id("stCode").inner_text().strip()
