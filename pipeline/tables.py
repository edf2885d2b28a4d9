"""Tagged articles → Arrow tables, in the columns of `schema.sql`. Pure.

Tables cross to the database, and from worker processes, many times faster than Python objects do.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from pipeline.model import Mention, Tagged, Tags

_CODES = pa.list_(pa.string())
_NUMBERS = {"start": pa.int32(), "end": pa.int32()}


def article_table(rows: Sequence[tuple[int, Tagged]], tagger: str) -> pa.Table:
    """Articles with the id of the feed that brought each: the columns of `articles` but for its times."""
    articles = [row.article for _, row in rows]
    return pa.table(
        {
            "feed_id": pa.array([feed_id for feed_id, _ in rows], pa.uint64()),
            "link": [a.link for a in articles],
            "title": [a.title for a in articles],
            "summary": [a.summary for a in articles],
            "language": [a.language for a in articles],
            "published": pa.array([a.published for a in articles], pa.timestamp("us")),
            "dated": [a.dated for a in articles],
            "content": pa.array([a.content for a in articles], pa.uint64()),
            **tag_columns([a.article_id for a in articles], [row.tags for _, row in rows], tagger),
        }
    )


def tag_table(article_ids: Sequence[int], tags: Sequence[Tags], tagger: str) -> pa.Table:
    """What the tags change of articles: the columns of `articles` that repeat them."""
    return pa.table(tag_columns(article_ids, tags, tagger))


def tag_columns(article_ids: Sequence[int], tags: Sequence[Tags], tagger: str) -> dict[str, pa.Array]:
    """The columns of `tag_table`."""
    return {
        "article_id": pa.array(article_ids, pa.uint64()),
        "relevant": pa.array([t.relevant for t in tags], pa.bool_()),
        "reason": pa.array([t.reason for t in tags], pa.string()),
        "tagger": pa.array([tagger] * len(tags), pa.string()),
        "states": pa.array([t.codes("state") for t in tags], _CODES),
        "actors": pa.array([t.codes("actor") for t in tags], _CODES),
        "weapons": pa.array([t.types("weapon") for t in tags], _CODES),
        "systems": pa.array([t.systems() for t in tags], _CODES),
        "events": pa.array([t.types("event") for t in tags], _CODES),
    }


def mention_table(article_ids: Sequence[int], tags: Sequence[Tags], tagger: str) -> pa.Table:
    """All mentions of articles: the columns of `mentions`."""
    ids = [number for number, found in zip(article_ids, tags, strict=True) for _ in found.mentions]
    # Transposing once is far quicker than asking each mention for each of its fields.
    columns = list(zip(*(mention for found in tags for mention in found.mentions), strict=True))
    columns = columns or [()] * len(Mention._fields)
    named = zip(Mention._fields, columns, strict=True)
    return pa.table(
        {
            "article_id": pa.array(ids, pa.uint64()),
            **{name: pa.array(values, _NUMBERS.get(name, pa.string())) for name, values in named},
            "tagger": pa.array([tagger] * len(ids), pa.string()),
        }
    )
