"""Tagged articles → DuckDB. All writing to the database is here; all reading for the page is in `queries`.

One process holds the file, with one connection and a cursor for each call (DuckDB lets no other process even
read meanwhile). Each batch is one transaction, so a process killed at any moment loses nothing it had stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.errors import StoreBusy, StoreError
from pipeline.model import Article, Feed, FeedState, RunReport, Tagged
from pipeline.tables import article_table, mention_table

SCHEMA_VERSION = "2"
#: Extensions are downloads: none is needed, and none is fetched behind anybody's back.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_SCHEMA = Path(__file__).with_name("schema.sql")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one feed brought in one cycle, ready to store. `tagged` is empty when nothing had changed."""

    feed: Feed
    feed_id: int
    state: FeedState
    tagged: tuple[Tagged, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of a feed's articles were new, updated and unchanged when they were stored."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0


class Store:
    """The database of one Parley. Safe to use from several threads: every call takes a cursor of its own."""

    def __init__(self, path: Path | None) -> None:
        """Open or create the database at `path`; None keeps it in memory.

        Raises StoreBusy when another process holds the file, StoreError when it cannot be opened.
        """
        self.path = path
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = duckdb.connect(str(path) if path else ":memory:", config=_CONFIG)
        except OSError as error:
            raise StoreError(f"the folder of the database {path} cannot be made: {error.strerror}") from None
        except duckdb.Error as error:
            raise _why_not_open(path, error) from None
        self._migrate()

    def close(self) -> None:
        """Write everything to the file and let go of it."""
        self._connection.close()

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for one call; results must be fetched before it closes."""
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException as error:
                # A failed COMMIT has rolled back already; the first error is the one to tell.
                with suppress(duckdb.Error):
                    cursor.execute("ROLLBACK")
                # A full disk is an IOException while writing and a TransactionException when committing.
                if isinstance(error, duckdb.OperationalError):
                    raise StoreError(f"writing to {self.path} failed: {error}") from error
                raise

    def _migrate(self) -> None:
        with self._transaction() as cursor:
            tables = {name for (name,) in cursor.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
            if not tables:
                cursor.execute(_SCHEMA.read_text(encoding="utf-8"))
                return
            if not tables >= {"meta", "feeds", "articles", "mentions"}:
                raise StoreError(f"{self.path} is a database of something else; choose another PARLEY_DB")
            ((version,),) = cursor.execute("SELECT value FROM meta WHERE key = 'schema'").fetchall()
            if version == "1":
                cursor.execute(_FROM_1)
                version = "2"
        if version != SCHEMA_VERSION:
            raise StoreError(f"{self.path} has schema {version}, this Parley knows {SCHEMA_VERSION}; update Parley")

    def list_feeds(self, feeds: Sequence[tuple[int, Feed]]) -> None:
        """Make these the listed feeds. Feeds no longer listed stay known, because articles name them."""
        table = pa.table(
            {
                "feed_id": pa.array([feed_id for feed_id, _ in feeds], pa.uint64()),
                **{
                    name: pa.array([getattr(feed, name) for _, feed in feeds], pa.string())
                    for name in ("url", "name", "outlet", "country", "language", "kind", "focus", "terms", "terms_note")
                },
                **{name: pa.array([getattr(f, name) for _, f in feeds], pa.bool_()) for name in ("enabled", "sample")},
            }
        )
        with self._transaction() as cursor:
            cursor.register("incoming", table)
            cursor.execute("UPDATE feeds SET listed = false WHERE feed_id NOT IN (SELECT feed_id FROM incoming)")
            cursor.execute("DELETE FROM feeds WHERE feed_id IN (SELECT feed_id FROM incoming)")
            cursor.execute("INSERT INTO feeds BY NAME SELECT *, true AS listed FROM incoming")

    def feed_states(self) -> dict[int, FeedState]:
        """What earlier cycles left behind, by feed id."""
        with self.cursor() as cursor:
            rows = cursor.execute("SELECT feed_id, etag, last_modified, body_hash, failures FROM feed_state").fetchall()
        return {row[0]: FeedState(*row[1:]) for row in rows}

    def deliver(self, deliveries: Sequence[Delivery], now: datetime, tagger: str) -> dict[int, Counts]:
        """Store what feeds brought, in one transaction; how many articles were new, by feed id.

        An article that is known from another feed is only noted as carried; an edit by the feed that brought it
        first replaces wording and tags, and keeps when it was first seen.
        """
        rows = _rows(deliveries)
        with self._transaction() as cursor:
            known = _known(cursor, [row.article for _, row in rows])
            new, edited = [], []
            tally: dict[int, list[int]] = {d.feed_id: [0, 0, 0] for d in deliveries}
            for delivery, row in rows:
                held = known.get(row.article.article_id)
                if held is None:
                    new.append((delivery, row))
                    known[row.article.article_id] = (delivery.feed_id, row.article.content)
                    tally[delivery.feed_id][0] += 1
                elif held[0] == delivery.feed_id and held[1] != row.article.content:
                    edited.append((delivery, row))
                    tally[delivery.feed_id][1] += 1
                else:
                    tally[delivery.feed_id][2] += 1
            _insert(cursor, new, now, tagger)
            _replace(cursor, edited, now, tagger)
            _carry(cursor, rows, now)
            _note_states(cursor, deliveries, now)
        return {feed_id: Counts(*numbers) for feed_id, numbers in tally.items()}

    def leave_sample(self) -> int:
        """Remove the bundled sample once live articles are there; how many articles left."""
        with self._transaction() as cursor:
            counted = cursor.execute(
                "SELECT count(*) FILTER (f.sample), count(*) FILTER (NOT f.sample)"
                " FROM articles a JOIN feeds f USING (feed_id)"
            ).fetchall()
            sample, live = counted[0]
            if not sample or not live:
                return 0
            only_sample = "SELECT article_id FROM articles JOIN feeds USING (feed_id) WHERE sample"
            cursor.execute(f"DELETE FROM mentions WHERE article_id IN ({only_sample})")
            cursor.execute(f"DELETE FROM articles WHERE article_id IN ({only_sample})")
            for table in ("carried", "feed_state", "runs"):
                cursor.execute(f"DELETE FROM {table} WHERE feed_id IN (SELECT feed_id FROM feeds WHERE sample)")
            cursor.execute("DELETE FROM feeds WHERE sample")
            return int(sample)

    def record_run(self, report: RunReport, feed_ids: Sequence[int]) -> None:
        """Keep the run report, one row for each feed, in the order of `report.feeds`."""
        columns = ("status", "entries", "new", "updated", "unchanged", "error", "seconds")
        table = pa.table(
            {
                "started": pa.array([report.started] * len(feed_ids), pa.timestamp("us")),
                "finished": pa.array([report.finished] * len(feed_ids), pa.timestamp("us")),
                "feed_id": pa.array(feed_ids, pa.uint64()),
                **{name: [getattr(f, name) for f in report.feeds] for name in columns},
            }
        )
        with self._transaction() as cursor:
            cursor.register("incoming", table)
            cursor.execute("INSERT INTO runs BY NAME SELECT * FROM incoming")

    def articles_to_retag(self, tagger: str, after: int, limit: int) -> list[tuple[int, str, str, str]]:
        """Articles of another tagger that have no new tags waiting: id, title, summary, day, by id from `after` on."""
        with self.cursor() as cursor:
            cursor.execute(_RETAGGED)
            return cursor.execute(
                "SELECT a.article_id, a.title, a.summary, strftime(a.published, '%Y-%m-%d') FROM articles a"
                " ANTI JOIN (SELECT article_id FROM retagged WHERE tagger = $tagger) r USING (article_id)"
                " WHERE a.tagger <> $tagger AND a.article_id > $after ORDER BY a.article_id LIMIT $limit",
                {"tagger": tagger, "after": after, "limit": limit},
            ).fetchall()

    def is_empty(self) -> bool:
        """Whether no article is stored."""
        with self.cursor() as cursor:
            return not cursor.execute("SELECT 1 FROM articles LIMIT 1").fetchall()

    def count_articles_not_by(self, tagger: str) -> int:
        """How many articles were tagged by another tagger; all of them when `tagger` is empty."""
        with self.cursor() as cursor:
            counted = cursor.execute("SELECT count(*) FROM articles WHERE tagger <> $tagger", {"tagger": tagger})
            return int(counted.fetchall()[0][0])

    def keep_retagged(self, articles: pa.Table, mentions: pa.Table) -> None:
        """Lay new tags aside until all articles have theirs: what is laid aside survives an interruption."""
        with self._transaction() as cursor:
            cursor.execute(_RETAGGED)
            for name, table in (("retagged", articles), ("retagged_mentions", mentions)):
                cursor.register("incoming", table)
                cursor.execute(f"INSERT INTO {name} BY NAME SELECT * FROM incoming")

    def apply_retagged(self, tagger: str) -> pa.Table:
        """Put the tags laid aside in place of the old ones, in one transaction, and tell what moved.

        Columns `kind`, `code`, `gained` and `lost` (articles), and for each the title of one of them; codes that
        moved most first. Articles that were edited meanwhile keep the tags they have.
        """
        with self._transaction() as cursor:
            cursor.execute(_RETAGGED)
            for table in ("retagged", "retagged_mentions"):
                cursor.execute(
                    f"DELETE FROM {table} WHERE tagger <> $tagger OR article_id NOT IN"
                    " (SELECT article_id FROM articles WHERE tagger <> $tagger)",
                    {"tagger": tagger},
                )
            moved = cursor.sql(_MOVED).to_arrow_table()
            cursor.execute(_APPLY)
            return moved


# Tags laid aside by an interrupted retagging are of the earlier form: they are made again.
_FROM_1 = """
ALTER TABLE mentions ADD COLUMN status VARCHAR DEFAULT '';
DROP TABLE IF EXISTS retagged;
DROP TABLE IF EXISTS retagged_mentions;
UPDATE meta SET value = '2' WHERE key = 'schema';
"""
# Written anew as whole tables, because nearly every row changes.
_RETAGGED = """
CREATE TABLE IF NOT EXISTS retagged AS
    SELECT article_id, relevant, reason, tagger, states, actors, weapons, systems, events FROM articles LIMIT 0;
CREATE TABLE IF NOT EXISTS retagged_mentions AS FROM mentions LIMIT 0;
"""
_MOVED = """
WITH old AS (SELECT DISTINCT m.article_id, m.kind, m.code FROM mentions m SEMI JOIN retagged USING (article_id)),
     new AS (SELECT DISTINCT article_id, kind, code FROM retagged_mentions),
     moved AS (
        SELECT *, 'gained' AS how FROM (FROM new ANTI JOIN old USING (article_id, kind, code))
        UNION ALL SELECT *, 'lost' AS how FROM (FROM old ANTI JOIN new USING (article_id, kind, code)))
SELECT kind, code, count(*) FILTER (how = 'gained')::INTEGER AS gained, count(*) FILTER (how = 'lost')::INTEGER AS lost,
       any_value(title) FILTER (how = 'gained') AS gained_title, any_value(title) FILTER (how = 'lost') AS lost_title
FROM moved JOIN articles USING (article_id) GROUP BY kind, code ORDER BY count(*) DESC, kind, code
"""
_APPLY = """
CREATE TABLE mentions_next AS (FROM mentions ANTI JOIN retagged USING (article_id));
INSERT INTO mentions_next BY NAME SELECT * FROM retagged_mentions;
CREATE TABLE articles_next AS SELECT a.* REPLACE (
    CASE WHEN r.article_id IS NULL THEN a.relevant ELSE r.relevant END AS relevant,
    CASE WHEN r.article_id IS NULL THEN a.reason ELSE r.reason END AS reason,
    CASE WHEN r.article_id IS NULL THEN a.tagger ELSE r.tagger END AS tagger,
    CASE WHEN r.article_id IS NULL THEN a.states ELSE r.states END AS states,
    CASE WHEN r.article_id IS NULL THEN a.actors ELSE r.actors END AS actors,
    CASE WHEN r.article_id IS NULL THEN a.weapons ELSE r.weapons END AS weapons,
    CASE WHEN r.article_id IS NULL THEN a.systems ELSE r.systems END AS systems,
    CASE WHEN r.article_id IS NULL THEN a.events ELSE r.events END AS events)
FROM articles a LEFT JOIN retagged r USING (article_id);
DROP TABLE mentions; ALTER TABLE mentions_next RENAME TO mentions;
DROP TABLE articles; ALTER TABLE articles_next RENAME TO articles;
DROP TABLE retagged; DROP TABLE retagged_mentions;
"""


def _why_not_open(path: Path | None, error: duckdb.Error) -> StoreError:
    text = str(error)
    if "could not set lock" in text.lower():
        holder = re.search(r"PID (\d+)", text)
        who = f"process {holder[1]}" if holder else "another process"
        return StoreBusy(
            f"the database {path} is held by {who}, most likely a running Parley server: stop it first,"
            " or let it do the work (it ingests on its own schedule)"
        )
    return StoreError(f"the database {path} cannot be opened: {text.splitlines()[0]}")


def _rows(deliveries: Iterable[Delivery]) -> list[tuple[Delivery, Tagged]]:
    """The articles of each feed, each once: of several entries for one link the first in the document counts."""
    return [
        (delivery, row)
        for delivery in deliveries
        for row in {t.article.article_id: t for t in reversed(delivery.tagged)}.values()
    ]


def _known(cursor: duckdb.DuckDBPyConnection, articles: Sequence[Article]) -> dict[int, tuple[int, int]]:
    """Of these articles, those already stored: id → the feed that brought it first, content hash."""
    cursor.register("asked", pa.table({"article_id": pa.array([a.article_id for a in articles], pa.uint64())}))
    rows = cursor.execute("SELECT article_id, feed_id, content FROM articles SEMI JOIN asked USING (article_id)")
    return {article_id: (feed_id, content) for article_id, feed_id, content in rows.fetchall()}


def _insert(
    cursor: duckdb.DuckDBPyConnection, rows: Sequence[tuple[Delivery, Tagged]], now: datetime, tagger: str
) -> None:
    if not rows:
        return
    cursor.register("incoming", article_table([(delivery.feed_id, row) for delivery, row in rows], tagger))
    cursor.execute(
        "INSERT INTO articles BY NAME"
        " SELECT *, $now::TIMESTAMP AS first_seen, $now::TIMESTAMP AS changed FROM incoming",
        {"now": now},
    )
    _insert_mentions(cursor, rows, tagger)


def _replace(
    cursor: duckdb.DuckDBPyConnection, rows: Sequence[tuple[Delivery, Tagged]], now: datetime, tagger: str
) -> None:
    if not rows:
        return
    cursor.register("incoming", article_table([(delivery.feed_id, row) for delivery, row in rows], tagger))
    # An entry without a date of its own keeps the time at which it was first seen.
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE edited AS SELECT i.* REPLACE"
        " (CASE WHEN i.dated THEN i.published ELSE a.published END AS published, i.dated OR a.dated AS dated),"
        " a.first_seen, $now::TIMESTAMP AS changed FROM incoming i JOIN articles a USING (article_id)",
        {"now": now},
    )
    # New tags that an interrupted retagging laid aside are those of the earlier wording.
    cursor.execute(_RETAGGED)
    for name in ("articles", "mentions", "retagged", "retagged_mentions"):
        cursor.execute(f"DELETE FROM {name} WHERE article_id IN (SELECT article_id FROM edited)")
    cursor.execute("INSERT INTO articles BY NAME SELECT * FROM edited")
    cursor.execute("DROP TABLE edited")
    _insert_mentions(cursor, rows, tagger)


def _carry(cursor: duckdb.DuckDBPyConnection, rows: Sequence[tuple[Delivery, Tagged]], now: datetime) -> None:
    if not rows:
        return
    table = pa.table(
        {
            "article_id": pa.array([row.article.article_id for _, row in rows], pa.uint64()),
            "feed_id": pa.array([delivery.feed_id for delivery, _ in rows], pa.uint64()),
            "guid": [row.article.guid for _, row in rows],
        }
    )
    cursor.register("incoming", table)
    cursor.execute(
        "INSERT INTO carried BY NAME SELECT *, $now::TIMESTAMP AS first_seen FROM incoming"
        " ANTI JOIN carried USING (article_id, feed_id)",
        {"now": now},
    )


def _note_states(cursor: duckdb.DuckDBPyConnection, deliveries: Sequence[Delivery], now: datetime) -> None:
    table = pa.table(
        {
            "feed_id": pa.array([d.feed_id for d in deliveries], pa.uint64()),
            "etag": pa.array([d.state.etag for d in deliveries], pa.string()),
            "last_modified": pa.array([d.state.last_modified for d in deliveries], pa.string()),
            "body_hash": pa.array([d.state.body_hash for d in deliveries], pa.uint64()),
            "failures": pa.array([d.state.failures for d in deliveries], pa.int32()),
            "error": pa.array([d.error for d in deliveries], pa.string()),
        }
    )
    cursor.register("incoming", table)
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE noted AS SELECT i.*, $now::TIMESTAMP AS checked,"
        " CASE WHEN i.error = '' THEN $now::TIMESTAMP ELSE s.reached END AS reached"
        " FROM incoming i LEFT JOIN feed_state s USING (feed_id)",
        {"now": now},
    )
    cursor.execute("DELETE FROM feed_state WHERE feed_id IN (SELECT feed_id FROM noted)")
    cursor.execute("INSERT INTO feed_state BY NAME SELECT * FROM noted")
    cursor.execute("DROP TABLE noted")


def _insert_mentions(cursor: duckdb.DuckDBPyConnection, rows: Sequence[tuple[Delivery, Tagged]], tagger: str) -> None:
    table = mention_table([row.article.article_id for _, row in rows], [row.tags for _, row in rows], tagger)
    cursor.register("incoming_mentions", table)
    cursor.execute("INSERT INTO mentions BY NAME SELECT * FROM incoming_mentions")
