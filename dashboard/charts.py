"""Tables → Plotly figures, as plain dicts. Pure: names and places are passed in.

Colours come from the theme in `.streamlit/config.toml`; greys are translucent, right on light and dark. Text in a
figure is pseudo-HTML to Plotly, so every name passes `literal`. (`plotly.express` would cost a hundred times.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

Figure = dict[str, Any]

#: Where the browser finds the country shapes: served by this server, so the map needs no internet.
SHAPES = "/app/static/world.geojson"
#: Dashes tell lines apart for readers who cannot tell the colours apart.
DASHES = ("solid", "dot", "dash", "dashdot", "longdash", "longdashdot")
#: A state smaller than this many degrees across is drawn as a dot too, or nobody could point at it.
TINY_DEGREES = 0.8

#: Marks of the corpora, for readers who cannot tell their colours apart.
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "x", "pentagon", "hourglass", "triangle-down")

_EDGE = {"line": {"color": "rgba(128,138,146,.55)", "width": 0.5}}
_CHOSEN = {"line": {"color": "#d55e00", "width": 2}}
_LAND = [[0, "rgba(128,138,146,.16)"], [1, "rgba(128,138,146,.16)"]]
_CLEAR = [[0, "rgba(0,0,0,0)"], [1, "rgba(0,0,0,0)"]]
# A click chooses a filter; it must not fade everything else.
_STILL = {"selected": {"marker": {"opacity": 1}}, "unselected": {"marker": {"opacity": 1}}}
_PLAIN = {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)"}


class Scored(NamedTuple):
    """A score of one tag with its interval and the number of labelled cases behind it."""

    tag: str
    value: float
    low: float
    high: float
    n: int


def literal(text: str) -> str:
    """Text that Plotly shows as it is: its hover and titles read tags and entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def map_figure(
    table: pa.Table,
    names: Mapping[str, str],
    tiny: Mapping[str, tuple[float, float]],
    chosen: Sequence[str],
) -> Figure:
    """A world map of articles per state, from columns `code` and `articles`.

    `names` has every state that is drawn, `tiny` the latitude and longitude of those that need a dot, and
    `chosen` are outlined. Colour follows the logarithm, so that one dominant state leaves the others apart.
    """
    counts = dict(zip(table.column("code").to_pylist(), table.column("articles").to_pylist(), strict=True))
    named = [code for code in counts if code in names]
    silent = [code for code in names if code not in counts]
    dots = [code for code in named if code in tiny]
    shapes = {"type": "choropleth", "geojson": SHAPES, **_STILL}
    hover = "<b>%{text}</b><br>%{customdata[1]}<extra></extra>"

    def facts(codes: Sequence[str]) -> dict[str, Any]:
        words = [f"{counts[c]:,} article{'' if counts[c] == 1 else 's'}" for c in codes]
        return {
            "text": [literal(names[c]) for c in codes],
            "customdata": [[c, w] for c, w in zip(codes, words, strict=True)],
            "hovertemplate": hover,
        }

    heat = {"coloraxis": "coloraxis"}
    return {
        "data": [
            # An empty first trace of another kind keeps plotly.js from fetching shapes of its own from the internet.
            {"type": "scattergeo", "lat": [None], "lon": [None], "hoverinfo": "skip", "showlegend": False},
            {
                **shapes,
                "locations": silent,
                "z": [0] * len(silent),
                "colorscale": _LAND,
                "showscale": False,
                "marker": _EDGE,
                "text": [literal(names[c]) for c in silent],
                "customdata": [[c] for c in silent],
                "hovertemplate": "%{text}: no article<extra></extra>",
            },
            {**shapes, **heat, **facts(named), "locations": named, "z": _heat(named, counts), "marker": _EDGE},
            {
                "type": "scattergeo",
                "mode": "markers",
                "lat": [tiny[c][0] for c in dots],
                "lon": [tiny[c][1] for c in dots],
                "marker": {
                    "size": 8,
                    "color": _heat(dots, counts),
                    **heat,
                    "line": {"color": "rgba(128,138,146,.9)", "width": 1},
                },
                "showlegend": False,
                **facts(dots),
                **_STILL,
            },
            {
                **shapes,
                "locations": list(chosen),
                "z": [0] * len(chosen),
                "colorscale": _CLEAR,
                "showscale": False,
                "hoverinfo": "skip",
                "marker": _CHOSEN,
            },
        ],
        "layout": {
            "height": 400,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "hoverdistance": 6,
            "showlegend": False,
            "coloraxis": {
                "cmin": 0,
                "cmax": math.log10(1 + max(counts.values(), default=1)),
                "colorbar": _scale(counts),
            },
            "geo": {
                "visible": False,
                "bgcolor": "rgba(0,0,0,0)",
                "projection": {"type": "natural earth", "rotation": {"lon": 11}},  # Chukotka stays joined to Russia
                "lataxis": {"range": [-54, 82]},
                "lonaxis": {"range": [-154, 176]},
            },
            **_PLAIN,
        },
    }


def frequency_figure(table: pa.Table, names: Mapping[str, str], measure: str) -> Figure:
    """Mention frequency as lines, most frequent code first, from `period`, `code`, `articles`, `share`."""
    share = measure == "share"
    series: dict[str, list[Mapping[str, Any]]] = {}
    for row in table.to_pylist():
        series.setdefault(row["code"], []).append(row)
    most = max((row["articles"] for rows in series.values() for row in rows), default=0)
    ranked = sorted(series.items(), key=lambda item: -sum(row["articles"] for row in item[1]))
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers" if len(rows) <= 60 else "lines",
                "name": literal(names.get(code, code)),
                "x": [row["period"].isoformat() for row in rows],
                "y": [row["share"] if share else row["articles"] for row in rows],
                "customdata": [row["articles"] for row in rows],
                "line": {"width": 2, "dash": DASHES[rank % len(DASHES)]},
                "marker": {"size": 4},
                "hovertemplate": "%{y:.1%} (%{customdata} articles)" if share else "%{y:,}",
            }
            for rank, (code, rows) in enumerate(ranked)
        ],
        "layout": {
            "height": 260,
            "margin": {"l": 0, "r": 8, "t": 8, "b": 0},
            "hovermode": "x unified",
            "legend": {"orientation": "h", "y": -0.16, "x": 0, "yanchor": "top"},
            "xaxis": {"showgrid": False, "fixedrange": True, "title": None, "automargin": True},
            "yaxis": {
                "rangemode": "tozero",
                "zeroline": False,
                "fixedrange": True,
                # Steps of one half would be labelled 0, 1, 1, 2, 2.
                **({"dtick": 1} if not share and most <= 5 else {"nticks": 6}),
                "title": None,
                "automargin": True,
                "tickformat": "~%" if share else ",d",
            },
            **_PLAIN,
        },
    }


def accuracy_figure(series: Sequence[tuple[str, Sequence[Scored]]], few: int) -> Figure:
    """Scores of tags with their intervals, one mark for each corpus, side by side; hollow below `few` cases."""
    tags = list(dict.fromkeys(point.tag for _, points in series for point in points))
    least = min((point.low for _, points in series for point in points), default=0.0)
    # Each tag has one line, in which the corpora that score it stand below each other in their order.
    own = {tag: [name for name, points in series if any(p.tag == tag for p in points)] for tag in tags}
    places: dict[tuple[str, str], float] = {}
    middles, edges, edge = [], [], 0.0
    for tag in tags:
        middles.append(edge + len(own[tag]) / 2)
        for number, name in enumerate(own[tag]):
            places[tag, name] = edge + number + 0.5
        edge += len(own[tag]) + 0.8
        edges.append(edge - 0.4)
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "name": literal(name),
                "x": [p.value for p in points],
                "y": [places[p.tag, name] for p in points],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [p.high - p.value for p in points],
                    "arrayminus": [p.value - p.low for p in points],
                    "thickness": 1.5,
                    "width": 3,
                },
                "marker": {
                    "size": 9,
                    "symbol": [SYMBOLS[rank % len(SYMBOLS)] + ("-open" if p.n < few else "") for p in points],
                },
                "customdata": [[literal(p.tag), p.low, p.high, p.n] for p in points],
                "hovertemplate": "%{customdata[0]}: %{x:.2f} (%{customdata[1]:.2f} to %{customdata[2]:.2f}),"
                " %{customdata[3]:,} labelled",
            }
            for rank, (name, points) in enumerate(series)
        ],
        "layout": {
            "height": round(90 + 16 * edge),
            "margin": {"l": 0, "r": 8, "t": 8, "b": 0},
            "legend": {"orientation": "h", "y": -0.12, "x": 0, "yanchor": "top"},
            "xaxis": {
                "range": [max(0.0, math.floor(10 * least) / 10), 1.01],
                "showgrid": True,
                "gridcolor": "rgba(128,138,146,.2)",
                "zeroline": False,
                "fixedrange": True,
                "title": None,
                "automargin": True,
                "tickformat": ".1f",
                "dtick": 0.1,
            },
            "yaxis": {
                "tickvals": middles,
                "ticktext": [literal(tag) for tag in tags],
                "range": [edge - 0.4, -0.4],
                "showgrid": False,
                "zeroline": False,
                "fixedrange": True,
                "title": None,
                "automargin": True,
            },
            "shapes": [
                {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "layer": "below", **_EDGE}
                for y in edges
            ],
            **_PLAIN,
        },
    }


def tiny_states(shapes: Mapping[str, Any], points: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Of the states with a label point, those whose largest shape in the GeoJSON is too small to point at."""

    def width(ring: Sequence[Sequence[float]]) -> float:
        lons, lats = [point[0] for point in ring], [point[1] for point in ring]
        return float(max(max(lons) - min(lons), max(lats) - min(lats)))

    tiny = {}
    for feature in shapes["features"]:
        geometry = feature["geometry"]
        polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        if feature["id"] in points and max(width(polygon[0]) for polygon in polygons) < TINY_DEGREES:
            tiny[feature["id"]] = points[feature["id"]]
    return tiny


def _heat(codes: Sequence[str], counts: Mapping[str, int]) -> list[float]:
    return [math.log10(1 + counts[code]) for code in codes]


def _scale(counts: Mapping[str, int]) -> dict[str, Any]:
    most = max(counts.values(), default=1)
    steps = [n for n in (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000) if n <= most] or [1]
    return {
        "title": None,
        "tickvals": [math.log10(1 + n) for n in steps],
        "ticktext": [f"{n:,}" for n in steps],
        "thickness": 8,
        "len": 0.55,
        "x": 0.0,
        "y": 0.3,
        "xanchor": "left",
        "outlinewidth": 0,
    }
