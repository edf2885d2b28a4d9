"""The values of the walk: what they promise about themselves."""

from __future__ import annotations

import pickle

import pytest

from pipeline import model
from pipeline.errors import FetchError, ParleyError, ParseError, SeedError, SettingError, StoreBusy, StoreError
from pipeline.model import Feed, FeedReport, RunReport
from tests.making import NOW, tags


def test_values_cannot_be_changed() -> None:
    values = [c for c in vars(model).values() if isinstance(c, type) and c.__module__ == "pipeline.model"]
    frozen = {c.__name__ for c in values if getattr(getattr(c, "__dataclass_params__", None), "frozen", False)}
    tuples = {c.__name__ for c in values if issubclass(c, tuple)}
    assert {"Feed", "Entry", "Article", "Filters", "RunReport"} <= frozen
    assert frozen | tuples == {c.__name__ for c in values}


def test_tags_list_each_code_once_and_sorted() -> None:
    found = tags(
        ("state", "RUS", ""),
        ("state", "PRK", ""),
        ("state", "RUS", ""),
        ("weapon", "geran-2", "drone"),
        ("weapon", "f-16", "aircraft"),
        ("event", "meeting", "meeting"),
    )
    assert found.codes("state") == ("PRK", "RUS")
    assert found.types("weapon") == ("aircraft", "drone")
    assert found.systems() == ("f-16", "geran-2")
    assert found.codes("actor") == ()


def test_a_run_counts_feeds_that_answered() -> None:
    statuses = ("ok", "unchanged", "error", "disabled")
    reports = tuple(FeedReport(Feed(s, s), s, entries=2, new=1) for s in statuses)
    report = RunReport(NOW, NOW, reports)
    assert report.worked == 2
    assert report.total("entries") == 8
    assert report.total("new") == 4


@pytest.mark.parametrize("kind", [FetchError, ParseError])
def test_a_feeds_error_survives_the_way_between_processes(kind: type[FetchError] | type[ParseError]) -> None:
    back = pickle.loads(pickle.dumps(kind("https://a.example", "broken")))
    assert (type(back), back.url, back.problem, str(back)) == (kind, "https://a.example", "broken", "broken")


def test_all_errors_are_of_one_tree() -> None:
    assert issubclass(StoreBusy, StoreError)
    for error in (SettingError, SeedError, FetchError, StoreError):
        assert issubclass(error, ParleyError)
    assert str(SeedError("states.toml:3", "is empty")) == "states.toml:3: is empty"
