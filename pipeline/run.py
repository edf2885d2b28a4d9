"""One cycle and its schedule: the only module that knows the order of the walk.

    fetch ──▶ worker processes (parse → clean → tag) ──▶ store

Fetching waits on the network, reading runs in processes of its own so that a page served beside it stays quick,
and what is done is stored in small batches. No database cursor is open while a feed is being fetched.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime

from aiohttp.abc import AbstractResolver

from pipeline.clean import hash64
from pipeline.errors import FeedError, ParseError, SeedError, SettingError, StoreError
from pipeline.examples import load_checked
from pipeline.feedlist import read_feeds_csv
from pipeline.fetch import fetch_all
from pipeline.gazetteer import vocabulary_version
from pipeline.model import Feed, FeedReport, FeedState, Fetched, RunReport
from pipeline.settings import Settings
from pipeline.store import Counts, Delivery, Store
from pipeline.worker import Document, Reading, load_link_rules, read_document, retag_articles, warm_up

log = logging.getLogger("parley.run")

#: A batch is written when it has this many articles or is this old in seconds, whichever comes first.
BATCH_ARTICLES = 1_000
BATCH_SECONDS = 1.0
#: Longest time a document may take to be read, in seconds; feedparser needs some 0.01 for a usual one.
READ_SECONDS = 60.0
#: Articles tagged anew in one call of a worker: what an interruption can cost.
RETAG_BATCH = 2_000

Clock = Callable[[], datetime]
Progress = Callable[[FeedReport], None]


def utc_now() -> datetime:
    """The present time as naive UTC without microseconds, as the database keeps it."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def feed_id(feed: Feed) -> int:
    """The stable id of a feed: the hash of its address."""
    return hash64(feed.url)


def _check_seeds(settings: Settings) -> str:
    """The version of the vocabulary, once all that a worker process will load has been checked."""
    load_link_rules(settings.seeds)
    return load_checked(settings.seeds).version


@asynccontextmanager
async def workers(settings: Settings) -> AsyncIterator[Executor]:
    """Processes that read documents. Started afresh ("spawn"), so they hold nothing of the server's.

    Raises SeedError here, in words, for what would end each of them without any.
    """
    await asyncio.to_thread(_check_seeds, settings)
    pool = ProcessPoolExecutor(
        settings.workers, multiprocessing.get_context("spawn"), initializer=warm_up, initargs=(settings.seeds,)
    )
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


async def cycle(
    store: Store,
    feeds: Sequence[Feed],
    settings: Settings,
    *,
    progress: Progress = lambda report: None,
    clock: Clock = utc_now,
    resolver: AbstractResolver | None = None,
    pool: Executor | None = None,
) -> RunReport:
    """Fetch all enabled feeds once and store what is new. A feed's failure is a row of the report.

    `pool` reads the documents; without one, processes are started for this cycle and ended after it.
    """
    async with nullcontext(pool) if pool else workers(settings) as reading:
        return await _cycle(store, feeds, settings, progress, clock, resolver, reading)


async def _cycle(
    store: Store,
    feeds: Sequence[Feed],
    settings: Settings,
    progress: Progress,
    clock: Clock,
    resolver: AbstractResolver | None,
    pool: Executor,
) -> RunReport:
    started = clock()
    listed = {feed_id(feed): feed for feed in feeds}
    tagger = vocabulary_version(settings.seeds)
    await asyncio.to_thread(store.list_feeds, list(listed.items()))
    states = await asyncio.to_thread(store.feed_states)
    intake = _Intake(store, clock, tagger, progress)
    for number, feed in listed.items():
        if not feed.enabled:
            intake.reports[number] = FeedReport(feed, "disabled", error=feed.terms_note or "disabled in the list")
    enabled = [(number, feed) for number, feed in listed.items() if feed.enabled]
    reader = _Reader(pool, settings, clock)
    try:
        async with asyncio.TaskGroup() as tasks:
            async for number, answer in fetch_all(enabled, states, settings, resolver):
                await reader.places.acquire()
                state = states.get(number, FeedState())
                tasks.create_task(_take(number, listed[number], answer, state, reader, intake))
    except ExceptionGroup as several:
        if isinstance(several.exceptions[0], StoreError):
            raise several.exceptions[0] from None  # bare, as it is raised outside of tasks
        raise
    await intake.flush()
    report = RunReport(started, clock(), tuple(intake.reports[number] for number in listed))
    await asyncio.to_thread(store.record_run, report, list(listed))
    if left := await asyncio.to_thread(store.leave_sample):
        log.info("the first live articles are stored: %d sample articles removed", left)
    return report


async def _take(
    number: int, feed: Feed, answer: Fetched | FeedError, state: FeedState, reader: _Reader, intake: _Intake
) -> None:
    """One feed's answer, read and handed to the intake, whatever it is."""
    try:
        if isinstance(answer, FeedError):
            raise answer
        body_hash = hash64(answer.body) if answer.body is not None else state.body_hash
        new_state = FeedState(answer.etag, answer.last_modified, body_hash)
        delivery = Delivery(feed, number, new_state)
        if answer.body is None or body_hash == state.body_hash:
            await intake.add(delivery, FeedReport(feed, "unchanged", seconds=answer.seconds))
            return
        reading = await reader.read(Document(answer.url, answer.body, answer.content_type))
        report = FeedReport(feed, "ok", entries=reading.entries, seconds=answer.seconds)
        await intake.add(replace(delivery, tagged=reading.tagged), report)
    except FeedError as error:
        failed = replace(state, failures=state.failures + 1)
        delivery = Delivery(feed, number, failed, error=error.problem)
        await intake.add(delivery, FeedReport(feed, "error", error=error.problem))
    finally:
        reader.places.release()


class _Reader:
    """Reads documents in worker processes, a bounded number at a time."""

    def __init__(self, pool: Executor, settings: Settings, clock: Clock) -> None:
        self._pool, self._settings, self._clock = pool, settings, clock
        self.places = asyncio.Semaphore(settings.workers * 4)

    async def read(self, document: Document) -> Reading:
        loop = asyncio.get_running_loop()
        try:
            call = loop.run_in_executor(self._pool, read_document, document, self._clock(), self._settings.seeds)
            return await asyncio.wait_for(call, READ_SECONDS)
        except TimeoutError:
            raise ParseError(document.url, f"reading it took longer than {READ_SECONDS:g} s") from None
        except BrokenProcessPool:
            raise ParseError(document.url, "a reading process died while this document waited or was read") from None


class _Intake:
    """Gathers deliveries and stores them in batches; keeps the report row of each feed."""

    def __init__(self, store: Store, clock: Clock, tagger: str, progress: Progress) -> None:
        self._store, self._clock, self._tagger, self._progress = store, clock, tagger, progress
        self.reports: dict[int, FeedReport] = {}
        self._waiting: list[tuple[Delivery, FeedReport]] = []
        self._since = time.monotonic()
        self._writing = asyncio.Lock()

    async def add(self, delivery: Delivery, report: FeedReport) -> None:
        self._waiting.append((delivery, report))
        many = sum(len(d.tagged) for d, _ in self._waiting) >= BATCH_ARTICLES
        if many or time.monotonic() - self._since >= BATCH_SECONDS:
            await self.flush()

    async def flush(self) -> None:
        async with self._writing:
            batch, self._waiting, self._since = self._waiting, [], time.monotonic()
            if not batch:
                return
            deliveries = [delivery for delivery, _ in batch]
            counts = await asyncio.to_thread(self._store.deliver, deliveries, self._clock(), self._tagger)
            for delivery, report in batch:
                self._report(delivery.feed_id, report, counts[delivery.feed_id])

    def _report(self, number: int, report: FeedReport, counts: Counts) -> None:
        done = replace(report, new=counts.new, updated=counts.updated, unchanged=counts.unchanged)
        self.reports[number] = done
        self._progress(done)


def ingest_sample(store: Store, settings: Settings, clock: Clock = utc_now) -> RunReport:
    """Store the bundled sample documents, by the same walk as live feeds but from files. Raises SeedError."""
    started = clock()
    folder = settings.seeds / "sample"
    tagger = load_checked(settings.seeds).version
    feeds = {f.url: replace(f, url=f"sample:{f.url}", sample=True) for f in read_feeds_csv(folder / "feeds.csv")}
    store.list_feeds([(feed_id(feed), feed) for feed in feeds.values()])
    deliveries, reports = [], []
    for name, feed in feeds.items():
        body = (folder / name).read_bytes()
        reading = read_document(Document(f"https://parley.example/sample/{name}", body, ""), started, settings.seeds)
        state = FeedState(body_hash=hash64(body))
        deliveries.append(Delivery(feed, feed_id(feed), state, reading.tagged))
        reports.append(FeedReport(feed, "ok", entries=reading.entries))
    counts = store.deliver(deliveries, started, tagger)
    done = tuple(
        replace(r, new=c.new, updated=c.updated, unchanged=c.unchanged)
        for r, c in zip(reports, (counts[d.feed_id] for d in deliveries), strict=True)
    )
    report = RunReport(started, clock(), done)
    store.record_run(report, [d.feed_id for d in deliveries])
    return report


async def schedule(
    store: Store,
    feeds: Callable[[], Sequence[Feed]],
    settings: Settings,
    *,
    progress: Progress = lambda report: None,
    after: Callable[[RunReport], None] = lambda report: None,
) -> None:
    """A cycle now and one every `settings.every` seconds, until cancelled.

    `feeds` is asked before each cycle, so an edited list takes effect without a restart. A store that fails
    (disk full) is tried again at the next cycle, and so is a list that was edited to what cannot be read. What is
    wrong from the start raises.
    """
    started = False
    while True:
        begun = time.monotonic()
        try:
            after(await cycle(store, feeds(), settings, progress=progress))
        except StoreError as error:
            log.error("this cycle could not be stored: %s", error)
        except (SettingError, SeedError) as error:
            if not started:
                raise
            log.error("this cycle was left out: %s", error)
        started = True
        await asyncio.sleep(max(0.0, begun + settings.every - time.monotonic()))


def retag(store: Store, settings: Settings) -> Iterator[int]:
    """Tag all articles of another vocabulary anew and lay the tags aside; yields how many each batch had.

    Interrupted, it goes on where it stopped. `store.apply_retagged` then puts them in place. Raises StoreError,
    SeedError.
    """
    tagger = vocabulary_version(settings.seeds)
    context = multiprocessing.get_context("spawn")
    after, most = 0, RETAG_BATCH * settings.workers * 4
    with ProcessPoolExecutor(settings.workers, context, initializer=warm_up, initargs=(settings.seeds,)) as pool:
        while articles := store.articles_to_retag(tagger, after, most):
            after = articles[-1][0]
            parts = [articles[i : i + RETAG_BATCH] for i in range(0, len(articles), RETAG_BATCH)]
            for part, tables in zip(parts, pool.map(retag_articles, parts, [settings.seeds] * len(parts)), strict=True):
                store.keep_retagged(*tables)
                yield len(part)
