"""Articles, their mentions and plain tables → HTML. Pure.

Feed text is hostile: every piece of it passes `html.escape` here, and this module is the only place where
HTML is made. Tagged words are marked in colour and by a letter, so that they can be told apart without colour.
"""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_KINDS = {"state": "s", "actor": "a", "weapon": "w", "event": "e"}
#: Characters of a summary shown in the list before it is cut at a word.
SUMMARY_SHOWN = 420


@dataclass(frozen=True, slots=True)
class Labels:
    """Names for codes: states and actors, weapon and event types, outlet countries, what is said of events."""

    states: Mapping[str, str]
    weapons: Mapping[str, str]
    events: Mapping[str, str]
    statuses: Mapping[str, str] = field(default_factory=dict)
    #: The PLOVER code of each event type.
    plover: Mapping[str, str] = field(default_factory=dict)


def listing(rows: Sequence[Mapping[str, Any]], mentions: Iterable[Mapping[str, Any]], labels: Labels) -> str:
    """The article list as one safe HTML fragment, in the order of `rows` (columns as in `queries.articles`)."""
    by_article: dict[int, list[Mapping[str, Any]]] = {}
    for mention in mentions:
        by_article.setdefault(mention["article_id"], []).append(mention)
    items = "".join(_article(row, by_article.get(row["article_id"], []), labels, SUMMARY_SHOWN) for row in rows)
    return f'<div class="parley-list">{items}</div>'


def whole(row: Mapping[str, Any], mentions: Iterable[Mapping[str, Any]], labels: Labels) -> str:
    """One article with all of its text, as one safe HTML fragment."""
    item = _article(row, list(mentions), labels, len(row["summary"]))
    return f'<div class="parley-list parley-whole">{item}</div>'


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    look: str,
    numbers: Collection[int] = (),
    kinds: Sequence[str] = (),
) -> str:
    """A table of text. `look` is its class, `numbers` are the columns set to the right, `kinds` the tag of each row.

    Each cell carries the name of its column, which a narrow screen shows instead of the head.
    """
    sides = [' class="n"' if number in numbers else "" for number in range(len(columns))]
    head = "".join(f'<th scope="col"{s}>{html.escape(c)}</th>' for c, s in zip(columns, sides, strict=True))
    body = []
    for number, row in enumerate(rows):
        kind = f' class="{_KINDS[kinds[number]]}"' if kinds else ""
        cells = "".join(
            f'<td data-label="{html.escape(column)}"{side}>{html.escape(cell)}</td>'
            for column, side, cell in zip(columns, sides, row, strict=True)
        )
        body.append(f"<tr{kind}>{cells}</tr>")
    return f'<table class="parley-table {look}"><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>'


def prose(lines: Iterable[str]) -> str:
    """Lines of plain text as paragraphs."""
    return f'<div class="parley-prose">{"".join(f"<p>{html.escape(line)}</p>" for line in lines)}</div>'


def verdict(relevant: bool, reason: str) -> str:
    """Whether an article is arms diplomacy, with the reason, as plain text."""
    return f"{'Arms diplomacy' if relevant else 'Not arms diplomacy'}: {reason}"


def tag_name(mention: Mapping[str, Any], labels: Labels) -> str:
    """What the tag of a mention is called."""
    if mention["kind"] == "weapon":
        kind = labels.weapons.get(mention["type"], mention["type"])
        return f"{mention['name']} ({kind})" if mention["via"] == "system" else kind
    if mention["kind"] == "event":
        return labels.events.get(mention["type"], mention["type"])
    return labels.states.get(mention["code"], mention["name"])


def _article(row: Mapping[str, Any], mentions: list[Mapping[str, Any]], labels: Labels, most: int) -> str:
    title = marked(row["title"], [m for m in mentions if m["field"] == "title"])
    summary, cut = shorten(row["summary"], most)
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
    return (
        f"<article><h3>{_link(row['link'], title)}</h3>"
        f'<p class="facts">{" · ".join(fact for fact in facts if fact)}</p>'
        + (f"<p>{text}{'…' if cut else ''}</p>" if summary else "")
        + f'<p class="tags">{_tags(mentions, labels)}</p>'
        + f'<p class="reason">{html.escape(verdict(row["relevant"], row["reason"]))}</p></article>'
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
        name = tag_name(m, labels)
        words = chips.setdefault((m["kind"], name), (name, []))[1]
        # What is said of a weapon is in the explanation; of an event it is half of the news.
        status = m["status"] if m["kind"] == "event" else ""
        said = f"“{m['surface']}”" + (f" ({labels.statuses.get(status, status)})" if status else "")
        if said not in words:
            words.append(said)
    return " ".join(
        f'<span class="tag {_KINDS[kind]}"><b>{html.escape(name)}</b> '
        f"<i>{html.escape(', '.join(words[:4]))}{' …' if len(words) > 4 else ''}</i></span>"
        for (kind, _), (name, words) in sorted(chips.items(), key=lambda item: list(_KINDS).index(item[0][0]))
    )


def _link(link: str, title: str) -> str:
    if not link.startswith(("http://", "https://")):
        return title
    return f'<a href="{html.escape(link)}" target="_blank" rel="noopener noreferrer nofollow">{title}</a>'
