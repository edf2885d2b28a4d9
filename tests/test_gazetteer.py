"""Seeds: every mistake is told with file, line and the mend; names are found in all forms that news uses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import SeedError
from pipeline.examples import failing, load_checked
from pipeline.gazetteer import Gazetteer, load_gazetteer, vocabulary_version
from pipeline.gazetteer.guards import small
from pipeline.gazetteer.item import Contexts, Item
from pipeline.gazetteer.rules import Beside, Near, Rule
from pipeline.gazetteer.surfaces import in_title_case, plain, variants, without_diacritics
from pipeline.gazetteer.vocabulary import read_vocabulary
from pipeline.settings import ROOT
from pipeline.tag import tag
from pipeline.worker import load_link_rules
from tests.small_seeds import FILES, write_seeds


def changed(file: str, old: str, new: str) -> dict[str, str | None]:
    """One change of one seed file, as an argument of `write_seeds`."""
    assert FILES[file].count(old) >= 1, f"{file} has no {old!r}"
    return {file.replace(".", "_"): FILES[file].replace(old, new, 1)}


def line(file: str, words: str) -> int:
    """The line of a seed file on which some words stand."""
    return next(n for n, text in enumerate(FILES[file].splitlines(), start=1) if words in text)


#: Each mistake: its name, the file, what is replaced by what, the line that is told or words on it, and what is said.
MISTAKES: list[tuple[str, str, str, str, str | int, str]] = [
    ("alias of two states", "states.toml", '"France"]', '"France", "Russia"]', "[FRA]",
     "'Russia' is FRA here and RUS at"),
    ("alias of two systems", "weapons.csv", "F-16,aircraft,Fighting Falcon", "F-16,aircraft,Patriot", "patriot",
     "'Patriot' is"),
    ("alias of a term and a system", "weapon_terms.csv", "unmanned aircraft", "Geran-2", "geran-2", "'Geran-2' is"),
    ("code twice", "weapons.csv", "geran-2,Geran-2", "f-16,Geran-2", "geran-2", "code 'f-16' stands twice"),
    ("unknown weapon type", "weapons.csv", "F-16,aircraft", "F-16,plane", "f-16",
     "type 'plane' is unknown; use one of drone"),
    ("unknown type of a term", "weapon_terms.csv", "drone,drone", "drone,robot", "drone,", "type 'robot' is unknown"),
    ("unknown state of origin", "weapons.csv", ",RUS,", ",ROS,", "geran-2", "origin 'ROS' is not in states.toml"),
    ("unknown state of a leader", "leaders.csv", "PRK,Kim", "NKO,Kim", "Kim", "state 'NKO' is not in states.toml"),
    ("unknown state of a place", "places.csv", ",FRA,", ",XXX,", "Marseille", "state 'XXX' is not in states.toml"),
    ("unknown kind of place", "places.csv", ",city,", ",town,", "Marseille", "kind 'town' is unknown; use one of city"),
    ("unknown kind of actor", "actors.toml", "organisation", "club", "[NATO]", "kind 'club' is unknown"),
    ("no ISO code", "states.toml", "[FRA]", "[fr]", "[FRA]", "[fr] is no ISO 3166-1 alpha-3 code"),
    ("unknown event type", "meetings.toml", "[meeting]", "[party]", "[meeting]", "[party] is no event type"),
    ("empty name", "states.toml", 'name = "France"', 'name = " "', "[FRA]", "name is empty; give it a value"),
    ("empty alias", "states.toml", '"France"]', '"France", ""]', "[FRA]", "names has an empty name; remove it"),
    ("empty alias in CSV", "leaders.csv", "Kim Jong-un", "Kim Jong-un|", "Kim", "aliases has an empty name"),
    ("empty phrase", "phrases.csv", "New France,", ",", "New France", "phrase is empty"),
    ("no source", "states.toml", 'source = "test"\nexamples = ["France', 'examples = ["France', "[FRA]",
     "source is empty"),
    ("no examples", "states.toml", 'examples = ["France waited."]', "", "[FRA]", "has no examples"),
    ("a number for a name", "states.toml", 'name = "France"', "name = 7", "[FRA]", "name must be a text, not 7"),
    ("a text for a number", "states.toml", "lat = 40.0", 'lat = "north"', "[PRK]", "lat must be a number"),
    ("a number in a list", "states.toml", '"France"]', '"France", 7]', "[FRA]", "names must be a list of texts"),
    ("rule for no alias", "ambiguous.toml", '"Patriot"', '"Patriots"', 1, "'Patriots' is no alias of weapon:patriot"),
    ("rule for no row", "ambiguous.toml", "weapon:patriot", "weapon:nothing", 1, "is no alias of weapon:nothing"),
    ("rule for nothing", "ambiguous.toml", "weapon:patriot", "patriot", 1,
     "means must be state:, actor:, weapon: or term:"),
    ("two rules for one word", "ambiguous.toml", '"Turkey"]\nmeans = "state:TUR"',
     '"Patriot"]\nmeans = "weapon:patriot"', 12, "has a rule already, at ambiguous.toml:1"),
    ("unknown list of words", "ambiguous.toml", "@air_defence", "@nothing", 1,
     "near names @nothing, which is not in contexts"),
    ("rule without examples", "ambiguous.toml", 'is_not = ["The Patriot Act."]', "", 1,
     "needs sentences where it is meant"),
    ("neither yes nor no", "ambiguous.toml", 'default = "no"', 'default = "perhaps"', 1,
     "default 'perhaps' is unknown; use one of yes"),
    ("broken pattern", "designations.toml", "\\d{2}[A-Z]?", "(\\d{2}", 1, "tail is no regular expression"),
    ("example outside the family", "designations.toml", "Su-99", "MiG-99", 1,
     "'A MiG-99 took off.' is not of this family"),
    ("trigger with unknown words", "meetings.toml", "sentence_parties = 2", 'near = ["@nothing"]', "[meeting]",
     "near names @nothing"),
    ("too few columns", "leaders.csv", "PRK,Kim Jong Un,Kim Jong-un", "PRK,Kim Jong Un", "Kim",
     "another number of fields than the header"),
    ("too many columns", "leaders.csv", "leader,2011,,test", "leader,2011,,test,x", "Kim", "another number of fields"),
    ("a column missing", "leaders.csv", "office,from", "office,since", 1, "the header lacks from"),
    ("a quote left open", "leaders.csv", "Kim Jong Un", '"Kim Jong Un', "", "not readable as CSV"),
    ("no TOML", "states.toml", "[FRA]", "[FRA", "", "not readable as TOML"),
    ("a key twice", "states.toml", "[FRA]", "[RUS]", "", "not readable as TOML"),
    ("a value outside a table", "states.toml", "[PRK]", 'x = "y"\n[PRK]', "", "x stands outside any table"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "place", "words"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES]
)
def test_a_mistake_is_told_with_file_line_and_mend(
    tmp_path: Path, file: str, old: str, new: str, place: str | int, words: str
) -> None:
    folder = write_seeds(tmp_path / "seeds", **changed(file, old, new))
    with pytest.raises(SeedError) as told:
        load_checked(folder)
    assert words in str(told.value)
    at = place if isinstance(place, int) else line(_told_file(told.value), place) if place else None
    assert told.value.where.startswith(f"{_told_file(told.value)}:{at}" if at else file), str(told.value)


def _told_file(error: SeedError) -> str:
    return error.where.split(":")[0].split(" ")[0]


def test_the_seeds_without_a_mistake_load(tmp_path: Path) -> None:
    gazetteer = load_gazetteer(write_seeds(tmp_path / "seeds"))
    assert set(gazetteer.vocabulary.states) == {"PRK", "RUS", "FRA", "USA", "TUR"}
    assert len(gazetteer.vocabulary.examples) >= 12
    assert failing(gazetteer) == []


REQUIRED = sorted(set(FILES) - {"phrases.csv", "contexts.toml", "ambiguous.toml", "links.toml"})


@pytest.mark.parametrize("file", REQUIRED)
def test_a_missing_file_is_told(tmp_path: Path, file: str) -> None:
    folder = write_seeds(tmp_path / "seeds", **{file.replace(".", "_"): None})
    with pytest.raises(SeedError, match=f"^{file}: is missing from "):
        load_gazetteer(folder)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match="is missing from"):
        load_gazetteer(tmp_path / "nowhere")


@pytest.mark.parametrize("file", ["states.toml", "weapons.csv"])
def test_a_file_in_another_encoding_is_told(tmp_path: Path, file: str) -> None:
    folder = write_seeds(tmp_path / "seeds")
    (folder / file).write_bytes((FILES[file] + "# Zürich").encode("latin-1"))
    with pytest.raises(SeedError, match=f"^{file}: is not UTF-8"):
        load_gazetteer(folder)


@pytest.mark.parametrize(
    ("links", "words"),
    [
        (None, "is missing"),
        ("[tracking]\nnames = []\nprefixes = []\n", "mobile"),
        (FILES["links.toml"].replace('["fbclid"]', '"fbclid", 7'), "links.toml"),
    ],
)
def test_broken_rules_for_links_are_told(tmp_path: Path, links: str | None, words: str) -> None:
    with pytest.raises(SeedError, match=words):
        load_link_rules(write_seeds(tmp_path / "seeds", links_toml=links))


def test_a_spreadsheets_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    folder = write_seeds(tmp_path / "seeds")
    (folder / "weapons.csv").write_bytes(b"\xef\xbb\xbf" + FILES["weapons.csv"].replace("\n", "\r\n").encode())
    assert "f-16" in load_gazetteer(folder).vocabulary.systems


def test_a_folder_is_read_once_and_a_changed_one_has_another_version(tmp_path: Path) -> None:
    folder = write_seeds(tmp_path / "seeds")
    assert load_gazetteer(folder) is load_gazetteer(folder / "x" / "..")
    before = vocabulary_version(folder)
    assert before == load_gazetteer(folder).version
    (folder / "feeds.csv").write_text("url\n")
    assert vocabulary_version(folder) == before, "the feed list is no vocabulary"
    (folder / "phrases.csv").write_text(FILES["phrases.csv"] + "Old France,a song,test\n")
    assert vocabulary_version(folder) != before
    again = write_seeds(tmp_path / "again")
    assert vocabulary_version(again) == before, "the place of the folder is no vocabulary"
    shutil.rmtree(again)


def test_every_name_has_the_forms_that_news_uses() -> None:
    def forms(alias: str, capitals: bool = False) -> set[str]:
        return set(variants(alias, capitals=capitals))

    assert forms("F-16") == {"F-16"}, "F 16 is a size of fonts"
    assert forms("Su-35") == {"Su-35", "Su 35", "Su35"}
    assert forms("body armour") == {"body armour", "Body armour", "Body Armour"}
    assert forms("anti-tank gun") >= {"anti-tank gun", "Anti-tank gun", "Anti-tank Gun", "Anti-Tank Gun"}
    assert forms("Türkiye", capitals=True) == {"Türkiye", "Turkiye", "TÜRKIYE", "TURKIYE"}
    assert forms("Côte d’Ivoire") == {"Côte d'Ivoire", "Cote d'Ivoire"}
    assert forms("Xi", capitals=True) == {"Xi"}, "XI is a numeral"
    assert next(variants("Erdoğan", capitals=False)) == "Erdoğan"
    assert without_diacritics("Łódź") == "Łodz"


def test_plain_text_keeps_its_length() -> None:
    assert plain("Kim’s F‑16 – North\u00a0Korea\n") == "Kim's F-16 - North Korea "
    assert plain("plain\ttext") == "plain text"
    assert in_title_case("RUSSIA'S U.S. ARMY") == "Russia's U.S. Army"
    assert len(in_title_case("STRASSE ŉ İ ǆ")) == len("STRASSE ŉ İ ǆ")


FOUND = {
    "North Korea": ["PRK"],
    "NORTH KOREA": ["PRK"],
    "North\u00a0Korea": ["PRK"],
    "North\nKorea": ["PRK"],
    "north korea": [],
    "North Koreans": [],
    "NorthKorea": [],
    "North Korea's": ["PRK"],
    "North Korea’s": ["PRK"],
    "(North Korea)": ["PRK"],
    "Turkiye and Türkiye": ["TUR", "TUR"],
    "the US": ["USA"],
    "tell us": [],
    "US-Russia": ["USA", "RUS"],
    "USA": [],
    "New France": [],
    "New France and France": ["FRA"],
    "France_x": ["FRA"],
}


@pytest.mark.parametrize("text", FOUND, ids=ascii)
def test_states_are_found_as_whole_words(small: Gazetteer, text: str) -> None:
    assert [m.code for m in tag("", text, small).mentions] == FOUND[text]


WEAPONS = {
    "an F-16": [("f-16", "F-16")],
    "F-16s": [("f-16", "F-16s")],
    "F‑16C": [("f-16", "F‑16C")],
    "F-16C/D": [("f-16", "F-16C")],
    "F-161": [],
    "XF-16": [],
    "Geran 2": [("geran-2", "Geran 2")],
    "GERAN-2": [("geran-2", "GERAN-2")],
    "drones": [("drone", "drones")],
    "Drone Strikes": [("drone", "Drone")],
    "DRONE": [("drone", "DRONE")],
    "droned": [],
    "they drone on": [],
    "unmanned aircraft": [("drone", "unmanned aircraft")],
    "Su-57M": [("aircraft", "Su-57M")],
    "Su 57": [("aircraft", "Su 57")],
    "Su-5": [],
    "Su-577": [],
}


@pytest.mark.parametrize("text", WEAPONS)
def test_weapons_are_found_in_singular_plural_and_variants(small: Gazetteer, text: str) -> None:
    assert [(m.code, m.surface) for m in tag("", text, small).mentions] == WEAPONS[text]


def test_capitals_are_read_only_where_all_is_in_capitals(small: Gazetteer) -> None:
    assert [m.surface for m in tag("DRONES FOR FRANCE", "", small).mentions] == ["DRONES", "FRANCE"]
    mixed = tag("DRONES FOR FRANCE", "the turkey was cold, and so were we", small)
    assert [m.surface for m in mixed.mentions] == ["DRONES", "FRANCE"], "small letters stay small letters"


def near(listed: list[str]) -> Near:
    return Near(frozenset(map(small, listed)))


def beside(listed: list[str], *, after: bool) -> Beside:
    return Beside(frozenset(map(small, listed)), after=after)


def rule(**conditions: object) -> Rule:
    return Rule(**({"default": False, "because": "for a test"} | conditions))  # type: ignore[arg-type]


TEXT = "Two big tanks and a Patriot battery (of the army) near the lake. Talks go on in Paris."
AT = TEXT.index("Patriot"), TEXT.index("Patriot") + len("Patriot")


class Tag:
    """A tag that is certain, as rules know it."""

    def __init__(self, kind: str, known_as: str) -> None:
        self.kind, self.known_as = kind, known_as


Found = tuple[int, int, Tag, str]


def item(text: str, made: Rule, *found: Found) -> Item:
    """A text ready to be decided by a rule, with these tags already certain."""
    words = frozenset().union(*(near.words for near in (made.near, made.unless) if near))
    ready = Item(text, Contexts(words, ["Gen"]))
    ready.lean_on(sorted(found, key=lambda f: f[0]))
    return ready


def decided(made: Rule, *found: Found) -> bool:
    return made.decide(item(TEXT, made, *found), *AT).accepted


@pytest.mark.parametrize(
    ("conditions", "accepted"),
    [
        ({}, False),
        ({"default": True}, True),
        ({"after": beside(["battery"], after=True)}, True),
        ({"after": beside(["BATTERY (of the"], after=True)}, True),
        ({"after": beside(["bat"], after=True)}, False),
        ({"after": beside(["army"], after=True)}, False),
        ({"before": beside(["and a", "x"], after=False)}, True),
        ({"before": beside(["nd a"], after=False)}, False),
        ({"before": beside(["tanks"], after=False)}, False),
        ({"near": near(["Lake"])}, True),
        ({"near": near(["lak"])}, False),
        ({"near": near(["Patriot"])}, False),
        ({"near": near(["lake"]), "within": 20}, False),
        ({"default": True, "unless": near(["army"])}, False),
        ({"after": beside(["battery"], after=True), "unless": near(["army"])}, False),
        ({"default": True, "not_after": beside(["battery"], after=True)}, False),
        ({"default": True, "not_before": beside(["and a"], after=False)}, False),
        ({"default": True, "not_after": beside(["army"], after=True)}, True),
    ],
)
def test_words_near_by_decide(conditions: dict[str, object], accepted: bool) -> None:
    assert decided(rule(**conditions)) is accepted


def test_a_word_cut_by_the_edge_of_the_neighbourhood_is_no_word() -> None:
    text = "attack " + "a " * 200 + "counterattack on X and tankers " + "b " * 200 + "tank"
    at = text.index("X")

    def stands_near(word: str, within: int) -> bool:
        made = rule(near=near([word]), within=within)
        return made.decide(item(text, made), at, at + 1).accepted

    assert not stands_near("attack", len("attack on "))
    assert not stands_near("tank", len(" and tank"))
    assert stands_near("counterattack", len("counterattack on "))
    assert stands_near("tankers", len(" and tankers"))


TANKS, PARIS = TEXT.index("tanks"), TEXT.index("Paris")
ARMOUR: Found = (TANKS, TANKS + 5, Tag("weapon", "armour"), "")
FRA: Found = (PARIS, PARIS + 5, Tag("state", "FRA"), "")
RUS: Found = (0, 3, Tag("state", "RUS"), "")


@pytest.mark.parametrize(
    ("conditions", "found", "accepted"),
    [
        ({"near_tags": frozenset({"weapon"})}, [ARMOUR], True),
        ({"near_tags": frozenset({"state"})}, [ARMOUR], False),
        ({"near_tags": frozenset({"weapon"}), "within": 5}, [ARMOUR], False),
        ({"near_tags": frozenset({"weapon"})}, [(*AT, Tag("weapon", "x"), "")], False),
        ({"default": True, "parties": 1}, [], False),
        ({"default": True, "parties": 1}, [FRA], True),
        ({"default": True, "parties": 2}, [FRA, FRA], False),
        ({"default": True, "parties": 2}, [RUS, FRA], True),
        ({"default": True, "sentence_parties": 1}, [FRA], False),
        ({"default": True, "sentence_parties": 1}, [RUS, FRA], True),
        ({"default": True, "requires_tags": frozenset({"weapon"})}, [ARMOUR], True),
        ({"default": True, "requires_tags": frozenset({"weapon"})}, [RUS], False),
        ({"default": True, "requires_tags": frozenset({"weapon", "state"})}, [RUS, ARMOUR], True),
        ({"default": True, "requires_tags": frozenset({"state"})}, [FRA], False),
        ({"default": True, "requires_tags": frozenset({"weapon"}), "requires_side": "before"}, [ARMOUR], True),
        ({"default": True, "requires_tags": frozenset({"weapon"}), "requires_side": "after"}, [ARMOUR], False),
        ({"default": True, "requires_tags": frozenset({"weapon"}), "reach": 5}, [ARMOUR], False),
        (
            {"default": True, "requires_tags": frozenset({"weapon"}), "except_codes": frozenset({"armour"})},
            [ARMOUR],
            False,
        ),
    ],
)
def test_tags_near_by_decide(conditions: dict[str, object], found: list[Found], accepted: bool) -> None:
    assert decided(rule(**conditions), *found) is accepted


def test_a_decision_says_why() -> None:
    made = rule(after=beside(["battery"], after=True), because="air-defence words")
    accepted = made.decide(item(TEXT, made), *AT)
    assert accepted.because == "air-defence words: “battery” after it"
    made = rule(default=True, unless=near(["army"]))
    rejected = made.decide(item(TEXT, made), *AT)
    assert rejected.because == "“army” stands near by"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("One here. Two X there. Three.", "Two X there. "),
        ("U.S. aid X here. Next", "U.S. aid X here. "),
        ("He said “no.” Then X came.", "Then X came."),
        ("title X\nText begins.", "title X\n"),
        ("Gen. X spoke. He left.", "Gen. X spoke. "),
        ("The U.S. Xs left. They went.", "The U.S. Xs left. "),
        ("X", "X"),
    ],
)
def test_a_sentence_has_its_bounds(text: str, sentence: str) -> None:
    at = text.index("X")
    low, high = item(text, rule()).sentence(at, at + 1)
    assert text[low:high] == sentence


def test_the_vocabulary_knows_its_systems_and_types(small: Gazetteer) -> None:
    vocabulary = small.vocabulary
    assert vocabulary.systems["geran-2"].origin == ("RUS",)
    assert vocabulary.weapon_types["drone"].definition == "uncrewed"
    assert vocabulary.events["meeting"].plover == "CONSULT"
    assert (vocabulary.states["PRK"].lat, vocabulary.states["PRK"].lon) == (40.0, 127.0)
    assert vocabulary.actors == {"NATO": "NATO"}


def test_the_same_files_give_the_same_vocabulary(tmp_path: Path) -> None:
    one, two = (read_vocabulary(write_seeds(tmp_path / name)) for name in "ab")
    assert [(n.alias, n.sense.code) for n in one.names] == [(n.alias, n.sense.code) for n in two.names]


def test_an_example_that_does_not_hold_stops_whoever_starts_parley(tmp_path: Path) -> None:
    wrong = FILES["states.toml"].replace("Turkey waited", "Nobody waited")
    folder = write_seeds(tmp_path / "seeds", states_toml=wrong)
    load_gazetteer(folder)  # a reading process starts when all has been checked
    with pytest.raises(SeedError, match=r"'Nobody waited\.' yields no state TUR; mend the sentence or the row") as told:
        load_checked(folder)
    assert told.value.where == f"states.toml:{line('states.toml', '[TUR]')}"
    unwanted = FILES["ambiguous.toml"].replace("The Patriot Act.", "The Patriot launcher.")
    folder = write_seeds(tmp_path / "unwanted", ambiguous_toml=unwanted)
    with pytest.raises(SeedError, match=r"'The Patriot launcher\.' yields weapon patriot"):
        load_checked(folder)


def test_after_a_short_stem_a_designation_begins_as_an_example_does(tmp_path: Path) -> None:
    def members(stem: str, *examples: str) -> list[str]:
        row = f'[[family]]\nstems = ["{stem}"]\ntail = "[-A-Z0-9]+"\ntype = "aircraft"\nname = "x"\nsource = "test"\n'
        rows = row + f"examples = [{', '.join(f'{e!r}' for e in examples)}]\n"
        folder = write_seeds(tmp_path / f"{len(list(tmp_path.iterdir()))}", designations_toml=rows)
        return [m.surface for m in tag("", "SuX10 Su7 Su-X Su-8 Sukho7", load_gazetteer(folder)).mentions]

    assert members("Su", "Su1") == ["Su7"], "any digit"
    assert members("Su", "Su-1") == ["Su-8"]
    assert members("Su", "Su-Y") == []
    assert members("Su", "Su-X") == ["Su-X"]
    assert members("Su", "SuX1") == ["SuX10"]
    assert members("Su-", "Su-1") == ["Su7", "Su-8"]
    assert members("Su ", "Su Y") == [], "as it is written"
    assert members("Sukho", "Sukho1") == ["Sukho7"]


_KEYS = """
import hashlib, sys
from pathlib import Path
from pipeline.gazetteer import load_gazetteer
print(hashlib.sha256(b"|".join(load_gazetteer(Path(sys.argv[1])).index.keys)).hexdigest())
"""


def test_the_same_seeds_make_the_same_keys_in_every_process() -> None:
    def keys(seed: str) -> str:
        command = [sys.executable, "-c", _KEYS, str(ROOT / "seeds")]
        environment = os.environ | {"PYTHONHASHSEED": seed}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout

    assert keys("1") == keys("2") != ""
