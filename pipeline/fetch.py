"""Feeds → bytes: the only module that opens sockets.

Polite: conditional requests, a few connections and a gap for each host, an honest User-Agent. Safe: the address
is checked when the socket is made, after name resolution and on every redirect, so that no feed can lead us
into a private network; time and size are limited.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver

from pipeline.errors import FetchError
from pipeline.model import Feed, FeedState, Fetched
from pipeline.settings import Settings

VERSION = "0.1"
MOST_REDIRECTS = 5
CONNECT_SECONDS = 10.0
_CHUNK = 65_536
_ACCEPT = "application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, application/xml;q=0.8, */*;q=0.1"


class PrivateAddress(OSError):
    """A host name or redirect led to an address inside a private network."""


def is_private(address: str) -> bool:
    """Whether an IP address is not one of the public internet: private, loopback, link-local, reserved …"""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if embedded is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            embedded = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if embedded is not None:
            return not embedded.is_global or embedded.is_multicast
    return not ip.is_global or ip.is_multicast


def _public_socket(info: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
    """A socket for a resolved address; aiohttp asks here for every connection, so nothing passes by."""
    family, kind, protocol, _, address = info
    if is_private(str(address[0])):
        raise PrivateAddress(f"{address[0]} is a private address; PARLEY_ALLOW_PRIVATE=1 allows it")
    return socket.socket(family, kind, protocol)


@asynccontextmanager
async def session(settings: Settings, resolver: AbstractResolver | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP session with the limits of the settings. Tests pass a resolver of their own."""
    connector = aiohttp.TCPConnector(
        limit=settings.concurrency,
        limit_per_host=settings.host_connections,
        resolver=resolver,
        socket_factory=None if settings.allow_private else _public_socket,
    )
    timeout = aiohttp.ClientTimeout(total=settings.timeout, sock_connect=CONNECT_SECONDS)
    contact = f" (+{settings.contact})" if settings.contact else ""
    headers = {"User-Agent": f"Parley/{VERSION}{contact}", "Accept": _ACCEPT}
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers) as client:
        yield client


async def fetch_all(
    feeds: Sequence[tuple[int, Feed]],
    states: Mapping[int, FeedState],
    settings: Settings,
    resolver: AbstractResolver | None = None,
) -> AsyncIterator[tuple[int, Fetched | FetchError]]:
    """Fetch feeds at the same time and give each answer, or its error, as soon as it is there."""
    gates: dict[str, _Gate] = defaultdict(lambda: _Gate(settings.host_connections, settings.host_gap))
    places = asyncio.Semaphore(settings.concurrency)
    async with session(settings, resolver) as client:

        async def one(feed_id: int, feed: Feed) -> tuple[int, Fetched | FetchError]:
            try:
                host = urlsplit(feed.url).netloc
            except ValueError:
                return feed_id, FetchError(feed.url, "the address is not a URL")
            async with gates[host].turn(), places:
                try:
                    return feed_id, await fetch(client, feed, states.get(feed_id, FeedState()), settings)
                except FetchError as error:
                    return feed_id, error

        tasks = [asyncio.create_task(one(feed_id, feed)) for feed_id, feed in feeds]
        try:
            for done in asyncio.as_completed(tasks):
                yield await done
        finally:
            for task in tasks:
                task.cancel()


async def fetch(client: aiohttp.ClientSession, feed: Feed, state: FeedState, settings: Settings) -> Fetched:
    """One conditional request. Raises FetchError with the reason in words."""
    conditions = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
    headers = {name: value for name, value in conditions.items() if value}
    started = time.monotonic()
    try:
        if urlsplit(feed.url).scheme.lower() not in ("http", "https"):
            raise aiohttp.InvalidURL(feed.url)
        # aiohttp counts the first request too.
        async with client.get(feed.url, headers=headers, max_redirects=MOST_REDIRECTS + 1) as answer:
            if answer.status == 304:
                body = None
            elif answer.status == 200:
                body = await _read(answer, feed, settings.max_bytes)
            else:
                raise FetchError(feed.url, f"HTTP {answer.status} {_as_text(answer.reason)}".strip())
            return Fetched(
                feed=feed,
                status=answer.status,
                url=str(answer.url),
                body=body,
                content_type=_as_text(answer.headers.get("Content-Type")),
                etag=_as_text(answer.headers.get("ETag")) or (state.etag if body is None else None),
                last_modified=_as_text(answer.headers.get("Last-Modified"))
                or (state.last_modified if body is None else None),
                seconds=time.monotonic() - started,
            )
    except TimeoutError:
        raise FetchError(feed.url, f"no complete answer within {settings.timeout:g} s") from None
    except aiohttp.InvalidURL:
        raise FetchError(feed.url, "the address, or one it redirects to, is no http(s) URL") from None
    except aiohttp.TooManyRedirects:
        raise FetchError(feed.url, f"more than {MOST_REDIRECTS} redirects") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise FetchError(feed.url, _in_words(error)) from None


async def _read(answer: aiohttp.ClientResponse, feed: Feed, most: int) -> bytes:
    if (answer.content_length or 0) > most:
        raise FetchError(feed.url, f"larger than {most:,} bytes (PARLEY_MAX_BYTES)")
    body = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > most:
            raise FetchError(feed.url, f"larger than {most:,} bytes (PARLEY_MAX_BYTES)")
    return bytes(body)


def _as_text(header: str | None) -> str:
    """What a server said, or nothing if it is no text: headers may hold any bytes, the database may not."""
    return header if header and header.isprintable() else ""


def _in_words(error: BaseException) -> str:
    """The innermost reason, which says most: "private address", "refused", "certificate"."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, PrivateAddress):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


class _Gate:
    """Turns at one host: so many at the same time, and a gap between two starts."""

    def __init__(self, connections: int, gap: float) -> None:
        self._places = asyncio.Semaphore(connections)
        self._gap = gap
        self._next = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        async with self._places:
            now = time.monotonic()
            wait, self._next = self._next - now, max(now, self._next) + self._gap
            if wait > 0:
                await asyncio.sleep(wait)
            yield
