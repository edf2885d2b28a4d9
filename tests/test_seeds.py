"""Everything under seeds/ loads, is sourced, and every example in it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.examples import failing
from pipeline.gazetteer import Gazetteer, load_gazetteer
from pipeline.gazetteer.seeds import read_csv, read_toml
from pipeline.settings import ROOT

SEEDS = ROOT / "seeds"


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load_gazetteer(SEEDS)


def test_every_example_in_the_seeds_holds(gazetteer: Gazetteer) -> None:
    wrong = [f"{where}: {problem}" for where, problem in failing(gazetteer)]
    assert not wrong, f"{len(wrong)} of {len(gazetteer.vocabulary.examples)} examples fail:\n" + "\n".join(wrong)


@pytest.mark.parametrize("path", sorted(SEEDS.glob("*.*")), ids=lambda path: path.name)
def test_every_row_names_its_source(path: Path) -> None:
    if path.suffix == ".toml":
        rows = list(read_toml(path))
    elif path.suffix == ".csv":
        rows = list(read_csv(path, ("source",)))
    else:
        return
    unsourced = [row.where for row in rows if not row.text("source", required=False)]
    assert not unsourced, f"rows without a source: {unsourced[:20]}"


def test_every_seed_file_is_named_in_sources() -> None:
    text = (SEEDS / "SOURCES.md").read_text(encoding="utf-8")
    missing = [path.name for path in SEEDS.glob("*.*") if path.suffix in (".csv", ".toml") and path.name not in text]
    assert not missing
