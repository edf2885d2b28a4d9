"""An explanation has a line for each thing that was found, with the words, the seed row and the reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.evidence import changes, lines
from pipeline.gazetteer import Gazetteer
from pipeline.model import Mention
from pipeline.tag import explain


def name(mention: Mapping[str, Any]) -> str:
    return str(mention["name"])


def mention(words: str, start: int, **changed: Any) -> dict[str, Any]:
    end = start + len(words)
    made = Mention("state", "PRK", "North Korea", "", "capital", "title", start, end, words, "states.toml:7", "")
    return made._asdict() | changed


def test_mentions_that_say_the_same_are_one_line_with_their_number_and_places() -> None:
    twice = [mention("Pyongyang", 40, field="text"), mention("Pyongyang", 0), mention("Pyongyang", 60, field="text")]
    (line,) = lines(twice, name)
    assert (line.words, line.times, line.where) == ("Pyongyang", 3, "title and text")
    assert (line.kind, line.tag, line.how) == ("state", "North Korea", "by its capital")
    assert line.row == "states.toml:7"


def test_what_differs_in_any_way_is_a_line_of_its_own_in_reading_order() -> None:
    found = [
        mention("Kim", 5, via="leader", row="leaders.csv:2"),
        mention("Pyongyang", 0, field="text"),
        mention("Pyongyang", 20, because="a government is named"),
        mention("Pyongyang", 12),
        mention("Pyongyang", 0, kind="event", name="Meeting", via="trigger"),
    ]
    got = [(line.words, line.kind, line.how, line.because) for line in lines(found, name, "not ambiguous")]
    assert got == [
        ("Pyongyang", "event", "", "not ambiguous"),
        ("Kim", "state", "by a leader", "not ambiguous"),
        ("Pyongyang", "state", "by its capital", "not ambiguous"),
        ("Pyongyang", "state", "by its capital", "a government is named"),
    ]


def test_what_is_said_of_an_event_is_told_by_its_name() -> None:
    planned = mention("to meet", 0, kind="event", name="Meeting", via="trigger", status="planned")
    plain = mention("met", 20, kind="event", name="Meeting", via="trigger", status="")
    assert [line.how for line in lines([planned, plain], name)] == ["planned", ""]
    assert [line.how for line in lines([planned], name, "", {"planned": "not yet done"})] == ["not yet done"]


def test_a_way_that_is_new_is_said_as_it_is_called() -> None:
    assert lines([mention("x", 0, via="satellite")], name)[0].how == "satellite"


def test_nothing_found_gives_no_line() -> None:
    assert lines([], name) == []


def test_changes_are_tags_not_words() -> None:
    before = [mention("Kim", 0), mention("Russia", 9, name="Russia")]
    now = [mention("Pyongyang", 0), mention("China", 9, name="China")]
    assert changes(before, now, name) == (["Russia"], ["China"])
    assert changes(before, before, name) == ([], [])


def test_all_that_the_tagger_finds_and_rejects_becomes_a_line(small: Gazetteer) -> None:
    """The fields of a mention are read by name: this fails when the tagger renames one."""
    tags, considered = explain("North Korean missiles", "Russia tested missiles in Moscow, it said.", small)
    found = lines((m._asdict() for m in tags.mentions), name)
    assert sum(line.times for line in found) == len(tags.mentions) > 0
    assert all(line.row and line.words and line.where for line in found)
    assert sum(line.times for line in lines((c.mention._asdict() for c in considered), name)) == len(considered)
