"""Filters → Arrow tables: every SELECT of the dashboard. SQL is static, values are bound.

A count is always of articles, each counted once, however many feeds carried it and however often it names
something. Dates are days in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

import pyarrow as pa

from pipeline.model import Filters
from pipeline.store import Store

Step = Literal["day", "week", "month"]
Group = Literal["state", "weapon", "event"]

_MATCHING = """
    (NOT $relevant OR a.relevant)
    AND ($since IS NULL OR a.published >= $since) AND ($until IS NULL OR a.published < $until)
    AND (len($states) = 0 OR
         CASE WHEN $all_states THEN list_has_all(a.states, $states) ELSE list_has_any(a.states, $states) END)
    AND (len($weapons) = 0 OR list_has_any(a.weapons, $weapons))
    AND (len($systems) = 0 OR list_has_any(a.systems, $systems))
    AND (len($actors) = 0 OR list_has_any(a.actors, $actors))
    AND (len($events) = 0 OR list_has_any(a.events, $events))
    AND ($text = '' OR contains(lower(a.title), lower($text)) OR contains(lower(a.summary), lower($text)))
    AND (NOT $by_outlet OR a.article_id IN (
        SELECT c.article_id FROM carried c JOIN feeds f USING (feed_id)
        WHERE (len($kinds) = 0 OR list_contains($kinds, f.kind))
          AND (len($countries) = 0 OR list_contains($countries, f.country))))
"""
#: Periods without articles are shown so far before the first and after the last, when the view asks for them.
BEYOND = timedelta(days=366)
_GROUP_COLUMNS = {"state": "states", "weapon": "weapons", "event": "events"}


@dataclass(frozen=True, slots=True)
class Figures:
    """The key figures of a view: articles, and of those how many name a meeting, a transfer, or no state."""

    articles: int
    outlets: int
    states: int
    meetings: int
    transfers: int
    unplaced: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the database holds: articles and their dates (None when empty), sample or live, and the last cycle.

    `unreached_since` is set when the last cycle reached no feed: the last time one was reached, or the first
    try when none ever was.
    """

    articles: int
    first: date | None
    last: date | None
    sample: bool
    feeds: int
    feeds_reached: int
    last_cycle: datetime | None
    unreached_since: datetime | None
    outdated_tags: int


def figures(store: Store, filters: Filters) -> Figures:
    """The key figures of a view."""
    row = _rows(
        store,
        f"""
        WITH m AS (SELECT a.article_id, a.states, a.events FROM articles a WHERE {_MATCHING})
        SELECT (SELECT count(*) FROM m),
               (SELECT count(DISTINCT f.outlet) FROM m JOIN carried c USING (article_id) JOIN feeds f USING (feed_id)),
               (SELECT count(DISTINCT s) FROM (SELECT unnest(states) AS s FROM m)),
               (SELECT count(*) FROM m WHERE list_contains(events, 'meeting')),
               (SELECT count(*) FROM m WHERE list_contains(events, 'transfer')),
               (SELECT count(*) FROM m WHERE len(states) = 0)
        """,
        filters,
    )[0]
    return Figures(*row)


def by_state(store: Store, filters: Filters) -> pa.Table:
    """Articles per state: columns `code`, `articles`, most first."""
    return _table(
        store,
        f"""
        SELECT code, count(*)::INTEGER AS articles
        FROM (SELECT unnest(a.states) AS code FROM articles a WHERE {_MATCHING})
        GROUP BY code ORDER BY articles DESC, code
        """,
        filters,
    )


def frequency(store: Store, filters: Filters, step: Step, group: Group, most: int) -> pa.Table:
    """Mention frequency: columns `period` (first day), `code`, `articles`, `share`.

    `articles` is how many articles of the view in that period name the code; `share` is that divided by all
    stored articles published in the period, whatever their tags (0 to 1). Only the `most` frequent codes of the
    view are given; a selected code is always among them. Periods without articles of a code are given as 0, over all
    days that the view asks for.
    """
    column = _GROUP_COLUMNS[group]
    selected = {"state": filters.states, "weapon": filters.weapons, "event": filters.events}[group]
    return _table(
        store,
        f"""
        WITH m AS (
            SELECT date_trunc($step, a.published)::DATE AS period, unnest(a.{column}) AS code
            FROM articles a WHERE {_MATCHING}
        ),
        top AS (
            SELECT code FROM m GROUP BY code
            ORDER BY list_contains($selected, code) DESC, count(*) DESC, code LIMIT $most
        ),
        every AS (
            SELECT date_trunc($step, a.published)::DATE AS period, count(*) AS everything FROM articles a
            WHERE ($since IS NULL OR a.published >= $since) AND ($until IS NULL OR a.published < $until)
            GROUP BY period
        ),
        span AS (
            SELECT unnest(generate_series(
                date_trunc($step, greatest(coalesce($since::TIMESTAMP, min(period)), min(period) - $beyond)),
                date_trunc($step,
                           least(coalesce($until::TIMESTAMP - INTERVAL 1 DAY, max(period)), max(period) + $beyond)),
                CASE $step
                WHEN 'day' THEN INTERVAL 1 DAY WHEN 'week' THEN INTERVAL 7 DAY ELSE INTERVAL 1 MONTH END
            ))::DATE AS period
            FROM every
        ),
        counted AS (SELECT period, code, count(*) AS articles FROM m GROUP BY period, code)
        SELECT s.period, t.code, coalesce(c.articles, 0)::INTEGER AS articles,
               coalesce(c.articles / e.everything, 0)::DOUBLE AS share
        FROM span s CROSS JOIN top t
        LEFT JOIN counted c ON c.period = s.period AND c.code = t.code
        LEFT JOIN every e ON e.period = s.period
        ORDER BY t.code, s.period
        """,
        filters,
        step=step,
        selected=list(selected),
        most=most,
        beyond=BEYOND,
    )


def articles(store: Store, filters: Filters, limit: int, offset: int) -> pa.Table:
    """One page of the view's articles, newest first.

    Columns: `article_id`, `published`, `dated`, `title`, `summary`, `link`, `language`, `relevant`, `reason`,
    `outlet`, `kind`, `country` (of the feed that brought it first) and `also`, the other outlets that carried it.
    """
    return _table(
        store,
        f"""
        WITH page AS (
            SELECT a.* FROM articles a WHERE {_MATCHING}
            ORDER BY a.published DESC, a.article_id LIMIT $limit OFFSET $offset
        ),
        others AS (
            SELECT p.article_id, list(DISTINCT f.outlet ORDER BY f.outlet) AS also
            FROM page p JOIN carried c USING (article_id) JOIN feeds f ON f.feed_id = c.feed_id
            JOIN feeds own ON own.feed_id = p.feed_id WHERE f.outlet <> own.outlet GROUP BY p.article_id
        )
        SELECT p.article_id, p.published, p.dated, p.title, p.summary, p.link, p.language, p.relevant, p.reason,
               f.outlet, f.kind, f.country, coalesce(o.also, []) AS also
        FROM page p JOIN feeds f USING (feed_id) LEFT JOIN others o USING (article_id)
        ORDER BY p.published DESC, p.article_id
        """,
        filters,
        limit=limit,
        offset=offset,
    )


def article(store: Store, article_id: int) -> pa.Table:
    """One article, whatever its tags: the columns of `articles`, and `tagger`. No row when it is not stored."""
    with store.cursor() as cursor:
        return cursor.sql(
            """
            SELECT a.article_id, a.published, a.dated, a.title, a.summary, a.link, a.language, a.relevant, a.reason,
                   f.outlet, f.kind, f.country, a.tagger,
                   (SELECT coalesce(list(DISTINCT o.outlet ORDER BY o.outlet), [])
                    FROM carried c JOIN feeds o ON o.feed_id = c.feed_id
                    WHERE c.article_id = a.article_id AND o.outlet <> f.outlet) AS also
            FROM articles a JOIN feeds f USING (feed_id) WHERE a.article_id = $id::UBIGINT
            """,
            params={"id": article_id},
        ).to_arrow_table()


def mentions(store: Store, article_ids: list[int]) -> pa.Table:
    """All mentions of some articles, in reading order: the columns of the table `mentions`."""
    with store.cursor() as cursor:
        return cursor.sql(
            "SELECT * FROM mentions WHERE list_contains($ids::UBIGINT[], article_id)"
            " ORDER BY article_id, field = 'text', start, \"end\", kind",
            params={"ids": article_ids},
        ).to_arrow_table()


def choices(store: Store) -> dict[str, list[tuple[str, int]]]:
    """What can be chosen in each filter with the number of all stored articles: most frequent first."""
    found: dict[str, list[tuple[str, int]]] = {}
    with store.cursor() as cursor:
        for column in ("states", "actors", "weapons", "systems", "events"):
            found[column] = cursor.execute(
                f"SELECT code, count(*) AS n FROM (SELECT unnest({column}) AS code FROM articles)"
                " GROUP BY code ORDER BY n DESC, code"
            ).fetchall()
        for name, column in (("kinds", "kind"), ("countries", "country")):
            found[name] = cursor.execute(
                f"SELECT f.{column}, count(DISTINCT c.article_id) AS n FROM carried c JOIN feeds f USING (feed_id)"
                f" WHERE f.{column} <> '' GROUP BY f.{column} ORDER BY n DESC, f.{column}"
            ).fetchall()
    return found


def coverage(store: Store, tagger: str) -> Coverage:
    """What the database holds and how the last cycle went; `tagger` is the present vocabulary's version."""
    with store.cursor() as cursor:
        held = cursor.execute(
            "SELECT count(*), min(published)::DATE, max(published)::DATE, count(*) FILTER (tagger <> $tagger)"
            " FROM articles",
            {"tagger": tagger},
        ).fetchall()[0]
        feeds = cursor.execute(
            "SELECT count(*) FILTER (f.enabled AND f.listed AND NOT f.sample),"
            " count(*) FILTER (f.listed AND NOT f.sample AND s.reached IS NOT NULL), bool_or(f.sample),"
            " max(s.reached) FILTER (NOT f.sample) FROM feeds f LEFT JOIN feed_state s USING (feed_id)"
        ).fetchall()[0]
        last = cursor.execute(
            "SELECT r.started, count(*) FILTER (r.status IN ('ok', 'unchanged')), count(*) FILTER (r.status = 'error'),"
            " max(r.finished) FROM runs r JOIN feeds f USING (feed_id)"
            " WHERE NOT f.sample GROUP BY r.started ORDER BY r.started DESC LIMIT 1"
        ).fetchall()
        first_try = cursor.execute(
            "SELECT min(started) FROM runs JOIN feeds USING (feed_id) WHERE NOT sample"
        ).fetchall()[0][0]
    silent = bool(last) and last[0][1] == 0 and last[0][2] > 0
    return Coverage(
        articles=held[0],
        first=held[1],
        last=held[2],
        sample=bool(feeds[2]) and held[0] > 0,
        feeds=feeds[0],
        feeds_reached=feeds[1],
        last_cycle=last[0][3] if last else None,
        unreached_since=(feeds[3] or first_try) if silent else None,
        outdated_tags=held[3],
    )


def previous(filters: Filters, today: date) -> Filters | None:
    """The same view over the period of equal length just before; None when the view has no first day. Pure."""
    if filters.since is None:
        return None
    length = (filters.until or today) - filters.since + timedelta(days=1)
    before = filters.since - timedelta(days=1)
    return replace(filters, since=before - length + timedelta(days=1), until=before)


def _parameters(filters: Filters) -> dict[str, Any]:
    return {
        "relevant": filters.relevant,
        "since": filters.since,
        "until": filters.until + timedelta(days=1) if filters.until else None,
        "states": list(filters.states),
        "all_states": filters.match == "all",
        "weapons": list(filters.weapons),
        "systems": list(filters.systems),
        "actors": list(filters.actors),
        "events": list(filters.events),
        "text": filters.text,
        "by_outlet": bool(filters.kinds or filters.countries),
        "kinds": list(filters.kinds),
        "countries": list(filters.countries),
    }


def _bound(sql: str, filters: Filters, more: dict[str, Any]) -> dict[str, Any]:
    """The values that a statement names: DuckDB refuses those that it does not."""
    values = _parameters(filters) | more
    return {name: value for name, value in values.items() if f"${name}" in sql}


def _table(store: Store, sql: str, filters: Filters, **more: Any) -> pa.Table:
    with store.cursor() as cursor:
        return cursor.sql(sql, params=_bound(sql, filters, more)).to_arrow_table()


def _rows(store: Store, sql: str, filters: Filters, **more: Any) -> list[tuple[Any, ...]]:
    with store.cursor() as cursor:
        return list(cursor.execute(sql, _bound(sql, filters, more)).fetchall())
