"""Tables → Plotly figures. Pure: names and palette are passed in. Only `graph_objects`: plotly.express costs ten times.

Text in a figure is pseudo-HTML to Plotly, so every name passes `literal`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import pyarrow as pa

#: Where the browser finds the country shapes: served by this server, so the map needs no internet.
SHAPES = "/app/static/world.geojson"
#: Dashes tell the lines apart for readers who cannot tell the colours apart.
DASHES = ("solid", "dot", "dash", "dashdot", "longdash", "longdashdot", "solid", "dot", "dash", "dashdot")


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme: categories (Okabe-Ito), a sequential scale, text, lines, land without articles."""

    categories: tuple[str, ...]
    scale: tuple[str, ...]
    text: str
    line: str
    land: str


def literal(text: str) -> str:
    """Text that Plotly shows as it is: its hover and titles read tags and entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def map_figure(table: pa.Table, names: Mapping[str, str], palette: Palette, height: int) -> go.Figure:
    """A world map of articles per state, from columns `code` and `articles`.

    Colour follows the logarithm, so that one dominant state leaves the others apart.
    """
    codes = table.column("code").to_pylist()
    counts = table.column("articles").to_pylist()
    # An empty first trace of another kind keeps plotly.js from fetching shapes of its own from the internet.
    figure = go.Figure(go.Scattergeo(lat=[None], lon=[None], hoverinfo="skip", showlegend=False))
    figure.add_choropleth(
        geojson=SHAPES,
        locations=codes,
        z=[math.log10(n) for n in counts],
        customdata=[[literal(names.get(code, code)), f"{n:,}", "article" if n == 1 else "articles"] for code, n in zip(codes, counts, strict=True)],
        hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]} %{customdata[2]}<extra></extra>",
        colorscale=[[i / (len(palette.scale) - 1), colour] for i, colour in enumerate(palette.scale)],
        zmin=0,
        zmax=max(math.log10(max(counts, default=1)), 1),
        marker_line={"color": palette.line, "width": 0.4},
        colorbar=_log_bar(max(counts, default=1), palette),
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )
    figure.update_geos(
        visible=False,
        showland=True,
        landcolor=palette.land,
        projection_type="natural earth",
        lataxis_range=[-56, 84],
        lonaxis_range=[-170, 190],
        bgcolor="rgba(0,0,0,0)",
    )
    figure.update_layout(height=height, margin={"l": 0, "r": 0, "t": 0, "b": 0}, dragmode="pan", uirevision="map", **_plain())
    return figure


def frequency_figure(
    table: pa.Table, names: Mapping[str, str], palette: Palette, measure: str, height: int
) -> go.Figure:
    """Mention frequency as lines, from columns `period`, `code`, `articles`, `share`; most frequent code first."""
    share = measure == "share"
    series: dict[str, tuple[list[Any], list[float], list[int]]] = {}
    for row in table.to_pylist():
        periods, values, counts = series.setdefault(row["code"], ([], [], []))
        periods.append(row["period"])
        values.append(row["share"] if share else row["articles"])
        counts.append(row["articles"])
    figure = go.Figure()
    for rank, (code, (periods, values, counts)) in enumerate(sorted(series.items(), key=lambda item: -sum(item[1][2]))):
        figure.add_scatter(
            x=periods,
            y=values,
            customdata=counts,
            name=literal(names.get(code, code)),
            mode="lines+markers" if len(periods) <= 40 else "lines",
            line={"color": palette.categories[rank % len(palette.categories)], "width": 2, "dash": DASHES[rank % len(DASHES)]},
            marker={"size": 5},
            hovertemplate="%{y:.1%} (%{customdata} articles)" if share else "%{y}",
        )
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        hovermode="x unified",
        legend={"orientation": "h", "y": -0.12, "x": 0, "font": {"color": palette.text}},
        uirevision="frequency",
        **_plain(),
    )
    figure.update_xaxes(showgrid=False, tickfont={"color": palette.text}, linecolor=palette.line, fixedrange=True)
    figure.update_yaxes(
        rangemode="tozero",
        gridcolor=palette.line,
        zeroline=False,
        tickformat=".0%" if share else ",d",
        tickfont={"color": palette.text},
        fixedrange=True,
        nticks=6,
    )
    return figure


def _log_bar(most: int, palette: Palette) -> dict[str, Any]:
    steps = [n for n in (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 100_000) if n <= most] or [1]
    return {
        "title": None,
        "tickvals": [math.log10(n) for n in steps],
        "ticktext": [f"{n:,}" for n in steps],
        "tickfont": {"color": palette.text, "size": 11},
        "thickness": 8,
        "len": 0.6,
        "x": 0.01,
        "y": 0.35,
        "xanchor": "left",
        "outlinewidth": 0,
        "bgcolor": "rgba(0,0,0,0)",
    }


def _plain() -> dict[str, Any]:
    return {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)"}
