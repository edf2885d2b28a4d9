"""Feeds as they are: unreachable, back again, hostile, and real ones as they were captured."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from html import escape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipeline.settings import ROOT
from tests.browser.conftest import Reader, Visit
from tests.browser.reading import (
    articles,
    choose,
    click_on,
    drawn,
    figures,
    query,
    settled,
    shared_link,
    tagged,
    titles,
)
from tests.browser.served import Parley, free_port, ingest, parley, wait_until_drawn
from tests.servers import serving

SHARED = ROOT.parent / "shared" / "feeds"
LIVE = "Kim Jong Un and Vladimir Putin sign missile deal in Pyongyang"
OUTLET = "<img src=x onerror=alert(1)> **Wire** [a](javascript:alert(1)) $x$"
#: Titles that are text to us, whatever they are elsewhere; each must be shown as it stands.
KEPT = (
    "![pixel](https://outside.example/pixel.png) in Moscow",
    "[click](javascript:alert(1)) **bold** # heading in Beijing",
    "$\\href{javascript:alert(1)}{x}$ :material/home: :red[red] in Tehran",
    "' onmouseover='alert(1)' x=' in Paris",
    '" autofocus onfocus="alert(1)" in Berlin',
    "{{ 7*7 }} ${alert(1)} =HYPERLINK(1) in Kyiv",
)
#: Titles that are markup; what is left of each is for `clean` to say.
MARKUP = (
    "<script>alert(1)</script>Script in Ankara",
    "&lt;script&gt;alert(1)&lt;/script&gt;Escaped in Cairo",
    "<img src=x onerror=alert(1)>Image in Delhi",
    "<svg/onload=alert(1)>Vector in Seoul",
    "</h3></article></div></main><iframe src=https://outside.example></iframe>Frame in Tokyo",
    "<style>* { display: none }</style>Style in Rome",
    "<a href=https://outside.example/ping>Link</a> in Madrid",
)
LINKS = ("javascript:alert(1)", "data:text/html,<script>alert(1)</script>", 'https://news.example/"onclick="alert(1)')


def rss(items: Sequence[tuple[str, str]]) -> str:
    """A feed document of titles and links; what is hostile in them is escaped as a feed must, and arrives intact."""
    entries = "".join(
        f"<item><title>{escape(title)}</title><link>{escape(link)}</link><description>{escape(title)}</description>"
        f"<pubDate>Mon, 0{number % 9 + 1} Jun 2026 08:00:00 GMT</pubDate></item>"
        for number, (title, link) in enumerate(items)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{entries}</channel></rss>'


def feed_list(path: Path, feeds: Sequence[tuple[str, str]]) -> Path:
    """A list of feeds, (address, outlet), in the columns of `seeds/feeds.csv`."""
    columns = ("url", "name", "outlet", "country", "language", "kind", "focus", "enabled", "terms", "terms_note")
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*columns, "source"])
        rows.writerows([u, o, o, "RUS", "en", "wire", "", "yes", "open", "", "test"] for u, o in feeds)
    return path


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name it has there
        """Say nothing: pytest owns the terminal."""


@contextmanager
def files_at(port: int, folder: Path) -> Iterator[None]:
    """A web server that begins to listen at a given port, as a publisher that is back on line."""
    server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Story:
    """A server that began without network: what its page said then, and itself, now that the network is back."""

    server: Parley
    said_offline: list[str]


@pytest.fixture(scope="module")
def story(reader: Reader, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    port = free_port()
    titled = [(title, f"https://news.example/{number}") for number, title in enumerate((*KEPT, *MARKUP))]
    linked = [(f"Linked {number} in Warsaw", link) for number, link in enumerate(LINKS)]
    documents = folder / "documents"
    documents.mkdir()
    (documents / "live.xml").write_text(rss([(LIVE, "https://news.example/live")]), encoding="utf-8")
    (documents / "hostile.xml").write_text(rss([*titled, *linked]), encoding="utf-8")
    at = f"http://127.0.0.1:{port}"
    feeds = feed_list(folder / "feeds.csv", [(f"{at}/live.xml", "Live Wire"), (f"{at}/hostile.xml", OUTLET)])
    private = {"ALLOW_PRIVATE": "1", "HOST_GAP": "0", "HOST_CONNECTIONS": "8", "WORKERS": "1"}
    with parley(folder / "parley.duckdb", FEEDS=str(feeds), INGEST="1", EVERY="1s", **private) as server:
        with reader.watched() as visit:
            alerts = told_that_no_feed_is_reached(visit(server))
        with files_at(port, documents):
            server.wait_until_said("the first live articles are stored")
            yield Story(server, alerts)
            reader.leave()


def told_that_no_feed_is_reached(page: Page) -> list[str]:
    """The notices of the page once the first cycle has failed."""
    for _ in range(10):
        alerts = page.get_by_test_id("stAlert").all_inner_texts()
        if len(alerts) > 1:
            break
        page.reload()
        wait_until_drawn(page)
    return alerts


def test_without_network_the_page_says_so(story: Story) -> None:
    assert len(story.said_offline) == 2
    assert "This is sample data" in story.said_offline[0]
    assert "No feed could be reached since" in story.said_offline[1]
    assert "UTC" in story.said_offline[1]


def test_once_a_feed_answers_its_articles_are_there_and_the_sample_has_left(visit: Visit, story: Story) -> None:
    page = visit(story.server)
    assert LIVE in titles(page)
    assert page.get_by_test_id("stAlert").count() == 0
    everything = visit(story.server, "/?scope=all")
    assert articles(everything) == 1 + len(KEPT) + len(MARKUP) + len(LINKS)
    assert "Sample" not in "".join(everything.locator(".parley-list").all_inner_texts())


def test_hostile_feeds_stay_text(visit: Visit, story: Story) -> None:
    page = visit(story.server, "/?scope=all")
    shown = titles(page)
    assert set(KEPT) <= set(shown)
    for title in MARKUP:
        assert sum(title.rpartition(">")[2].rpartition(";")[2].strip() in text for text in shown) == 1
    assert OUTLET in page.locator(".parley-list .facts b").all_inner_texts()
    listed = page.locator(".parley-list")
    elements = listed.evaluate_all(
        "all => [...new Set(all.flatMap(list => [...list.querySelectorAll('*')].map(e => e.localName)))].sort()"
    )
    assert set(elements) <= {"article", "h3", "a", "p", "b", "i", "span", "time", "mark"}
    attributes = listed.evaluate_all(
        "all => [...new Set(all.flatMap(list => [...list.querySelectorAll('*')].flatMap(e => e.getAttributeNames())))]"
    )
    assert set(attributes) <= {"class", "href", "target", "rel", "title", "datetime"}
    links = listed.locator("a").evaluate_all("all => all.map(a => a.href)")
    assert all(link.startswith("https://news.example/") for link in links)
    assert page.locator("img[src=x], iframe, [onmouseover], [onclick], [onerror], [autofocus]").count() == 0
    expect(page.get_by_role("heading", name="Linked 0 in Warsaw")).to_be_visible()
    assert page.locator("h3 a", has_text="Linked 0 in Warsaw").count() == 0


def test_hostile_feeds_stay_text_in_an_explanation(visit: Visit, story: Story) -> None:
    page = visit(story.server, "/?scope=all")
    opened = 0
    for title in titles(page):
        if title not in KEPT:
            continue
        item = page.locator('[class*="st-key-article_"]').filter(has=page.locator("h3", has_text=title))
        item.get_by_role("button", name="Explain").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator(".parley-whole h3")).to_have_text(title)
        drawn(page)
        assert OUTLET in dialog.locator(".facts b").all_inner_texts()
        ours = dialog.locator(".parley-whole, .parley-table, .parley-prose")
        elements = ours.evaluate_all(
            "all => [...new Set(all.flatMap(part => [...part.querySelectorAll('*')].map(e => e.localName)))].sort()"
        )
        cells = {"thead", "tbody", "tr", "th", "td"}
        assert set(elements) <= cells | {"article", "h3", "a", "p", "b", "i", "span", "time", "mark"}
        assert dialog.locator("img, iframe, [onmouseover], [onclick], [onerror], [onfocus], [autofocus]").count() == 0
        opened += 1
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        drawn(page)
    assert opened == len(KEPT)


@pytest.fixture(scope="module")
def captured(reader: Reader, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Parley, int]]:
    """A server over the real feeds captured beside the checkout, and how many articles they brought."""
    if not SHARED.is_dir():
        pytest.skip("needs the captured feeds of ../shared/feeds")
    folder = tmp_path_factory.mktemp("captured")
    lines = (SHARED / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    files = [json.loads(line)["file"] for line in lines]
    with serving() as web:
        urls = [(web.serve(f"/{name}", (SHARED / name).read_bytes()), name) for name in files]
        report = ingest(folder / "parley.duckdb", feed_list(folder / "feeds.csv", urls))
    assert report["worked"] > 0.9 * len(files)
    with parley(folder / "parley.duckdb", INGEST="0") as server:
        yield server, report["new"]
        reader.leave()


def test_captured_feeds_are_filtered_shared_and_seen_alike_by_others(
    visit: Visit, captured: tuple[Parley, int]
) -> None:
    server, count = captured
    page = visit(server, "/?scope=all")
    assert articles(page) == count > 1_000
    assert page.get_by_text("This is sample data").count() == 0
    choose(page, "States", "Russia")
    settled(page, scope=["all"], state=["RUS"])
    russia = articles(page)
    assert 0 < russia < count
    assert tagged(page, "Russia") == len(titles(page))
    choose(page, "Weapon type", "Missiles and rockets")
    settled(page, scope=["all"], state=["RUS"], weapon=["missile"])
    assert 0 < articles(page) < russia
    click_on(page, "RUS")
    settled(page, scope=["all"], weapon=["missile"])
    click_on(page, "USA")
    settled(page, scope=["all"], state=["USA"], weapon=["missile"])
    assert tagged(page, "United States") == len(titles(page)) > 0
    link = shared_link(page)
    other = visit(server, link, fresh=True)
    assert {"from", "to", "state", "weapon"} <= set(query(other))
    assert (figures(other), titles(other)) == (figures(page), titles(page))
