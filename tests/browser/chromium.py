"""Finds Chromium for the browser tests, or gets it: `python -m tests.browser.chromium`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "The browser tests need Chromium and it could not be installed. Install the package 'chromium' of your"
    " system, or run: .venv/bin/python -m playwright install --with-deps chromium"
)


def find() -> str | None:
    """The path of a Chromium: the system's, or the one Playwright has downloaded."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def get() -> str | None:
    """Install Chromium: Debian's package when root, Playwright's download elsewhere."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], check=False)
    if not find():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    return find()


if __name__ == "__main__":
    if not (find() or get()):
        sys.exit(MISSING)
