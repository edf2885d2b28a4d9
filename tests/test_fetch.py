"""Fetching, against a real server on 127.0.0.1: what is read, what is refused, and what is said of it."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from pipeline.errors import FetchError
from pipeline.fetch import MOST_REDIRECTS, PrivateAddress, _public_socket, fetch, fetch_all, is_private, session
from pipeline.model import Feed, FeedState, Fetched
from pipeline.settings import Settings
from tests.servers import FeedServer, Page, serving

DOCUMENT = b"<rss version='2.0'/>"

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
    "2001:db8::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "64:ff9b::808:808",
    "::ffff:8.8.8.8",
    "2002:808:808::1",
]

#: Hosts that mean a private address without looking like one: inet_aton forms need no name server.
LITERAL_HOSTS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "10.0.0.1",
    "169.254.169.254",
    "100.64.0.1",
]


class Names(AbstractResolver):
    """A name server that knows these names and no others, and counts what it is asked."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self.addresses = addresses
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        if host not in self.addresses:
            raise OSError(f"no such name: {host}")
        address = self.addresses[host]
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is held."""


async def get(
    url: str, settings: Settings, state: FeedState | None = None, resolver: AbstractResolver | None = None
) -> Fetched:
    async with session(settings, resolver) as client:
        return await fetch(client, Feed(url, "a feed"), state or FeedState(), settings)


async def refusal(url: str, settings: Settings, resolver: AbstractResolver | None = None) -> str:
    with pytest.raises(FetchError) as refused:
        await get(url, settings, resolver=resolver)
    assert refused.value.url == url
    return refused.value.problem


@pytest.fixture
def guarded(settings: Settings) -> Settings:
    """The settings as they are by default: no private address."""
    return replace(settings, allow_private=False, timeout=3.0)


@pytest.fixture
def other_server() -> Iterator[FeedServer]:
    """Stands for a machine inside a private network."""
    with serving() as server:
        yield server


@asynccontextmanager
async def guarded_but_for(server: FeedServer) -> AsyncIterator[aiohttp.ClientSession]:
    """A session with the guard on every socket but those to one server, which stands for the public internet."""

    def door(info: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
        if info[4][:2] == ("127.0.0.1", server.port):
            return socket.socket(info[0], info[1], info[2])
        return _public_socket(info)

    connector = aiohttp.TCPConnector(socket_factory=door)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=3)) as client:
        yield client


async def test_a_document_is_read_with_its_headers(feed_server: FeedServer, settings: Settings) -> None:
    url = feed_server.serve("/feed", DOCUMENT, ETag='"v1"', Last_Modified="Wed, 01 May 2024 10:00:00 GMT")
    answer = await get(url, settings)
    assert (answer.status, answer.body, answer.url) == (200, DOCUMENT, url)
    assert (answer.content_type, answer.etag) == ("application/xml", '"v1"')
    assert answer.last_modified == "Wed, 01 May 2024 10:00:00 GMT"
    assert 0 < answer.seconds < 5


async def test_the_request_says_who_asks_and_for_what(feed_server: FeedServer, settings: Settings) -> None:
    await get(feed_server.serve("/feed", DOCUMENT), replace(settings, contact="https://example.org/bot"))
    headers = feed_server.requests[0].headers
    assert headers["User-Agent"].startswith("Parley/")
    assert headers["User-Agent"].endswith("(+https://example.org/bot)")
    assert "application/rss+xml" in headers["Accept"]
    assert "If-None-Match" not in headers
    assert "If-Modified-Since" not in headers


@pytest.mark.parametrize("named", [{"ETag": '"v1"'}, {"Last-Modified": "Wed, 01 May 2024 10:00:00 GMT"}])
async def test_what_has_not_changed_is_not_sent_again(
    feed_server: FeedServer, settings: Settings, named: dict[str, str]
) -> None:
    url = feed_server.lay("/feed", Page(headers=named, body=DOCUMENT))
    first = await get(url, settings)
    again = await get(url, settings, FeedState(first.etag, first.last_modified))
    assert (again.status, again.body) == (304, None)
    assert (again.etag, again.last_modified) == (first.etag, first.last_modified), "a 304 must not forget them"
    feed_server.serve("/feed", b"<new/>", ETag='"v2"')
    changed = await get(url, settings, FeedState(again.etag, again.last_modified))
    assert (changed.status, changed.body) == (200, b"<new/>")


async def test_a_compressed_document_is_unpacked(feed_server: FeedServer, settings: Settings) -> None:
    answer = await get(feed_server.serve("/feed", DOCUMENT * 1000, zipped=True), settings)
    assert answer.body == DOCUMENT * 1000
    assert "gzip" in feed_server.requests[0].headers["Accept-Encoding"]


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 410, 429, 500, 503])
async def test_another_status_is_an_error_that_names_it(
    feed_server: FeedServer, settings: Settings, status: int
) -> None:
    assert f"HTTP {status}" in await refusal(feed_server.serve("/feed", status=status), settings)


async def test_a_document_that_says_it_is_too_large_is_not_read(feed_server: FeedServer, settings: Settings) -> None:
    page = Page(headers={"Content-Length": "5000000"}, body=b"x" * 100, stall=30)
    started = time.monotonic()
    said = await refusal(feed_server.lay("/feed", page), replace(settings, max_bytes=10_000))
    assert "larger than 10,000 bytes" in said
    assert "PARLEY_MAX_BYTES" in said
    assert time.monotonic() - started < 3


async def test_a_document_that_turns_out_too_large_is_not_read(feed_server: FeedServer, settings: Settings) -> None:
    limited = replace(settings, max_bytes=200_000)
    url = feed_server.lay("/feed", Page(body=b"x" * 200_001, unsized=True))
    assert "larger than" in await refusal(url, limited)
    url = feed_server.lay("/fits", Page(body=b"x" * 200_000, unsized=True))
    assert len((await get(url, limited)).body or b"") == 200_000


async def test_a_document_that_unpacks_too_large_is_not_read(feed_server: FeedServer, settings: Settings) -> None:
    url = feed_server.serve("/bomb", b"\x00" * 20_000_000, zipped=True)
    assert "larger than" in await refusal(url, replace(settings, max_bytes=1_000_000))


@pytest.mark.parametrize("page", [Page(wait=30), Page(body=DOCUMENT, stall=30)], ids=["silent", "stalling"])
async def test_a_slow_server_is_given_up(feed_server: FeedServer, settings: Settings, page: Page) -> None:
    started = time.monotonic()
    said = await refusal(feed_server.lay("/slow", page), replace(settings, timeout=0.3))
    assert said == "no complete answer within 0.3 s"
    assert time.monotonic() - started < 3


async def test_a_redirect_is_followed_and_its_end_is_told(feed_server: FeedServer, settings: Settings) -> None:
    end = feed_server.serve("/new", DOCUMENT)
    for status in (301, 302, 303, 307, 308):
        answer = await get(feed_server.redirect("/old", "/new", status), settings)
        assert (answer.body, answer.url) == (DOCUMENT, end)


async def test_redirects_end(feed_server: FeedServer, settings: Settings) -> None:
    feed_server.serve("/0", DOCUMENT)
    for n in range(1, MOST_REDIRECTS + 2):
        feed_server.redirect(f"/{n}", f"/{n - 1}")
    assert (await get(feed_server.url(f"/{MOST_REDIRECTS}"), settings)).body == DOCUMENT
    said = f"more than {MOST_REDIRECTS} redirects"
    assert await refusal(feed_server.url(f"/{MOST_REDIRECTS + 1}"), settings) == said
    assert await refusal(feed_server.redirect("/loop", "/loop"), settings) == said


@pytest.mark.parametrize(
    "to", ["file:///etc/passwd", "ftp://a.example/x", "javascript:alert(1)", "http://", "http://["]
)
async def test_a_redirect_to_something_else_than_a_web_address_is_refused(
    feed_server: FeedServer, settings: Settings, to: str
) -> None:
    await refusal(feed_server.redirect("/old", to), settings)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_known(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_not_private(address: str) -> None:
    assert not is_private(address)


@pytest.mark.parametrize("host", LITERAL_HOSTS)
async def test_a_private_address_is_refused_however_it_is_written(
    feed_server: FeedServer, guarded: Settings, host: str
) -> None:
    feed_server.serve("/", DOCUMENT)
    said = await refusal(f"http://{host}:{feed_server.port}/", guarded)
    assert "PARLEY_ALLOW_PRIVATE" in said or "no http(s) URL" in said, said
    assert feed_server.requests == []


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254"])
async def test_a_name_that_leads_to_a_private_address_is_refused(
    feed_server: FeedServer, guarded: Settings, address: str
) -> None:
    names = Names({"innocent.example": address})
    said = await refusal(f"http://innocent.example:{feed_server.port}/", guarded, names)
    assert "is a private address" in said
    assert names.asked == ["innocent.example"]
    assert feed_server.requests == []


async def test_private_addresses_may_be_allowed(feed_server: FeedServer, settings: Settings) -> None:
    feed_server.serve("/feed", DOCUMENT)
    names = Names({"intranet.example": "127.0.0.1"})
    answer = await get(f"http://intranet.example:{feed_server.port}/feed", settings, resolver=names)
    assert answer.body == DOCUMENT


async def test_a_redirect_into_a_private_network_is_refused(
    feed_server: FeedServer, other_server: FeedServer, settings: Settings
) -> None:
    inside = other_server.serve("/", DOCUMENT)
    outside = feed_server.redirect("/feed", inside)
    feed_server.redirect("/twice", "/feed")
    async with guarded_but_for(feed_server) as client:
        for path in ("/feed", "/twice"):
            with pytest.raises(FetchError, match="is a private address"):
                await fetch(client, Feed(feed_server.url(path), "a feed"), FeedState(), settings)
    assert other_server.requests == []
    assert (await get(outside, settings)).body == DOCUMENT, "the way itself must be open, or this proves nothing"


def test_no_socket_is_made_for_a_private_address() -> None:
    with pytest.raises(PrivateAddress):
        _public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("192.168.0.1", 80)))
    _public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("1.1.1.1", 80))).close()


@pytest.mark.parametrize(
    "url", ["", "no address", "http://", "http://[", "ftp://a.example/x", "file:///etc/passwd", "http://a b/", "//a"]
)
async def test_what_is_no_web_address_is_refused(settings: Settings, url: str) -> None:
    await refusal(url, settings, Names({}))
    answers = [answer async for _, answer in fetch_all([(1, Feed(url, "bad"))], {}, settings, Names({}))]
    assert [type(answer) for answer in answers] == [FetchError]


async def test_a_dead_port_and_an_unknown_name_are_told(settings: Settings) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        said = await refusal(f"http://127.0.0.1:{closed.getsockname()[1]}/", settings)
    assert "refused" in said.lower() or "connect" in said.lower()
    assert "no such name" in await refusal("http://nowhere.example/", settings, Names({}))


@pytest.mark.parametrize(
    "raw",
    [
        b"no http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nnogzi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100_000 + b"\r\n\r\n",
        b"",
        b"HTTP/\xff\xfe 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\xff\xfe\r\n\r\n",
    ],
    ids=["no http", "short", "no gzip", "bad chunks", "long header", "nothing", "odd version", "odd header"],
)
async def test_a_server_that_breaks_the_protocol_is_an_error_of_this_feed(
    feed_server: FeedServer, settings: Settings, raw: bytes
) -> None:
    said = await refusal(feed_server.lay("/feed", Page(raw=raw)), settings)
    assert said.encode()


async def test_headers_that_are_no_text_do_no_harm(feed_server: FeedServer, settings: Settings) -> None:
    head = b'HTTP/1.1 200 OK\r\nETag: "\xff\xfe"\r\nLast-Modified: \xff\r\nContent-Type: text/xml; charset=\xff\r\n'
    url = feed_server.lay("/feed", Page(raw=head + b"Content-Length: 2\r\n\r\nok"))
    answer = await get(url, settings)
    for value in (answer.etag, answer.last_modified, answer.content_type):
        (value or "").encode()
    again = await get(url, settings, FeedState(answer.etag, answer.last_modified))
    assert again.body == b"ok"
    url = feed_server.lay("/bad", Page(raw=b"HTTP/1.1 500 \xff\xfe\r\nContent-Length: 0\r\n\r\n"))
    (await refusal(url, settings)).encode()


async def test_a_password_in_an_address_is_used_and_never_told(
    feed_server: FeedServer, other_server: FeedServer, settings: Settings
) -> None:
    def address(path: str) -> str:
        return feed_server.url(path).replace("http://", "http://reader:hunter2@")

    feed_server.serve("/feed", DOCUMENT)
    answer = await get(address("/feed"), settings)
    assert feed_server.requests[0].headers["Authorization"].startswith("Basic ")
    assert "hunter2" not in answer.url
    feed_server.serve("/denied", status=401)
    feed_server.lay("/broken", Page(raw=b"HTTP/9 what\r\n\r\n"))
    feed_server.lay("/short", Page(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx"))
    feed_server.redirect("/loop", "/loop")
    feed_server.redirect("/odd", "file:///etc/passwd")
    feed_server.redirect("/away", other_server.serve("/there", DOCUMENT))
    for path in ("/denied", "/broken", "/short", "/loop", "/odd"):
        assert "hunter2" not in await refusal(address(path), settings)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = f"http://reader:hunter2@127.0.0.1:{closed.getsockname()[1]}/"
        assert "hunter2" not in await refusal(dead, settings)
    assert "hunter2" not in await refusal("http://reader:hunter2@[::1/", settings)
    await get(address("/away"), settings)
    assert "Authorization" not in other_server.requests[0].headers


async def test_all_feeds_answer_each_in_its_own_time(feed_server: FeedServer, settings: Settings) -> None:
    others_are_done = threading.Event()

    def slow() -> bytes:
        others_are_done.wait(10)
        return DOCUMENT

    urls = [feed_server.lay("/slow", Page(body=slow)), *(feed_server.serve(f"/{n}", DOCUMENT) for n in range(5))]
    urls += [feed_server.url("/dead"), "http://["]
    order = []
    async for number, _ in fetch_all([(n, Feed(url, "a feed")) for n, url in enumerate(urls)], {}, settings):
        order.append(number)
        if len(order) == len(urls) - 1:
            others_are_done.set()
    assert sorted(order[:-1]) == list(range(1, len(urls))), "the slow one keeps nobody waiting"
    assert order[-1] == 0


async def test_states_make_each_request_conditional(feed_server: FeedServer, settings: Settings) -> None:
    feeds = [(n, Feed(feed_server.serve(f"/{n}", DOCUMENT, ETag=f'"{n}"'), "a feed")) for n in range(3)]
    states = {0: FeedState(etag='"0"'), 1: FeedState(etag='"other"')}
    answers = {number: answer async for number, answer in fetch_all(feeds, states, settings)}
    assert {number: getattr(answer, "status", None) for number, answer in answers.items()} == {0: 304, 1: 200, 2: 200}


async def test_a_host_is_asked_by_few_connections_and_with_a_gap(feed_server: FeedServer, settings: Settings) -> None:
    at_once: list[int] = []
    open_now = 0

    def body() -> bytes:
        nonlocal open_now
        open_now += 1
        at_once.append(open_now)
        time.sleep(0.02)
        open_now -= 1
        return DOCUMENT

    feeds = [(n, Feed(feed_server.lay(f"/{n}", Page(body=body)), "a feed")) for n in range(6)]
    polite = replace(settings, host_connections=2, host_gap=0.05)
    started = time.monotonic()
    assert len([answer async for _, answer in fetch_all(feeds, {}, polite)]) == 6
    assert time.monotonic() - started >= 5 * 0.05
    assert max(at_once) <= 2


async def test_giving_up_leaves_no_request_behind(feed_server: FeedServer, settings: Settings) -> None:
    feeds = [(n, Feed(feed_server.lay(f"/{n}", Page(body=DOCUMENT, wait=n * 20)), "a feed")) for n in range(3)]
    answers = fetch_all(feeds, {}, settings)
    assert (await anext(answers))[0] == 0
    await answers.aclose()  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    assert not [task for task in asyncio.all_tasks() if "one" in repr(task.get_coro())]
