"""Labels without texts: they are whole, and find their texts by what those say."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from pipeline.evaluate import missing_labels
from pipeline.gazetteer import load_gazetteer
from pipeline.model import EVENT_TYPES
from pipeline.settings import ROOT
from tests.gold.blind import LABELS, joined, key
from tests.making import rss

ITEM = {"corpus": "x", "sample": "a", "stratum": "random", "states": ["FRA"], "weapons": {}, "relevant": 0}


def test_every_item_has_all_labels_and_no_text() -> None:
    vocabulary = load_gazetteer(ROOT / "seeds").vocabulary
    items = [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]
    assert len({item["item"] for item in items}) == len(items) > 600
    for item in items:
        assert not missing_labels(item | {"corpus": None}), item
        assert set(item) == {"item", "corpus", "sample", "stratum", "states", "weapons", *EVENT_TYPES, "relevant"}
        assert set(item["states"]) <= set(vocabulary.states), item
        assert set(item["weapons"]) <= set(vocabulary.weapon_types), item
        assert all(item[label] in (0, 1) for label in (*EVENT_TYPES, "relevant")), item


def test_texts_are_found_where_they_lie(tmp_path: Path) -> None:
    (tmp_path / "bulk").mkdir()
    (tmp_path / "feeds" / "docs").mkdir(parents=True)
    long = "France waits. " * 100
    with gzip.open(tmp_path / "bulk" / "some.jsonl.gz", "wt") as lines:
        lines.write(json.dumps({"title": "One", "summary": f"<b>{long}"}) + "\n")
    (tmp_path / "feeds" / "docs" / "0.xml").write_bytes(rss([{"title": "Two", "link": "https://news.example/2"}]))
    (tmp_path / "feeds" / "notes.txt").write_text("no feed")
    labels = tmp_path / "labels.jsonl"
    keys = [key("One", f"<b>{long}"[:900]), key("Two", ""), key("Three", "is not there")]
    labels.write_text("".join(json.dumps({"item": item, **ITEM}) + "\n" for item in keys))
    found = joined(labels, tmp_path)
    assert [(item["title"], str(item["text"])[:13]) for item in found] == [("One", "France waits."), ("Two", "")]
    assert [item["states"] for item in found] == [["FRA"], ["FRA"]]
    assert joined(labels, tmp_path / "nowhere") == []
