"""Labels of real feed items, joined with their texts where those lie: `python -m tests.gold.blind OUT`.

The texts belong to their publishers and stay outside the repository, in ../shared/bulk and ../shared/feeds; the labels
in `blind.jsonl` are ours. An item is known by a hash of its title and text. Without those folders OUT is empty.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from pipeline.clean import clean, hash64, plain_text
from pipeline.errors import ParseError
from pipeline.parse import parse
from pipeline.run import utc_now
from pipeline.settings import ROOT
from pipeline.worker import load_link_rules

LABELS = Path(__file__).with_name("blind.jsonl")
SHARED = ROOT.parent / "shared"
#: Longer texts were cut here before they were labelled.
LONGEST = 900


def key(title: str, text: str) -> str:
    """What an item is known by: 16 hexadecimal digits."""
    return f"{hash64(title + chr(10) + text):016x}"


def texts(shared: Path) -> Iterator[tuple[str, str]]:
    """Title and text of every item that may have been labelled, as the labellers saw it."""
    for path in sorted((shared / "bulk").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                item = json.loads(line)
                yield item["title"], item["summary"][:LONGEST]
    rules = load_link_rules(ROOT / "seeds")
    for path in sorted((shared / "feeds").rglob("*")):
        try:
            entries = parse(path.read_bytes(), "http://x.example/") if path.is_file() else []
        except ParseError:
            continue
        articles = (clean(entry, "http://x.example/", utc_now(), rules) for entry in entries)
        yield from ((article.title, article.summary[:LONGEST]) for article in articles if article is not None)


def joined(labels: Path, shared: Path) -> list[dict[str, object]]:
    """The labelled items with their texts, without markup, as `python -m pipeline evaluate` reads them."""
    waiting = {item["item"]: item for item in map(json.loads, labels.read_text(encoding="utf-8").splitlines())}
    found = []
    for title, text in texts(shared) if shared.is_dir() else ():
        if item := waiting.pop(key(title, text), None):
            found.append({"id": item.pop("item"), "title": title, "text": plain_text(text), **item})
    return found


def main() -> None:
    items = joined(LABELS, SHARED)
    Path(sys.argv[1]).write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    print(f"{len(items)} labelled feed items found under {SHARED}")


if __name__ == "__main__":
    main()
