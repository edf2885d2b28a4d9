"""Entry → article: links, texts, dates and ids."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.clean import (
    LONGEST_LINK,
    LONGEST_SUMMARY,
    LONGEST_TITLE,
    LinkRules,
    canonical_link,
    clean,
    hash64,
    link_identity,
    plain_text,
)
from pipeline.model import Article, Entry
from pipeline.settings import ROOT
from pipeline.worker import load_link_rules

RULES = load_link_rules(ROOT / "seeds")
FEED = "https://news.example/world/feed.xml"
NOW = datetime(2024, 5, 1, 12, 0, 0, 123456)

#: What a feed may say of a link, and the link that is kept.
LINKS = {
    "https://a.example/story?utm_source=rss&utm_medium=x": "https://a.example/story",
    "https://a.example/story?id=7&fbclid=abc": "https://a.example/story?id=7",
    "https://a.example/story?UTM_Source=rss&id=7": "https://a.example/story?id=7",
    "https://a.example/story?id=7&flag": "https://a.example/story?id=7&flag",
    "https://a.example/story?b=2&a=1": "https://a.example/story?b=2&a=1",
    "https://a.example/story#comments": "https://a.example/story",
    "https://a.example/story?at_medium=RSS&at_campaign=x": "https://a.example/story",
    "https://a.example": "https://a.example/",
    "/story/7": "https://news.example/story/7",
    "story/7": "https://news.example/world/story/7",
    "../story": "https://news.example/story",
    "//b.example/story": "https://b.example/story",
    "?id=7": "https://news.example/world/feed.xml?id=7",
    "https://a.example:443/story": "https://a.example/story",
    "http://a.example:80/story": "http://a.example/story",
    "https://a.example:8443/story": "https://a.example:8443/story",
    "https://user:secret@a.example/story": "https://a.example/story",
    "HTTPS://A.Example/Story": "https://a.example/Story",
    "https://bücher.example/x": "https://xn--bcher-kva.example/x",
    "https://[2001:db8::1]:443/x": "https://[2001:db8::1]/x",
    "  https://a.example/x \n": "https://a.example/x",
    "https://a.example/a b": "https://a.example/a%20b",
    "https://a.example/a\u3000b": "https://a.example/a%E3%80%80b",
    'https://a.example/"><script>': "https://a.example/%22%3E%3Cscript%3E",
    "https://a.example/x\ud800?utm_a=1&b=\udc00": "https://a.example/x?b=",
    "": "",
    "   ": "",
    "javascript:alert(1)": "",
    "JavaScript:alert(1)": "",
    "data:text/html,x": "",
    "mailto:a@b.example": "",
    "file:///etc/passwd": "",
    "ftp://a.example/x": "",
    "http://": "",
    "http:///story": "",
    "https://[broken/story": "",
    "https://a.example:99999/x": "",
    "https://" + "a" * 64 + "ü.example/x": "",
    "https://a.example/" + "x" * LONGEST_LINK: "",
}

SAME_ARTICLE = [
    "https://www.paper.example/news/1",
    "http://www.paper.example/news/1",
    "https://paper.example/news/1",
    "https://paper.example/news/1/",
    "https://m.paper.example/news/1",
    "https://mobile.paper.example/news/1",
    "https://amp.paper.example/news/1",
    "https://www.paper.example/news/1/amp",
    "https://www.paper.example/news/1/amp/",
    "https://www.paper.example/news/1.amp",
    "https://www.paper.example/news/1/amp.html",
    "https://WWW.PAPER.example/news/1?utm_source=feed#top",
    "https://www.paper.example:443/news/1",
]
OTHER_ARTICLES = [
    "https://www.paper.example/news/2",
    "https://www.paper.example/News/1",
    "https://www.paper.example/news/1?page=2",
    "https://www.paper.example/news",
    "https://www.paper.example:8443/news/1",
    "https://media.example/news/1",
    "https://www.other.example/news/1",
]

#: What a feed may put into a title or summary, and the text that is kept.
TEXTS = {
    "plain": "plain",
    "<p>One</p><p>two</p>": "One two",
    "a<br>b<br/>c": "a b c",
    "Straße &amp; Söhne": "Straße & Söhne",
    "AT&amp;amp;T": "AT&T",
    "&lt;b&gt;bold&lt;/b&gt;": "bold",
    "&amp;lt;b&amp;gt;bold&amp;lt;/b&amp;gt;": "bold",
    "<script>alert(1)</script>text": "text",
    "&lt;script&gt;alert(1)&lt;/script&gt;text": "text",
    "<style>p{}</style>text<iframe src=x>in</iframe>": "text",
    '<img src=x onerror="alert(1)">text': "text",
    "<!-- note -->text": "text",
    "<![CDATA[text]]>": "",
    "a\u202eb\u202cc": "abc",
    "ze\u200bro w\u00adidth\ufeff": "zero width",
    "&#8203;zero&#x200b;": "zero",
    "&am\u200bp;": "&",
    "<\u200bb>x</b>": "x",
    "a\x00b\x07c": "abc",
    "e\u200b\u0301": "é",
    "e\u0301": "é",
    "lone \ud83d surrogate": "lone surrogate",
    " many\t\n\r blanks\u00a0here ": "many blanks here",
    "3 < 4 and 5 > 2": "3 < 4 and 5 > 2",
    "R&D; Q&A": "R&D; Q&A",
    "😀 👩‍🚀": "😀 👩🚀",
    "العربية עברית": "العربية עברית",
    "": "",
    "<p> </p>": "",
}


def entry(**fields: object) -> Entry:
    values: dict[str, object] = {
        "guid": "g",
        "link": "https://a.example/story",
        "title": "Title",
        "summary": "Summary",
        "language": "en",
        "published": datetime(2024, 4, 30, 8, 0),
    }
    return Entry(**(values | fields))  # type: ignore[arg-type]


def cleaned(**fields: object) -> Article:
    article = clean(entry(**fields), FEED, NOW, RULES)
    assert article is not None
    return article


def identity(link: str) -> str:
    return link_identity(canonical_link(link, FEED, RULES), RULES)


@pytest.mark.parametrize("said", LINKS, ids=lambda link: ascii(link)[:60])
def test_a_link_is_made_canonical(said: str) -> None:
    assert canonical_link(said, FEED, RULES) == LINKS[said]


@pytest.mark.parametrize("link", SAME_ARTICLE)
def test_forms_of_one_address_are_one_article(link: str) -> None:
    assert cleaned(link=link).article_id == cleaned(link=SAME_ARTICLE[0]).article_id


@pytest.mark.parametrize("link", OTHER_ARTICLES)
def test_other_addresses_are_other_articles(link: str) -> None:
    assert cleaned(link=link).article_id != cleaned(link=SAME_ARTICLE[0]).article_id


def test_an_article_keeps_its_id_when_its_words_change() -> None:
    before, after = cleaned(), cleaned(title="Another", summary="text", guid="h", published=None)
    assert before.article_id == after.article_id
    assert before.content != after.content


def test_the_feeds_own_date_is_part_of_the_content_and_the_clock_is_not() -> None:
    assert cleaned().content != cleaned(published=datetime(2024, 4, 30, 9, 0)).content
    undated = entry(published=None)
    today, tomorrow = clean(undated, FEED, NOW, RULES), clean(undated, FEED, NOW + timedelta(days=1), RULES)
    assert today is not None
    assert tomorrow is not None
    assert today.content == tomorrow.content


@pytest.mark.parametrize("link", ["", "https://a.example/", "https://a.example", "javascript:void(0)"])
def test_without_a_link_of_its_own_the_guid_says_which_article_it_is(link: str) -> None:
    one, two = cleaned(link=link, guid="1"), cleaned(link=link, guid="2")
    assert one.article_id != two.article_id
    assert one.article_id == cleaned(link=link, guid="1", title="Edited").article_id
    elsewhere = clean(entry(link=link, guid="1"), "https://other.example/feed", NOW, RULES)
    assert elsewhere is not None
    assert elsewhere.article_id != one.article_id


def test_without_link_and_guid_the_title_says_which_article_it_is() -> None:
    one, two = cleaned(link="", guid="", title="One"), cleaned(link="", guid="", title="Two")
    assert one.article_id != two.article_id
    assert one.article_id == cleaned(link="", guid="", title="One", summary="Edited").article_id


@pytest.mark.parametrize("markup", TEXTS, ids=lambda text: ascii(text)[:60])
def test_markup_becomes_plain_text(markup: str) -> None:
    assert plain_text(markup) == TEXTS[markup]


@pytest.mark.parametrize("times", range(5))
def test_however_often_a_text_was_escaped_it_is_read(times: int) -> None:
    markup = "<p>Fish &amp; chips</p>"
    for _ in range(times):
        markup = markup.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert plain_text(markup) == "Fish & chips" if times < 5 else True


def test_escapes_upon_escapes_end() -> None:
    assert len(plain_text("&" + "amp;" * 200_000 + "lt;b&gt;")) > 100_000


def test_an_entry_without_words_is_no_article() -> None:
    assert clean(entry(title=" ", summary="<img src=x>"), FEED, NOW, RULES) is None


def test_an_entry_without_a_title_is_called_by_its_summary() -> None:
    article = cleaned(title="", summary="Only a summary")
    assert (article.title, article.summary) == ("Only a summary", "")


def test_long_texts_are_cut() -> None:
    article = cleaned(title="t" * 9_999, summary="s" * 99_999, guid="g" * 9_999)
    assert (len(article.title), len(article.summary)) == (LONGEST_TITLE, LONGEST_SUMMARY)
    assert len(article.guid) < 1_000


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (datetime(2024, 4, 30, 8, 0), True),
        (datetime(1990, 1, 1), True),
        (NOW + timedelta(hours=23), True),
        (None, False),
        (datetime(1970, 1, 1), False),
        (datetime(1989, 12, 31), False),
        (NOW + timedelta(days=2), False),
        (datetime(9999, 12, 31, 23, 59), False),
        (datetime(1, 1, 1), False),
    ],
)
def test_an_absurd_date_gives_way_to_the_time_of_arrival(said: datetime | None, kept: bool) -> None:
    article = cleaned(published=said)
    assert article.dated is kept
    assert article.published == (said if kept and said else NOW).replace(microsecond=0)


@pytest.mark.parametrize(
    ("said", "kept"), [("en-GB", "en"), ("EN", "en"), ("pt_BR", "pt"), ("", ""), ("<x>", ""), ("e1", "")]
)
def test_a_language_is_reduced_to_its_code(said: str, kept: str) -> None:
    assert cleaned(language=said).language == kept


def test_ids_are_unsigned_64_bit_numbers_and_stay_the_same() -> None:
    # BLAKE2b-64 of these words, computed with coreutils' b2sum --length=64.
    assert hash64("Parley") == 0xA0090788B3EEE70E
    assert hash64("Parley") == hash64(b"Parley")
    assert 0 <= hash64("\ud800") < 2**64


PIECES = [*"ab <>&;#/x3!-\"'=éÅﬁ😀\n", "\u200b", "\u202e", "\u0301", "\u0308", "\x00", "\ud800", "\u00a0"]
PIECES += ["&amp;", "&lt;", "&gt;", "&nbsp;", "&#8203;", "<p>", "</p>", "<br>", "<script>", "</script>", "<!--", "-->"]
SOUP = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
MARKUP = SOUP | st.text(max_size=60)
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ud800-\udfff]"
)


@given(MARKUP)
def test_cleaning_what_is_clean_changes_nothing(markup: str) -> None:
    once = plain_text(markup)
    assert plain_text(once) == once


@given(MARKUP)
def test_clean_text_is_one_visible_line(markup: str) -> None:
    text = plain_text(markup)
    assert not INVISIBLE.search(text)
    assert text == " ".join(text.split())
    assert unicodedata.is_normalized("NFC", text)


LINK_PIECES = [
    "http://",
    "https://",
    "//",
    "a.example",
    "www.",
    "utm_x",
    "id",
    "amp",
    "..",
    ":80",
    ":443",
    "::1",
    "%20",
]
LINK_PIECES += [*"/?#&=@[] \nü;'\"<\\\u3000\x00%\ud800"]
LINK = st.lists(st.sampled_from(LINK_PIECES), max_size=14).map("".join) | st.text(max_size=40)


@given(LINK)
def test_a_canonical_link_stays_what_it_is(link: str) -> None:
    once = canonical_link(link, FEED, RULES)
    assert canonical_link(once, FEED, RULES) == once
    assert once == "" or once.startswith(("http://", "https://"))
    assert len(once) <= LONGEST_LINK
    assert not re.search(r"[\s<>\"'`\\#]", once)


@given(SOUP, SOUP, LINK, MARKUP, st.text(max_size=12), st.datetimes() | st.none())
def test_every_entry_becomes_an_article_that_can_be_stored(
    title: str, summary: str, link: str, guid: str, language: str, published: datetime | None
) -> None:
    article = clean(Entry(guid, link, title, summary, language, published), FEED, NOW, RULES)
    if article is None:
        assert plain_text(title) == plain_text(summary) == ""
        return
    for text in (article.guid, article.link, article.title, article.summary, article.language):
        text.encode()
    assert article.title
    assert datetime(1990, 1, 1) <= article.published <= NOW + timedelta(days=1)
    assert 0 <= article.article_id < 2**64


def test_a_site_without_rules_keeps_its_links() -> None:
    none = LinkRules(frozenset(), (), (), ())
    assert canonical_link("https://m.a.example/x?utm_a=1", FEED, none) == "https://m.a.example/x?utm_a=1"
    assert link_identity("https://m.a.example/x?utm_a=1", none) == "m.a.example/x?utm_a=1"
