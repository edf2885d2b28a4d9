"""A real web server on 127.0.0.1 for the tests: it serves what a test lays out and keeps what it was asked."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: Raw bytes of a whole answer, head included, for servers that break HTTP.
Raw = bytes


@dataclass(frozen=True)
class Page:
    """What one path answers. `body` may be a call that makes it anew for each request."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Callable[[], bytes] = b""
    raw: Raw | None = None
    #: Seconds to wait before the head, and before the last byte of the body.
    wait: float = 0.0
    stall: float = 0.0
    #: Send the body without saying how long it is.
    unsized: bool = False


@dataclass(frozen=True)
class Request:
    """What the server was asked."""

    path: str
    headers: Mapping[str, str]


class _Server(ThreadingHTTPServer):
    # The standard library's queue of five loses connections when many feeds are fetched at once.
    request_queue_size = 256


class FeedServer:
    """Serves pages by path; a path that nothing was laid out for is a 404."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.requests: list[Request] = []
        self._ending = threading.Event()
        self._http = _Server(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def serve(self, path: str, body: bytes = b"", *, status: int = 200, zipped: bool = False, **headers: str) -> str:
        """Lay out a page; header names are written with underscores. Returns its address."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if zipped:
            body, named = gzip.compress(body), {**named, "Content-Encoding": "gzip"}
        return self.lay(path, Page(status, {"Content-Type": "application/xml", **named}, body))

    def lay(self, path: str, page: Page) -> str:
        """Lay out a page as it is. Returns its address."""
        self.pages[path] = page
        return self.url(path)

    def redirect(self, path: str, to: str, status: int = 302) -> str:
        """Let a path redirect. Returns its address."""
        return self.lay(path, Page(status, {"Location": to}))

    def asked(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(request.path == path for request in self.requests)

    def close(self) -> None:
        self._ending.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.requests.append(Request(self.path, dict(self.headers)))
                with suppress(ConnectionError):
                    server._answer(self, server.pages.get(self.path, Page(404)))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name it has there
                """Say nothing: pytest owns the terminal."""

        return Handler

    def _answer(self, to: BaseHTTPRequestHandler, page: Page) -> None:
        self._ending.wait(page.wait)
        if page.raw is not None:
            to.wfile.write(page.raw)
            to.close_connection = True
            return
        body = page.body() if callable(page.body) else page.body
        if page.status == 200 and _unchanged(to.headers, page.headers):
            to.send_response(304)
            to.end_headers()
            return
        to.send_response(page.status)
        for name, value in page.headers.items():
            to.send_header(name, value)
        if page.unsized:
            to.send_header("Connection", "close")
        elif "Content-Length" not in page.headers:
            to.send_header("Content-Length", str(len(body)))
        to.end_headers()
        to.wfile.write(body[:-1])
        to.wfile.flush()
        self._ending.wait(page.stall)
        to.wfile.write(body[-1:])
        to.close_connection = page.unsized


def _unchanged(asked: Message, page: Mapping[str, str]) -> bool:
    """Whether a conditional request names the page as it is (RFC 9110, section 13)."""
    if "If-None-Match" in asked:
        return asked["If-None-Match"] == page.get("ETag", object())
    return "If-Modified-Since" in asked and asked["If-Modified-Since"] == page.get("Last-Modified")


@contextmanager
def serving() -> Iterator[FeedServer]:
    """A server for the length of a block."""
    server = FeedServer()
    try:
        yield server
    finally:
        server.close()
