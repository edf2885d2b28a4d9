"""Tables become figures that say what the table says, in any script and with any counts."""

from __future__ import annotations

import html
import json
import math
import tomllib
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts import (
    DASHES,
    SHAPES,
    SYMBOLS,
    TINY_DEGREES,
    Scored,
    accuracy_figure,
    frequency_figure,
    literal,
    map_figure,
    tiny_states,
)
from pipeline.gazetteer.seeds import read_toml
from pipeline.settings import ROOT

STATIC = ROOT / "dashboard" / "static"
NAMES = {"USA": "United States", "RUS": "Russia", "SGP": "Singapore", "BRA": "Brazil"}
TINY = {"SGP": (1.35, 103.82)}
#: States of the seeds without a shape or dot of their own on the map.
NOT_DRAWN = {"ATA"}  # Antarctica: the map ends north of it


def counts_table(counts: dict[str, int]) -> pa.Table:
    return pa.table({"code": pa.array(counts, pa.string()), "articles": pa.array(counts.values(), pa.int32())})


def frequency_table(rows: list[tuple[date, str, int, float]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * 4
    types = (pa.date32(), pa.string(), pa.int32(), pa.float64())
    names = ("period", "code", "articles", "share")
    return pa.table({n: pa.array(c, t) for n, c, t in zip(names, columns, types, strict=True)})


def texts(figure: Any) -> list[str]:
    """Every text anywhere in a figure."""
    if isinstance(figure, str):
        return [figure]
    if isinstance(figure, dict):
        return [text for value in figure.values() for text in texts(value)]
    return [text for value in figure for text in texts(value)] if isinstance(figure, list | tuple) else []


@pytest.fixture(scope="module")
def shapes() -> dict[str, Any]:
    return dict(json.loads((STATIC / "world.geojson").read_text(encoding="utf-8")))


@given(st.text())
def test_literal_text_has_no_tag_and_reads_the_same(text: str) -> None:
    safe = literal(text)
    assert "<" not in safe
    assert ">" not in safe
    assert html.unescape(safe) == text


def test_names_cannot_become_markup_of_plotly() -> None:
    hostile = {"USA": '<a href="javascript:alert(1)">U&S</a>', "BRA": "<b>x"}
    figures = (
        map_figure(counts_table({"USA": 3}), hostile, {"USA": (0.0, 0.0)}, ["USA"]),
        frequency_figure(frequency_table([(date(2024, 1, 1), "USA", 1, 0.5)]), hostile, "share"),
        frequency_figure(frequency_table([(date(2024, 1, 1), "<i>code", 1, 0.5)]), {}, "articles"),
    )
    ours = ("<b>%{text}</b><br>%{customdata[1]}<extra></extra>", "%{text}: no article<extra></extra>")
    for figure in figures:
        assert [text for text in texts(figure) if "<" in text and text not in ours] == []
    assert '&lt;a href="javascript:alert(1)"&gt;U&amp;S&lt;/a&gt;' in texts(figures[0])


def test_the_map_holds_each_count_once_and_every_other_state_as_silent() -> None:
    figure = map_figure(counts_table({"RUS": 9, "SGP": 1, "XXX": 5}), NAMES, TINY, ["BRA"])
    _, silent, heat, dots, chosen = figure["data"]
    assert silent["locations"] == ["USA", "BRA"]
    assert heat["locations"] == ["RUS", "SGP"]
    assert heat["customdata"] == [["RUS", "9 articles"], ["SGP", "1 article"]]
    assert dots["customdata"] == [["SGP", "1 article"]]
    assert (dots["lat"], dots["lon"]) == ([1.35], [103.82])
    assert chosen["locations"] == ["BRA"]


def test_the_map_asks_for_no_shapes_but_ours() -> None:
    figure = map_figure(counts_table({"RUS": 1}), NAMES, TINY, [])
    # plotly.js fetches shapes of its own from the internet unless the first trace is of another kind.
    assert figure["data"][0]["type"] == "scattergeo"
    assert {trace["geojson"] for trace in figure["data"] if trace["type"] == "choropleth"} == {SHAPES}
    assert figure["layout"]["geo"]["visible"] is False
    assert SHAPES.removeprefix("/app/static/") in [path.name for path in STATIC.iterdir()]


def test_colour_follows_the_logarithm_so_one_dominant_state_leaves_the_others_apart() -> None:
    figure = map_figure(counts_table({"USA": 50_000, "RUS": 300, "BRA": 3}), NAMES, TINY, [])
    z = dict(zip(figure["data"][2]["locations"], figure["data"][2]["z"], strict=True))
    top = figure["layout"]["coloraxis"]["cmax"]
    assert z["USA"] == pytest.approx(top) == pytest.approx(math.log10(50_001))
    assert z["RUS"] > top / 3
    assert z["RUS"] - z["BRA"] > top / 3
    assert z["BRA"] > top / 10


@pytest.mark.parametrize("most", [1, 2, 3, 9, 10, 999, 50_000, 2_000_000])
def test_the_scale_has_round_numbers_that_fit_the_colours(most: int) -> None:
    axis = map_figure(counts_table({"USA": most}), NAMES, TINY, [])["layout"]["coloraxis"]
    bar = axis["colorbar"]
    assert axis["cmin"] == 0
    assert [math.log10(1 + int(t.replace(",", ""))) for t in bar["ticktext"]] == pytest.approx(bar["tickvals"])
    assert bar["tickvals"]
    assert max(bar["tickvals"]) <= axis["cmax"] + 1e-9


def test_an_empty_table_gives_a_map_of_silent_states() -> None:
    figure = map_figure(counts_table({}), NAMES, TINY, [])
    assert figure["data"][1]["locations"] == list(NAMES)
    assert figure["data"][2]["locations"] == figure["data"][3]["lat"] == []
    assert figure["layout"]["coloraxis"]["cmax"] > 0


def test_an_empty_table_gives_a_chart_without_lines() -> None:
    assert frequency_figure(frequency_table([]), NAMES, "articles")["data"] == []


def test_lines_stand_most_frequent_first_and_differ_by_dash() -> None:
    days = [date(2024, 1, 1), date(2024, 1, 2)]
    wanted = {f"C{n}": n for n in range(1, len(DASHES) + 1)}
    rows = [(day, code, articles, articles / 100) for code, articles in wanted.items() for day in days]
    lines = frequency_figure(frequency_table(rows), {"C1": "One"}, "articles")["data"]
    assert [line["name"] for line in lines] == ["C6", "C5", "C4", "C3", "C2", "One"]
    assert len({line["line"]["dash"] for line in lines}) == len(lines)
    # Colours come from the theme, in the order of the lines: none is set here.
    assert all("color" not in line["line"] and "color" not in line["marker"] for line in lines)
    assert lines[0]["x"] == ["2024-01-01", "2024-01-02"]
    assert lines[0]["y"] == [6, 6]


def test_the_theme_has_a_colour_for_each_line_that_differ_from_each_other() -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    for colours in (theme["chartCategoricalColors"], theme["dark"]["chartCategoricalColors"]):
        assert len(set(colours)) == len(colours) >= 10  # Plotly ignores a shorter list


def test_share_is_drawn_as_a_share_and_says_its_articles() -> None:
    figure = frequency_figure(frequency_table([(date(2024, 1, 1), "USA", 2, 0.25)]), NAMES, "share")
    assert figure["data"][0]["y"] == [0.25]
    assert figure["data"][0]["customdata"] == [2]
    assert figure["layout"]["yaxis"]["tickformat"].endswith("%")


@pytest.mark.parametrize(("most", "whole"), [(1, True), (2, True), (5, True), (6, False), (900, False)])
def test_few_articles_are_counted_in_whole_steps(most: int, whole: bool) -> None:
    axis = frequency_figure(frequency_table([(date(2024, 1, 1), "USA", most, 0.5)]), NAMES, "articles")["layout"][
        "yaxis"
    ]
    assert (axis.get("dtick") == 1) == whole
    assert ("nticks" in axis) != whole


def test_many_points_are_drawn_without_markers() -> None:
    def mode(points: int) -> str:
        rows = [(date.fromordinal(738_000 + n), "USA", 1, 0.1) for n in range(points)]
        return str(frequency_figure(frequency_table(rows), NAMES, "articles")["data"][0]["mode"])

    assert (mode(60), mode(61)) == ("lines+markers", "lines")


def test_a_figure_is_plain_json() -> None:
    for figure in (
        map_figure(counts_table({"USA": 1, "SGP": 2}), NAMES, TINY, ("SGP",)),
        frequency_figure(frequency_table([(date(2024, 1, 1), "USA", 1, 0.5)]), NAMES, "share"),
    ):
        assert json.loads(json.dumps(figure, allow_nan=False)) == figure


def test_small_states_of_the_real_shapes_get_a_dot_and_large_ones_do_not(shapes: dict[str, Any]) -> None:
    points = {feature["id"]: (1.0, 2.0) for feature in shapes["features"]}
    tiny = tiny_states(shapes, points)
    assert {"SGP", "MLT", "BHR", "MCO", "VAT", "LIE", "MDV"} <= set(tiny)
    assert not set(tiny) & {"RUS", "BRA", "ISR", "LBN", "QAT", "KWT", "CYP", "TWN", "PRK", "KOR"}
    assert tiny["SGP"] == (1.0, 2.0)
    assert tiny_states(shapes, {}) == {}


def test_the_largest_part_of_a_state_decides_whether_it_is_small() -> None:
    def square(size: float) -> list[list[list[float]]]:
        return [[[0, 0], [0, size], [size, size], [size, 0], [0, 0]]]

    def shape(code: str, kind: str, coordinates: Any) -> dict[str, Any]:
        return {"id": code, "geometry": {"type": kind, "coordinates": coordinates}}

    small, large = TINY_DEGREES - 0.1, TINY_DEGREES + 0.1
    features = [
        shape("AAA", "Polygon", square(small)),
        shape("BBB", "Polygon", square(large)),
        shape("CCC", "MultiPolygon", [square(small), square(large)]),
        shape("DDD", "MultiPolygon", [square(small), square(small)]),
    ]
    points = dict.fromkeys(("AAA", "BBB", "CCC", "DDD"), (5.0, 6.0))
    assert set(tiny_states({"features": features}, points)) == {"AAA", "DDD"}


def test_every_state_of_the_seeds_can_be_drawn(shapes: dict[str, Any]) -> None:
    states = {row.key for row in read_toml(ROOT / "seeds" / "states.toml")}
    assert states - {feature["id"] for feature in shapes["features"]} == NOT_DRAWN


def test_every_state_with_a_dot_has_a_place_on_the_map(shapes: dict[str, Any]) -> None:
    rows = {row.key: row for row in read_toml(ROOT / "seeds" / "states.toml")}
    tiny = tiny_states(shapes, {code: (r.number("lat", 0.0), r.number("lon", 0.0)) for code, r in rows.items()})
    assert [code for code, point in tiny.items() if point == (0.0, 0.0)] == []
    assert all(-90 <= lat <= 90 and -180 <= lon <= 180 for lat, lon in tiny.values())


SCORED = [
    ("Feeds", [Scored("States", 0.9, 0.8, 0.95, 300), Scored("Meeting", 0.7, 0.5, 0.8, 12)]),
    ("Hard", [Scored("States", 0.6, 0.55, 0.65, 30)]),
]


def test_each_score_is_a_mark_with_its_interval_on_the_line_of_its_tag() -> None:
    figure = accuracy_figure(SCORED, 30)
    feeds, hard = figure["data"]
    assert (feeds["name"], feeds["x"], hard["x"]) == ("Feeds", [0.9, 0.7], [0.6])
    for trace, (_, points) in zip(figure["data"], SCORED, strict=True):
        bars = zip(trace["x"], trace["error_x"]["arrayminus"], trace["error_x"]["array"], strict=True)
        assert [(x - less, x + more) for x, less, more in bars] == [pytest.approx((p.low, p.high)) for p in points]
    axis = figure["layout"]["yaxis"]
    assert axis["ticktext"] == ["States", "Meeting"]
    low, high = sorted(axis["range"])
    ys = [*feeds["y"], *hard["y"]]
    assert len(set(ys)) == len(ys), "no mark hides another"
    assert all(low < y < high for y in ys)
    states, meeting = axis["tickvals"]
    assert abs(feeds["y"][0] - states) < abs(feeds["y"][0] - meeting)
    assert abs(hard["y"][0] - states) < abs(hard["y"][0] - meeting)
    assert feeds["y"][1] == meeting


def test_marks_differ_in_shape_and_are_hollow_where_little_was_labelled() -> None:
    feeds, hard = accuracy_figure(SCORED, 30)["data"]
    assert feeds["marker"]["symbol"] == [SYMBOLS[0], f"{SYMBOLS[0]}-open"]
    assert hard["marker"]["symbol"] == [SYMBOLS[1]]
    assert len(set(SYMBOLS)) == len(SYMBOLS)


def test_every_interval_lies_within_the_axis() -> None:
    for low in (0.0, 0.04, 0.33, 0.99):
        figure = accuracy_figure([("A", [Scored("States", 1.0, low, 1.0, 5)])], 30)
        start, end = figure["layout"]["xaxis"]["range"]
        assert 0 <= start <= low
        assert end >= 1
    assert accuracy_figure([], 30)["data"] == []


@given(st.text(), st.text())
def test_names_in_the_accuracy_chart_are_literal(corpus: str, tag: str) -> None:
    figure = accuracy_figure([(corpus, [Scored(tag, 0.5, 0.4, 0.6, 3)])], 30)
    trace = figure["data"][0]
    for text in (trace["name"], trace["customdata"][0][0], *figure["layout"]["yaxis"]["ticktext"]):
        assert "<" not in text
    assert html.unescape(trace["name"]) == corpus
