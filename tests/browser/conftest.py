"""Servers and pages for the browser tests. A page that reaches out, complains or breaks fails its test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from pipeline.settings import ROOT
from tests.browser.served import Parley, browsing, environment, parley, wait_until_drawn
from tests.servers import FeedServer, serving

Visit = Callable[..., Page]


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
    """What the pages of one test did that they must not do."""

    def __init__(self) -> None:
        self.wrongs: list[str] = []

    def over(self, page: Page, server: Parley) -> None:
        ours = (f"{server.url}/", f"{server.url.replace('http', 'ws', 1)}/", "data:", "blob:", "about:")

        def reached(url: str) -> None:
            if not url.startswith(ours):
                self.wrongs.append(f"outside request: {url}")

        def complained(message: ConsoleMessage) -> None:
            if message.type == "error":
                self.wrongs.append(f"console: {message.text}")

        page.on("request", lambda request: reached(request.url))
        page.on("websocket", lambda socket: reached(socket.url))
        page.on("popup", lambda popup: reached(popup.url))
        page.on("console", complained)
        page.on("pageerror", lambda error: self.wrongs.append(f"page error: {error}"))
        page.on("dialog", lambda dialog: (self.wrongs.append(f"dialog: {dialog.message}"), dialog.dismiss()))


@pytest.fixture(scope="package")
def shared_context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser window as a returning reader has it: scripts stay in its cache."""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        yield context


@pytest.fixture
def visit(browser: Browser, shared_context: BrowserContext) -> Iterator[Visit]:
    """Opens a link of a server and waits until it is drawn; `fresh` and any option take a new browser context."""
    watch = Watch()
    pages: list[Page] = []
    contexts: list[BrowserContext] = []

    def go(server: Parley, link: str = "/", *, fresh: bool = False, **options: Any) -> Page:
        context = shared_context
        if fresh or options:
            context = browser.new_context(**({"viewport": {"width": 1440, "height": 900}} | options))
            contexts.append(context)
        page = context.new_page()
        pages.append(page)
        watch.over(page, server)
        page.goto(link if link.startswith("http") else server.url + link)
        wait_until_drawn(page)
        return page

    yield go
    for page in pages:
        page.close()
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
