"""Feed documents of every format, encoding and state of repair → entries."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ParseError
from pipeline.model import Entry
from pipeline.parse import MOST_ENTRIES, parse
from tests.making import rss

URL = "https://news.example/feed"

#: One small document for each format, with the one entry that it holds.
FORMATS: dict[str, tuple[str, Entry]] = {
    "RSS 0.91": (
        """<?xml version="1.0"?><rss version="0.91"><channel><title>t</title><language>en</language>
        <item><title>Old</title><link>https://a.example/1</link><description>Sum</description></item></channel></rss>""",
        Entry("", "https://a.example/1", "Old", "Sum", "en", None),
    ),
    "RSS 1.0": (
        """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <channel rdf:about="https://a.example/"><title>t</title></channel>
        <item rdf:about="https://a.example/2"><title>Rdf</title><link>https://a.example/2</link>
        <description>Sum</description><dc:date>2024-03-01T12:00:00+02:00</dc:date></item></rdf:RDF>""",
        Entry("https://a.example/2", "https://a.example/2", "Rdf", "Sum", "", datetime(2024, 3, 1, 10)),
    ),
    "RSS 2.0": (
        """<?xml version="1.0"?><rss version="2.0"><channel><title>t</title><language>en-GB</language>
        <item><title>New</title><link>https://a.example/3</link><guid isPermaLink="false">id-3</guid>
        <description>&lt;p&gt;Sum&lt;/p&gt;</description><pubDate>Fri, 01 Mar 2024 12:00:00 EST</pubDate></item>
        </channel></rss>""",
        Entry("id-3", "https://a.example/3", "New", "<p>Sum</p>", "en-GB", datetime(2024, 3, 1, 17)),
    ),
    "Atom": (
        """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>
        <entry><title>Atomic</title><id>tag:a.example,2024:4</id><link href="https://a.example/4"/>
        <updated>2024-03-01T12:00:00Z</updated><content type="html">&lt;b&gt;Body&lt;/b&gt;</content></entry></feed>""",
        Entry("tag:a.example,2024:4", "https://a.example/4", "Atomic", "<b>Body</b>", "", datetime(2024, 3, 1, 12)),
    ),
}

RUSSIAN = '<?xml version="1.0" encoding="{}"?><rss version="2.0"><channel><title>т</title><item><title>Новости</title>'
RUSSIAN += "</item></channel></rss>"


def titles(body: bytes, content_type: str = "") -> list[str]:
    return [entry.title for entry in parse(body, URL, content_type)]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read(name: str) -> None:
    document, expected = FORMATS[name]
    assert parse(document.encode(), URL) == [expected]


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("utf-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("windows-1251", "cp1251"),
        ("koi8-r", "koi8-r"),
        ("iso-8859-5", "iso-8859-5"),
        ("utf-16", "utf-16"),
        ("utf-16", "utf-16-le"),
    ],
)
def test_every_encoding_is_read(encoding: str, codec: str) -> None:
    assert titles(RUSSIAN.format(encoding).encode(codec)) == ["Новости"]


def test_the_http_header_names_the_encoding_when_the_document_does_not() -> None:
    document = RUSSIAN.replace(' encoding="{}"', "").encode("cp1251")
    assert titles(document, "text/xml; charset=windows-1251") == ["Новости"]


def test_a_wrongly_declared_encoding_is_seen_through() -> None:
    assert titles(RUSSIAN.format("us-ascii").encode("utf-8")) == ["Новости"]
    assert titles(RUSSIAN.format("no-such-code").encode("utf-8")) == ["Новости"]


def test_an_unknown_charset_in_the_header_does_no_harm() -> None:
    assert titles(RUSSIAN.format("utf-8").encode(), "text/xml; charset=klingon") == ["Новости"]


def test_an_html_page_is_no_feed_and_is_called_so() -> None:
    for page in (b"<!DOCTYPE html><html><body>Log in</body></html>", b"\n <html><head></head></html>"):
        with pytest.raises(ParseError, match="HTML page") as refused:
            parse(page, URL)
        assert refused.value.url == URL


@pytest.mark.parametrize("body", [b"", b" \n\t "])
def test_an_empty_document_is_no_feed(body: bytes) -> None:
    with pytest.raises(ParseError, match="empty"):
        parse(body, URL)


@pytest.mark.parametrize(
    "body",
    [
        b"no feed at all",
        b'{"version": "https://jsonfeed.org/version/1"}',
        b"\x1f\x8b\x08\x00broken",
        b"\x00" * 100,
        b"<?xml version='1.0'?><opml><body/></opml>",
        b"https://news.example/feed",
        b"/etc/hostname",
    ],
)
def test_what_is_no_feed_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError, match="not a feed"):
        parse(body, URL)


def test_a_feed_without_entries_is_a_feed() -> None:
    assert parse(rss([]), URL) == []


def test_a_truncated_document_keeps_its_entries() -> None:
    whole = rss(["one", "two", "three"])
    cut = whole[: whole.index(b"three") + 2]
    assert titles(cut)[:2] == ["About one", "About two"]
    assert titles(cut.replace(b"&", b""))[:2] == ["About one", "About two"]


def test_ill_formed_markup_keeps_its_entries() -> None:
    document = rss(["one", "two"]).replace(b"About one", b"AT&T <b>one")
    assert len(titles(document)) == 2
    assert titles(document)[1] == "About two"


@pytest.mark.parametrize(
    "said", ["", "<pubDate></pubDate>", "<pubDate>soon</pubDate>", "<pubDate>0000-00-00</pubDate>"]
)
def test_a_missing_or_unreadable_date_is_none(said: str) -> None:
    document = rss(["one"]).replace(b"</item>", said.encode() + b"</item>")
    assert [entry.published for entry in parse(document, URL)] == [None]


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process stands in another time zone."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Kathmandu")
        time.tzset()
        yield
    time.tzset()


def test_dates_are_utc_wherever_the_process_stands(far_from_utc: None) -> None:
    said = "<pubDate>Fri, 01 Mar 2024 01:30:00 +0900</pubDate>"
    document = rss(["one"]).replace(b"</item>", said.encode() + b"</item>")
    assert parse(document, URL)[0].published == datetime(2024, 2, 29, 16, 30)


def test_external_entities_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("TOP-SECRET-WORDS")
    head = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    document = head.encode() + rss([{"title": "TITLE"}]).partition(b"?>")[2].replace(b"TITLE", b"see &x; here")
    assert "TOP-SECRET-WORDS" not in repr(parse(document, URL))


def test_an_entity_bomb_is_harmless() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 8))
    head = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{levels}]>'
    document = head.encode() + rss([{"title": "TITLE"}]).partition(b"?>")[2].replace(b"TITLE", b"&l7;")
    assert all(len(entry.title) < 1000 for entry in parse(document, URL))


@pytest.mark.parametrize("reference", ["&#55357;&#56832;", "&#xD800;", "&#X110000;", "&#99999999999;", "&#1114112;"])
def test_a_character_that_does_not_exist_is_left_out(reference: str) -> None:
    document = rss([{"title": "TITLE"}, "two"]).replace(b"TITLE", f"Emoji{reference} &#233;&#x1F600;".encode())
    assert titles(document) == ["Emoji é😀", "About two"]


def test_a_charset_that_is_no_text_is_left_out() -> None:
    assert titles(rss(["one"]), "text/xml; charset=\udcff") == ["About one"]


def test_only_the_first_entries_of_an_endless_document_are_read() -> None:
    assert len(parse(rss(str(n) for n in range(MOST_ENTRIES + 3)), URL)) == MOST_ENTRIES


@given(st.binary(max_size=200))
def test_bytes_give_entries_or_a_parse_error_and_nothing_else(noise: bytes) -> None:
    whole = rss(["one", "two"])
    for body in (noise, whole[:150] + noise + whole[150:]):
        try:
            entries = parse(body, URL, "text/xml")
        except ParseError:
            continue
        assert all(isinstance(value, str) for e in entries for value in (e.guid, e.link, e.title, e.summary))


def test_captured_documents_in_odd_encodings_and_states_give_their_entries(shared: Path) -> None:
    """Those that are not well-formed UTF-8; `test_run` reads them all."""
    lines = (shared / "feeds/manifest.jsonl").read_text(encoding="utf-8").splitlines()
    odd = [row for row in map(json.loads, lines) if row["bozo"] or str(row["declared_encoding"]).upper() != "UTF-8"]
    wrong = []
    for expected in odd:
        entries = parse((shared / "feeds" / expected["file"]).read_bytes(), URL)
        dated = sum(entry.published is not None for entry in entries)
        if (len(entries), dated) != (expected["entries"], expected["dated_entries"]):
            wrong.append((expected["file"], len(entries), dated))
    assert len(odd) >= 20
    assert wrong == []
