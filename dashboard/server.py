"""The application around the page: the ingester's life, the security headers, compressed files."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.responses import Response

from dashboard.service import open_service
from pipeline.settings import Settings

log = logging.getLogger("parley.server")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGI = Callable[[Scope, Receive, Send], Awaitable[None]]

_PAGE = Path(__file__).with_name("page.py")
_STREAMLIT = Path(st.__file__).parent / "static"


def build_app(settings: Settings) -> st.App:
    """The ASGI application. Opening the database waits for the start of the server."""

    def lifespan(app: st.App) -> AbstractAsyncContextManager[dict[str, Any] | None]:
        return _life(settings)

    middleware = [Middleware(SecurityHeaders), Middleware(CompressedFiles)]
    return st.App(_PAGE, lifespan=lifespan, middleware=middleware, on_script_error=_calm)


def serve(app: st.App, settings: Settings) -> None:
    """Serve until stopped, at the address and port of the settings. Raises StoreError or SeedError at once."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    open_service(settings)  # what cannot be opened is told in words here, not by a traceback of the server
    print(f"Parley is at http://{settings.address}:{settings.port}", flush=True)
    app.run(config={"server.port": settings.port, "server.address": settings.address})


@asynccontextmanager
async def _life(settings: Settings) -> AsyncIterator[dict[str, Any]]:
    service = await asyncio.to_thread(open_service, settings)
    if settings.ingest:
        service.start_ingester()
    try:
        yield {"service": service}
    finally:
        await asyncio.to_thread(service.stop)
        open_service.cache_clear()


def _calm(error: Exception) -> bool:
    """Keep details of a mistake of ours in the log and off the page."""
    log.error("the page failed", exc_info=error)
    st.error("This part of the page could not be drawn. The reason is in the server's log.")
    return True


def content_security_policy(index: str) -> str:
    """A policy under which the page cannot reach any server but ours; `index` is Streamlit's own HTML.

    Streamlit's page holds small inline scripts: they are allowed by their hash, no others are.
    """
    scripts = re.findall(r"<script>(.*?)</script>", index, re.S)
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return (
        f"default-src 'self'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
        " font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; base-uri 'self';"
        " form-action 'self'; frame-ancestors 'self'; object-src 'none'"
    )


class SecurityHeaders:
    """Puts the security headers on every answer."""

    def __init__(self, app: ASGI) -> None:
        self._app = app
        policy = content_security_policy((_STREAMLIT / "index.html").read_text(encoding="utf-8"))
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"referrer-policy", b"no-referrer"),
            (b"x-content-type-options", b"nosniff"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
            await send(message)

        await self._app(scope, receive, guarded)


class CompressedFiles:
    """Streamlit's own scripts and our shapes, compressed once and kept: a first visit is a third of the bytes."""

    _TYPES = {".js": "text/javascript", ".css": "text/css", ".geojson": "application/geo+json"}  # noqa: RUF012

    def __init__(self, app: ASGI) -> None:
        self._app = app
        self._roots = {
            "/static/": (_STREAMLIT / "static").resolve(),
            "/app/static/": _PAGE.with_name("static").resolve(),
        }
        self._kept: dict[Path, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        wanted = scope["type"] == "http" and b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b"")
        media = self._TYPES.get(Path(path).suffix) if wanted else None
        file = self._file(path) if media else None
        if media is None or file is None:
            await self._app(scope, receive, send)
            return
        if file not in self._kept:
            self._kept[file] = await asyncio.to_thread(lambda: gzip.compress(file.read_bytes(), 6))
        # Streamlit's file names carry a hash of their contents; ours do not.
        age = "public, immutable, max-age=31536000" if path.startswith("/static/") else "public, max-age=3600"
        headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding", "Cache-Control": age}
        await Response(self._kept[file], media_type=media, headers=headers)(scope, receive, send)

    def _file(self, path: str) -> Path | None:
        for prefix, root in self._roots.items():
            if path.startswith(prefix):
                try:
                    file = (root / path.removeprefix(prefix)).resolve()
                    return file if file.is_relative_to(root) and file.is_file() else None
                except (OSError, ValueError):  # a name that no file can have: too long, or with a zero byte
                    return None
        return None
