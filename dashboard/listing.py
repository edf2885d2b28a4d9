"""Articles and their mentions → the HTML of the article list. Pure.

Feed text is hostile: every piece of it passes `html.escape` here, and this module is the only place where
HTML is made. Tagged words are marked in colour and by a letter, so that they can be told apart without colour.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_KINDS = {"state": "s", "actor": "a", "weapon": "w", "event": "e"}
#: Characters of a summary shown in the list before it is cut at a word.
SUMMARY_SHOWN = 420


@dataclass(frozen=True, slots=True)
class Labels:
    """Names for codes: states and actors, weapon types, event types, outlet countries."""

    states: Mapping[str, str]
    weapons: Mapping[str, str]
    events: Mapping[str, str]


def listing(rows: Sequence[Mapping[str, Any]], mentions: Iterable[Mapping[str, Any]], labels: Labels) -> str:
    """The article list as one safe HTML fragment, in the order of `rows` (columns as in `queries.articles`)."""
    by_article: dict[int, list[Mapping[str, Any]]] = {}
    for mention in mentions:
        by_article.setdefault(mention["article_id"], []).append(mention)
    items = "".join(_article(row, by_article.get(row["article_id"], []), labels) for row in rows)
    return f'<div class="parley-list">{items}</div>'


def _article(row: Mapping[str, Any], mentions: list[Mapping[str, Any]], labels: Labels) -> str:
    title = marked(row["title"], [m for m in mentions if m["field"] == "title"])
    summary, cut = shorten(row["summary"], SUMMARY_SHOWN)
    text = marked(summary, [m for m in mentions if m["field"] == "text" and m["end"] <= len(summary)])
    when = row["published"]
    stamp = f'<time datetime="{when.isoformat()}Z" title="{when:%Y-%m-%d %H:%M} UTC">{when:%d %b %Y, %H:%M}</time>'
    also = ", ".join(row["also"])
    facts = [
        f"<b>{html.escape(row['outlet'])}</b>",
        f'<span class="kind">{html.escape(row["kind"])}</span>' if row["kind"] else "",
        html.escape(labels.states.get(row["country"], row["country"])),
        stamp if row["dated"] else f"{stamp} (first seen; the feed gave no date)",
        f"also carried by {html.escape(also)}" if also else "",
    ]
    verdict = "Arms diplomacy" if row["relevant"] else "Not arms diplomacy"
    return (
        f"<article><h3>{_link(row['link'], title)}</h3>"
        f'<p class="facts">{" · ".join(fact for fact in facts if fact)}</p>'
        + (f"<p>{text}{'…' if cut else ''}</p>" if summary else "")
        + f'<p class="tags">{_tags(mentions, labels)}</p>'
        + f'<p class="reason">{verdict}: {html.escape(row["reason"])}</p></article>'
    )


def marked(text: str, mentions: Iterable[Mapping[str, Any]]) -> str:
    """Escaped text with the words of its mentions marked; of overlapping mentions the first and longest."""
    pieces, position = [], 0
    for m in sorted(mentions, key=lambda m: (m["start"], -m["end"])):
        if m["start"] < position:
            continue
        pieces.append(html.escape(text[position : m["start"]]))
        note = html.escape(f"{m['kind']}: {m['name']}")
        words = html.escape(text[m["start"] : m["end"]])
        pieces.append(f'<mark class="{_KINDS[m["kind"]]}" title="{note}">{words}</mark>')
        position = m["end"]
    pieces.append(html.escape(text[position:]))
    return "".join(pieces)


def shorten(text: str, most: int) -> tuple[str, bool]:
    """The text up to a word's end within `most` characters, and whether anything was cut."""
    if len(text) <= most:
        return text, False
    end = text.rfind(" ", 0, most)
    return text[: end if end > most // 2 else most], True


def _tags(mentions: Iterable[Mapping[str, Any]], labels: Labels) -> str:
    """One chip a tag, with the distinct words that caused it."""
    chips: dict[tuple[str, str], tuple[str, list[str]]] = {}
    for m in mentions:
        name = _name(m, labels)
        words = chips.setdefault((m["kind"], name), (name, []))[1]
        if m["surface"] not in words:
            words.append(m["surface"])
    return " ".join(
        f'<span class="tag {_KINDS[kind]}"><b>{html.escape(name)}</b> '
        f"<i>{html.escape(', '.join(f'“{word}”' for word in words[:4]))}{' …' if len(words) > 4 else ''}</i></span>"
        for (kind, _), (name, words) in sorted(chips.items(), key=lambda item: list(_KINDS).index(item[0][0]))
    )


def _name(mention: Mapping[str, Any], labels: Labels) -> str:
    if mention["kind"] == "weapon":
        kind = labels.weapons.get(mention["type"], mention["type"])
        return f"{mention['name']} ({kind})" if mention["via"] == "system" else kind
    if mention["kind"] == "event":
        return labels.events.get(mention["type"], mention["type"])
    return labels.states.get(mention["code"], mention["name"])


def _link(link: str, title: str) -> str:
    if not link.startswith(("http://", "https://")):
        return title
    return f'<a href="{html.escape(link)}" target="_blank" rel="noopener noreferrer nofollow">{title}</a>'
