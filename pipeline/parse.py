"""Bytes of a feed document → entries. Pure.

feedparser reads RSS 0.9 to 2.0, RDF and Atom, in any encoding, well-formed or not. Its HTML sanitising is off
because nothing here is ever shown as HTML: `clean` reduces it to text.
"""

from __future__ import annotations

import calendar
import io
import re
from datetime import UTC, datetime
from typing import Any

import feedparser

from pipeline.errors import ParseError
from pipeline.model import Entry

#: More entries than this in one document are not read, so that one document cannot fill the memory.
MOST_ENTRIES = 5_000
_CHARACTER = re.compile(rb"&#(?:[xX]([0-9a-fA-F]{1,40})|([0-9]{1,40}));")
# Asked of the plain dict: feedparser's own answers an unreadable date with another one, and a warning.
_DATES = ("published_parsed", "updated_parsed", "created_parsed")


def parse(body: bytes, url: str, content_type: str = "") -> list[Entry]:
    """The entries of a feed document in document order, at most `MOST_ENTRIES`.

    `url` is where the document came from and `content_type` its HTTP header, which may name the encoding.
    Raises ParseError when the document is no feed at all. An empty feed gives an empty list.
    """
    headers = {"content-type": content_type} if content_type else {}
    try:
        feed = _read(body, headers)
    except Exception:  # noqa: BLE001 -- a strange charset or "&#55357;" make the parser raise what comes
        try:
            feed = _read(_CHARACTER.sub(_existing, body), {})
        except Exception as error:  # noqa: BLE001
            raise ParseError(url, f"the parser gave up on it: {type(error).__name__}: {error}") from None
    if not feed.get("version") and not feed.entries:
        raise ParseError(url, _no_feed(body, feed))
    language = _text(feed.feed.get("language"))
    return [_entry(item, language) for item in feed.entries[:MOST_ENTRIES]]


def _read(body: bytes, headers: dict[str, str]) -> Any:
    # A bytes body that looks like an address or a path must never be taken for one: hand over a stream.
    return feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )


def _existing(reference: re.Match[bytes]) -> bytes:
    """A numeric character reference, or nothing if there is no such character: half an emoji, or beyond Unicode."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    return b"" if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF else reference[0]


def _entry(item: Any, language: str) -> Entry:
    summary = _text(item.get("summary"))
    if not summary and item.get("content"):
        summary = _text(item["content"][0].get("value"))
    return Entry(
        guid=_text(item.get("id")),
        link=_text(item.get("link")),
        title=_text(item.get("title")),
        summary=summary,
        language=_text(item.get("language")) or language,
        published=_date(next((found for name in _DATES if (found := dict.get(item, name))), None)),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _date(parts: Any) -> datetime | None:
    """feedparser's UTC time tuple as a naive UTC datetime; None when it is missing or absurd."""
    if not parts:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parts), UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None


def _no_feed(body: bytes, feed: Any) -> str:
    start = body[:1000].lstrip().lower()
    if not start:
        return "the document is empty"
    if start.startswith((b"<!doctype html", b"<html")) or b"<html" in start:
        return "the address gave an HTML page, not a feed"
    return f"not a feed: {feed.get('bozo_exception', 'no RSS or Atom element found')}"
