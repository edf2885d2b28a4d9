"""The database: what is new, edited and carried; that nothing is stored twice or lost; who may open it."""

from __future__ import annotations

import multiprocessing
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import StoreBusy, StoreError
from pipeline.model import FeedReport, FeedState, RunReport, Tagged, Tags
from pipeline.settings import ROOT
from pipeline.store import Delivery, Store
from pipeline.tables import mention_table, tag_table
from tests.making import NOW, TAGGER, article, deliver, delivery, feed, later, rows, tags

ONE, TWO = feed("https://one.example/feed"), feed("https://two.example/feed")
DRONES = tags(("state", "RUS", ""), ("weapon", "geran-2", "drone"), ("event", "transfer", "transfer"), relevant=True)

#: Holds the database until its input ends.
HOLDER = """
import sys
from pathlib import Path
from pipeline.tables import mention_table, tag_table
from pipeline.store import Store
store = Store(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
"""


def run(code: str, *arguments: object, **options: object) -> subprocess.Popen[str]:
    """A Python process of its own that runs this code from the checkout."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT} | options
    return subprocess.Popen(command, **pipes)  # type: ignore[call-overload, no-any-return]


def titles(store: Store) -> list[object]:
    return [title for (title,) in rows(store, "SELECT title FROM articles ORDER BY title")]


def test_a_new_article_is_stored_with_its_tags(store: Store) -> None:
    of = replace(article("https://a.example/1", "Drones", "A summary"), dated=False)
    assert deliver(store, delivery(ONE, Tagged(of, DRONES))) == {ONE.url: (1, 0, 0)}
    stored = rows(store, "SELECT * EXCLUDE (feed_id) FROM articles")[0]
    assert stored == (
        *(of.article_id, of.link, "Drones", "A summary", "en", NOW, False, NOW, NOW, of.content),
        *(True, "for a test", TAGGER, ["RUS"], [], ["drone"], ["geran-2"], ["transfer"]),
    )
    mentions = rows(store, 'SELECT kind, code, type, field, start, "end", surface, tagger FROM mentions ORDER BY kind')
    assert mentions == [
        ("event", "transfer", "transfer", "title", 0, 1, "A", TAGGER),
        ("state", "RUS", "", "title", 0, 1, "A", TAGGER),
        ("weapon", "geran-2", "drone", "title", 0, 1, "A", TAGGER),
    ]


def test_the_same_again_changes_nothing(store: Store) -> None:
    brought = delivery(ONE, Tagged(article("https://a.example/1"), DRONES))
    deliver(store, brought)
    before = rows(store, "SELECT * FROM articles"), rows(store, "SELECT * FROM mentions")
    assert deliver(store, brought, now=later(days=1)) == {ONE.url: (0, 0, 1)}
    assert (rows(store, "SELECT * FROM articles"), rows(store, "SELECT * FROM mentions")) == before


def test_an_edit_replaces_words_and_tags_and_keeps_when_it_was_first_seen(store: Store) -> None:
    deliver(store, delivery(ONE, Tagged(article("https://a.example/1", "Before"), DRONES)))
    edited = Tagged(article("https://a.example/1", "After"), tags(("state", "FRA", "")))
    assert deliver(store, delivery(ONE, edited), now=later(hours=1)) == {ONE.url: (0, 1, 0)}
    assert rows(store, "SELECT title, states, relevant, first_seen, changed FROM articles") == [
        ("After", ["FRA"], False, NOW, later(hours=1))
    ]
    assert rows(store, "SELECT code FROM mentions") == [("FRA",)]


def test_an_edit_without_a_date_keeps_the_date_there_was(store: Store) -> None:
    dated = article("https://a.example/1", "Before", published=later(days=-3))
    deliver(store, delivery(ONE, Tagged(dated, DRONES)))
    undated = replace(article("https://a.example/1", "After", published=later(days=2)), dated=False)
    deliver(store, delivery(ONE, Tagged(undated, DRONES)))
    assert rows(store, "SELECT title, published, dated FROM articles") == [("After", later(days=-3), True)]


def test_another_feeds_wording_does_not_change_the_article(store: Store) -> None:
    deliver(store, delivery(ONE, Tagged(article("https://a.example/1", "First"), DRONES)))
    other = Tagged(article("https://a.example/1", "Second"), tags())
    assert deliver(store, delivery(TWO, other), now=later(hours=1)) == {TWO.url: (0, 0, 1)}
    assert titles(store) == ["First"]
    assert rows(store, "SELECT count(*), min(first_seen) FROM carried") == [(2, NOW)]


def test_two_feeds_in_one_batch_bring_one_article_once(store: Store) -> None:
    both = [delivery(of, Tagged(article("https://a.example/1", of.url), DRONES)) for of in (ONE, TWO)]
    assert deliver(store, *both) == {ONE.url: (1, 0, 0), TWO.url: (0, 0, 1)}
    assert titles(store) == [ONE.url]
    assert rows(store, "SELECT count(*) FROM carried") == [(2,)]
    assert rows(store, "SELECT count(*) FROM mentions") == [(3,)]


def test_of_several_entries_for_one_link_the_first_counts(store: Store) -> None:
    twice = [Tagged(article("https://a.example/1", title), DRONES) for title in ("First", "Second")]
    for _ in range(2):
        deliver(store, delivery(ONE, *twice))
        assert titles(store) == ["First"]
    assert rows(store, "SELECT count(*) FROM carried") == [(1,)]


def test_what_a_feed_left_behind_is_remembered(store: Store) -> None:
    state = FeedState('"v1"', "yesterday", 2**64 - 1, 0)
    of = delivery(ONE, state=state)
    assert store.feed_states() == {}
    store.deliver([of, delivery(TWO, state=FeedState(failures=1), error="HTTP 404")], NOW, TAGGER)
    assert store.feed_states() == {of.feed_id: state, delivery(TWO).feed_id: FeedState(failures=1)}
    store.deliver([delivery(ONE, state=FeedState(failures=1), error="timed out")], later(hours=1), TAGGER)
    noted = rows(store, "SELECT checked, reached, error FROM feed_state ORDER BY error")
    assert noted == [(NOW, None, "HTTP 404"), (later(hours=1), NOW, "timed out")]


def test_a_feed_that_leaves_the_list_stays_known(store: Store) -> None:
    numbered = [(delivery(of).feed_id, of) for of in (ONE, TWO)]
    store.list_feeds(numbered)
    store.list_feeds([(numbered[1][0], replace(TWO, name="Renamed", enabled=False))])
    listed = rows(store, "SELECT name, enabled, listed FROM feeds ORDER BY url")
    assert listed == [(ONE.name, True, False), ("Renamed", False, True)]
    store.list_feeds([])
    assert rows(store, "SELECT count(*), count(*) FILTER (listed) FROM feeds") == [(2, 0)]


def test_a_run_is_kept_feed_by_feed(store: Store) -> None:
    reports = (FeedReport(ONE, "ok", 3, 2, 1, 0, "", 0.5), FeedReport(TWO, "error", error="HTTP 500"))
    store.record_run(RunReport(NOW, later(minutes=1), reports), [1, 2])
    assert rows(store, "SELECT * FROM runs ORDER BY feed_id") == [
        (NOW, later(minutes=1), 1, "ok", 3, 2, 1, 0, "", 0.5),
        (NOW, later(minutes=1), 2, "error", 0, 0, 0, 0, "HTTP 500", 0.0),
    ]


def test_new_tags_replace_the_old_ones(store: Store) -> None:
    numbers = [article(f"https://a.example/{n}").article_id for n in range(3)]
    deliver(store, delivery(ONE, *(Tagged(article(f"https://a.example/{n}", f"T{n}"), DRONES) for n in range(3))))
    assert store.count_articles_not_by(TAGGER) == 0
    assert store.count_articles_not_by("2-new") == 3
    waiting = store.articles_to_retag("2-new", 0, 2)
    assert len(waiting) == 2
    told = [row[0] for row in waiting]
    new = [tags(("state", "FRA", ""))] * 2
    store.keep_retagged(tag_table(told, new, "2-new"), mention_table(told, new, "2-new"))
    ((last, title, summary, _),) = store.articles_to_retag("2-new", 0, 10)
    assert last in numbers
    assert (title[0], summary) == ("T", "")
    moved = store.apply_retagged("2-new").to_pylist()
    assert [(row["code"], row["gained"], row["lost"]) for row in moved if row["kind"] == "state"] == [
        ("FRA", 2, 0),
        ("RUS", 0, 2),
    ]
    assert rows(store, "SELECT states, count(*) FROM articles GROUP BY ALL ORDER BY 2") == [(["RUS"], 1), (["FRA"], 2)]
    assert rows(store, "SELECT DISTINCT tagger FROM mentions ORDER BY 1") == [(TAGGER,), ("2-new",)]


@pytest.mark.parametrize("tagger", [TAGGER, "2-new"], ids=["by the old vocabulary", "by the new one"])
def test_an_article_edited_while_new_tags_wait_keeps_the_tags_of_its_edit(store: Store, tagger: str) -> None:
    one = article("https://a.example/1", "Before")
    deliver(store, delivery(ONE, Tagged(one, DRONES)))
    new = [tags(("state", "FRA", ""))]
    store.keep_retagged(tag_table([one.article_id], new, "2-new"), mention_table([one.article_id], new, "2-new"))
    edited = delivery(ONE, Tagged(article("https://a.example/1", "After"), tags(("state", "JPN", ""))))
    store.deliver([edited], NOW, tagger)
    assert store.apply_retagged("2-new").num_rows == 0
    assert rows(store, "SELECT title, states, tagger FROM articles") == [("After", ["JPN"], tagger)]
    assert rows(store, "SELECT code, tagger FROM mentions") == [("JPN", tagger)]


def test_the_sample_leaves_when_live_articles_are_there(store: Store) -> None:
    sample = replace(feed("sample:one"), sample=True)
    numbered = [(delivery(of).feed_id, of) for of in (sample, ONE)]
    store.list_feeds(numbered)
    deliver(store, *(delivery(sample, Tagged(article(f"https://s.example/{n}"), DRONES)) for n in range(1)))
    store.record_run(RunReport(NOW, NOW, (FeedReport(sample, "ok"),)), [numbered[0][0]])
    assert store.leave_sample() == 0, "without live articles it stays"
    deliver(store, delivery(ONE, Tagged(article("https://a.example/1", "Live"), DRONES)))
    assert store.leave_sample() == 1
    assert titles(store) == ["Live"]
    assert rows(store, "SELECT count(*) FROM mentions") == [(3,)]
    assert rows(store, "SELECT url FROM feeds") == [(ONE.url,)]
    for table in ("carried", "feed_state"):
        assert rows(store, f"SELECT feed_id FROM {table}") == [(numbered[1][0],)]
    assert rows(store, "SELECT * FROM runs") == []
    assert store.leave_sample() == 0


def test_an_empty_delivery_stores_nothing(store: Store) -> None:
    assert store.is_empty()
    assert deliver(store) == {}
    assert deliver(store, delivery(ONE)) == {ONE.url: (0, 0, 0)}
    assert store.is_empty()
    deliver(store, delivery(ONE, Tagged(article("https://a.example/1"), DRONES)))
    assert not store.is_empty()


def test_a_delivery_that_fails_leaves_nothing_behind(store: Store) -> None:
    good = Tagged(article("https://a.example/1"), DRONES)
    broken = Tagged(replace(article("https://a.example/2"), title="\ud800"), DRONES)
    with pytest.raises(UnicodeEncodeError):
        deliver(store, delivery(ONE, good), delivery(TWO, broken))
    assert store.is_empty()
    assert store.feed_states() == {}
    assert deliver(store, delivery(ONE, good)) == {ONE.url: (1, 0, 0)}


NUMBER = st.integers(0, 3)
ENTRY = st.tuples(NUMBER, st.integers(0, 1), st.lists(st.sampled_from(["RUS", "FRA", "PRK"]), max_size=2))
DELIVERIES = st.lists(st.tuples(st.sampled_from([ONE, TWO]), st.lists(ENTRY, max_size=4)), min_size=1, max_size=3)


def _deliveries(drawn: list[tuple[object, list[tuple[int, int, list[str]]]]]) -> list[Delivery]:
    made: dict[str, Delivery] = {}
    for of, entries in drawn:
        tagged = [
            Tagged(
                article(f"https://a.example/{number}", f"Wording {wording}"), tags(*(("state", s, "") for s in states))
            )
            for number, wording, states in entries
        ]
        made[of.url] = delivery(of, *tagged)  # type: ignore[attr-defined, arg-type]
    return list(made.values())


def _all(store: Store) -> list[list[tuple[object, ...]]]:
    columns = {"articles": "* EXCLUDE (first_seen, changed)", "mentions": "*", "carried": "article_id, feed_id"}
    return [rows(store, f"SELECT {what} FROM {table} ORDER BY ALL") for table, what in columns.items()]


@settings(max_examples=15)
@given(DELIVERIES)
def test_delivered_twice_is_delivered_once(drawn: list[tuple[object, list[tuple[int, int, list[str]]]]]) -> None:
    store = Store(None)
    brought = _deliveries(drawn)
    store.deliver(brought, NOW, TAGGER)
    once = _all(store)
    counts = store.deliver(brought, later(hours=1), TAGGER)
    assert _all(store) == once
    assert all(c.new == c.updated == 0 for c in counts.values())
    store.close()


@settings(max_examples=15)
@given(DELIVERIES, DELIVERIES)
def test_an_article_is_there_once_with_the_mentions_of_its_last_wording(
    first: list[tuple[object, list[tuple[int, int, list[str]]]]],
    second: list[tuple[object, list[tuple[int, int, list[str]]]]],
) -> None:
    store = Store(None)
    for drawn in (first, second):
        store.deliver(_deliveries(drawn), NOW, TAGGER)
    assert rows(store, "SELECT article_id FROM articles GROUP BY ALL HAVING count(*) > 1") == []
    assert rows(store, "SELECT article_id, feed_id FROM carried GROUP BY ALL HAVING count(*) > 1") == []
    assert rows(store, "SELECT * FROM mentions ANTI JOIN articles USING (article_id)") == []
    assert rows(store, "SELECT * FROM articles ANTI JOIN carried USING (article_id, feed_id)") == []
    said = "SELECT article_id, list_sort(list(DISTINCT code)) AS codes FROM mentions GROUP BY article_id"
    differ = f"SELECT * FROM articles LEFT JOIN ({said}) USING (article_id) WHERE states <> ifnull(codes, [])"
    assert rows(store, differ) == []
    store.close()


def test_what_was_stored_is_there_after_closing(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "parley.duckdb"
    store = Store(path)
    deliver(store, delivery(ONE, Tagged(article("https://a.example/1"), DRONES)))
    store.close()
    again = Store(path)
    assert titles(again) == ["A title"]
    assert deliver(again, delivery(ONE, Tagged(article("https://a.example/1"), DRONES))) == {ONE.url: (0, 0, 1)}
    again.close()


def _deliver_for_ever(path: Path, start: int, said: Connection) -> None:
    """Deliver ever new articles, each batch in one call, and say which batch is stored."""
    store, of = Store(path), feed()
    for batch in range(start, start + 1_000_000):
        found = tags(("state", "RUS", ""), ("weapon", "drone", "drone"))
        deliver(store, delivery(of, *(Tagged(article(f"https://a.example/{batch}/{n}"), found) for n in range(20))))
        said.send(batch)


def test_a_process_killed_at_any_moment_loses_nothing_it_had_stored(tmp_path: Path) -> None:
    path, dice, confirmed = tmp_path / "parley.duckdb", random.Random(7), set[int]()
    # A server that has imported all this forks each process, because importing is what would take time.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pyarrow.dataset", "tests.test_store"])
    for _ in range(14):
        hear, say = context.Pipe(duplex=False)
        process = context.Process(target=_deliver_for_ever, args=(path, max(confirmed, default=0) + 2, say))
        process.start()
        say.close()
        confirmed.add(hear.recv())
        time.sleep(dice.uniform(0.0, 0.15))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        with hear, suppress(EOFError, OSError):
            while True:
                confirmed.add(hear.recv())
        process.close()
        _check_whole(path, confirmed)
    assert len(confirmed) >= 14


def _check_whole(path: Path, confirmed: set[int]) -> None:
    store = Store(path)
    assert rows(store, "SELECT link FROM articles GROUP BY link HAVING count(*) > 1") == []
    batches = rows(store, "SELECT split_part(link, '/', 4)::INTEGER, count(*) FROM articles GROUP BY ALL")
    assert {count for _, count in batches} <= {20}, "a batch is stored whole or not at all"
    assert confirmed <= {batch for batch, _ in batches}, "what was said to be stored is stored"
    assert rows(store, "SELECT * FROM mentions ANTI JOIN articles USING (article_id)") == []
    assert rows(store, "SELECT (SELECT count(*) FROM mentions) - 2 * count(*) FROM articles") == [(0,)]
    assert rows(store, "SELECT (SELECT count(*) FROM carried) - count(*) FROM articles") == [(0,)]
    store.close()


def test_a_full_disk_is_told_and_overcome_when_there_is_room_again(tmp_path: Path) -> None:
    path = tmp_path / "parley.duckdb"
    Store(path).close()
    code = """
import resource, signal, sys
from pathlib import Path
from pipeline.errors import StoreError
from pipeline.model import Tagged
from pipeline.tables import mention_table, tag_table
from pipeline.store import Store
from tests.making import article, deliver, delivery, feed, tags
store = Store(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, most))
for batch in range(1000):
    many = [Tagged(article(f"https://a.example/{batch}/{n}", "x" * 400, str(n) * 300), tags()) for n in range(200)]
    try:
        deliver(store, delivery(feed(), *many))
        print("stored", flush=True)
    except StoreError as error:
        print("full", flush=True)
        break
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
deliver(store, delivery(feed(), *many))
print("stored", flush=True)
"""
    with run(code, path, stderr=subprocess.PIPE) as process:
        said, wrong = process.communicate(timeout=60)
    assert said.endswith("stored\nfull\nstored\n"), f"{said}{wrong[-2000:]}"
    store = Store(path)
    assert rows(store, "SELECT count(*) FROM articles") == [(200 * said.count("stored"),)]
    store.close()


def test_a_second_process_is_told_who_holds_the_database(tmp_path: Path) -> None:
    path = tmp_path / "parley.duckdb"
    with run(HOLDER, path) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "ready\n"
        with pytest.raises(StoreBusy, match=f"process {holder.pid}\\b") as refused:
            Store(path)
        assert str(path) in str(refused.value)
        assert "stop it" in str(refused.value)
        holder.communicate("")
    Store(path).close()


def _foreign(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE customers (name VARCHAR)")


def _foreign_meta(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE meta (version INTEGER)")


def _newer(path: Path) -> None:
    Store(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")


def _garbage(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1000)


def _folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_foreign, "something else"),
        (_foreign_meta, "something else"),
        (_newer, "schema 99"),
        (_garbage, "cannot be opened"),
        (_folder, "cannot be opened"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_no_database_of_ours_is_refused(tmp_path: Path, make: Callable[[Path], None], words: str) -> None:
    path = tmp_path / "clock.duckdb"  # "lock" in a name is no lock
    make(path)
    with pytest.raises(StoreError, match=words) as refused:
        Store(path)
    assert not isinstance(refused.value, StoreBusy)
    assert str(path) in str(refused.value)


def test_a_foreign_database_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "other.duckdb"
    _foreign(path)
    with pytest.raises(StoreError):
        Store(path)
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("customers",)]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made") as refused:
        Store(tmp_path / "file" / "parley.duckdb")
    assert str(tmp_path / "file") in str(refused.value)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc, a folder that not even root may write")
def test_a_folder_that_cannot_be_written_is_told() -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(Path("/proc/self/parley.duckdb"))


def test_tags_without_mentions_are_stored_too(store: Store) -> None:
    deliver(store, delivery(ONE, Tagged(article("https://a.example/1"), Tags((), False, "no weapon is named"))))
    assert rows(store, "SELECT reason, states, events FROM articles") == [("no weapon is named", [], [])]
    assert rows(store, "SELECT * FROM mentions") == []


def test_a_database_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "parley.duckdb"
    store = Store(path)
    deliver(store, delivery(ONE, Tagged(article("https://one.example/1"), DRONES)))
    with store.cursor() as cursor:  # as the first schema had it, with new tags laid aside by an interrupted retagging
        cursor.execute("ALTER TABLE mentions DROP COLUMN status")
        cursor.execute("CREATE TABLE retagged_mentions AS FROM mentions")
        cursor.execute("UPDATE meta SET value = '1' WHERE key = 'schema'")
    store.close()
    again = Store(path)
    assert rows(again, "SELECT value FROM meta WHERE key = 'schema'") == [("2",)]
    assert rows(again, "SELECT DISTINCT status FROM mentions") == [("",)]
    assert rows(again, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'retagged_mentions'") == [(0,)]
    deliver(again, delivery(ONE, Tagged(article("https://one.example/2"), DRONES)))
    assert rows(again, "SELECT DISTINCT article_id IS NULL, status FROM mentions") == [(False, "")]
    again.close()
