"""The command line: `python -m pipeline COMMAND`. `--help` on each command says what it does."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from pipeline.errors import ParleyError, SettingError
from pipeline.evaluate import Score, missing_labels, score
from pipeline.examples import load_checked
from pipeline.feedlist import read_feeds
from pipeline.gazetteer import Gazetteer
from pipeline.model import FeedReport, Mention, RunReport, Tags
from pipeline.run import cycle, retag, schedule, utc_now
from pipeline.settings import Settings, duration, unknown_settings
from pipeline.store import Store
from pipeline.tag import explain, tag

#: How many codes the report of a retag lists.
MOST_MOVED = 40


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 1 nothing worked, 2 a mistake in the call or the settings."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    for name in unknown_settings():
        print(f"warning: {name} is not a setting of Parley; the README lists them all", file=sys.stderr)
    try:
        code: int = options.run(options, Settings.from_env())
        return code
    except ParleyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output went away ("| head"); pointing stdout elsewhere keeps exit quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipeline", description="Parley's ingester and tagger.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    ingest = commands.add_parser("ingest", help="fetch all feeds once, store and tag what is new")
    ingest.add_argument("--feeds", nargs="+", help="a CSV or OPML file, or feed URLs (default: PARLEY_FEEDS)")
    ingest.add_argument("--json", action="store_true", help="print the report as JSON")
    ingest.set_defaults(run=_ingest)

    timed = commands.add_parser("schedule", help="fetch all feeds now and again and again, without the dashboard")
    timed.add_argument("--every", help="time between two cycles: 90s, 15m, 2h, 1d (default: PARLEY_EVERY)")
    timed.add_argument("--feeds", nargs="+", help="a CSV or OPML file, or feed URLs (default: PARLEY_FEEDS)")
    timed.set_defaults(run=_schedule)

    tagging = commands.add_parser("tag", help='tag JSON lines {"id", "title", "text"} from a file or standard input')
    tagging.add_argument("file", nargs="?", help="JSON lines; standard input when left out or -")
    tagging.add_argument("--explain", metavar="TEXT", help="tag this text and say why, also what was rejected")
    tagging.set_defaults(run=_tag)

    again = commands.add_parser("retag", help="apply the present vocabulary to what is stored")
    again.set_defaults(run=_retag)

    judge = commands.add_parser("evaluate", help="score the tagger against labelled JSON lines")
    judge.add_argument("files", nargs="+", metavar="FILE", help="labelled items, as in the evaluation folder")
    judge.add_argument("--json", action="store_true", help="print the scores as JSON")
    judge.add_argument("--out", metavar="FILE", help="also write the scores to this file, for the Accuracy page")
    judge.add_argument("--errors", metavar="LABEL", help="also list the items on which this label was wrong")
    judge.set_defaults(run=_evaluate)
    return parser


def _ingest(options: argparse.Namespace, settings: Settings) -> int:
    feeds = read_feeds(" ".join(options.feeds) if options.feeds else settings.feeds)
    store = Store(settings.db)
    try:
        with _bar() as bar:
            task = bar.add_task("feeds", total=sum(feed.enabled for feed in feeds))
            report = asyncio.run(cycle(store, feeds, settings, progress=lambda _: bar.advance(task)))
    finally:
        store.close()
    if options.json:
        print(json.dumps(_report_json(report), indent=1))
    else:
        _report_table(report)
    return 0 if report.worked else 1


def _schedule(options: argparse.Namespace, settings: Settings) -> int:
    given = " ".join(options.feeds) if options.feeds else settings.feeds
    every = duration(options.every, "--every") if options.every else settings.every
    store = Store(settings.db)

    def said(report: RunReport) -> None:
        counts = ", ".join(f"{report.total(name)} {name}" for name in ("new", "updated", "unchanged"))
        logging.info("cycle done: %d of %d feeds worked; %s", report.worked, len(report.feeds), counts)

    try:
        timed = dataclasses.replace(settings, every=every)
        asyncio.run(schedule(store, lambda: read_feeds(given), timed, after=said))
    finally:
        store.close()
    return 0


def _tag(options: argparse.Namespace, settings: Settings) -> int:
    gazetteer = load_checked(settings.seeds)
    if options.explain is not None:
        _explain(options.explain, gazetteer)
        return 0
    given = sys.stdin.buffer if options.file in (None, "-") else _open(options.file)
    with given:
        for item in _json_lines(given, options.file or "standard input"):
            title, text = str(item.get("title") or ""), str(item.get("text") or "")
            print(json.dumps({"id": item.get("id"), **_tags_json(tag(title, text, gazetteer, _day(item)))}))
    return 0


def _retag(options: argparse.Namespace, settings: Settings) -> int:
    store = Store(settings.db)
    try:
        with _bar() as bar:
            tagger = load_checked(settings.seeds).version
            task = bar.add_task("articles", total=store.count_articles_not_by(tagger))
            done = 0
            for count in retag(store, settings):
                done += count
                bar.advance(task, count)
        moved = store.apply_retagged(tagger)
    finally:
        store.close()
    print(f"{done} articles tagged anew with vocabulary {tagger}")
    if moved.num_rows:
        _moved_table(moved.slice(0, MOST_MOVED).to_pylist(), moved.num_rows)
    return 0


def _moved_table(rows: list[dict[str, Any]], codes: int) -> None:
    columns = ("kind", "code", "gained", "lost", "for example")
    table = Table(*columns, title=f"What moved: {codes} codes, the {len(rows)} that moved most")
    for row in rows:
        title = row["gained_title"] or row["lost_title"]
        sign = "+" if row["gained_title"] else "-"
        cells = (row["kind"], row["code"], str(row["gained"]), str(row["lost"]), f"{sign} {title}"[:80])
        table.add_row(*map(_literal, cells))
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def _evaluate(options: argparse.Namespace, settings: Settings) -> int:
    gazetteer = load_checked(settings.seeds)
    pairs = []
    for name in options.files:
        with _open(name) as lines:
            for item in _json_lines(lines, name):
                if lacking := missing_labels(item):
                    raise SettingError(f"{name}, item {item.get('id')!r}: lacks the labels {', '.join(lacking)}")
                title, text = str(item.get("title") or ""), str(item.get("text") or "")
                pairs.append((item, tag(title, text, gazetteer, _day(item))))
    scores = score(pairs)
    result = {
        "tagger": gazetteer.version,
        "date": f"{utc_now():%Y-%m-%d}",
        "scores": [dataclasses.asdict(s) for s in scores],
    }
    if options.out:
        Path(options.out).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        _score_table(scores, gazetteer.version)
    if options.errors:
        for pair in pairs:
            if any(s.label == options.errors and (s.f1 not in (None, 1.0) or s.false_alarms) for s in score([pair])):
                _error_lines(pair[0], pair[1])
    return 0


def _explain(text: str, gazetteer: Gazetteer) -> None:
    tags, considered = explain("", text, gazetteer)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(text)
    for mention in tags.mentions:
        console.print(f"  + {_mention_line(mention, gazetteer)}")
    for mention, accepted in considered:
        if not accepted:
            console.print(f"  - {_mention_line(mention, gazetteer)}")
    console.print(f"  = {'arms diplomacy' if tags.relevant else 'not arms diplomacy'}: {tags.reason}")


def _mention_line(m: Mention, gazetteer: Gazetteer) -> str:
    reason = f"; {m.because}" if m.because else ""
    status = f", {m.status}" if m.status else ""
    plover = f", PLOVER {gazetteer.vocabulary.events[m.type].plover}" if m.kind == "event" else ""
    return f"{m.start}-{m.end} “{m.surface}” {m.kind} {m.code}{status} ({m.via}{plover}, {m.row}{reason})"


def _tags_json(tags: Tags) -> dict[str, Any]:
    def mentions(kind: str, *names: str) -> list[dict[str, Any]]:
        where = ("field", "start", "end", "surface")
        return [{n: getattr(m, n) for n in (*names, *where)} for m in tags.mentions if m.kind == kind]

    return {
        "states": mentions("state", "code", "name", "via"),
        "actors": mentions("actor", "code", "name", "type"),
        "weapons": mentions("weapon", "code", "name", "type"),
        "meetings": mentions("event", "type", "status"),
        "relevant": tags.relevant,
    }


def _day(item: dict[str, Any]) -> str:
    """The `date` of an item when it begins with a day of the calendar, else nothing."""
    try:
        return date.fromisoformat(str(item.get("date"))[:10]).isoformat()
    except ValueError:
        return ""


def _report_json(report: RunReport) -> dict[str, Any]:
    names = ("status", "entries", "new", "updated", "unchanged", "error")
    return {
        "started": report.started.isoformat() + "Z",
        "finished": report.finished.isoformat() + "Z",
        "worked": report.worked,
        **{name: report.total(name) for name in names[1:5]},
        "feeds": [
            {
                "url": r.feed.url,
                "name": r.feed.name,
                **{n: getattr(r, n) for n in names},
                "seconds": round(r.seconds, 3),
            }
            for r in report.feeds
        ],
    }


def _report_table(report: RunReport) -> None:
    columns = ("entries", "new", "updated", "unchanged")
    table = Table("feed", "status", *columns, "error", title=f"Cycle of {report.started:%Y-%m-%d %H:%M} UTC")
    order: dict[str, int] = {"ok": 0, "unchanged": 1, "error": 2, "disabled": 3}
    for row in sorted(report.feeds, key=lambda r: (order[r.status], r.feed.name)):
        table.add_row(*_cells(row, columns))
    totals = [str(report.total(name)) for name in columns]
    table.add_section()
    table.add_row(f"{len(report.feeds)} feeds", f"{report.worked} worked", *totals, "")
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _cells(row: FeedReport, columns: Iterable[str]) -> list[Text]:
    counts = (str(getattr(row, name)) for name in columns)
    return [_literal(text) for text in (row.feed.name, row.status, *counts, row.error)]


def _literal(text: str) -> Text:
    """Text of a feed or server for a table cell: no markup, no emoji codes, none of the terminal's escapes."""
    return Text("".join(c for c in text if c.isprintable()))


def _score_table(scores: Iterable[Score], version: str) -> None:
    columns = ("corpus", "label", "precision", "recall", "F1", "n", "items", "95 % interval", "false alarms")
    table = Table(*columns, title=f"Tagger {version}")
    for s in scores:
        numbers = [f"{x:.3f}" if x is not None else "–" for x in (s.precision, s.recall, s.f1)]
        interval = f"{s.low:.3f} to {s.high:.3f}"
        table.add_row(s.corpus, s.label, *numbers, str(s.n), str(s.items), interval, str(s.false_alarms))
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def _error_lines(item: dict[str, Any], tags: Tags) -> None:
    gold = {k: v for k, v in item.items() if k not in ("id", "title", "text", "date", "notes", "corpus", "stratum")}
    print(f"\n{item.get('id')}: {item.get('title')} | {item.get('text')}\n  gold {json.dumps(gold)}")
    print("  said " + "; ".join(f"{m.kind} {m.code} “{m.surface}”" for m in tags.mentions))


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _open(name: str) -> BinaryIO:
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise SettingError(f"{name}: {error.strerror}") from None


def _json_lines(lines: Iterable[bytes], name: str) -> Iterator[dict[str, Any]]:
    """The objects of JSON lines; as bytes, so that a line in another encoding is named like any other mistake."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SettingError(f"{name}, line {number}: not JSON: {error}") from None
        if not isinstance(item, dict):
            raise SettingError(f"{name}, line {number}: not a JSON object")
        yield item


if __name__ == "__main__":
    sys.exit(main())
