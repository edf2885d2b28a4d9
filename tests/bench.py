"""`make bench`: ingest and tagging beside named peers, in the same run on the same input. Ratios are what counts.

Input are the captured documents of ../shared/feeds when they are there, else the bundled sample many times over.
Start-up is left out on both sides.
"""

from __future__ import annotations

import asyncio
import json
import platform
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import reader
from rich.console import Console
from rich.table import Table

from pipeline.clean import clean
from pipeline.gazetteer import load_gazetteer
from pipeline.model import Feed
from pipeline.parse import parse
from pipeline.run import cycle, utc_now, workers
from pipeline.settings import ROOT, Settings
from pipeline.store import Store
from pipeline.worker import load_link_rules
from tests.bench_tagging import growth, loading, retagging, speed
from tests.servers import FeedServer

SHARED = ROOT.parent / "shared" / "feeds"


def documents() -> list[bytes]:
    """The documents to ingest."""
    if SHARED.is_dir():
        listed = (json.loads(line) for line in (SHARED / "manifest.jsonl").read_text(encoding="utf-8").splitlines())
        return [(SHARED / item["file"]).read_bytes() for item in listed]
    sample = [path.read_bytes() for path in sorted((ROOT / "seeds" / "sample").glob("*.xml"))]
    return sample * 12


def ingest_parley(urls: Sequence[str], settings: Settings) -> tuple[float, float]:
    """Seconds of a first cycle and of an unchanged one."""

    async def both() -> tuple[float, float]:
        feeds = [Feed(url, url) for url in urls]
        async with workers(settings) as pool:
            warm = Store(None)
            await cycle(warm, feeds[: settings.workers * 8], settings, pool=pool)
            warm.close()
            with tempfile.TemporaryDirectory() as folder:
                store = Store(Path(folder) / "bench.duckdb")
                started = time.perf_counter()
                await cycle(store, feeds, settings, pool=pool)
                middle = time.perf_counter()
                await cycle(store, feeds, settings, pool=pool)
                done = time.perf_counter()
                store.close()
        return middle - started, done - middle

    return asyncio.run(both())


def ingest_reader(urls: Sequence[str], settings: Settings) -> tuple[float, float]:
    """The same with lemon24/reader and as many workers."""
    with tempfile.TemporaryDirectory() as folder, reader.make_reader(str(Path(folder) / "bench.sqlite")) as peer:
        for url in urls:
            peer.add_feed(url)
        started = time.perf_counter()
        peer.update_feeds(scheduled=False, workers=settings.workers)
        middle = time.perf_counter()
        peer.update_feeds(scheduled=False, workers=settings.workers)
        return middle - started, time.perf_counter() - middle


def main() -> None:
    console = Console(width=110)
    bodies = documents()
    settings = replace(
        Settings.from_env({}), allow_private=True, host_connections=64, host_gap=0.0, concurrency=64, timeout=60.0
    )
    gazetteer = load_gazetteer(settings.seeds)
    rules = load_link_rules(settings.seeds)
    entries = [entry for body in bodies for entry in parse(body, "http://bench.example/")]
    articles = [a for e in entries if (a := clean(e, "http://bench.example/", utc_now(), rules))]
    items = [(a.title, a.summary) for a in articles]
    size = sum(len(f"{title}{text}".encode()) for title, text in items)
    source = "captured feeds" if SHARED.is_dir() else "the bundled sample, twelve times"
    console.print(
        f"{platform.python_version()}, {settings.workers} workers; {source}: {len(bodies)} feeds, "
        f"{len(entries)} entries, {size / 1e6:.1f} MB of text; vocabulary of {len(gazetteer.vocabulary.names):,} names "
        f"in {len(gazetteer.index.surfaces()):,} forms, looked for by {len(gazetteer.index.keys):,} keys"
    )

    with closing(FeedServer()) as server:
        urls = [server.serve(f"/{n}.xml", body, ETag=f'"{n}"') for n, body in enumerate(bodies)]
        figures = {"Parley": ingest_parley(urls, settings), "lemon24/reader": ingest_reader(urls, settings)}
    table = Table("ingest", "first cycle", "feeds/s", "entries/s", "unchanged cycle", "feeds/s", title="Ingest")
    for name, (first, again) in figures.items():
        table.add_row(
            name,
            f"{first:.2f} s",
            f"{len(bodies) / first:.0f}",
            f"{len(entries) / first:.0f}",
            f"{again:.2f} s",
            f"{len(bodies) / again:.0f}",
        )
    ours, peer = figures["Parley"], figures["lemon24/reader"]
    table.add_row("Parley is faster by", f"{peer[0] / ours[0]:.1f} ×", "", "", f"{peer[1] / ours[1]:.1f} ×", "")
    console.print(table)

    speed(items, gazetteer, console)
    growth(items, gazetteer, console)
    loading(settings, console)
    retagging(bodies, settings, console)


if __name__ == "__main__":
    main()
