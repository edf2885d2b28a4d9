"""Takes the pictures of the documents from the bundled sample: `python -m tests.browser.screenshots`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from pipeline.settings import ROOT
from tests.browser.served import browsing, parley, wait_until_drawn

#: Largest picture in bytes: the repository carries each of them for ever.
LARGEST = 300_000
#: With these Chromium paints the same page as the same bytes each time.
STEADY = (
    "--disable-partial-raster",
    "--disable-skia-runtime-opts",
    "--force-color-profile=srgb",
    "--num-raster-threads=1",
)
PICTURES = (
    ("screenshot.png", 1440, 900, "light"),
    ("screenshot-dark.png", 1440, 900, "dark"),
    ("screenshot-phone.png", 390, 844, "light"),
)


def take(browser: Browser, url: str, width: int, height: int, scheme: str) -> bytes:
    """One picture of the page as it stands after a first visit."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    wait_until_drawn(page)
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(1_000)  # charts are drawn a second time when their fonts and boxes are known
    picture = page.screenshot(animations="disabled", caret="hide")
    context.close()
    return picture


def main() -> int:
    """Take all pictures into `docs/`; 1 when one is too large."""
    code = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        parley(Path(folder) / "parley.duckdb", INGEST="0") as server,
        browsing(*STEADY) as browser,
    ):
        for name, width, height, scheme in PICTURES:
            picture = take(browser, server.url, width, height, scheme)
            path = ROOT / "docs" / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(picture)
            print(f"{path.relative_to(ROOT)}: {len(picture):,} bytes")
            if len(picture) > LARGEST:
                print(f"error: {name} is larger than {LARGEST:,} bytes", file=sys.stderr)
                code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
