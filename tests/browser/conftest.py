"""Servers and pages for the browser tests. A page that reaches out, complains or breaks fails its test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page

from pipeline.settings import ROOT
from tests.browser.served import Parley, browsing, environment, parley, wait_until_drawn
from tests.servers import FeedServer, serving

Visit = Callable[..., Page]
Scheme = Literal["light", "dark"]
DESK = (1440, 900)
PHONE = (390, 844)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs Chromium."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


# The fixtures are those of this package, not of the session: Playwright keeps an event loop running, beside which
# the asynchronous tests of other packages could not run.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with browsing() as running:
        yield running


@pytest.fixture(scope="package")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parley]:
    """A server as a first start without network shows it: the bundled sample."""
    with parley(tmp_path_factory.mktemp("sample") / "parley.duckdb", INGEST="0") as server:
        yield server


class Watch:
    """Notes what pages did that they must not do."""

    def __init__(self) -> None:
        self.server: Parley | None = None
        self.wrongs: list[str] = []

    def over(self, page: Page) -> Page:
        page.on("request", lambda request: self._reached(request.url))
        page.on("websocket", lambda socket: self._reached(socket.url))
        page.on("popup", lambda popup: self.wrongs.append(f"a window opened: {popup.url}"))
        page.on("console", self._complained)
        page.on("pageerror", lambda error: self.wrongs.append(f"page error: {error}"))
        page.on("dialog", self._asked)
        return page

    def _reached(self, url: str) -> None:
        here = self.server.url if self.server else "nowhere"
        if not url.startswith((f"{here}/", f"{here.replace('http', 'ws', 1)}/", "data:", "blob:")):
            self.wrongs.append(f"outside request: {url}")

    def _complained(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.wrongs.append(f"console: {message.text}")

    def _asked(self, dialog: Dialog) -> None:
        self.wrongs.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@pytest.fixture(scope="package")
def watch() -> Watch:
    return Watch()


@pytest.fixture(scope="package")
def tab(browser: Browser, watch: Watch) -> Iterator[Page]:
    """The one tab in which most tests open their pages, because a warm one draws in half the time."""
    with browser.new_context(reduced_motion="reduce") as context:
        yield watch.over(context.new_page())


@pytest.fixture
def visit(browser: Browser, tab: Page, watch: Watch) -> Iterator[Visit]:
    """Opens a link of a server and waits until it is drawn; `fresh` as somebody else, in a browser of their own."""
    contexts: list[BrowserContext] = []

    def go(
        server: Parley, link: str = "/", *, fresh: bool = False, size: tuple[int, int] = DESK, scheme: Scheme = "light"
    ) -> Page:
        watch.server = server
        page = tab
        if fresh:
            contexts.append(browser.new_context(reduced_motion="reduce"))
            page = watch.over(contexts[-1].new_page())
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(link if link.startswith("http") else server.url + link)
        wait_until_drawn(page)
        return page

    watch.wrongs = []
    yield go
    for context in contexts:
        context.close()
    assert watch.wrongs == []


def ingest(db: Path, feeds: str, **settings: str) -> None:
    """`python -m pipeline ingest` into a database, from servers on this machine."""
    named = {"PARLEY_ALLOW_PRIVATE": "1", "PARLEY_HOST_GAP": "0", "PARLEY_HOST_CONNECTIONS": "32"} | settings
    command = [sys.executable, "-m", "pipeline", "ingest", "--feeds", feeds]
    done = subprocess.run(command, cwd=ROOT, env=environment(db, named), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="package")
def feeds() -> Iterator[FeedServer]:
    """A web server on this machine that gives out feed documents."""
    with serving() as server:
        yield server
