"""Whatever a feed says, the list holds our elements only, and the words of the feed as text."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from dashboard.listing import SUMMARY_SHOWN, Labels, listing, marked, prose, shorten, table, whole

LABELS = Labels(
    states={"PRK": "North Korea", "RUS": "Russia", "UNO": "United Nations"},
    weapons={"missile": "Missiles"},
    events={"meeting": "Meeting"},
)
#: The elements that the list is made of, with the attributes that each may have.
OURS = {
    "html": set(),
    "head": set(),
    "body": set(),
    "div": {"class"},
    "article": set(),
    "h3": set(),
    "a": {"href", "target", "rel"},
    "p": {"class"},
    "b": set(),
    "i": set(),
    "span": {"class"},
    "time": {"datetime", "title"},
    "mark": {"class", "title"},
    "table": {"class"},
    "thead": set(),
    "tbody": set(),
    "tr": {"class"},
    "th": {"scope", "class"},
    "td": {"data-label", "class"},
}
HOSTILE = (
    "<script>alert(1)</script>",
    "</h3></article></div><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" onfocus="alert(1)" autofocus="',
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<style>*{display:none}</style>",
    "<a href='javascript:alert(1)'>click</a>",
    "<math><mi//xlink:href='data:x,<script>alert(4)</script>'>",
    "<!--><script>alert(1)</script-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "<plaintext>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "javascript:alert(1)",
    "![x](https://outside.example/x.png) [link](javascript:alert(1)) **bold** # head",
    "$\\href{javascript:alert(1)}{x}$ and $x$",
    ":material/home: :red[red] :rocket:",
    "\u202egnp.exe \u2066isolate\u2069 \u200bzero",
    '=HYPERLINK("https://outside.example")',
    "`code` {{ template }} ${expression} %s {0}",
    "\ufffd\ufeff\U0001f680 한국어 العربية",
    "<" * 5_000,
    "x" * 100_000,
    "",
    " ",
)
LINKS = (
    "https://news.example/a?b=c&d=e",
    "http://news.example/",
    "",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "//outside.example/x",
    'https://news.example/"onmouseover="alert(1)',
    "https://news.example/'><script>alert(1)</script>",
    "http://[",
    "https://[::1",
    "x" * 10_000,
)


def row(**changed: Any) -> dict[str, Any]:
    """An article as `queries.articles` gives it."""
    plain = {
        "article_id": 1,
        "published": datetime(2023, 9, 13, 8, 30),
        "dated": True,
        "title": "Kim meets Putin",
        "summary": "They spoke about missiles.",
        "link": "https://news.example/1",
        "language": "en",
        "relevant": True,
        "reason": "a weapon and a meeting",
        "outlet": "Example Wire",
        "kind": "wire",
        "country": "RUS",
        "also": [],
    }
    return plain | changed


def mention(text: str, surface: str, kind: str = "state", **changed: Any) -> dict[str, Any]:
    """A mention of `surface` in `text`, as `queries.mentions` gives it."""
    start = text.index(surface)
    plain = {
        "article_id": 1,
        "kind": kind,
        "code": "PRK",
        "name": "North Korea",
        "type": "",
        "via": "name",
        "field": "title",
        "start": start,
        "end": start + len(surface),
        "surface": surface,
        "status": "",
    }
    return plain | changed


def parsed(fragment: str) -> LexborHTMLParser:
    """The fragment as a browser reads it, after a check that every element, attribute and link is ours."""
    tree = LexborHTMLParser(fragment)
    for node in tree.css("*"):
        assert node.tag in OURS, f"<{node.tag}> is none of our elements"
        assert set(node.attributes) <= OURS[node.tag], f"<{node.tag}> has {set(node.attributes) - OURS[node.tag]}"
    for anchor in tree.css("a"):
        assert (anchor.attributes["href"] or "").startswith(("http://", "https://"))
        assert anchor.attributes["rel"] == "noopener noreferrer nofollow"
    return tree


def without_marks(marked_text: str) -> str:
    return html.unescape(re.sub(r"</?mark[^>]*>", "", marked_text))


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:40])
@pytest.mark.parametrize("column", ["title", "summary", "outlet", "kind", "country", "reason", "also"])
def test_hostile_text_stays_text(column: str, text: str) -> None:
    rows = [row(**{column: [text] if column == "also" else text}), row(article_id=2)]
    tree = parsed(listing(rows, [], LABELS))
    assert len(tree.css(".parley-list > article")) == 2
    shown = shorten(text, SUMMARY_SHOWN)[0] if column == "summary" else text
    assert shown in (tree.body.text() if tree.body else "")


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:40])
@pytest.mark.parametrize("column", ["surface", "name", "type", "code"])
def test_hostile_mentions_stay_text(column: str, text: str) -> None:
    for kind in ("state", "actor", "weapon", "event"):
        one = mention("Kim meets Putin", "Kim", kind) | {column: text}
        tree = parsed(listing([row()], [one, one | {"field": "text", "via": "system"}], LABELS))
        assert len(tree.css("article")) == 1
        assert len(tree.css(".tag")) >= 1


@pytest.mark.parametrize("link", LINKS, ids=lambda link: ascii(link)[:40])
def test_only_http_links_become_links(link: str) -> None:
    tree = parsed(listing([row(link=link)], [], LABELS))
    is_web = link.startswith(("http://", "https://"))
    assert len(tree.css("a")) == is_web
    if is_web:
        assert tree.css("a")[0].attributes["href"] == link
    assert tree.css("h3")[0].text() == "Kim meets Putin"


@given(st.text(), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60))))
def test_marking_changes_no_character(text: str, spans: list[tuple[int, int]]) -> None:
    mentions = [
        mention("x", "x", start=min(span, default=0), end=max(span, default=0), name='">') | {"surface": "x"}
        for span in spans
    ]
    assert without_marks(marked(text, mentions)) == text


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:40])
def test_marked_words_stay_text(text: str) -> None:
    marks = parsed(marked(text, [mention("x", "x", start=0, end=len(text))])).css("mark")
    assert [mark.text() for mark in marks] == [text]


def test_of_overlapping_mentions_the_first_and_longest_is_marked() -> None:
    text = "North Korean missile test"
    mentions = [
        mention(text, "Korean"),
        mention(text, "North Korean missile", "weapon"),
        mention(text, "North Korean"),
        mention(text, "missile test", "event"),
        mention(text, "test", "event"),
    ]
    marks = parsed(marked(text, mentions)).css("mark")
    assert [(mark.attributes["class"], mark.text()) for mark in marks] == [("w", "North Korean missile"), ("e", "test")]


def test_mentions_that_touch_are_both_marked() -> None:
    text = "RussiaChina"
    marks = parsed(marked(text, [mention(text, "China"), mention(text, "Russia")])).css("mark")
    assert [mark.text() for mark in marks] == ["Russia", "China"]


def test_marks_stand_in_their_own_field_and_offsets_are_code_points() -> None:
    title, summary = "🚀 <Kim> meets Putin", "Talks of 🇰🇵 Kim and others"
    found = [mention(title, "Kim"), mention(summary, "Kim", field="text")]
    tree = parsed(listing([row(title=title, summary=summary)], found, LABELS))
    assert [mark.text() for mark in tree.css("mark")] == ["Kim", "Kim"]
    assert tree.css("h3")[0].text() == title
    assert tree.css("h3 mark")[0].attributes["title"] == "state: North Korea"


def test_a_mention_behind_the_cut_is_no_mark_but_still_a_tag() -> None:
    summary = "word " * 200 + "Pyongyang"
    tree = parsed(listing([row(summary=summary)], [mention(summary, "Pyongyang", field="text")], LABELS))
    assert tree.css("mark") == []
    assert [tag.text() for tag in tree.css(".tag")] == ["North Korea “Pyongyang”"]


def test_mentions_stay_with_their_article_and_rows_keep_their_order() -> None:
    rows = [row(article_id=2, title="Second"), row(article_id=1, title="Kim first"), row(article_id=3, title="Third")]
    tree = parsed(listing(rows, [mention("Kim first", "Kim")], LABELS))
    assert [node.text() for node in tree.css("h3")] == ["Second", "Kim first", "Third"]
    assert [len(node.css(".tag")) for node in tree.css("article")] == [0, 1, 0]


def test_a_tag_names_its_words_once_and_says_when_there_are_more() -> None:
    words = ["Pyongyang", "Kim", "DPRK", "North Korea", "Kim", "North Korean"]
    text = " ".join(words)
    tree = parsed(listing([row(title=text)], [mention(text, word) for word in words], LABELS))
    assert [tag.text() for tag in tree.css(".tag")] == ["North Korea “Pyongyang”, “Kim”, “DPRK”, “North Korea” …"]


def test_each_kind_of_tag_is_named_and_drawn_in_its_own_way() -> None:
    text = "Kim NATO S-400 missiles met"
    found = [
        mention(text, "met", "event", code="meeting", type="meeting", name="meeting", via="trigger"),
        mention(text, "S-400", "weapon", code="s-400", type="missile", name="S-400", via="system"),
        mention(text, "missiles", "weapon", code="missile", type="missile", name="missile", via="term"),
        mention(text, "NATO", "actor", code="nato", name="NATO"),
        mention(text, "Kim"),
    ]
    tags = parsed(listing([row(title=text)], found, LABELS)).css(".tag")
    assert [(tag.attributes["class"], tag.css("b")[0].text()) for tag in tags] == [
        ("tag s", "North Korea"),
        ("tag a", "NATO"),
        ("tag w", "S-400 (Missiles)"),
        ("tag w", "Missiles"),
        ("tag e", "Meeting"),
    ]


def test_what_is_said_of_an_event_stands_with_its_words() -> None:
    text = "a drone, talks and a meeting"
    made = {"code": "meeting", "type": "meeting", "name": "meeting", "via": "trigger"}
    found = [
        mention(text, "drone", "weapon", code="drone", type="missile", via="term", status="battle"),
        mention(text, "talks", "event", **made, status="planned"),
        mention(text, "meeting", "event", **made, status="<b>"),
    ]
    labels = replace(LABELS, statuses={"planned": "not yet done"})
    tags = [tag.text() for tag in parsed(listing([row(title=text)], found, labels)).css(".tag")]
    assert tags == ["Missiles “drone”", "Meeting “talks” (not yet done), “meeting” (<b>)"]


def test_the_facts_say_outlet_kind_country_time_and_other_carriers() -> None:
    tree = parsed(listing([row(country="UNO", also=["A", "B"])], [], LABELS))
    facts = tree.css(".facts")[0]
    assert facts.text() == "Example Wire · wire · United Nations · 13 Sep 2023, 08:30 · also carried by A, B"
    assert tree.css("time")[0].attributes == {"datetime": "2023-09-13T08:30:00Z", "title": "2023-09-13 08:30 UTC"}


def test_a_date_that_is_not_the_feeds_own_is_said_to_be_ours() -> None:
    assert "(first seen; the feed gave no date)" in listing([row(dated=False)], [], LABELS)
    assert "first seen" not in listing([row()], [], LABELS)


def test_the_verdict_is_said_with_its_reason() -> None:
    assert parsed(listing([row()], [], LABELS)).css(".reason")[0].text() == "Arms diplomacy: a weapon and a meeting"
    tree = parsed(listing([row(relevant=False, reason="no weapon")], [], LABELS))
    assert tree.css(".reason")[0].text() == "Not arms diplomacy: no weapon"


def test_no_articles_give_an_empty_list() -> None:
    assert listing([], [], LABELS) == '<div class="parley-list"></div>'


@given(st.text(), st.integers(1, 50))
def test_a_shortened_text_is_a_beginning_of_the_text(text: str, most: int) -> None:
    short, cut = shorten(text, most)
    assert text.startswith(short)
    assert len(short) <= most
    assert cut == (short != text)


def test_text_is_cut_at_a_word_unless_that_would_take_most_of_it() -> None:
    assert shorten("one two three", 9) == ("one two", True)
    assert shorten("one two three", 13) == ("one two three", False)
    assert shorten("a " + "x" * 30, 20) == ("a " + "x" * 18, True)


def test_a_cut_summary_ends_in_an_ellipsis() -> None:
    assert "…</p>" in listing([row(summary="word " * 200)], [], LABELS)
    assert "…" not in listing([row()], [], LABELS)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:40])
def test_hostile_text_stays_text_in_an_explanation(text: str) -> None:
    found = [mention(text, text, start=0, end=len(text))] if text else []
    for tree in (
        parsed(whole(row(title=text), found, LABELS)),
        parsed(whole(row(summary=text, reason=text), [m | {"field": "text"} for m in found], LABELS)),
        parsed(table(("Words", text), [(text, "x"), ("x", text)], look="parley-words", kinds=("state", "event"))),
        parsed(prose([text, "x"])),
    ):
        assert text in (tree.body.text() if tree.body else "")


def test_an_explanation_has_all_of_the_text_with_every_mark() -> None:
    summary = "word " * 200 + "Pyongyang"
    tree = parsed(whole(row(summary=summary), [mention(summary, "Pyongyang", field="text")], LABELS))
    assert [mark.text() for mark in tree.css("p mark")] == ["Pyongyang"]
    assert summary in (tree.body.text() if tree.body else "")
    assert "…" not in tree.html


def test_a_table_names_its_columns_in_its_head_and_in_each_cell() -> None:
    tree = parsed(table(("Words", "n"), [("Kim", "1"), ("met", "2")], look="x", numbers={1}, kinds=("state", "event")))
    assert [(th.attributes["scope"], th.text()) for th in tree.css("th")] == [("col", "Words"), ("col", "n")]
    assert [[td.text() for td in line.css("td")] for line in tree.css("tbody tr")] == [["Kim", "1"], ["met", "2"]]
    assert [td.attributes["data-label"] for td in tree.css("td")] == ["Words", "n"] * 2
    assert [line.attributes["class"] for line in tree.css("tbody tr")] == ["s", "e"]
    assert [cell.text() for cell in tree.css("td.n")] == ["1", "2"]
