"""The explanation of one article: its words with every tag, what caused each, and what was turned down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from dashboard.evidence import Line, changes, lines
from dashboard.filters import close_article
from dashboard.links import View, encode, query
from dashboard.listing import Labels, prose, table, tag_name, verdict, whole
from pipeline.model import Tags
from pipeline.tag import Considered

#: What makes an article arms diplomacy, as `pipeline.tag.relevance` decides it.
RULE = (
    "An article is arms diplomacy when a weapon comes together with a meeting, transfer, sanction or agreement between"
    " two parties. One party is enough for a transfer, and for an agreement or sanctions over nuclear weapons; without"
    " a dealing, nuclear weapons or a weapons test are enough when two parties are concerned. Weapons only used in"
    " battle are not the matter of a meeting, an agreement or sanctions."
)


def explanation(
    row: Mapping[str, Any],
    mentions: Sequence[Mapping[str, Any]],
    present: tuple[Tags, Sequence[Considered]],
    version: str,
    view: View,
    default: View,
    labels: Labels,
) -> None:
    """Open the explanation over the page.

    `row` and `mentions` are what is stored; `present` is how the vocabulary `version` that runs now reads the text.
    """

    def name(mention: Mapping[str, Any]) -> str:
        code = labels.plover.get(mention["type"]) if mention["kind"] == "event" else None
        return f"{tag_name(mention, labels)} (PLOVER {code})" if code else tag_name(mention, labels)

    def closed() -> None:
        close_article(view, default)

    # The words of a feed never stand in a title or label of Streamlit's, which are Markdown.
    @st.dialog("Why these tags?", width="large", on_dismiss=closed)
    def shown() -> None:
        tags, considered = present
        st.html(whole(row, mentions, labels))
        if row["tagger"] != version:
            _other_version(row, mentions, tags, version, labels)
        st.subheader("What was found", anchor=False)
        found = lines(mentions, name, "not ambiguous", labels.statuses)
        if found:
            columns = ("Words", "Stands in", "Tag", "Found", "Seed row", "Why it was taken")
            st.html(
                table(
                    columns, [_cells(line) for line in found], look="parley-words", kinds=[line.kind for line in found]
                )
            )
        else:
            st.text("No state, organisation, weapon or event.")
        st.subheader("What was considered and rejected", anchor=False)
        rejected = lines((c.mention._asdict() for c in considered if not c.accepted), name, "", labels.statuses)
        if rejected:
            columns = ("Words", "Stands in", "Would have been", "Found", "Seed row", "Why not")
            st.html(
                table(
                    columns,
                    [_cells(line) for line in rejected],
                    look="parley-words",
                    kinds=[line.kind for line in rejected],
                )
            )
        else:
            st.text("Nothing: no other word of this article is in the vocabulary.")
        st.subheader("Why it is in or out", anchor=False)
        st.html(prose([f"{verdict(row['relevant'], row['reason'])}.", RULE]))
        st.caption(f"Found by tagger {row['tagger']}; considered and rejected by {version}. The link to this:")
        parts = urlsplit(st.context.url or "")
        own = query(encode(View(article=row["article_id"]), View()))
        st.code(f"{parts.scheme}://{parts.netloc}{parts.path or '/'}?{own}", language=None, wrap_lines=True)

    shown()


def _other_version(
    row: Mapping[str, Any], mentions: Sequence[Mapping[str, Any]], tags: Tags, version: str, labels: Labels
) -> None:
    """Say that the stored tags are of another vocabulary, and what the present one makes of the text."""
    gone, come = changes(mentions, [m._asdict() for m in tags.mentions], lambda m: tag_name(m, labels))
    said = [f"The stored tags were made by tagger {row['tagger']}; {version} is running now."]
    if gone:
        said.append(f"The present one would take away: {', '.join(gone)}.")
    if come:
        said.append(f"The present one would add: {', '.join(come)}.")
    if tags.relevant != row["relevant"]:
        said.append(f"The present one would say: {verdict(tags.relevant, tags.reason)}.")
    if len(said) == 1:
        said.append("The present one gives the same tags.")
    said.append("Seed rows are those of the earlier one. python -m pipeline retag brings all articles up to date.")
    with st.container(border=True, key="other_version"):
        for line in said:
            st.text(line)


def _cells(line: Line) -> tuple[str, ...]:
    times = f" ×{line.times}" if line.times > 1 else ""
    how = f"{line.kind}, {line.how}" if line.how else line.kind
    return (f"“{line.words}”{times}", line.where, line.tag, how, line.row, line.because)
