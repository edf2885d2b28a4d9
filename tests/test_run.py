"""The whole walk, from a server on 127.0.0.1 into a database, with worker processes as they run for users."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from pipeline import queries
from pipeline.errors import SettingError
from pipeline.feedlist import read_feeds, read_feeds_csv
from pipeline.gazetteer import load_gazetteer
from pipeline.model import Feed, FeedReport, Filters, RunReport
from pipeline.run import cycle, feed_id, ingest_sample, retag, schedule
from pipeline.settings import ROOT, Settings
from pipeline.store import Store
from pipeline.worker import retag_articles, warm_up
from tests.making import NOW, later, rows, rss
from tests.servers import FeedServer, Page, serving
from tests.small_seeds import FILES, write_seeds

DRONES = {"title": "Russia delivered drones", "link": "https://news.example/drones", "description": "France waited."}
EDITED = DRONES | {"title": "Russia delivered no aircraft"}
SHARED = {"title": "Talks", "link": "https://news.example/talks", "description": "France and Russia held talks."}


@pytest.fixture(scope="module")
def pool(small_seeds: Path) -> Iterator[Executor]:
    """Two processes that read documents, kept for all cycles that are not about starting them."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, context, initializer=warm_up, initargs=(small_seeds,)) as started:
        yield started


def run_cycle(
    store: Store, feeds: list[Feed], settings: Settings, pool: Executor | None, now: datetime = NOW
) -> RunReport:
    return asyncio.run(cycle(store, feeds, settings, clock=lambda: now, pool=pool))


def told(report: RunReport) -> dict[str, tuple[str, int, int, int, int]]:
    """The rows of a report by the name of the feed."""
    return {r.feed.name: (r.status, r.entries, r.new, r.updated, r.unchanged) for r in report.feeds}


def orphans(store: Store) -> list[tuple[object, ...]]:
    return rows(store, "SELECT * FROM mentions ANTI JOIN articles USING (article_id)")


@dataclass(frozen=True)
class Story:
    """Three cycles over the same feeds: the first, one in which nothing changed, one with an edit."""

    store: Store
    first: RunReport
    second: RunReport
    third: RunReport
    after_first: list[tuple[object, ...]]
    after_second: list[tuple[object, ...]]
    asked: dict[str, int]
    progress: list[FeedReport]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, small_seeds: Path, pool: Executor) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    settings = Settings.from_env(
        {"PARLEY_SEEDS": str(small_seeds), "PARLEY_ALLOW_PRIVATE": "1", "PARLEY_HOST_GAP": "0", "PARLEY_WORKERS": "1"}
    )
    store = Store(folder / "parley.duckdb")
    progress: list[FeedReport] = []
    everything = "SELECT * FROM articles ORDER BY article_id"
    with serving() as server:
        feeds = [
            Feed(server.serve("/one", rss([DRONES, SHARED, "third"])), "one"),
            Feed(server.serve("/two", rss([SHARED]), ETag='"1"'), "two"),
            Feed(server.serve("/empty", rss([])), "empty"),
            Feed(server.url("/dead"), "dead"),
            Feed(server.serve("/page", b"<html><body>Log in</body></html>"), "page"),
            Feed(server.serve("/odd", b"<rss><channel><item><title>&#55357;</title></item>"), "odd"),
            Feed("http://[", "mistyped"),
            Feed("//news.example/feed", "without scheme"),
            Feed(server.serve("/off", rss(["off"])), "off", enabled=False, terms_note="asked not to be read"),
        ]
        first = asyncio.run(cycle(store, feeds, settings, clock=lambda: NOW, progress=progress.append))
        after_first = rows(store, everything)
        server.serve("/one", rss([DRONES, SHARED, "third"]) + b"\n")  # other bytes, the same entries
        second = run_cycle(store, feeds, settings, pool, later(hours=1))
        after_second = rows(store, everything)
        server.serve("/one", rss([EDITED, SHARED, "fourth"]))
        server.serve("/two", rss([SHARED | {"title": "Another headline"}]))
        third = run_cycle(store, feeds, settings, pool, later(hours=2))
        asked = {feed.name: server.asked(f"/{feed.name}") for feed in feeds}
    yield Story(store, first, second, third, after_first, after_second, asked, progress)
    store.close()


def test_a_cycle_tells_what_each_feed_did(story: Story) -> None:
    assert told(story.first) == {
        "one": ("ok", 3, 3 - story.first.feeds[1].new, 0, story.first.feeds[1].new),
        "two": ("ok", 1, story.first.feeds[1].new, 0, 1 - story.first.feeds[1].new),
        "empty": ("ok", 0, 0, 0, 0),
        "dead": ("error", 0, 0, 0, 0),
        "page": ("error", 0, 0, 0, 0),
        "odd": ("ok", 1, 0, 0, 0),
        "mistyped": ("error", 0, 0, 0, 0),
        "without scheme": ("error", 0, 0, 0, 0),
        "off": ("disabled", 0, 0, 0, 0),
    }
    assert [report.feed.name for report in story.first.feeds][:3] == ["one", "two", "empty"], "in the list's order"
    assert (story.first.worked, story.first.total("new")) == (4, 3)
    assert (story.first.started, story.first.finished) == (NOW, NOW)


def test_a_failed_feed_says_why(story: Story) -> None:
    errors = {report.feed.name: report.error for report in story.first.feeds if report.error}
    assert "HTTP 404" in errors["dead"]
    assert "HTML page" in errors["page"]
    assert "URL" in errors["mistyped"]
    assert errors["off"] == "asked not to be read"
    assert "URL" in errors["without scheme"]
    failures = "SELECT failures FROM feed_state JOIN feeds USING (feed_id) WHERE name = 'mistyped'"
    assert rows(story.store, failures) == [(3,)]


def test_a_disabled_feed_is_not_asked(story: Story) -> None:
    assert (story.asked["off"], story.asked["one"]) == (0, 3)


def test_progress_is_told_feed_by_feed(story: Story) -> None:
    enabled = {report.feed.name: report for report in story.first.feeds if report.status != "disabled"}
    assert {report.feed.name: report for report in story.progress} == enabled


def test_articles_are_stored_with_what_was_found_in_them(story: Story) -> None:
    store = story.store
    assert rows(store, "SELECT title, states, weapons, events FROM articles WHERE link LIKE '%/drones'") == [
        ("Russia delivered no aircraft", ["FRA", "RUS"], [], [])
    ]
    assert rows(store, "SELECT published, dated, language FROM articles WHERE link LIKE '%/third'") == [
        (NOW, False, "en")
    ]
    before = next(row for row in story.after_first if row[2] == DRONES["link"])
    assert before[-5:] == (["FRA", "RUS"], [], ["drone"], [], ["transfer"])
    assert orphans(store) == []


def test_a_second_cycle_changes_nothing(story: Story) -> None:
    assert story.after_second == story.after_first
    said = told(story.second)
    assert said["one"] == ("ok", 3, 0, 0, 3), "new bytes are read again"
    assert said["two"] == ("unchanged", 0, 0, 0, 0), "a 304 is not"
    assert said["empty"] == ("unchanged", 0, 0, 0, 0), "nor are the same bytes"
    assert story.second.worked == 4


def test_an_edited_entry_is_an_update_and_a_new_one_is_new(story: Story) -> None:
    said = told(story.third)
    brought_first = story.first.feeds[1].new  # which of the two feeds was stored first is a race
    assert said["one"] == ("ok", 3, 1, 1, 1)
    assert said["two"] == ("ok", 1, 0, brought_first, 1 - brought_first)
    assert len(rows(story.store, "SELECT * FROM articles")) == 4, "what left the feed stays stored"
    assert rows(story.store, "SELECT first_seen, changed FROM articles WHERE link LIKE '%/drones'") == [
        (NOW, later(hours=2))
    ]


def test_one_article_of_two_feeds_is_one_article(story: Story) -> None:
    assert rows(story.store, "SELECT count(*) FROM articles WHERE link LIKE '%/talks'") == [(1,)]
    carried = "SELECT count(*) FROM carried JOIN articles USING (article_id) WHERE link LIKE '%/talks'"
    assert rows(story.store, carried) == [(2,)]


def test_every_cycle_is_kept(story: Story) -> None:
    kept = rows(story.store, "SELECT started, count(*), sum(new) FROM runs GROUP BY started ORDER BY started")
    assert kept == [(NOW, 9, 3), (later(hours=1), 9, 0), (later(hours=2), 9, 1)]


@pytest.fixture
def sampled(tmp_path: Path) -> Iterator[tuple[Store, Settings]]:
    settings = Settings.from_env({"PARLEY_ALLOW_PRIVATE": "1", "PARLEY_HOST_GAP": "0", "PARLEY_WORKERS": "1"})
    store = Store(None)
    yield store, settings
    store.close()


def test_the_sample_fills_a_first_start_and_leaves_when_live_articles_arrive(
    sampled: tuple[Store, Settings], feed_server: FeedServer, small_seeds: Path, pool: Executor
) -> None:
    store, settings = sampled
    report = ingest_sample(store, settings, clock=lambda: datetime(2026, 1, 1))
    assert report.total("new") >= 80
    assert all(row.status == "ok" and row.new for row in report.feeds)
    # The view that the README links to: Kim Jong Un's visit to Russia of September 2023.
    visit = Filters(states=("PRK", "RUS"), match="all", since=date(2023, 9, 1), until=date(2023, 9, 30))
    assert queries.articles(store, visit, 100, 0).num_rows >= 4
    gifts = queries.articles(store, replace(visit, weapons=("drone",)), 100, 0).to_pylist()
    assert any("Kim" in row["title"] and "Geran-25" in row["summary"] for row in gifts)
    assert queries.coverage(store, "").sample
    assert ingest_sample(store, settings, clock=lambda: datetime(2026, 1, 2)).total("new") == 0
    cheap = replace(settings, seeds=small_seeds)
    run_cycle(store, [Feed(feed_server.url("/dead"), "dead")], cheap, pool)
    assert queries.coverage(store, "").articles == report.total("new"), "no live article yet: it stays"
    run_cycle(store, [Feed(feed_server.serve("/live", rss([DRONES])), "live")], cheap, pool)
    said = queries.coverage(store, "")
    assert (said.articles, said.sample) == (1, False)
    assert orphans(store) == []


def test_a_new_vocabulary_is_applied_to_what_is_stored_and_may_be_interrupted(
    tmp_path: Path, settings: Settings, pool: Executor
) -> None:
    store = Store(tmp_path / "parley.duckdb")
    with serving() as server:
        many = [DRONES | {"link": f"https://news.example/{n}"} for n in range(30)]
        run_cycle(store, [Feed(server.serve("/feed", rss(many)), "feed")], settings, pool)
    old = load_gazetteer(settings.seeds).version
    assert list(retag(store, settings)) == [], "nothing to do"
    terms = FILES["weapon_terms.csv"].replace("drone,drone,", "drone,aircraft,")
    seeds = write_seeds(tmp_path / "changed", weapon_terms_csv=terms)
    changed = replace(settings, seeds=seeds)
    new = load_gazetteer(seeds).version
    assert new != old
    waiting = store.articles_to_retag(new, 0, 10)
    store.keep_retagged(*retag_articles(waiting, seeds))  # as if interrupted here
    assert store.count_articles_not_by(new) == 30, "nothing changes before all have their tags"
    assert sum(retag(store, changed)) == 20
    moved = {(row["code"], row["gained"], row["lost"]) for row in store.apply_retagged(new).to_pylist()}
    assert moved == {("aircraft", 30, 0), ("drone", 0, 30)}
    assert store.count_articles_not_by(new) == 0
    assert rows(store, "SELECT DISTINCT tagger, weapons, events FROM articles") == [(new, ["aircraft"], ["transfer"])]
    assert rows(store, "SELECT DISTINCT tagger FROM mentions") == [(new,)]
    assert rows(store, "SELECT count(*) FROM mentions WHERE kind = 'weapon'") == [(30,)]
    store.close()


async def _scheduled(store: Store, feeds: Callable[[], list[Feed]], settings: Settings, cycles: int) -> list[RunReport]:
    """The reports of so many finished cycles of a schedule, which is stopped after them."""
    done: list[RunReport] = []
    enough = asyncio.Event()

    def after(report: RunReport) -> None:
        done.append(report)
        if len(done) == cycles:
            enough.set()

    task = asyncio.create_task(schedule(store, feeds, replace(settings, every=0.05), after=after))
    stopped = asyncio.create_task(enough.wait())
    await asyncio.wait([task, stopped], timeout=30, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return done


def test_an_edited_list_takes_effect_and_a_broken_one_is_left_out(settings: Settings, feed_server: FeedServer) -> None:
    address = feed_server.serve("/feed", rss([DRONES]))
    store, asked = Store(settings.db), 0

    def feeds() -> list[Feed]:
        nonlocal asked
        asked += 1
        return read_feeds("half written" if asked == 2 else address if asked == 1 else f"{address} {address}?2")

    done = asyncio.run(_scheduled(store, feeds, settings, 2))
    assert [len(report.feeds) for report in done] == [1, 2]
    assert asked >= 3
    store.close()


def test_a_list_that_is_broken_from_the_start_is_told(settings: Settings) -> None:
    store = Store(None)
    with pytest.raises(SettingError, match="half written"):
        asyncio.run(_scheduled(store, lambda: read_feeds("half written"), settings, 1))
    store.close()


#: Schedules cycles on a disk that is full until the second one begins, and ends after the first that was stored.
FULL_DISK = """
import asyncio, resource, signal, sys
from pathlib import Path
from pipeline.feedlist import read_feeds
from pipeline.run import schedule
from pipeline.settings import Settings
from pipeline.store import Store

if __name__ == "__main__":
    settings, asked = Settings.from_env(), []
    store = Store(settings.db)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)

    def feeds():
        asked.append(1)
        room = most if len(asked) > 1 else store.path.with_name(store.path.name + ".wal").stat().st_size + 100_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))
        return read_feeds(settings.feeds)

    def after(report):
        print(len(asked), report.worked, report.total("new"), flush=True)
        raise KeyboardInterrupt

    try:
        asyncio.run(schedule(store, feeds, settings, after=after))
    except KeyboardInterrupt:
        store.close()
"""


def test_the_schedule_goes_on_after_a_cycle_that_could_not_be_stored(
    tmp_path: Path, small_seeds: Path, feed_server: FeedServer
) -> None:
    # So many articles in one document that they are written while other feeds are still under way.
    items = [
        {"title": f"Russia {n}", "link": f"https://news.example/{n}", "description": "x" * 300} for n in range(1500)
    ]
    urls = [feed_server.serve("/large", rss(items)), feed_server.lay("/late", Page(body=rss([DRONES]), wait=2))]
    code = tmp_path / "full_disk.py"
    code.write_text(FULL_DISK)
    env = _environment(" ".join(urls), tmp_path / "parley.duckdb", small_seeds) | {"PARLEY_EVERY": "1s"}
    done = subprocess.run(
        [sys.executable, str(code)], env=env, cwd=ROOT, text=True, capture_output=True, timeout=60, check=False
    )
    assert done.stdout == "2 2 1501\n", done.stderr[-3000:]
    assert "ExceptionGroup" not in done.stderr


def _environment(feeds: str, db: Path, seeds: Path) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "PARLEY_FEEDS": feeds,
        "PARLEY_DB": str(db),
        "PARLEY_SEEDS": str(seeds),
        "PARLEY_ALLOW_PRIVATE": "1",
        "PARLEY_HOST_GAP": "0",
        "PARLEY_HOST_CONNECTIONS": "12",
        "PARLEY_WORKERS": "1",
    }


def _ingesting(urls: list[str], db: Path, seeds: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pipeline", "ingest", "--json"]
    return subprocess.Popen(
        command,
        env=_environment(" ".join(urls), db, seeds),
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _children(pid: int) -> list[int]:
    task = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(number) for number in task.read_text().split()] if task.exists() else []


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_killed_half_way_and_run_again_every_entry_is_there_once(
    tmp_path: Path, small_seeds: Path, feed_server: FeedServer
) -> None:
    db, wal, urls = tmp_path / "parley.duckdb", tmp_path / "parley.duckdb.wal", []
    for n in range(12):
        items = [
            {"title": f"Russia {n}-{m}", "link": f"https://news.example/{n}/{m}", "description": "x" * 500}
            for m in range(40)
        ]
        # Six come at once, then one whenever what has come is old enough to be written, and two too late.
        stall = 0.0 if n < 6 else 20.0 if n > 9 else 1.1 * (n - 5)
        urls.append(feed_server.lay(f"/{n}", Page(body=rss(items), stall=stall)))
    with _ingesting(urls, db, small_seeds) as process:
        deadline = time.monotonic() + 30
        while not (wal.exists() and wal.stat().st_size > 100_000) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.2)
        workers = _children(process.pid)
        process.kill()
        process.wait()
    store = Store(db)
    ((before,),) = rows(store, "SELECT count(*) FROM articles")
    assert 0 < int(str(before)) < 480, "it was killed half-way"
    assert int(str(before)) % 40 == 0, "a document is stored whole or not at all"
    assert orphans(store) == []
    store.close()
    for path, page in list(feed_server.pages.items()):
        feed_server.pages[path] = replace(page, stall=0)
    with _ingesting(urls, db, small_seeds) as process:
        said, wrong = process.communicate(timeout=60)
    assert process.returncode == 0, wrong
    report = json.loads(said)
    assert (report["worked"], report["new"]) == (12, 480 - int(str(before)))
    store = Store(db)
    assert rows(store, "SELECT count(*), count(DISTINCT link) FROM articles") == [(480, 480)]
    assert rows(store, "SELECT count(*) FROM mentions") == [(480,)]
    assert orphans(store) == []
    store.close()
    assert workers
    for _ in range(100):
        if not any(map(_alive, workers)):
            break
        time.sleep(0.1)
    assert not any(map(_alive, workers)), "workers end with the process that started them"


def test_no_cursor_is_open_while_a_feed_is_fetched(settings: Settings, feed_server: FeedServer, pool: Executor) -> None:
    store, seen = Store(settings.db), []

    def body() -> bytes:
        # From the server's thread: what is written meanwhile must not wait for the fetch.
        store.list_feeds([(feed_id(Feed("https://else.example", "else")), Feed("https://else.example", "else"))])
        seen.append(len(rows(store, "SELECT * FROM feeds")))
        return rss([DRONES])

    report = run_cycle(store, [Feed(feed_server.lay("/feed", Page(body=body)), "feed")], settings, pool)
    assert report.worked == 1
    assert seen == [2]
    store.close()


def test_the_captured_documents_of_many_outlets_are_stored_once(
    shared: Path, tmp_path: Path, settings: Settings, pool: Executor
) -> None:
    lines = (shared / "feeds/manifest.jsonl").read_text(encoding="utf-8").splitlines()
    expected = {row["file"]: row["entries"] for row in map(json.loads, lines) if row["file"].startswith("docs/")}
    store = Store(tmp_path / "parley.duckdb")
    patient, now = replace(settings, timeout=60.0, workers=2), datetime(2026, 11, 1)
    with serving() as server:
        bodies = {name: (shared / "feeds" / name).read_bytes() for name in expected}
        feeds = [Feed(server.lay(f"/{name}", Page(body=body)), name) for name, body in bodies.items()]
        first = run_cycle(store, feeds, patient, pool, now)
        assert {report.feed.name: report.error for report in first.feeds if report.status != "ok"} == {}
        assert {report.feed.name: report.entries for report in first.feeds} == expected
        ((stored, distinct),) = rows(store, "SELECT count(*), count(DISTINCT article_id) FROM articles")
        assert stored == distinct == first.total("new")
        before = rows(store, "SELECT * FROM articles ORDER BY article_id")
        with store.cursor() as cursor:  # the bytes of some are forgotten, so that these are read a second time
            cursor.execute("UPDATE feed_state SET body_hash = NULL WHERE feed_id % 3 = 0")
        second = run_cycle(store, feeds, patient, pool, now + timedelta(days=1))
    statuses = Counter(report.status for report in second.feeds)
    assert set(statuses) == {"ok", "unchanged"}
    assert statuses["ok"] > 50
    assert (second.total("new"), second.total("updated")) == (0, 0)
    assert rows(store, "SELECT * FROM articles ORDER BY article_id") == before
    assert orphans(store) == []
    store.close()


def test_successive_polls_of_one_feed_never_store_an_entry_twice(
    shared: Path, settings: Settings, pool: Executor
) -> None:
    polls = sorted((shared / "feeds/series").glob("wsj_world_2025-09-2*.xml"))
    assert len(polls) >= 4
    store, links = Store(settings.db), set()
    with serving() as server:
        for hours, poll in enumerate(polls[:4]):
            feed = Feed(server.serve("/wsj", poll.read_bytes()), "wsj")
            report = run_cycle(store, [feed], settings, pool, later(hours=hours))
            assert report.worked == 1
            links |= {link for (link,) in rows(store, "SELECT link FROM articles")}
    assert rows(store, "SELECT count(*), count(DISTINCT link) FROM articles") == [(len(links), len(links))]
    store.close()


def test_the_sample_documents_are_all_listed() -> None:
    folder = ROOT / "seeds/sample"
    listed = {feed.url for feed in read_feeds_csv(folder / "feeds.csv")}
    assert listed == {path.name for path in folder.glob("*.xml")}
