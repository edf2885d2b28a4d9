"""Mentions → the lines of an explanation: which words carry a tag, why, and which were turned down. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

Name = Callable[[Mapping[str, Any]], str]

_FIELDS = {"title": "title", "text": "text"}
#: How the words led to the tag, as `via` of a mention says it.
_VIA = {
    "name": "by name",
    "adjective": "by its adjective",
    "capital": "by its capital",
    "institution": "by an institution",
    "region": "by a region",
    "city": "by a city",
    "leader": "by a leader",
    "system": "named system",
    "term": "general word",
    "trigger": "",
}


class Line(NamedTuple):
    """Words that were found, once for each tag and reason: how often and where they stand, and what decided."""

    kind: str
    words: str
    times: int
    where: str
    tag: str
    how: str
    row: str
    because: str


def lines(
    mentions: Iterable[Mapping[str, Any]], name: Name, otherwise: str = "", statuses: Mapping[str, str] | None = None
) -> list[Line]:
    """One line for all mentions that say the same, in reading order.

    `otherwise` stands for an empty reason, `statuses` are the names of what is said of an event or weapon.
    """
    same: dict[tuple[str, ...], list[str]] = {}
    for m in sorted(mentions, key=lambda m: (m["field"] == "text", m["start"], m["end"])):
        status = (statuses or {}).get(m["status"], m["status"])
        how = ", ".join(part for part in (_VIA.get(m["via"], m["via"]), status) if part)
        key = (m["kind"], m["surface"], name(m), how, m["row"], m["because"] or otherwise)
        same.setdefault(key, []).append(_FIELDS.get(m["field"], m["field"]))
    return [
        Line(kind, words, len(fields), " and ".join(dict.fromkeys(fields)), tag, how, row, because)
        for (kind, words, tag, how, row, because), fields in same.items()
    ]


def changes(
    stored: Iterable[Mapping[str, Any]], present: Iterable[Mapping[str, Any]], name: Name
) -> tuple[list[str], list[str]]:
    """The tags that only the stored mentions have, and those that only the present ones have, by name."""
    before, now = ({(m["kind"], name(m)) for m in mentions} for mentions in (stored, present))
    return sorted(tag for _, tag in before - now), sorted(tag for _, tag in now - before)
