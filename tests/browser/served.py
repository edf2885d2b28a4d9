"""A real Parley server in a process of its own, and reading its page in a browser."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from pipeline.settings import ROOT
from tests.browser import chromium

#: Longest time in seconds that a server may take to start, and a page to be drawn.
PATIENCE = 40.0
#: Streamlit says in these attributes that it is connected and has drawn everything.
DRAWN = '[data-testid="stApp"][data-test-script-state="notRunning"][data-test-connection-state="CONNECTED"]'
#: All shapes and lines are painted.
PAINTED = ".choroplethlayer path.choroplethlocation"


@dataclass(frozen=True)
class Parley:
    """A running server: where it is, its database and what it has said."""

    url: str
    db: Path
    log: Path

    def wait_until_said(self, words: str) -> None:
        """Until the log has these words."""
        end = time.monotonic() + PATIENCE
        while words not in self.log.read_text(encoding="utf-8"):
            assert time.monotonic() < end, f"the server never said {words!r}:\n{self.log.read_text(encoding='utf-8')}"
            time.sleep(0.05)


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(db: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a Parley process: no setting of whoever runs the tests reaches it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PARLEY_", "STREAMLIT_"))}
    return {**kept, "PARLEY_DB": str(db), **settings}


@contextmanager
def parley(db: Path, **settings: str) -> Iterator[Parley]:
    """`python app.py` for the length of a block, as anybody would start it. Settings without `PARLEY_` before."""
    port = free_port()
    named = {f"PARLEY_{name}": value for name, value in settings.items()} | {"PORT": str(port)}
    log = db.with_suffix(".log")
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=environment(db, named), stdout=said, stderr=subprocess.STDOUT
        )
    server = Parley(f"http://127.0.0.1:{port}", db, log)
    try:
        _wait_until_it_answers(process, server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the server did not stop when asked to:\n{log.read_text()}") from None


def ingest(db: Path, feeds: Path) -> dict[str, Any]:
    """`python -m pipeline ingest` of servers on this machine into a database; its report."""
    private = {"PARLEY_ALLOW_PRIVATE": "1", "PARLEY_HOST_GAP": "0", "PARLEY_HOST_CONNECTIONS": "32"}
    command = [sys.executable, "-m", "pipeline", "ingest", "--json", "--feeds", str(feeds)]
    done = subprocess.run(command, cwd=ROOT, env=environment(db, private), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def _wait_until_it_answers(process: subprocess.Popen[bytes], server: Parley) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"the server stopped at its start:\n{server.log.read_text()}")
        try:
            with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise AssertionError(f"the server did not answer within {PATIENCE:g} s:\n{server.log.read_text()}")


@contextmanager
def browsing(*flags: str) -> Iterator[Browser]:
    """Chromium, without a window. Fails with what to do when there is none."""
    path = chromium.find()
    if path is None:
        pytest.fail(chromium.MISSING, pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *flags])
        yield browser
        browser.close()


def wait_until_drawn(page: Page, painted: str = PAINTED) -> None:
    """Until the script has run, and the map and the list that it sent, or another page's elements, are painted."""
    page.wait_for_selector(DRAWN, timeout=PATIENCE * 1000)
    page.wait_for_selector(painted, state="attached", timeout=PATIENCE * 1000)
    page.wait_for_selector(DRAWN)
