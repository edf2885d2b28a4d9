"""Servers and pages for the browser tests. A page that reaches out, complains or breaks fails its test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page

from tests.browser.served import PAINTED, Parley, browsing, parley, wait_until_drawn

Visit = Callable[..., Page]
Scheme = Literal["light", "dark"]
Size = tuple[int, int]
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
        # At a page's own address Streamlit asks there for its server first, and then where it is.
        if message.type == "error" and "/accuracy/_stcore/" not in message.location["url"]:
            self.wrongs.append(f"console: {message.text}")

    def _asked(self, dialog: Dialog) -> None:
        self.wrongs.append(f"dialog: {dialog.message}")
        dialog.dismiss()


class Reader:
    """Opens pages of our servers, all in one tab: a warm one draws in half the time."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.watch = Watch()
        self._tab = self.watch.over(browser.new_context(reduced_motion="reduce").new_page())

    def open(
        self,
        server: Parley,
        link: str = "/",
        *,
        fresh: bool = False,
        size: Size = DESK,
        scheme: Scheme = "light",
        painted: str = PAINTED,
    ) -> Page:
        """The page of a link once `painted` is there; `fresh` as somebody else opens it, with their own browser."""
        self.watch.server = server
        page = self._tab
        if fresh:
            page = self.watch.over(self._browser.new_context(reduced_motion="reduce").new_page())
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(link if link.startswith("http") else server.url + link)
        wait_until_drawn(page, painted)
        return page

    def leave(self) -> None:
        """Leave the page that is open, before its server stops: it would ask for it again and again."""
        self._tab.goto("about:blank")

    @contextmanager
    def watched(self) -> Iterator[Visit]:
        """Gives `open` for a block, and fails when a page did there what it must not do."""
        self.watch.wrongs.clear()
        yield self.open
        for context in self._browser.contexts:
            if self._tab.context != context:
                context.close()
        assert self.watch.wrongs == []


@pytest.fixture(scope="package")
def reader(browser: Browser) -> Reader:
    return Reader(browser)


@pytest.fixture
def visit(reader: Reader) -> Iterator[Visit]:
    """Opens a link of a server in the browser; the test fails when a page reached out, complained or broke."""
    with reader.watched() as visit:
        yield visit
