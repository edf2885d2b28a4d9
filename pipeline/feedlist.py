"""Which feeds to read: our CSV, an OPML file, or feed URLs."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

from pipeline.errors import SettingError
from pipeline.gazetteer.seeds import read_csv
from pipeline.model import Feed

#: Kinds of outlets, as the page's filter shows them.
KINDS = (
    "state media",
    "public broadcaster",
    "private",
    "government",
    "NGO",
    "think tank",
    "trade press",
    "wire",
    "intergovernmental",
)
#: What stands in place of a country for outlets of international bodies.
BODIES = {"EUE": "European Union", "NTO": "NATO", "UNO": "United Nations"}
TERMS = ("open", "feed", "personal", "forbidden", "unknown")
_COLUMNS = ("url", "name", "outlet", "country", "language", "kind", "focus", "enabled", "terms", "terms_note", "source")


def read_feeds(given: str) -> list[Feed]:
    """The feeds that a setting names: one file (CSV or OPML), or URLs separated by blanks.

    Raises SettingError or SeedError naming what cannot be read. A URL listed twice is one feed.
    """
    words = given.split()
    if words and all(re.match(r"(?i)https?://", word) for word in words):
        feeds = [Feed(url=word, name=_host(word), outlet=_host(word)) for word in words]
    else:
        path = Path(given).expanduser()
        if not path.is_file():
            raise SettingError(f"feeds {given!r}: neither a file nor http(s) URLs")
        opml = path.suffix.lower() in (".opml", ".xml")
        feeds = read_opml(path) if opml else read_feeds_csv(path)
    return list({feed.url: feed for feed in feeds}.values())


def read_feeds_csv(path: Path) -> list[Feed]:
    """The feeds of a CSV file with the columns of `seeds/feeds.csv`. Raises SeedError."""
    return [
        Feed(
            url=row.text("url"),
            name=row.text("name"),
            outlet=row.text("outlet"),
            country=row.text("country", required=False),
            language=row.text("language", required=False),
            kind=row.one_of("kind", KINDS),
            focus=row.text("focus", required=False),
            enabled=row.one_of("enabled", ("yes", "no")) == "yes",
            terms=row.one_of("terms", TERMS),
            terms_note=row.text("terms_note", required=False),
        )
        for row in read_csv(path, _COLUMNS)
    ]


def read_opml(path: Path) -> list[Feed]:
    """The feeds of an OPML 1.0 or 2.0 file: every outline with an `xmlUrl` (http://opml.org/spec2.opml).

    Raises SettingError when the file is no OPML.
    """
    text = path.read_bytes()
    if re.search(rb"(?i)<!\s*(doctype|entity)", text.replace(b"\0", b"")):
        # Entity declarations are how an XML file attacks its reader; no OPML needs them. UTF-16 would hide them.
        raise SettingError(f"feeds {path}: an OPML file with a document type is not read")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise SettingError(f"feeds {path}: not readable as OPML: {error}") from None
    outlines = [(o, {k.lower(): v for k, v in o.attrib.items()}) for o in root.iter("outline")]
    feeds = [
        Feed(url=a["xmlurl"], name=a.get("title") or a.get("text") or _host(a["xmlurl"]), outlet=_host(a["xmlurl"]))
        for _, a in outlines
        if a.get("xmlurl")
    ]
    if not feeds:
        raise SettingError(f"feeds {path}: the OPML file names no feed (no outline has an xmlUrl)")
    return feeds


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or url).removeprefix("www.")
    except ValueError:
        return url
