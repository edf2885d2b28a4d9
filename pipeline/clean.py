"""Entry → article: plain text, canonical link, stable id, UTC times. Pure: the time of arrival is passed in."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

from selectolax.lexbor import LexborHTMLParser

from pipeline.model import Article, Entry

#: Longest texts kept, in code points: a summary, not a whole book.
LONGEST_TITLE = 500
LONGEST_SUMMARY = 5_000
LONGEST_LINK = 2_000
LONGEST_GUID = 500

#: How often a text may have been escaped; text that is still markup after that is shown as it stands.
MOST_ESCAPES = 5

#: A date this far ahead of the clock is the feed's mistake, not news from the future.
FUTURE = timedelta(days=1)
#: Older dates are software defaults (1970) or typing errors: the first web feed is of 1999.
EARLIEST = datetime(1990, 1, 1)

_TAG = re.compile(r"<[a-zA-Z/!?]")
_BLOCK = re.compile(r"(?i)<(?=/?(?:p|br|div|li|ul|ol|tr|td|h[1-6]|blockquote|figure|figcaption|hr|table)\b)")
_BLANKS = re.compile(r"\s+")
# Bidirectional controls can make text read otherwise than it is stored; zero-width characters split words.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")


@dataclass(frozen=True, slots=True)
class LinkRules:
    """What in a link does not say which article it is; kept in `seeds/links.toml`."""

    tracking: frozenset[str]
    tracking_prefixes: tuple[str, ...]
    mobile_hosts: tuple[str, ...]
    mobile_paths: tuple[str, ...]


def clean(entry: Entry, feed_url: str, now: datetime, rules: LinkRules) -> Article | None:
    """The article of an entry, or None when it has neither a title nor a summary.

    `now` is when the entry was first seen (naive UTC); it stands in for a missing or absurd date.
    """
    title = plain_text(entry.title)[:LONGEST_TITLE].rstrip()
    summary = plain_text(entry.summary)[:LONGEST_SUMMARY].rstrip()
    if not title and not summary:
        return None
    link = canonical_link(entry.link, feed_url, rules)
    guid = _SURROGATES.sub("", entry.guid)[:LONGEST_GUID]
    dated = entry.published is not None and EARLIEST <= entry.published <= now + FUTURE
    published = entry.published if dated and entry.published else now
    identity = link_identity(link, rules) or f"{feed_url}\n{guid or title or summary}"
    own_date = entry.published.isoformat() if dated and entry.published else ""
    language = re.split(r"[-_]", entry.language.strip().lower())[0][:8]
    return Article(
        article_id=hash64(identity),
        guid=guid,
        link=link,
        title=title or summary[:LONGEST_TITLE],
        summary=summary if title else "",
        language=language if language.isalpha() else "",
        published=published.replace(microsecond=0),
        dated=dated,
        content=hash64("\n".join((title, summary, language, own_date))),
    )


def plain_text(markup: str) -> str:
    """HTML or text as one line of plain text: entities resolved, invisible and control characters removed.

    Feeds escape once, twice or not at all, so markup is taken off until none is left: cleaning what is clean
    changes nothing.
    """
    text = markup
    for _ in range(MOST_ESCAPES):
        # In this order and every time: what an invisible character splits may be markup, or one letter, without it.
        plain = unicodedata.normalize("NFC", _CONTROL.sub("", _INVISIBLE.sub("", _without_markup(text))))
        if plain == text:
            break
        text = plain
    return _BLANKS.sub(" ", text).strip()


def _without_markup(text: str) -> str:
    if _TAG.search(text):
        tree = LexborHTMLParser(_BLOCK.sub(" <", text))
        for node in tree.css("script, style, template, noscript, iframe"):
            node.decompose()
        return tree.text() or ""
    return html.unescape(text) if "&" in text else text


def canonical_link(link: str, feed_url: str, rules: LinkRules) -> str:
    """The absolute http(s) link without fragment and tracking parameters; empty when there is no such link."""
    try:
        link = _SURROGATES.sub("", link).strip()
        parts = urlsplit(urljoin(feed_url, link)) if link else None
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            return ""
        port = f":{parts.port}" if parts.port not in (None, 80 if parts.scheme == "http" else 443) else ""
        host = parts.hostname.encode("idna").decode() if not parts.hostname.isascii() else parts.hostname
    except ValueError:
        return ""
    if ":" in host:
        host = f"[{host}]"
    query = parts.query
    if query:
        pairs = parse_qsl(query, keep_blank_values=True)
        kept = [(name, value) for name, value in pairs if not _tracks(name.lower(), rules)]
        query = urlencode(kept) if len(kept) != len(pairs) else query
    canonical = urlunsplit((parts.scheme, host + port, parts.path or "/", query, ""))
    canonical = re.sub(r"[\s\x00-\x1f<>\"'`\\]", lambda m: quote(m[0], safe=""), canonical)
    return canonical if len(canonical) <= LONGEST_LINK else ""


def link_identity(link: str, rules: LinkRules) -> str:
    """What of a canonical link says which article it is: without scheme, `www.`, mobile and AMP forms.

    Empty for a site's front page, which many different entries may point to.
    """
    if not link:
        return ""
    parts = urlsplit(link)
    if parts.path in ("", "/") and not parts.query:
        return ""
    host = parts.netloc.lower()
    for prefix in rules.mobile_hosts:
        host = host.removeprefix(prefix)
    path = parts.path.rstrip("/")
    for suffix in rules.mobile_paths:
        path = path.removesuffix(suffix)
    return f"{host}{path.rstrip('/')}?{parts.query}"


def hash64(data: str | bytes) -> int:
    """The first 8 bytes of BLAKE2b, over UTF-8 if it is text, as an unsigned integer."""
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "big")


def _tracks(name: str, rules: LinkRules) -> bool:
    return name in rules.tracking or name.startswith(rules.tracking_prefixes)
