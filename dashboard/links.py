"""View ↔ query parameters. Pure: today's date and what is known are passed in.

A link holds codes, never labels: people read, write and cite these links. Whatever a link names and we lack is
said in a notice; nothing is dropped silently and nothing raises.

    ?state=PRK&state=RUS&match=all&weapon=drone&from=2023-09-01&to=2023-09-30&by=weapon&step=day
    ?article=4611686018427387904        opens the explanation of one article
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal, TypeVar
from urllib.parse import urlencode

from pipeline.model import Filters

T = TypeVar("T", bound=str)
Period = Literal["7d", "30d", "90d", "1y", "all", "dates"]
Step = Literal["auto", "day", "week", "month"]
Group = Literal["state", "weapon", "event"]
Measure = Literal["articles", "share"]

PERIOD_DAYS: Mapping[Period, int] = {"7d": 7, "30d": 30, "90d": 90, "1y": 365}
PERIODS: tuple[Period, ...] = ("7d", "30d", "90d", "1y", "all", "dates")
STEPS: tuple[Step, ...] = ("auto", "day", "week", "month")
GROUPS: tuple[Group, ...] = ("state", "weapon", "event")
MEASURES: tuple[Measure, ...] = ("articles", "share")
#: Longest search text a link may carry.
LONGEST_TEXT = 200
#: More values than this of one parameter are not read.
MOST_VALUES = 300
#: Pages of the article list that a link may name.
MOST_PAGES = 100_000
#: Years that a date in a link may have: reckoning with days at the end of the calendar would fail.
YEARS = range(1900, 3000)
#: The ids of articles are below this: they are hashes of 64 bits.
IDS = 2**64


@dataclass(frozen=True, slots=True)
class View:
    """Everything that decides what the page shows.

    `filters` holds dates only when `period` is `dates`; for the other periods `dated` gives them. A `step` of
    `auto` follows the length of the period: `stepped` gives it. `article` is the one whose explanation is open.
    """

    filters: Filters = field(default_factory=Filters)
    period: Period = "all"
    step: Step = "auto"
    by: Group = "state"
    measure: Measure = "articles"
    page: int = 1
    article: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """The codes a link may use, by parameter."""

    state: frozenset[str]
    actor: frozenset[str]
    weapon: frozenset[str]
    system: frozenset[str]
    event: frozenset[str]
    kind: frozenset[str]
    country: frozenset[str]


_LISTS = {
    "state": "states",
    "actor": "actors",
    "weapon": "weapons",
    "system": "systems",
    "event": "events",
    "kind": "kinds",
    "country": "countries",
}
_SINGLE = ("match", "from", "to", "period", "q", "scope", "step", "by", "measure", "page", "article")


def decode(params: Mapping[str, Sequence[str]], known: Known, default: View) -> tuple[View, list[str]]:
    """The view that query parameters ask for, and a notice for each value that could not be used."""
    notices = [f"“{shown(name)}” is not a parameter of Parley." for name in params if not _is_parameter(name)]
    lists = {attribute: _listed(params, name, known, notices) for name, attribute in _LISTS.items()}
    single = {name: _only(params, name, notices) for name in _SINGLE}
    since, until = _day(single["from"], "from", notices), _day(single["to"], "to", notices)
    if since and until and since > until:
        notices.append(f"“from={since}” is after “to={until}”: the two were swapped.")
        since, until = until, since
    period = _choice(single["period"], "period", PERIODS[:-1], default.period, notices)
    if since or until:
        if single["period"]:
            notices.append(f"“period={shown(single['period'])}” was set aside, because the link has dates of its own.")
        period = "dates"
    text = single["q"] or ""
    if len(text) > LONGEST_TEXT:
        notices.append(f"The search text was cut to {LONGEST_TEXT} characters.")
        text = text[:LONGEST_TEXT]
    scope = _choice(single["scope"], "scope", ("arms", "all"), "arms" if default.filters.relevant else "all", notices)
    filters = Filters(
        **lists,
        match=_choice(single["match"], "match", ("any", "all"), "any", notices),
        since=since,
        until=until,
        text=text.strip(),
        relevant=scope == "arms",
    )
    view = View(
        filters=filters,
        period=period,
        step=_choice(single["step"], "step", STEPS, default.step, notices),
        by=_choice(single["by"], "by", GROUPS, default.by, notices),
        measure=_choice(single["measure"], "measure", MEASURES, default.measure, notices),
        page=_page(single["page"], notices),
        article=_article(single["article"], notices),
    )
    return view, notices


def encode(view: View, default: View) -> dict[str, list[str]]:
    """The query parameters of a view, without what is as in `default`; `decode` gives the same view back."""
    f = view.filters
    params: dict[str, list[str]] = {}
    for name, attribute in _LISTS.items():
        if codes := getattr(f, attribute):
            params[name] = [_slug(code) for code in codes] if name == "kind" else list(codes)
    single = {
        "match": (f.match, "any"),
        "q": (f.text, ""),
        "scope": ("arms" if f.relevant else "all", "arms" if default.filters.relevant else "all"),
        "step": (view.step, default.step),
        "by": (view.by, default.by),
        "measure": (view.measure, default.measure),
        "page": (str(view.page), "1"),
        "article": ("" if view.article is None else str(view.article), ""),
    }
    if view.period == "dates":
        single["from"] = (f.since.isoformat() if f.since else "", "")
        single["to"] = (f.until.isoformat() if f.until else "", "")
    else:
        single["period"] = (view.period, default.period)
    return params | {name: [value] for name, (value, usual) in single.items() if value != usual}


def query(params: Mapping[str, Sequence[str]]) -> str:
    """Query parameters as they stand behind the question mark of a link."""
    return urlencode([(name, value) for name, values in params.items() for value in values], safe=":,")


def dated(view: View, today: date) -> Filters:
    """The view's filters with its period as days: what is asked of the database."""
    days = PERIOD_DAYS.get(view.period)
    if days is None:
        return view.filters
    return replace(view.filters, since=today - timedelta(days=days - 1), until=today)


def stepped(view: View, since: date, until: date) -> Literal["day", "week", "month"]:
    """The step of the frequency chart: the chosen one, or the one that gives some ten to sixty points."""
    if view.step != "auto":
        return view.step
    days = (until - since).days
    return "day" if days <= 45 else "week" if days <= 400 else "month"


def pinned(view: View, today: date, first: date | None) -> View:
    """The same view with both dates and the chart's step written out, so that it shows the same tomorrow."""
    filters = dated(view, today)
    since, until = filters.since or first or today, filters.until or today
    since = min(since, until)
    return replace(
        view, period="dates", step=stepped(view, since, until), filters=replace(filters, since=since, until=until)
    )


def shown(value: str) -> str:
    """A value from a link, fit to be shown: short, and without characters that hide or turn text."""
    printable = "".join(c if c.isprintable() else "�" for c in value)
    return printable if len(printable) <= 60 else printable[:57] + "…"


def _is_parameter(name: str) -> bool:
    return name in _LISTS or name in _SINGLE


def _listed(params: Mapping[str, Sequence[str]], name: str, known: Known, notices: list[str]) -> tuple[str, ...]:
    values = params.get(name, ())
    if len(values) > MOST_VALUES:
        notices.append(f"Only the first {MOST_VALUES} values of “{name}” were read.")
    by_slug = {_slug(code): code for code in getattr(known, name)}
    found: dict[str, None] = {}
    for value in values[:MOST_VALUES]:
        code = by_slug.get(_slug(value))
        if code is None:
            notices.append(f"“{name}={shown(value)}” is unknown here and was left out.")
        else:
            found[code] = None
    return tuple(found)


def _only(params: Mapping[str, Sequence[str]], name: str, notices: list[str]) -> str | None:
    values = params.get(name, ())
    if len(values) > 1:
        notices.append(f"“{name}” stands {len(values)} times; the last, “{shown(values[-1])}”, was used.")
    return values[-1] if values else None


def _choice(value: str | None, name: str, allowed: Sequence[T], default: T, notices: list[str]) -> T:
    if value is None or value == "":
        return default
    for choice in allowed:
        if value == choice:
            return choice
    notices.append(f"“{name}={shown(value)}” is not one of {', '.join(allowed)}; {default} is shown.")
    return default


def _day(value: str | None, name: str, notices: list[str]) -> date | None:
    if value is None or value == "":
        return None
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII) and int(value[:4]) in YEARS:
            return date.fromisoformat(value)
    except ValueError:
        pass
    notices.append(f"“{name}={shown(value)}” is not a date such as 2023-09-17 and was left out.")
    return None


def _page(value: str | None, notices: list[str]) -> int:
    if value is None or value == "":
        return 1
    if re.fullmatch(r"\d{1,6}", value, re.ASCII) and 1 <= int(value) <= MOST_PAGES:
        return int(value)
    notices.append(f"“page={shown(value)}” is not a page number; the first page is shown.")
    return 1


def _article(value: str | None, notices: list[str]) -> int | None:
    if value is None or value == "":
        return None
    if re.fullmatch(r"\d{1,20}", value, re.ASCII) and int(value) < IDS:
        return int(value)
    notices.append(f"“article={shown(value)}” is not the number of an article and was left out.")
    return None


def _slug(code: str) -> str:
    """How a code stands in a link: kinds of outlets have blanks, which links do not."""
    return code.strip().replace(" ", "-").casefold()
