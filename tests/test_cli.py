"""The command line, as its users meet it: what it prints, what it returns, what it says of mistakes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.__main__ import main
from pipeline.settings import ROOT, Settings
from pipeline.store import Store
from tests.making import feeds_csv, rows, rss
from tests.servers import FeedServer
from tests.small_seeds import FILES, write_seeds

SENTENCE = "Russia delivered drones after talks with France."


@dataclass(frozen=True)
class Said:
    """What a command printed and returned."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


def _environment(settings: Settings) -> dict[str, str]:
    return {
        "PARLEY_DB": str(settings.db),
        "PARLEY_SEEDS": str(settings.seeds),
        "PARLEY_ALLOW_PRIVATE": "1",
        "PARLEY_HOST_GAP": "0",
        "PARLEY_WORKERS": "1",
    }


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command inside this process, with the test's settings in the environment."""
    for name in [name for name in os.environ if name.startswith("PARLEY_")]:
        monkeypatch.delenv(name)

    def run(*arguments: str, **env: str) -> Said:
        for name, value in (_environment(settings) | env).items():
            monkeypatch.setenv(name, value)
        code = main(arguments)
        return Said(code, *capsys.readouterr())

    return run


def process(settings: Settings, *arguments: str, given: bytes = b"", **env: str) -> Said:
    """Run `python -m pipeline` as a user does, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments],
        input=given,
        capture_output=True,
        cwd=ROOT,
        env=os.environ | _environment(settings) | env,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


def tagged(command: Command, folder: Path, *items: Mapping[str, object]) -> list[dict[str, Any]]:
    file = folder / "items.jsonl"
    file.write_text("".join(json.dumps(item) + "\n" for item in items))
    said = command("tag", str(file))
    assert said.code == 0
    return [json.loads(line) for line in said.out.splitlines()]


def test_ingest_reports_as_json_and_stores(settings: Settings, feed_server: FeedServer, tmp_path: Path) -> None:
    good, dead = feed_server.serve("/good", rss(["one", "two"])), feed_server.url("/dead")
    listed = feeds_csv(tmp_path / "feeds.csv", [good, dead])
    done = process(settings, "ingest", "--json", "--feeds", str(listed))
    assert done.code == 0
    report = json.loads(done.out)
    totals = {name: report[name] for name in ("worked", "entries", "new", "updated", "unchanged")}
    assert totals == {"worked": 1, "entries": 2, "new": 2, "updated": 0, "unchanged": 0}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", report["started"])
    assert [(feed["url"], feed["status"], feed["new"], feed["error"]) for feed in report["feeds"]] == [
        (good, "ok", 2, ""),
        (dead, "error", 0, "HTTP 404 Not Found"),
    ]
    store = Store(settings.db)
    assert rows(store, "SELECT count(*) FROM articles") == [(2,)]
    store.close()


def test_ingest_prints_a_table_in_which_feeds_words_are_only_words(
    command: Command, feed_server: FeedServer, tmp_path: Path
) -> None:
    opml = tmp_path / "my feeds.opml"
    address = feed_server.serve("/good", rss(["one"]))
    opml.write_text(f'<opml><body><outline text="[red]Mine[/red] [x] \x9b31m" xmlUrl="{address}"/></body></opml>')
    done = command("ingest", "--feeds", str(opml))
    assert done.code == 0
    line = next(line for line in done.out.splitlines() if "Mine" in line)
    assert "[red]Mine[/red] [x] 31m" in line
    assert "ok" in line
    assert "\x1b" not in done.out + done.err
    assert "\x9b" not in done.out


def test_ingest_takes_addresses(command: Command, feed_server: FeedServer) -> None:
    urls = [feed_server.serve(f"/{n}", rss([str(n)])) for n in range(2)]
    done = command("ingest", "--json", "--feeds", *urls)
    assert (done.code, json.loads(done.out)["new"]) == (0, 2)
    done = command("ingest", "--json", PARLEY_FEEDS=" ".join(urls))
    assert (done.code, json.loads(done.out)["new"]) == (0, 0)


def test_ingest_fails_when_no_feed_worked(command: Command, feed_server: FeedServer) -> None:
    done = command("ingest", "--json", "--feeds", feed_server.url("/dead"))
    assert (done.code, json.loads(done.out)["worked"]) == (1, 0)


@pytest.mark.parametrize(
    ("arguments", "env", "words"),
    [
        (("ingest", "--feeds", "nowhere.csv"), {}, "nowhere.csv"),
        (("ingest",), {"PARLEY_WORKERS": "many"}, "PARLEY_WORKERS='many'"),
        (("schedule", "--every", "never"), {"PARLEY_FEEDS": "http://127.0.0.1:1/"}, "--every='never'"),
        (("tag",), {"PARLEY_SEEDS": "/nowhere"}, "is missing from /nowhere"),
        (("ingest", "--feeds", "http://127.0.0.1:1/"), {"PARLEY_SEEDS": "/nowhere"}, "is missing from /nowhere"),
        (("retag",), {"PARLEY_SEEDS": "/nowhere"}, "is missing from /nowhere"),
        (("tag", "nowhere.jsonl"), {}, "nowhere.jsonl"),
        (("evaluate", "nowhere.jsonl"), {}, "nowhere.jsonl"),
        (("retag",), {"PARLEY_DB": "/proc/self/x.duckdb"}, "/proc/self/x.duckdb"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_mistake_is_told_in_one_line(
    command: Command, arguments: tuple[str, ...], env: dict[str, str], words: str
) -> None:
    done = command(*arguments, **env)
    assert done.code == 2
    assert re.search(rf"^error: .*{re.escape(words)}", done.err, re.M), done.err
    assert done.out == ""


def test_a_database_in_use_is_told_with_its_process(settings: Settings) -> None:
    store = Store(settings.db)
    done = process(settings, "retag")
    store.close()
    assert done.code == 2
    assert f"process {os.getpid()}" in done.err


def test_tags_have_exactly_the_promised_form(command: Command, tmp_path: Path) -> None:
    (said,) = tagged(command, tmp_path, {"id": "a1", "title": "Talks", "text": SENTENCE})
    assert said == {
        "id": "a1",
        "states": [
            {
                "code": "RUS",
                "name": "Russia",
                "via": "name",
                "field": "text",
                "start": 0,
                "end": 6,
                "surface": "Russia",
            },
            {
                "code": "FRA",
                "name": "France",
                "via": "name",
                "field": "text",
                "start": 41,
                "end": 47,
                "surface": "France",
            },
        ],
        "actors": [],
        "weapons": [
            {
                "code": "drone",
                "name": "drone",
                "type": "drone",
                "field": "text",
                "start": 17,
                "end": 23,
                "surface": "drones",
            }
        ],
        "meetings": [
            {"type": "transfer", "status": "", "field": "text", "start": 7, "end": 16, "surface": "delivered"},
            {"type": "meeting", "status": "", "field": "text", "start": 30, "end": 35, "surface": "talks"},
        ],
        "relevant": True,
    }
    assert list(said) == ["id", "states", "actors", "weapons", "meetings", "relevant"]


@pytest.mark.parametrize(
    "item",
    [{}, {"id": None}, {"id": 7, "title": None}, {"title": 5, "text": ["Russia"]}, {"id": {"a": [1]}, "text": ""}],
    ids=str,
)
def test_missing_fields_are_empty(command: Command, tmp_path: Path, item: dict[str, object]) -> None:
    said = tagged(command, tmp_path, item)[0]
    assert said["id"] == item.get("id")
    assert isinstance(said["states"], list)


def test_lone_surrogates_and_odd_characters_pass_through(settings: Settings) -> None:
    odd = "\ud83d Russia 😀 \x00 \u202e \ud800"
    given = '{"id": "\\udfff", "text": ' + json.dumps(odd) + "}\n\n\n"
    (line,) = map(json.loads, process(settings, "tag", given=given.encode()).out.splitlines())
    assert line["id"] == "\udfff"
    (state,) = line["states"]
    assert odd[state["start"] : state["end"]] == state["surface"] == "Russia"


def test_a_file_is_tagged_like_standard_input(settings: Settings, command: Command, tmp_path: Path) -> None:
    file = tmp_path / "items.jsonl"
    file.write_bytes('\ufeff{"id": 1, "text": "Größe Russia"}\r\n\r\n{"id": 2, "text": "France"}'.encode())
    said = command("tag", str(file))
    assert [json.loads(line)["states"][0]["code"] for line in said.out.splitlines()] == ["RUS", "FRA"]
    assert process(settings, "tag", "-", given=file.read_bytes(), PYTHONIOENCODING="ascii").out == said.out


NO_ITEMS = {
    "no json": b"no json",
    "a list": b"[1]",
    "a text": b'"text"',
    "cut off": b'{"id": 1',
    "no UTF-8": b'{"text": "\xff"}',
    "too deep": b"[" * 50_000,
}


@pytest.mark.parametrize("line", NO_ITEMS.values(), ids=NO_ITEMS)
def test_a_line_that_is_no_item_is_named(command: Command, tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "items.jsonl"
    file.write_bytes(b'{"id": 1}\n\n' + line + b"\n")
    for arguments in (["tag", str(file)], ["evaluate", str(file)]):
        said = command(*arguments)
        assert said.code == 2
        assert "items.jsonl, " in said.err
    said = command("tag", str(file))
    assert "items.jsonl, line 3: not " in said.err
    assert len(said.out.splitlines()) == 1, "what was good was done"


def test_explain_says_why_and_what_was_rejected(command: Command) -> None:
    done = command("tag", "--explain", "France renewed the Patriot Act [1].")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "France renewed the Patriot Act [1]."
    assert any(line.startswith("  + 0-6 “France” state FRA (name, states.toml:") for line in lines)
    assert any(
        line.startswith("  - 19-26 “Patriot” weapon patriot") and "“Act” stands after it" in line for line in lines
    )
    assert lines[-1].startswith("  = not arms diplomacy: ")
    planned = command("tag", "--explain", "France and Russia will hold talks.").out
    assert "“talks” event meeting, planned (trigger, PLOVER CONSULT, meetings.toml:" in planned


@pytest.mark.parametrize(
    "arguments", [("ingest", "--feeds", "http://127.0.0.1:1/"), ("retag",), ("tag", "--explain", "x")]
)
def test_an_example_that_does_not_hold_stops_every_command(
    command: Command, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    states = FILES["states.toml"].replace("Turkey waited", "Nobody waited")
    done = command(*arguments, PARLEY_SEEDS=str(write_seeds(tmp_path / "wrong", states_toml=states)))
    assert done.code == 2
    assert "states.toml:" in done.err
    assert "'Nobody waited.' yields no state TUR; mend the sentence or the row" in done.err


def test_retag_applies_a_changed_vocabulary(
    command: Command, settings: Settings, feed_server: FeedServer, tmp_path: Path
) -> None:
    address = feed_server.serve("/feed", rss([{"title": SENTENCE, "link": "https://news.example/1"}]))
    assert command("ingest", "--feeds", address).code == 0
    terms = FILES["weapon_terms.csv"].replace("drone,drone,", "drone,aircraft,")
    seeds = write_seeds(tmp_path / "changed", weapon_terms_csv=terms)
    done = command("retag", PARLEY_SEEDS=str(seeds))
    assert (done.code, done.out.split()[0]) == (0, "1")
    assert command("retag", PARLEY_SEEDS=str(seeds)).out.startswith("0 articles")
    store = Store(settings.db)
    assert rows(store, "SELECT weapons FROM articles") == [(["aircraft"],)]
    store.close()


def test_evaluate_scores_labelled_items(command: Command, tmp_path: Path) -> None:
    gold = {"weapons": {"drone": ["drones"]}, "relevant": 1} | dict.fromkeys(["sanction", "agreement"], 0)
    gold |= dict.fromkeys(["test", "exercise"], 0) | {"meeting": 1, "transfer": 1, "states": ["RUS", "FRA"]}
    items = [
        {"id": 1, "title": "", "text": SENTENCE, **gold},
        {"id": 2, "title": "", "text": SENTENCE, **gold, "states": ["USA"]},
    ]
    file = tmp_path / "gold.jsonl"
    file.write_text("".join(json.dumps(item) + "\n" for item in items))
    said = json.loads(command("evaluate", "--json", str(file)).out)
    scores = {score["label"]: score for score in said["scores"]}
    assert said["tagger"]
    assert (scores["states"]["precision"], scores["states"]["recall"], scores["states"]["n"]) == (0.5, 2 / 3, 3)
    assert scores["relevant"]["f1"] == 1.0
    done = command("evaluate", str(file), "--errors", "states")
    assert done.code == 0
    assert "0.500" in done.out
    assert re.findall(r"^(\d+): ", done.out, re.M) == ["2"], "only the item that is wrong"


def test_items_without_labels_are_told(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_text('{"id": 1, "text": "Russia"}\n')
    done = command("evaluate", str(file))
    assert done.code == 2
    assert "gold.jsonl, item 1: lacks the labels states, weapons" in done.err


def test_a_misspelt_setting_is_warned_of(command: Command) -> None:
    done = command("tag", "--explain", "Russia", PARLEY_SEED="x")
    assert done.code == 0
    assert "PARLEY_SEED is not a setting" in done.err


def test_a_closed_pipe_is_no_error(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "items.jsonl"
    file.write_text('{"text": "Russia, France, Russia, France"}\n' * 5000)
    shell = f'"{sys.executable}" -m pipeline tag "{file}" | head -n 1'
    env = os.environ | {"PARLEY_SEEDS": str(settings.seeds)}
    done = subprocess.run(["sh", "-c", shell], capture_output=True, cwd=ROOT, env=env, timeout=60, check=False)
    assert (done.stdout.count(b"\n"), done.stderr) == (1, b"")


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["ingest", "--nonsense"], ["tag", "a", "b"], ["evaluate"]], ids=str
)
def test_a_wrong_call_shows_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage: python -m pipeline" in capsys.readouterr().err
