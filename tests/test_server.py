"""The page can reach no server but ours, and our files are served, compressed, from their own folders only."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest
import streamlit

from dashboard.server import CompressedFiles, Receive, Scope, SecurityHeaders, Send, content_security_policy
from pipeline.settings import ROOT

STREAMLIT = Path(streamlit.__file__).parent / "static"
OURS = ROOT / "dashboard" / "static"


@dataclass
class Answer:
    """What an application answered to one request."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str:
        return "; ".join(value.decode() for key, value in self.headers if key.lower() == name.encode())


async def passed_on(scope: Scope, receive: Receive, send: Send) -> None:
    """The application behind the middleware: answers that it was asked."""
    await send({"type": "http.response.start", "status": 418, "headers": [(b"x-behind", b"yes")]})
    await send({"type": "http.response.body", "body": b"passed on"})


async def ask(app: CompressedFiles | SecurityHeaders, path: str, accept: bytes = b"gzip, deflate, br") -> Answer:
    answer = Answer()

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Scope) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], list(message["headers"])
        else:
            answer.body += message.get("body", b"")

    headers = [(b"host", b"127.0.0.1"), (b"accept-encoding", accept)]
    await app({"type": "http", "method": "GET", "path": path, "headers": headers}, receive, send)
    return answer


class InlineScripts(HTMLParser):
    """Gathers the text of every script without an address, as a browser would run it."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=False)
        self.scripts: list[str] = []
        self._inline = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inline = tag == "script" and "src" not in dict(attrs)
        if self._inline:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inline = False

    def handle_data(self, data: str) -> None:
        if self._inline:
            self.scripts[-1] += data


def directives(policy: str) -> dict[str, list[str]]:
    return {words[0]: words[1:] for words in (part.split() for part in policy.split(";"))}


async def test_the_policy_allows_each_inline_script_of_streamlit_and_no_other() -> None:
    scripts = InlineScripts((STREAMLIT / "index.html").read_text(encoding="utf-8")).scripts
    assert scripts, "Streamlit's page has changed: it had an inline script"
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts]
    policy = (await ask(SecurityHeaders(passed_on), "/")).header("content-security-policy")
    assert directives(policy)["script-src"] == ["'self'", *hashes]


def test_the_policy_names_no_other_server_and_lets_no_text_become_code() -> None:
    policy = directives(content_security_policy("<script>one()</script><script src='x'></script>"))
    allowed = {"'self'", "'none'", "data:", "blob:"}
    for name, sources in policy.items():
        rest = [s for s in sources if s not in allowed and not s.startswith("'sha256-")]
        assert rest == (["'unsafe-inline'"] if name == "style-src" else [])
    assert policy["default-src"] == ["'self'"]
    assert len(policy["script-src"]) == 2
    assert not {"data:", "blob:"} & set(policy["script-src"])
    assert policy["object-src"] == ["'none'"]
    assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == ["'self'"]


async def test_every_answer_carries_the_security_headers_and_keeps_its_own() -> None:
    answer = await ask(SecurityHeaders(passed_on), "/anything")
    assert (answer.status, answer.body, answer.header("x-behind")) == (418, b"passed on", "yes")
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("referrer-policy") == "no-referrer"


def a_script() -> Path:
    return min((STREAMLIT / "static" / "js").glob("index.*.js"))


@pytest.mark.parametrize(
    ("path", "file", "media"),
    [
        ("/app/static/parley.css", OURS / "parley.css", "text/css"),
        ("/app/static/world.geojson", OURS / "world.geojson", "application/geo+json"),
        (f"/static/js/{a_script().name}", a_script(), "text/javascript"),
    ],
)
async def test_our_files_and_streamlits_are_compressed(path: str, file: Path, media: str) -> None:
    app = CompressedFiles(passed_on)
    for _ in range(2):
        answer = await ask(app, path)
        assert answer.status == 200
        assert answer.header("content-encoding") == "gzip"
        assert answer.header("vary") == "Accept-Encoding"
        assert answer.header("content-type").startswith(media)
        assert answer.header("content-length") == str(len(answer.body))
        assert gzip.decompress(answer.body) == file.read_bytes()
        assert len(answer.body) < file.stat().st_size


async def test_only_files_with_a_hash_in_their_name_are_kept_for_ever() -> None:
    app = CompressedFiles(passed_on)
    assert "immutable" in (await ask(app, f"/static/js/{a_script().name}")).header("cache-control")
    assert "immutable" not in (await ask(app, "/app/static/parley.css")).header("cache-control")


async def test_who_cannot_read_gzip_is_served_as_before() -> None:
    assert (await ask(CompressedFiles(passed_on), "/app/static/parley.css", b"identity")).status == 418


def climb(root: Path, target: Path) -> str:
    return os.path.relpath(target, root)


ELSEWHERE = [
    f"/static/{climb(STREAMLIT / 'static', OURS / 'parley.css')}",
    f"/app/static/{climb(OURS, a_script())}",
    f"/app/static/{a_script()}",
    f"/app/static//{a_script()}",
    f"/app/static/x/../../{OURS.name}/../static/../../dashboard/page.css",
    "/app/static/..%2fstatic%2fparley.css",
    "/app/static/..\\parley.css",
    "/app/static/missing.css",
    "/app/static/",
    "/app/static",
    "/app/static/README.md",
    "/app/static/.css",
    "/app/static/\x00.css",
    "/app/static/parley.css\x00.css",
    f"/app/static/{'a' * 5_000}.css",
    f"/app/static/{'a/' * 3_000}x.css",
    "/other/parley.css",
    "parley.css",
    "",
]


@pytest.mark.parametrize("path", ELSEWHERE, ids=lambda path: ascii(path)[:50])
async def test_what_is_not_below_our_folders_is_passed_on(path: str) -> None:
    app = CompressedFiles(passed_on)
    assert (await ask(app, path)).status == 418


async def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    app = CompressedFiles(passed_on)
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.css").write_text("secret", encoding="utf-8")
    (inside / "way.css").symlink_to(tmp_path / "secret.css")
    (inside / "plain.css").write_text("plain", encoding="utf-8")
    app._roots = {"/app/static/": inside}
    assert (await ask(app, "/app/static/plain.css")).status == 200
    assert (await ask(app, "/app/static/way.css")).status == 418


async def test_a_file_is_kept_once_however_its_path_is_written() -> None:
    app = CompressedFiles(passed_on)
    for path in ("/app/static/parley.css", "/app/static/./parley.css", "/app/static//../static/parley.css"):
        await ask(app, path)
    for number in range(50):
        assert (await ask(app, f"/app/static/{'./' * number}parley.css")).status == 200
    assert len(app._kept) == 1
