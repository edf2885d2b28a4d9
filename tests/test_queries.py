"""Every question of the page, asked of six articles of which every figure is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from pipeline import queries
from pipeline.model import Feed, FeedReport, FeedState, Filters, RunReport, Tagged
from pipeline.queries import Coverage, Figures
from pipeline.store import Store
from tests.making import NOW, TAGGER, Find, article, deliver, delivery, feed, later, tags

WIRE = feed("https://wire.example/feed", outlet="Wire", kind="wire", country="USA")
STATE = feed("https://state.example/feed", outlet="State", kind="state media", country="RUS")
TANK = feed("https://tank.example/feed", outlet="Tank", kind="think tank", country="USA")

PRK, RUS, USA = ("state", "PRK", ""), ("state", "RUS", ""), ("state", "USA", "")
GERAN, F16 = ("weapon", "geran-2", "drone"), ("weapon", "f-16", "aircraft")
DRONE: Find = ("term", "drone", "drone")
NATO = ("actor", "NATO", "organisation")
MEETING, TRANSFER = ("event", "meeting", "meeting"), ("event", "transfer", "transfer")
SANCTION = ("event", "sanction", "sanction")

#: number, feed, published, title, summary, found, relevant. 2024-01-01 is a Monday.
ARTICLES: list[tuple[int, Feed, datetime, str, str, tuple[Find, ...], bool]] = [
    (1, WIRE, datetime(2024, 1, 1, 0, 0, 0), "Kim's gift", "100% new", (PRK, RUS, GERAN, MEETING, TRANSFER), True),
    (2, STATE, datetime(2024, 1, 1, 23, 59, 59), "A deal", "", (RUS, F16, TRANSFER), True),
    (3, WIRE, datetime(2024, 1, 3, 12, 0, 0), "Talks", "", (PRK, MEETING), False),
    (4, WIRE, datetime(2024, 1, 9, 0, 0, 0), "A ban", "", (PRK, RUS, USA, NATO, DRONE, SANCTION), True),
    (5, STATE, datetime(2024, 2, 15, 8, 0, 0), "A SALE; DROP", "", (USA, GERAN, F16, MEETING), True),
    (6, TANK, datetime(2024, 3, 1, 0, 0, 0), "Nothing_here", "Ünïcode Größe", (), False),
]
#: Which other feed carried which article too.
ALSO = [(STATE, 1), (WIRE, 5), (TANK, 5)]


def _tagged(row: tuple[int, Feed, datetime, str, str, tuple[Find, ...], bool]) -> Tagged:
    number, _, published, title, summary, found, relevant = row
    made = tags(*(("weapon", code, type_) if kind == "term" else (kind, code, type_) for kind, code, type_ in found))
    if DRONE in found:  # a general word is no system
        made = made._replace(mentions=tuple(m._replace(via="term") if m.kind == "weapon" else m for m in made.mentions))
    return Tagged(article(f"https://a.example/{number}", title, summary, published), made._replace(relevant=relevant))


@pytest.fixture(scope="module")
def six() -> Iterator[Store]:
    store = Store(None)
    store.list_feeds([(delivery(of).feed_id, of) for of in (WIRE, STATE, TANK)])
    for row in ARTICLES:
        deliver(store, delivery(row[1], _tagged(row)))
    for of, number in ALSO:
        deliver(store, delivery(of, _tagged(ARTICLES[number - 1])))
    yield store
    store.close()


def found(store: Store, filters: Filters) -> list[int]:
    """The numbers of the articles of a view, in its order."""
    links = queries.articles(store, filters, 100, 0).column("link").to_pylist()
    return [int(link.rsplit("/", 1)[1]) for link in links]


ALL = Filters(relevant=False)
VIEWS: list[tuple[str, Filters, list[int]]] = [
    ("everything", ALL, [6, 5, 4, 3, 2, 1]),
    ("arms diplomacy", Filters(), [5, 4, 2, 1]),
    ("one state", replace(ALL, states=("PRK",)), [4, 3, 1]),
    ("any of two states", replace(ALL, states=("PRK", "USA")), [5, 4, 3, 1]),
    ("all of two states", replace(ALL, states=("PRK", "RUS"), match="all"), [4, 1]),
    ("all of three states", replace(ALL, states=("PRK", "RUS", "USA"), match="all"), [4]),
    ("a state nobody names", replace(ALL, states=("FRA",)), []),
    ("one organisation", replace(ALL, actors=("NATO",)), [4]),
    ("any of two groups", replace(ALL, actors=("WAGNER", "NATO")), [4]),
    ("a group nobody names", replace(ALL, actors=("WAGNER",)), []),
    ("one weapon type", replace(ALL, weapons=("drone",)), [5, 4, 1]),
    ("any of two weapon types", replace(ALL, weapons=("aircraft", "drone")), [5, 4, 2, 1]),
    ("one system", replace(ALL, systems=("geran-2",)), [5, 1]),
    ("any of two systems", replace(ALL, systems=("geran-2", "f-16")), [5, 2, 1]),
    ("a word is no system", replace(ALL, systems=("drone",)), []),
    ("one event", replace(ALL, events=("meeting",)), [5, 3, 1]),
    ("any of two events", replace(ALL, events=("sanction", "transfer")), [4, 2, 1]),
    ("one kind", replace(ALL, kinds=("wire",)), [5, 4, 3, 1]),
    ("carried by that kind too", replace(ALL, kinds=("state media",)), [5, 2, 1]),
    ("one country of outlets", replace(ALL, countries=("USA",)), [6, 5, 4, 3, 1]),
    ("kind and country of one outlet", replace(ALL, kinds=("wire",), countries=("RUS",)), []),
    ("kind and country", replace(ALL, kinds=("think tank", "wire"), countries=("USA",)), [6, 5, 4, 3, 1]),
    ("from a day on", replace(ALL, since=date(2024, 1, 9)), [6, 5, 4]),
    ("until a day, with all of it", replace(ALL, until=date(2024, 1, 1)), [2, 1]),
    ("until a day, without the midnight after it", replace(ALL, until=date(2024, 1, 8)), [3, 2, 1]),
    ("one day", replace(ALL, since=date(2024, 1, 1), until=date(2024, 1, 1)), [2, 1]),
    ("an empty day", replace(ALL, since=date(2024, 1, 2), until=date(2024, 1, 2)), []),
    ("days the wrong way round", replace(ALL, since=date(2024, 2, 1), until=date(2024, 1, 1)), []),
    ("words, whatever their case", replace(ALL, text="a sale"), [5]),
    ("words of the summary", replace(ALL, text="NEW"), [1]),
    ("words with accents", replace(ALL, text="größe"), [6]),
    ("a per cent sign is itself", replace(ALL, text="100%"), [1]),
    ("and no wildcard", replace(ALL, text="1%new"), []),
    ("an underscore is itself", replace(ALL, text="nothing_"), [6]),
    ("a quote is itself", replace(ALL, text="kim's"), [1]),
    ("SQL is only words", replace(ALL, text="'; DROP TABLE articles; --"), []),
    ("a backslash is itself", replace(ALL, text="\\"), []),
    (
        "all at once",
        Filters(
            states=("PRK",),
            weapons=("drone",),
            systems=("geran-2",),
            events=("meeting",),
            kinds=("wire",),
            countries=("USA",),
            text="k",
        ),
        [1],
    ),
    ("a value that is SQL", replace(ALL, states=("PRK') OR 1=1 --",)), []),
]


@pytest.mark.parametrize(("filters", "numbers"), [v[1:] for v in VIEWS], ids=[v[0] for v in VIEWS])
def test_a_view_has_its_articles_newest_first(six: Store, filters: Filters, numbers: list[int]) -> None:
    assert found(six, filters) == numbers


@pytest.mark.parametrize(("filters", "numbers"), [v[1:] for v in VIEWS], ids=[v[0] for v in VIEWS])
def test_every_question_counts_the_same_articles(six: Store, filters: Filters, numbers: list[int]) -> None:
    rows = [ARTICLES[n - 1] for n in numbers]

    def naming(thing: Find) -> int:
        return sum(thing in row[5] for row in rows)

    outlets = {row[1].outlet for row in rows} | {of.outlet for of, number in ALSO if number in numbers}
    states = [code for row in rows for kind, code, _ in row[5] if kind == "state"]
    assert queries.figures(six, filters) == Figures(
        articles=len(rows),
        outlets=len(outlets),
        states=len(set(states)),
        meetings=naming(MEETING),
        transfers=naming(TRANSFER),
        unplaced=sum(not any(kind == "state" for kind, _, _ in row[5]) for row in rows),
    )
    counted = queries.by_state(six, filters).to_pylist()
    assert {row["code"]: row["articles"] for row in counted} == {code: states.count(code) for code in set(states)}
    for group in ("state", "weapon", "event"):
        lines = queries.frequency(six, filters, "day", group, 10).to_pylist()
        column = {"state": 1, "weapon": 2, "event": 1}[group]
        expected = sum(
            len({f[column] for f in r[5] if f[0] in (group, "term" if group == "weapon" else "")}) for r in rows
        )
        assert sum(line["articles"] for line in lines) == expected


def test_key_figures_are_those_counted_by_hand(six: Store) -> None:
    assert queries.figures(six, ALL) == Figures(6, 3, 3, 3, 2, 1)
    assert queries.figures(six, Filters()) == Figures(4, 3, 3, 2, 2, 0)


def test_states_come_most_named_first(six: Store) -> None:
    rows = queries.by_state(six, ALL).to_pylist()
    assert [(row["code"], row["articles"]) for row in rows] == [("PRK", 3), ("RUS", 3), ("USA", 2)]


def lines(table: Any) -> dict[str, list[tuple[date, int, float]]]:
    kept: dict[str, list[tuple[date, int, float]]] = {}
    for row in table.to_pylist():
        kept.setdefault(row["code"], []).append((row["period"], row["articles"], round(row["share"], 4)))
    return kept


JAN, FEB, MAR = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)


def test_frequency_by_month_fills_in_zeros(six: Store) -> None:
    assert lines(queries.frequency(six, ALL, "month", "state", 6)) == {
        "PRK": [(JAN, 3, 0.75), (FEB, 0, 0.0), (MAR, 0, 0.0)],
        "RUS": [(JAN, 3, 0.75), (FEB, 0, 0.0), (MAR, 0, 0.0)],
        "USA": [(JAN, 1, 0.25), (FEB, 1, 1.0), (MAR, 0, 0.0)],
    }


def test_a_share_is_of_all_stored_articles_whatever_the_view(six: Store) -> None:
    drones = replace(Filters(), weapons=("drone",), states=("PRK",))
    assert lines(queries.frequency(six, drones, "month", "state", 6))["PRK"][0] == (JAN, 2, 0.5)
    assert lines(queries.frequency(six, drones, "month", "weapon", 6)) == {
        "drone": [(JAN, 2, 0.5), (FEB, 0, 0.0), (MAR, 0, 0.0)]
    }


def test_frequency_by_week_begins_on_mondays(six: Store) -> None:
    meetings = lines(queries.frequency(six, ALL, "week", "event", 6))["meeting"]
    assert [period.isoformat() for period, _, _ in meetings] == [
        *("2024-01-01", "2024-01-08", "2024-01-15", "2024-01-22", "2024-01-29"),
        *("2024-02-05", "2024-02-12", "2024-02-19", "2024-02-26"),
    ]
    assert [count for _, count, _ in meetings] == [2, 0, 0, 0, 0, 0, 1, 0, 0]
    assert [share for _, _, share in meetings] == [0.6667, 0, 0, 0, 0, 0, 1, 0, 0]


def test_frequency_by_day_has_every_day(six: Store) -> None:
    narrow = replace(ALL, since=date(2024, 1, 1), until=date(2024, 1, 9))
    days = lines(queries.frequency(six, narrow, "day", "state", 6))["RUS"]
    assert [period.day for period, _, _ in days] == list(range(1, 10))
    assert [count for _, count, _ in days] == [2, 0, 0, 0, 0, 0, 0, 0, 1]
    assert [share for _, _, share in days] == [1, 0, 0, 0, 0, 0, 0, 0, 1]


def test_only_the_most_frequent_lines_are_drawn_and_always_the_chosen_ones(six: Store) -> None:
    assert set(lines(queries.frequency(six, ALL, "month", "state", 1))) == {"PRK"}
    chosen = replace(ALL, states=("USA",))
    assert set(lines(queries.frequency(six, chosen, "month", "state", 1))) == {"USA"}
    assert lines(queries.frequency(six, replace(ALL, states=("FRA",)), "month", "state", 6)) == {}


def test_the_list_says_of_each_article_what_the_page_shows(six: Store) -> None:
    row = queries.articles(six, replace(ALL, until=JAN), 1, 1).to_pylist()[0]
    assert row == {
        "article_id": article("https://a.example/1").article_id,
        "published": datetime(2024, 1, 1),
        "dated": True,
        "title": "Kim's gift",
        "summary": "100% new",
        "link": "https://a.example/1",
        "language": "en",
        "relevant": True,
        "reason": "for a test",
        "outlet": "Wire",
        "kind": "wire",
        "country": "USA",
        "also": ["State"],
    }
    assert queries.articles(six, ALL, 1, 0).to_pylist()[0]["also"] == []


def test_one_article_is_found_by_its_id_whatever_its_tags(six: Store) -> None:
    for number in (1, 3, 6):
        known = article(f"https://a.example/{number}").article_id
        row = queries.article(six, known).to_pylist()[0]
        assert row.pop("tagger") == TAGGER
        assert [row] == [r for r in queries.articles(six, ALL, 100, 0).to_pylist() if r["article_id"] == known]


def test_an_article_that_is_not_stored_is_no_row(six: Store) -> None:
    for unknown in (0, 1, 2**63, 2**64 - 1):
        assert queries.article(six, unknown).to_pylist() == []


def test_pages_of_the_list_follow_each_other(six: Store) -> None:
    pages = [queries.articles(six, ALL, 2, offset).column("title").to_pylist() for offset in (0, 2, 4, 6)]
    assert [len(page) for page in pages] == [2, 2, 2, 0]
    assert [title for page in pages for title in page] == [row[3] for row in reversed(ARTICLES)]


def test_mentions_come_in_reading_order(six: Store) -> None:
    ids = [article(f"https://a.example/{n}").article_id for n in (1, 3)]
    rows = queries.mentions(six, ids).to_pylist()
    assert sorted({row["article_id"] for row in rows}) == sorted(ids)
    assert len(rows) == 7
    assert queries.mentions(six, []).num_rows == 0
    assert {"surface", "start", "end", "field", "row", "because"} <= set(rows[0])


def test_choices_count_each_stored_article_once(six: Store) -> None:
    assert queries.choices(six) == {
        "states": [("PRK", 3), ("RUS", 3), ("USA", 2)],
        "actors": [("NATO", 1)],
        "weapons": [("drone", 3), ("aircraft", 2)],
        "systems": [("f-16", 2), ("geran-2", 2)],
        "events": [("meeting", 3), ("transfer", 2), ("sanction", 1)],
        "kinds": [("wire", 4), ("state media", 3), ("think tank", 2)],
        "countries": [("USA", 5), ("RUS", 3)],
    }


@pytest.mark.parametrize(
    ("since", "until", "before"),
    [
        (date(2024, 1, 8), date(2024, 1, 14), (date(2024, 1, 1), date(2024, 1, 7))),
        (date(2024, 3, 1), date(2024, 3, 1), (date(2024, 2, 29), date(2024, 2, 29))),
        (date(2024, 1, 8), None, (date(2024, 1, 1), date(2024, 1, 7))),
        (None, date(2024, 1, 14), None),
        (None, None, None),
    ],
)
def test_the_period_before_is_as_long(since: date | None, until: date | None, before: tuple[date, date] | None) -> None:
    filters = Filters(states=("PRK",), since=since, until=until)
    earlier = queries.previous(filters, today=date(2024, 1, 14))
    if before is None:
        assert earlier is None
    else:
        assert earlier == replace(filters, since=before[0], until=before[1])


def _cycle(store: Store, hours: float, **statuses: str) -> None:
    feeds = [replace(WIRE, url=url) for url in statuses]
    ids = [delivery(of).feed_id for of in feeds]
    store.list_feeds(list(zip(ids, feeds, strict=True)))
    deliveries = [
        delivery(of, state=FeedState(), error="HTTP 500" if status == "error" else "")
        for of, status in zip(feeds, statuses.values(), strict=True)
        if status != "disabled"
    ]
    store.deliver(deliveries, later(hours=hours), TAGGER)
    reports = tuple(FeedReport(of, status) for of, status in zip(feeds, statuses.values(), strict=True))
    store.record_run(RunReport(later(hours=hours), later(hours=hours, minutes=1), reports), ids)


def test_an_empty_database_covers_nothing(store: Store) -> None:
    assert queries.coverage(store, TAGGER) == Coverage(0, None, None, False, 0, 0, None, None, 0)
    assert queries.figures(store, Filters()) == Figures(0, 0, 0, 0, 0, 0)
    assert queries.frequency(store, Filters(), "day", "state", 6).num_rows == 0
    assert queries.choices(store)["states"] == []


def test_coverage_says_what_is_held_and_how_the_last_cycle_went(store: Store) -> None:
    _cycle(store, 0, a="ok", b="error", c="unchanged")
    deliver(store, delivery(replace(WIRE, url="a"), *(_tagged(row) for row in ARTICLES)))
    said = queries.coverage(store, TAGGER)
    assert (said.articles, said.first, said.last) == (6, date(2024, 1, 1), date(2024, 3, 1))
    assert (said.feeds, said.feeds_reached, said.sample) == (3, 2, False)
    assert (said.last_cycle, said.unreached_since, said.outdated_tags) == (later(minutes=1), None, 0)
    assert queries.coverage(store, "2-new").outdated_tags == 6


def test_coverage_says_since_when_no_feed_was_reached(store: Store) -> None:
    _cycle(store, 0, a="error", b="disabled")
    assert queries.coverage(store, TAGGER).unreached_since == NOW, "never yet: since the first try"
    _cycle(store, 1, a="error", b="disabled")
    assert queries.coverage(store, TAGGER).unreached_since == NOW
    _cycle(store, 2, a="ok", b="error")
    assert queries.coverage(store, TAGGER).unreached_since is None
    _cycle(store, 3, a="error", b="error")
    _cycle(store, 4, a="error", b="error")
    assert queries.coverage(store, TAGGER).unreached_since == later(hours=2)
    _cycle(store, 5, a="disabled")
    assert queries.coverage(store, TAGGER).unreached_since is None, "nothing was tried"


def test_the_sample_is_told_apart_from_live_articles(store: Store) -> None:
    sample = replace(WIRE, url="sample:one", sample=True)
    store.list_feeds([(delivery(sample).feed_id, sample)])
    assert not queries.coverage(store, TAGGER).sample
    deliver(store, delivery(sample, _tagged(ARTICLES[0])))
    said = queries.coverage(store, TAGGER)
    assert (said.sample, said.articles, said.feeds, said.last_cycle) == (True, 1, 0, None)


def test_views_and_choices_do_not_depend_on_the_order_of_feeds(six: Store) -> None:
    assert found(six, replace(ALL, kinds=("wire", "state media"))) == found(
        six, replace(ALL, kinds=("state media", "wire"))
    )
