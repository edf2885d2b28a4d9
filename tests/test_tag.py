"""Tags: every mention is exactly the words that stand there, and what they mean follows from the vocabulary."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from pipeline.gazetteer import Gazetteer, load_gazetteer
from pipeline.gazetteer.surfaces import skeleton
from pipeline.model import Article, Mention, Tags
from pipeline.settings import ROOT
from pipeline.tables import mention_table, tag_table
from pipeline.tag import explain, relevance, tag
from pipeline.worker import Document, read_document, retag_articles
from tests.making import rss
from tests.small_seeds import FILES, write_seeds

SEEDS = ROOT / "seeds"

#: The news of 18 September 2023 as Parley's own words would tell it.
FAREWELL = {
    "title": "Kim Jong Un goes home from Russia with drones and a vest",
    "link": "https://news.example/2023/09/18/farewell",
    "pubDate": "Mon, 18 Sep 2023 07:00:00 GMT",
    "description": "<p>The ruler of North Korea took presents along when his armoured train left Russia&#8217;s Far"
    " East on Sunday: body armour, five one-way attack drones and a Geranium-25, built for reconnaissance. The regional"
    " governor handed them over.</p><p>Days before, he and Vladimir Putin had held talks at a spaceport. In Washington,"
    " the US government warned that shells and rockets might be sold to Moscow for the war against Ukraine.</p>",
}


def read(document: bytes) -> list[tuple[Article, Tags]]:
    """Articles and tags of a feed document, by the whole walk from its bytes."""
    reading = read_document(Document("https://news.example/feed", document, ""), datetime(2024, 1, 1), SEEDS)
    return [(row.article, row.tags) for row in reading.tagged]


def codes(tags: Tags, kind: str) -> set[str]:
    return set(tags.codes(kind))


def slices(title: str, text: str, mentions: Sequence[Mention]) -> bool:
    """Whether every mention's surface is what stands at its offsets."""
    return all((title if m.field == "title" else text)[m.start : m.end] == m.surface for m in mentions)


def test_the_farewell_from_russia_is_read_as_arms_diplomacy(gazetteer: Gazetteer) -> None:
    ((article, tags),) = read(rss([FAREWELL]))
    assert codes(tags, "state") == {"PRK", "RUS", "UKR", "USA"}
    assert {"drone", "protective"} <= set(tags.types("weapon"))
    assert "geran-25" in tags.systems()
    assert {"meeting", "transfer"} <= set(tags.types("event"))
    assert tags.relevant
    assert slices(article.title, article.summary, tags.mentions)
    surfaces = {m.surface for m in tags.mentions}
    assert {"Kim Jong Un", "Geranium-25", "body armour", "Moscow", "US"} <= surfaces
    assert "Putin" in " ".join(surfaces)


def test_the_article_that_began_it_all_is_read_as_arms_diplomacy(shared: Path, gazetteer: Gazetteer) -> None:
    title, _, text = (shared / "seed/kim-russia-visit.txt").read_text(encoding="utf-8").partition("\n")
    text = text.partition("Read More:")[0]
    tags = tag(title, text, gazetteer)
    assert codes(tags, "state") == {"PRK", "RUS", "UKR", "USA"}
    assert {"drone", "protective"} <= set(tags.types("weapon"))
    assert "geran-25" in tags.systems()
    assert {"meeting", "transfer", "sanction"} <= set(tags.types("event"))
    assert tags.relevant
    assert slices(title, text, tags.mentions)


@lru_cache(maxsize=1)
def some_names() -> list[str]:
    """Four hundred names of the vocabulary, the same on every run."""
    names = sorted({name.alias for name in load_gazetteer(SEEDS).vocabulary.names})
    return random.Random(1).sample(names, 400)


NOISE = [" ", " ", ", ", ". ", "\n", "’s ", "'s ", "-", "—", " the ", " and ", " met ", " sold ", "s ", "é", "e\u0301"]
NOISE += [
    "😀",
    "👩🏽‍🚀",
    "\u200f",
    "\u202e",
    "عربى",
    "עברית",
    "\ud800",
    "\udfff",
    "\x00",
    "\u00a0",
    "\u2011",
    "ﬁ",
    "İ",
    "ß",
]
PIECES = (
    st.deferred(lambda: st.sampled_from(some_names()))
    | st.sampled_from(NOISE)
    | st.sampled_from(["US", "us", "Turkey", "Patriot"])
)
TEXTS = st.lists(PIECES, max_size=30).map("".join)


@tried(max_examples=150)
@given(TEXTS, TEXTS, st.sampled_from([str, str.upper, str.lower]))
def test_every_surface_is_what_stands_at_its_offsets(title: str, text: str, case: object) -> None:
    assert callable(case)
    title, text = case(title), case(text)
    tags = tag(title, text, load_gazetteer(SEEDS))
    assert slices(title, text, tags.mentions)
    assert all(m.surface and m.field in ("title", "text") for m in tags.mentions)
    order = [(m.field == "text", m.start, m.end) for m in tags.mentions]
    assert order == sorted(order), "in reading order"


@tried(max_examples=60)
@given(TEXTS, TEXTS)
def test_names_of_one_kind_do_not_overlap(title: str, text: str) -> None:
    mentions = tag(title, text, load_gazetteer(SEEDS)).mentions
    for kind in ("state", "actor", "weapon"):
        ends = {"title": 0, "text": 0}
        for mention in (m for m in mentions if m.kind == kind):
            assert mention.start >= ends[mention.field]
            ends[mention.field] = mention.end


@tried(max_examples=60)
@given(TEXTS, TEXTS)
def test_explaining_changes_no_tag_and_lists_every_decision(title: str, text: str) -> None:
    gazetteer = load_gazetteer(SEEDS)
    tags, considered = explain(title, text, gazetteer)
    assert tags == tag(title, text, gazetteer)
    decided = [m for m in tags.mentions if m.because]
    assert all(m in [c.mention for c in considered if c.accepted] for m in decided)
    assert not {c.mention for c in considered if not c.accepted} & set(tags.mentions)


@tried(max_examples=100)
@given(TEXTS)
def test_a_skeleton_has_a_letter_for_each_letter_and_a_blank_for_all_else(text: str) -> None:
    bare = skeleton(text)
    assert len(bare) == len(text) + 2
    assert bare.decode() == f" {''.join(c.lower() if c.isascii() and c.isalnum() else ' ' for c in text)} "


def test_a_very_long_text_is_tagged_to_its_end(gazetteer: Gazetteer) -> None:
    sentence = "Russia sold Patriot missiles to the US. Iran and Turkey met for talks on drones, while "
    plain = "nothing of interest happened in the quiet village by the river that winter, as every year. "
    text = (plain * 50 + sentence) * 1080
    assert len(text) > 5_000_000
    tags = tag("", text, gazetteer)
    assert slices("", text, tags.mentions)
    assert {"RUS", "USA", "IRN", "TUR"} <= codes(tags, "state")


def test_a_text_without_any_full_stop_is_tagged_to_its_end(small: Gazetteer) -> None:
    clause = "Russia delivered drones after talks with France while "
    found = [m for m in tag("", clause * 1000, small).mentions if m.code == "FRA"]
    assert [m.start for m in found] == [clause.index("France") + n * len(clause) for n in range(1000)]


def test_a_text_without_names_has_no_tags(gazetteer: Gazetteer) -> None:
    assert tag("", "", gazetteer) == Tags((), False, "no state, weapon or event is named")
    assert tag("The weather", "stays as it is", gazetteer).mentions == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The US waited.", {"USA"}),
        ("They told us nothing.", set()),
        ("South Sudan waited.", {"SSD"}),
        ("Sudan and South Sudan waited.", {"SDN", "SSD"}),
        ("New Mexico waited.", {"USA"}),
        ("North Korea, not South Korea", {"PRK", "KOR"}),
        ("Equatorial Guinea and Papua New Guinea", {"GNQ", "PNG"}),
        ("Nigeria is not Niger", {"NGA", "NER"}),
        ("Turkish and Ukrainian envoys", {"TUR", "UKR"}),
        ("Pyongyang’s answer", {"PRK"}),
    ],
)
def test_the_longest_name_is_the_one_meant(gazetteer: Gazetteer, text: str, expected: set[str]) -> None:
    assert codes(tag("", text, gazetteer), "state") == expected


@pytest.mark.parametrize("text", ["a think tank in a quiet town", "a silver bullet for the economy", "a war of words"])
def test_figures_of_speech_are_no_weapons(gazetteer: Gazetteer, text: str) -> None:
    assert codes(tag("", text, gazetteer), "weapon") == set()


def test_a_name_does_not_reach_from_the_title_into_the_text(small: Gazetteer) -> None:
    assert tag("North", "Korea", small).mentions == ()
    (mention,) = tag("North Korea", "North", small).mentions
    assert (mention.field, mention.start, mention.end) == ("title", 0, 11)


def test_a_mention_says_all_that_is_known_of_it(small: Gazetteer) -> None:
    tags = tag("Kim Jong-un", "A Patriot battery, Fighting Falcons and a Su-57M", small)
    leader, patriot, falcon, sukhoi = tags.mentions
    assert leader[:5] == ("state", "PRK", "North Korea", "", "leader")
    assert leader.row.startswith("leaders.csv:2")
    assert patriot[:5] == ("weapon", "patriot", "Patriot", "air_defence", "system")
    assert patriot.because == "air-defence words: “battery” near by"
    assert falcon[:5] == ("weapon", "f-16", "F-16", "aircraft", "system")
    assert (falcon.surface, falcon.because) == ("Fighting Falcons", "")
    assert sukhoi[:5] == ("weapon", "aircraft", "Sukhoi aircraft", "aircraft", "designation")
    assert tags.systems() == ("f-16", "patriot")


def test_of_leaders_who_share_a_name_the_day_tells_who_is_meant(tmp_path: Path) -> None:
    leaders = """\
state,name,aliases,office,from,to,source
FRA,Anne Park,Park,minister,2004-08,2013,test
PRK,Bo Park,Park,minister,2014-05-02,2020-06-30,test
RUS,Kim Park,Park|Kim,minister,2020-07-01,,test
PRK,Kim Jong Un,Kim,leader,2011,,test
"""
    gazetteer = load_gazetteer(write_seeds(tmp_path / "seeds", leaders_csv=leaders))

    def meant(day: str, text: str = "Park") -> tuple[str, ...]:
        return tag("", text, gazetteer, day).codes("state")

    assert [meant(day) for day in ("2004-08-01", "2013-12-31", "2014-05-02", "2020-06-30", "2020-07-01")] == [
        ("FRA",), ("FRA",), ("PRK",), ("PRK",), ("RUS",)
    ]  # fmt: skip
    assert meant("2014-02-01") == ("FRA",), "between two offices it is the one before"
    assert meant("1990-01-01") == ("RUS",), "before all of them nobody knows"
    assert meant("") == ("RUS",), "without a day it is now"
    assert (meant("2015-01-01", "Kim"), meant("2021-01-01", "Kim")) == (("PRK",), ("RUS",))
    (mention,) = tag("", "Park", gazetteer, "2015-01-01").mentions
    assert mention.row == "leaders.csv:3"


def test_who_speaks_for_an_organisation_stands_for_it(tmp_path: Path) -> None:
    actors = FILES["actors.toml"].replace('names = ["NATO"]', 'names = ["NATO"]\nheads = ["Chief"]')
    gazetteer = load_gazetteer(write_seeds(tmp_path / "seeds", actors_toml=actors))
    chief, leader = tag("", "Chief and Kim Jong Un", gazetteer, "2020-01-01").mentions
    assert (chief.kind, chief.code, chief.via) == ("actor", "NATO", "leader")
    assert (leader.kind, leader.code, leader.via) == ("state", "PRK", "leader")


def test_an_ambiguous_word_is_decided_by_its_neighbours(small: Gazetteer) -> None:
    accepted, considered = explain("", "A Patriot launcher", small)
    assert codes(accepted, "weapon") == {"patriot"}
    rejected, considered = explain("", "The Patriot Act and a roast Turkey", small)
    assert rejected.mentions == ()
    assert [(c.mention.code, c.accepted, c.mention.because) for c in considered] == [
        ("patriot", False, "“Act” stands after it"),
        ("TUR", False, "“roast” stands near by"),
    ]


def test_events_lean_on_the_states_and_weapons_of_their_sentence(small: Gazetteer) -> None:
    assert tag("", "France and Russia held talks.", small).types("event") == ("meeting",)
    assert tag("", "France held talks. Russia waited.", small).types("event") == ()
    assert tag("France waits", "Russia held talks", small).types("event") == (), "the title is a sentence of its own"
    assert tag("", "A Patriot launcher was delivered", small).types("event") == ("transfer",), "also on decided words"
    assert tag("", "The Patriot Act was delivered", small).types("event") == ()
    between = "A Patriot launcher came. France {}held talks. Russia waited. Turkey waited."
    assert tag("", between.format(""), small).types("event") == (), "wherever decided words stand"
    assert tag("", between.format("and Russia "), small).types("event") == ("meeting",)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("France and Russia held talks.", ""),
        ("France and Russia will hold talks.", "planned"),
        ("Will France wait? Russia and Turkey held talks.", ""),
        ("France will wait in silence while Russia and Turkey hold talks.", ""),
        ("France and Russia hold talks tomorrow.", "planned"),
        ("To be talks, talks of Russia and France must be held.", ""),
    ],
)
def test_what_is_said_of_an_event_is_kept(small: Gazetteer, text: str, status: str) -> None:
    events = [m for m in tag("", text, small).mentions if m.kind == "event"]
    assert events[-1].status == status


def test_a_word_of_another_tag_says_nothing_of_a_weapon(small: Gazetteer) -> None:
    struck = tag("", "France was hit by drones of Russia", small).mentions
    assert [(m.code, m.status) for m in struck if m.kind == "weapon"] == [("drone", "battle")]
    assert {m.status for m in struck if m.kind == "state"} == {""}


def mention(kind: str, code: str, type_: str = "", surface: str = "word") -> Mention:
    return Mention(kind, code, code, type_, "name", "title", 0, 4, surface, "seeds:1", "")


RUS, FRA, NATO = mention("state", "RUS"), mention("state", "FRA"), mention("actor", "NATO")
DRONE, NUKE = mention("weapon", "drone", "drone", "drone"), mention("weapon", "nuclear", "nuclear", "warhead")


DEALER = mention("weapon", "arms", "unspecified")._replace(status="person")
SHOT, BLAST = DRONE._replace(status="battle"), NUKE._replace(status="battle")


def event(kind: str) -> Mention:
    return mention("event", kind, kind, kind)


@pytest.mark.parametrize(
    ("mentions", "relevant", "reason"),
    [
        ([], False, "no weapon is named"),
        ([RUS, FRA, event("meeting")], False, "no weapon is named"),
        ([DRONE, RUS, FRA], False, "“drone” is named, but no meeting, transfer, sanction or agreement"),
        ([DRONE, RUS, event("meeting")], False, "“drone” and “meeting” are named, but not two parties"),
        ([DRONE, RUS, RUS, event("meeting")], False, "“drone” and “meeting” are named, but not two parties"),
        ([DRONE, event("transfer")], False, "“drone” and “transfer” are named, but not two parties"),
        (
            [DRONE, RUS, FRA, event("exercise")],
            False,
            "“drone” is named, but no meeting, transfer, sanction or agreement",
        ),
        ([DRONE, RUS, FRA, event("meeting")], True, "“drone” with “meeting” (meeting) between 2 parties"),
        ([DRONE, RUS, NATO, event("sanction")], True, "“drone” with “sanction” (sanction) between 2 parties"),
        ([DRONE, RUS, event("transfer")], True, "“drone” with “transfer” (transfer) with one party named"),
        ([NUKE, RUS, event("agreement")], True, "“warhead” with “agreement” (agreement) with one party named"),
        ([NUKE, RUS, event("meeting")], False, "“warhead” and “meeting” are named, but not two parties"),
        ([NUKE, RUS, FRA], True, "“warhead” (nuclear) with 2 parties concerned"),
        ([DRONE, RUS, FRA, event("test")], True, "“test” (test) with 2 parties concerned"),
        ([DRONE, RUS, event("test")], False, "“drone” is named, but no meeting, transfer, sanction or agreement"),
        (
            [SHOT, RUS, FRA, event("meeting")],
            False,
            "“drone” is only used in battle, and “meeting” need not be about it",
        ),
        ([SHOT, DRONE, RUS, FRA, event("meeting")], True, "“drone” with “meeting” (meeting) between 2 parties"),
        ([SHOT, RUS, FRA, event("transfer")], True, "“drone” with “transfer” (transfer) between 2 parties"),
        ([BLAST, RUS, FRA, event("agreement")], True, "“warhead” with “agreement” (agreement) between 2 parties"),
        ([DEALER, RUS, FRA, event("transfer")], False, "no weapon is named"),
        ([BLAST, RUS, FRA], False, "“warhead” is named, but no meeting, transfer, sanction or agreement"),
    ],
)
def test_relevance_follows_from_weapons_dealings_and_parties(
    mentions: list[Mention], relevant: bool, reason: str
) -> None:
    assert relevance(mentions) == (relevant, reason)


def test_stored_articles_are_tagged_as_new_ones_are(small: Gazetteer, small_seeds: Path) -> None:
    rows = [(1, "Kim Jong Un", "Russia delivered drones.", "2024-01-01"), (2, "", "Nothing", "2024-01-01")]
    tags = [tag(title, text, small) for _, title, text, _ in rows]
    articles, mentions = retag_articles(rows, small_seeds)
    assert articles.equals(tag_table([1, 2], tags, small.version))
    assert mentions.equals(mention_table([1, 2], tags, small.version))
    assert mentions.num_rows == len(tags[0].mentions) > 0


def test_tagging_the_same_twice_gives_the_same(gazetteer: Gazetteer) -> None:
    title, text = FAREWELL["title"], FAREWELL["description"]
    assert tag(title, text, gazetteer) == tag(title, text, gazetteer)
