"""What all sessions of the page share: the settings, the vocabulary, the database and the ingester."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dashboard.charts import tiny_states
from pipeline.errors import ParleyError
from pipeline.examples import load_checked
from pipeline.feedlist import read_feeds
from pipeline.gazetteer import Gazetteer
from pipeline.model import Feed, FeedReport, RunReport
from pipeline.run import ingest_sample, schedule
from pipeline.settings import Settings
from pipeline.store import Store

_SHAPES = Path(__file__).with_name("static") / "world.geojson"
log = logging.getLogger("parley.server")


@dataclass(slots=True)
class Progress:
    """How far the ingester is: `done` of `total` feeds of the running cycle (0 of 0 between cycles).

    `error` is why the ingester has stopped, if it has.
    """

    done: int = 0
    total: int = 0
    error: str = ""


class Service:
    """One database with its ingester. Raises StoreError or SeedError when it cannot be opened."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.gazetteer: Gazetteer = load_checked(settings.seeds)
        points = {code: (state.lat, state.lon) for code, state in self.gazetteer.vocabulary.states.items()}
        self.tiny = tiny_states(json.loads(_SHAPES.read_text(encoding="utf-8")), points)
        self.store = Store(settings.db)
        self.progress = Progress()
        if settings.sample and self.store.is_empty():
            ingest_sample(self.store, settings)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def start_ingester(self) -> None:
        """Run the schedule in a thread of its own, until `stop`."""
        read_feeds(self.settings.feeds)  # a mistake in the list is told at the start, not in the first cycle
        self._thread = threading.Thread(target=lambda: asyncio.run(self._ingest()), name="ingester", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the ingester, which stores what it has, and close the database."""
        if self._loop and self._task and self._thread:
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(timeout=10)
        self.store.close()

    async def _ingest(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(
            schedule(self.store, self._feeds, self.settings, progress=self._one_done, after=self._cycle_done)
        )
        try:
            await self._task
        except asyncio.CancelledError:
            log.info("the ingester has stopped")
        except ParleyError as error:
            self.progress.error = str(error)
            log.error("the ingester has stopped: %s", error)
        except Exception:
            self.progress.error = "a mistake of Parley's own"
            log.exception("the ingester has stopped")

    def _feeds(self) -> list[Feed]:
        feeds = read_feeds(self.settings.feeds)
        self.progress.done, self.progress.total = 0, sum(feed.enabled for feed in feeds)
        return feeds

    def _one_done(self, report: FeedReport) -> None:
        self.progress.done += 1

    def _cycle_done(self, report: RunReport) -> None:
        self.progress.done = self.progress.total = 0


@lru_cache(maxsize=2)
def open_service(settings: Settings) -> Service:
    """The service of these settings, opened once in a process."""
    return Service(settings)
