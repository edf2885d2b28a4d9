"""The list of feeds: ours, an analyst's OPML, or addresses."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pipeline.errors import SeedError, SettingError
from pipeline.feedlist import BODIES, KINDS, TERMS, read_feeds, read_feeds_csv, read_opml
from pipeline.gazetteer import Gazetteer
from pipeline.gazetteer.seeds import read_csv
from pipeline.model import Feed
from pipeline.settings import ROOT
from tests.making import feeds_csv

OURS = ROOT / "seeds/feeds.csv"

OPML = """<?xml version="1.0" encoding="utf-8"?>
<opml version="2.0"><head><title>Mine</title></head><body>
<outline text="Agencies">
  <outline type="rss" text="Agency" title="The Agency" xmlUrl="https://www.agency.example/rss"/>
  <outline type="rss" text="Büro" xmlUrl="https://buero.example/rss"/>
</outline>
<outline type="rss" xmlurl="https://old.example/rss"/>
<outline text="A folder" xmlUrl=""/>
</body></opml>
"""


@pytest.fixture(scope="module")
def ours() -> list[Feed]:
    return read_feeds_csv(OURS)


def test_our_list_covers_the_world(ours: list[Feed]) -> None:
    enabled = [feed for feed in ours if feed.enabled]
    assert len(enabled) >= 120
    assert len({feed.country for feed in enabled}) >= 25
    assert len({feed.kind for feed in enabled}) >= 6
    assert len({feed.language for feed in enabled}) >= 3
    largest = Counter(feed.country for feed in enabled).most_common(1)[0][1]
    assert largest < len(enabled) / 2, "no country makes half of the news"


def test_our_list_names_each_address_once(ours: list[Feed]) -> None:
    addresses = [re.sub(r"^https?://(www\.)?|/$", "", feed.url) for feed in ours]
    assert [address for address, n in Counter(addresses).items() if n > 1] == []
    names = [(feed.outlet, feed.name) for feed in ours]
    assert [name for name, n in Counter(names).items() if n > 1] == []


def test_our_list_holds_addresses_and_known_codes(ours: list[Feed], gazetteer: Gazetteer) -> None:
    for feed in ours:
        parts = urlsplit(feed.url)
        assert parts.scheme in ("http", "https"), feed
        assert parts.hostname, feed
        assert not parts.username, feed
        assert feed.kind in KINDS, feed
        assert feed.terms in TERMS, feed
        assert feed.country in gazetteer.vocabulary.states or feed.country in BODIES, feed
        assert re.fullmatch("[a-z]{2,3}", feed.language), feed


def test_a_feed_whose_publisher_forbids_it_is_disabled_with_the_reason(ours: list[Feed]) -> None:
    forbidden = [feed for feed in ours if feed.terms == "forbidden"]
    assert [feed.url for feed in forbidden if feed.enabled] == []
    assert [feed.url for feed in ours if not feed.enabled and not feed.terms_note] == []


def test_our_list_has_no_feed_that_is_known_to_be_dead(ours: list[Feed], shared: Path) -> None:
    with (shared / "gazetteers/feeds_dead.csv").open(encoding="utf-8", newline="") as lines:
        dead = {value for row in csv.DictReader(lines) for name, value in row.items() if "url" in name.lower()}
    assert len(dead) >= 40
    assert [feed.url for feed in ours if feed.url in dead] == []


def test_every_feed_names_its_source() -> None:
    assert [row.where for row in read_csv(OURS, ("source",)) if not row.text("source", required=False)] == []


def test_a_setting_may_name_one_file_or_several_addresses(tmp_path: Path) -> None:
    listed = feeds_csv(tmp_path / "with blanks.csv", ["https://a.example/x", "https://b.example/y"])
    assert [feed.url for feed in read_feeds(str(listed))] == ["https://a.example/x", "https://b.example/y"]
    given = read_feeds(" https://www.a.example/x\n HTTP://b.example/y ")
    assert [(feed.url, feed.name, feed.outlet) for feed in given] == [
        ("https://www.a.example/x", "a.example", "a.example"),
        ("HTTP://b.example/y", "b.example", "b.example"),
    ]
    assert all(feed.enabled and not feed.sample for feed in given)


def test_an_address_listed_twice_is_one_feed(tmp_path: Path) -> None:
    assert len(read_feeds("https://a.example/x https://a.example/x")) == 1
    assert len(read_feeds(str(feeds_csv(tmp_path / "f.csv", ["https://a.example/x"] * 2)))) == 1


@pytest.mark.parametrize("given", ["", " ", "nowhere.csv", "/", "ftp://a.example/x", "https://a.example/x nowhere.csv"])
def test_what_names_no_feeds_is_told(given: str) -> None:
    with pytest.raises(SettingError, match="neither a file nor") as told:
        read_feeds(given)
    assert repr(given) in str(told.value)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("kind", "blog", "kind 'blog' is unknown; use one of state media"),
        ("enabled", "true", "enabled 'true' is unknown; use one of yes, no"),
        ("terms", "free", "terms 'free' is unknown"),
        ("outlet", "", "outlet is empty"),
        ("url", "", "url is empty"),
    ],
)
def test_a_mistake_in_the_list_is_told_with_its_line(tmp_path: Path, column: str, value: str, words: str) -> None:
    listed = feeds_csv(tmp_path / "mine.csv", ["https://a.example/x"], **{column: value})
    with pytest.raises(SeedError, match=f"^mine.csv:2: {words}"):
        read_feeds(str(listed))


def test_every_column_of_the_list_is_kept(tmp_path: Path) -> None:
    columns = {"country": "FRA", "language": "fr", "focus": "arms", "terms_note": "ask", "enabled": "no"}
    (feed,) = read_feeds(str(feeds_csv(tmp_path / "f.csv", ["https://a.example/x"], **columns)))
    assert feed == Feed(
        *("https://a.example/x",) * 3, "FRA", "fr", "wire", "arms", enabled=False, terms="unknown", terms_note="ask"
    )


@pytest.mark.parametrize("suffix", [".opml", ".xml", ".OPML"])
def test_an_opml_file_is_read_with_its_folders(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"mine{suffix}"
    path.write_text(OPML, encoding="utf-8")
    assert [(feed.url, feed.name, feed.outlet) for feed in read_feeds(str(path))] == [
        ("https://www.agency.example/rss", "The Agency", "agency.example"),
        ("https://buero.example/rss", "Büro", "buero.example"),
        ("https://old.example/rss", "old.example", "old.example"),
    ]


BOMB = '<!DOCTYPE opml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><opml><body>&b;</body></opml>'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB.encode(), "document type"),
        (BOMB.replace("DOCTYPE", "doctype").encode(), "document type"),
        (BOMB.encode("utf-16"), "document type"),
        (b'<!DOCTYPE opml SYSTEM "file:///etc/passwd"><opml/>', "document type"),
        (b"<opml><body>", "not readable as OPML"),
        (b"", "not readable as OPML"),
        (b"<opml><body><outline text='empty'/></body></opml>", "names no feed"),
        (b"<html><body>no list</body></html>", "names no feed"),
    ],
    ids=["bomb", "small letters", "UTF-16", "external", "cut off", "empty", "no feed", "HTML"],
)
def test_what_is_no_opml_is_refused(tmp_path: Path, text: bytes, words: str) -> None:
    path = tmp_path / "mine.opml"
    path.write_bytes(text)
    with pytest.raises(SettingError, match=words) as told:
        read_opml(path)
    assert str(path) in str(told.value)


def test_an_odd_address_in_an_opml_file_is_a_feed_that_will_fail(tmp_path: Path) -> None:
    path = tmp_path / "mine.opml"
    path.write_text('<opml><body><outline xmlUrl="http://["/><outline xmlUrl="//x"/></body></opml>')
    assert [feed.url for feed in read_opml(path)] == ["http://[", "//x"]
