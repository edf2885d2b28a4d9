"""A whole vocabulary small enough to read at a glance; tests break one file of it at a time."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "states.toml": """\
[PRK]
name = "North Korea"
names = ["North Korea"]
adjectives = ["North Korean"]
capitals = ["Pyongyang"]
lat = 40.0
lon = 127.0
source = "test"
examples = ["Pyongyang waited."]

[RUS]
name = "Russia"
names = ["Russia", "Russian Federation"]
adjectives = ["Russian", "Russians"]
source = "test"
examples = ["Russia waited."]

[FRA]
name = "France"
names = ["France"]
source = "test"
examples = ["France waited."]

[USA]
name = "United States"
names = ["US", "United States"]
source = "test"
examples = ["The US waited."]

[TUR]
name = "Türkiye"
names = ["Türkiye", "Turkey"]
source = "test"
examples = ["Turkey waited."]
""",
    "leaders.csv": """\
state,name,aliases,office,from,to,source
PRK,Kim Jong Un,Kim Jong-un,leader,2011,,test
""",
    "places.csv": """\
place,aliases,state,kind,population,source
Marseille,Marseilles,FRA,city,870000,test
""",
    "actors.toml": """\
[NATO]
name = "NATO"
kind = "organisation"
names = ["NATO"]
source = "test"
examples = ["NATO waited."]
""",
    "weapon_types.toml": """\
[drone]
name = "Drones"
definition = "uncrewed"

[aircraft]
name = "Aircraft"
definition = "crewed"

[air_defence]
name = "Air defence"
definition = "against aircraft"
""",
    "weapon_terms.csv": """\
term,type,aliases,source
drone,drone,unmanned aircraft,test
""",
    "weapons.csv": """\
code,name,type,aliases,origin,sipri,unroca,ml,mtcr,source
f-16,F-16,aircraft,Fighting Falcon,USA,,,,,test
patriot,Patriot,air_defence,,USA,,,,,test
geran-2,Geran-2,drone,,RUS,,,,,test
""",
    "designations.toml": """\
[sukhoi]
stems = ["Su-"]
tail = '\\d{2}[A-Z]?'
type = "aircraft"
name = "Sukhoi aircraft"
source = "test"
examples = ["A Su-99 took off."]
not_examples = ["A Su-1 took off."]
""",
    "phrases.csv": """\
phrase,because,source
New France,a colony,test
drone on,to speak long,test
""",
    "contexts.toml": """\
[air_defence]
words = ["battery", "launcher"]
source = "test"
""",
    "ambiguous.toml": """\
[[word]]
surfaces = ["Patriot"]
means = "weapon:patriot"
default = "no"
near = ["@air_defence"]
not_after = ["Act"]
because = "air-defence words"
source = "test"
is = ["A Patriot battery."]
is_not = ["The Patriot Act."]

[[word]]
surfaces = ["Turkey"]
means = "state:TUR"
default = "yes"
before = []
unless = ["roast"]
because = "the state"
source = "test"
is = ["Turkey waited."]
is_not = ["A roast Turkey."]
""",
    "meetings.toml": """\
[meeting]
name = "Meeting"
plover = "CONSULT"
source = "test"
examples = ["France and Russia held talks."]

[[meeting.triggers]]
phrases = ["talks", "Talks"]
sentence_parties = 2
because = "two parties talk"

[transfer]
name = "Transfer"
plover = "AID"
source = "test"
examples = ["Russia delivered drones."]

[[transfer.triggers]]
phrases = ["delivered"]
requires_tags = ["weapon"]
because = "a weapon is delivered"
""",
    "statuses.toml": """\
[planned]
kind = "event"
name = "planned"
before = ["to be"]
earlier = ["will"]
later = ["tomorrow"]
within = 30
source = "test"
examples = ["Russia will have talks with France."]
not_examples = ["Russia had talks with France."]

[battle]
kind = "weapon"
name = "used in battle"
earlier = ["hit by"]
within = 30
source = "test"
examples = ["France was hit by a drone."]
not_examples = ["France has a drone."]
""",
    "links.toml": """\
[tracking]
names = ["fbclid"]
prefixes = ["utm_"]
source = "test"

[mobile]
hosts = ["www.", "m.", "amp."]
paths = ["/amp", ".amp"]
source = "test"
""",
}


def write_seeds(folder: Path, **changes: str | None) -> Path:
    """Write the vocabulary to a folder; `states_toml="…"` replaces a file, None leaves it out. Returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    replaced = {("_".join(name.split("_")[:-1]) + "." + name.split("_")[-1]): text for name, text in changes.items()}
    assert set(replaced) <= set(FILES), "no such seed file"
    for name, text in (FILES | replaced).items():
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    return folder
