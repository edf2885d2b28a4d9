"""Article × gazetteer → mentions. Pure.

Two passes over the hits of the automaton: first those that are certain, then those that a rule decides by
what stands near them; states and weapons before events, because events ask who and what stands in the sentence.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

from pipeline.gazetteer import Gazetteer, Hit
from pipeline.gazetteer.rules import Rule
from pipeline.gazetteer.senses import Sense
from pipeline.gazetteer.statuses import status_of
from pipeline.gazetteer.surfaces import as_item, in_title_case
from pipeline.model import Mention, Tags

#: Event types that make arms diplomacy of a weapon and two parties (the labelling guide's `relevant`).
DEALINGS = ("transfer", "sanction", "agreement", "meeting")


class Considered(NamedTuple):
    """A hit that a rule decided, for explanations: what it would have been and why it was taken or not."""

    mention: Mention
    accepted: bool


def tag(title: str, text: str, gazetteer: Gazetteer, day: str = "") -> Tags:
    """All mentions in a title and a text, with offsets in code points into each, and the relevance.

    `day` (ISO 8601) is the day of the article: of leaders who share a name it tells who is meant.
    """
    reading = _Reading(title, text, gazetteer, day, explain=False)
    return _conclude(reading.mentions())


def explain(title: str, text: str, gazetteer: Gazetteer, day: str = "") -> tuple[Tags, list[Considered]]:
    """The same tags, and every match that needed a decision, with the reason for or against it."""
    reading = _Reading(title, text, gazetteer, day, explain=True)
    tags = _conclude(reading.mentions())
    return tags, [Considered(reading.mention(*meant), accepted) for meant, accepted in reading.considered]


def _conclude(mentions: list[Mention]) -> Tags:
    if not mentions:
        return Tags((), False, "no state, weapon or event is named")
    relevant, reason = relevance(mentions)
    return Tags(tuple(mentions), relevant, reason)


_NO_KINDS: frozenset[str] = frozenset()
# A match with the sense of it that its rule decides on.
_Choice = tuple[int, int, Sense, Rule]
# A match with what it means and why.
_Meant = tuple[int, int, Sense, str]
_place = itemgetter(0, 1)


class _Reading:
    """One article being read: its two fields, the item its rules look at, and what was considered."""

    __slots__ = ("_day", "_explain", "_gazetteer", "_item", "_offset", "considered", "text", "title")

    def __init__(self, title: str, text: str, gazetteer: Gazetteer, day: str, *, explain: bool) -> None:
        self.title, self.text, self._gazetteer, self._day, self._explain = title, text, gazetteer, day, explain
        self._item = gazetteer.item(title, text)
        self._offset = len(title) + 1
        #: Every match that a rule decided, and whether it was taken, when that is to be explained.
        self.considered: list[tuple[_Meant, bool]] = []

    def mentions(self) -> list[Mention]:
        """What is named, in reading order."""
        meant: list[_Meant] = []
        names: list[_Choice] = []
        events: list[_Choice] = []
        for start, end, senses in self._hits():
            for sense in senses:
                if sense.rivals:
                    sense = sense.on(self._day)
                if sense.rule is None:
                    meant.append((start, end, sense, ""))
                elif sense.kind == "event":
                    events.append((start, end, sense, sense.rule))
                else:
                    names.append((start, end, sense, sense.rule))
        if names:
            meant = self._decide(names, meant)
        if events:
            meant = self._decide(events, meant)
        self._item.lean_on(meant)
        return [self.mention(*one) for one in meant]

    def _hits(self) -> list[Hit]:
        title, text = self.title, self.text
        if title.isupper() or text.isupper():
            cased = as_item(*(in_title_case(part) if part.isupper() else part for part in (title, text)))
            return self._gazetteer.find(self._item, cased)
        return self._gazetteer.find(self._item)

    def _decide(self, choices: list[_Choice], meant: list[_Meant]) -> list[_Meant]:
        """What is meant already, and what the rules of the choices accept, in reading order."""
        item = self._item
        item.lean_on(meant)
        accepted: list[_Meant] = []
        parties, kinds = -1, _NO_KINDS
        for start, end, sense, rule in choices:
            if rule.demanding and not self._explain:
                if parties < 0:
                    parties, kinds = item.parties, item.kinds
                # Most words of ordinary news fall here, before anything near them is looked at.
                if rule.least_parties > parties or not rule.requires_tags <= kinds:
                    continue
            decision = rule.decide(item, start, end)
            one = (start, end, sense, decision.because)
            if self._explain:
                self.considered.append((one, decision.accepted))
            if decision.accepted:
                accepted.append(one)
        return sorted(meant + accepted, key=_place) if accepted else meant

    def mention(self, start: int, end: int, sense: Sense, because: str) -> Mention:
        """The mention that a match of a sense is."""
        offset = self._offset
        if start < offset:
            here = ("title", start, end, self.title[start:end], sense.row, because)
        else:
            here = ("text", start - offset, end - offset, self.text[start - offset : end - offset], sense.row, because)
        statuses = self._gazetteer.statuses.get(sense.kind)
        return Mention._make((*sense.head, *here, status_of(self._item, start, end, statuses) if statuses else ""))


def relevance(mentions: Iterable[Mention]) -> tuple[bool, str]:
    """Whether the tags make arms diplomacy, and why, in words for the reader.

    A weapon with a dealing across borders between two parties does, unless all weapons are only used in battle; of a
    transfer they are the matter all the same, and so are nuclear weapons. An arms dealer is no weapon. One party is
    enough for a transfer, whose own words say that it crosses a border, and for an agreement or sanctions over nuclear
    weapons. Without a dealing, nuclear weapons or a weapons test do when two states are concerned, because another
    state's answer is then the news.
    """
    weapons: list[Mention] = []
    events: dict[str, Mention] = {}
    parties: set[str] = set()
    for mention in mentions:
        if mention.kind == "weapon":
            if mention.status != "person":
                weapons.append(mention)
        elif mention.kind == "event":
            events.setdefault(mention.type, mention)
        else:
            parties.add(mention.code)
    if not weapons:
        return False, "no weapon is named"
    nuclear = [m for m in weapons if m.type == "nuclear"]
    apart = [m for m in weapons if m.status != "battle"]
    for kind in DEALINGS:
        matter = weapons if nuclear or kind == "transfer" else apart
        enough = 1 if kind == "transfer" or (nuclear and kind != "meeting") else 2
        if kind in events and matter and len(parties) >= enough:
            count = f"between {len(parties)} parties" if len(parties) > 1 else "with one party named"
            return True, f"“{matter[0].surface}” with “{events[kind].surface}” ({kind}) {count}"
    feared = next((m for m in nuclear if m.status != "battle"), events.get("test"))
    if len(parties) >= 2 and feared:
        return True, f"“{feared.surface}” ({feared.type}) with {len(parties)} parties concerned"
    return False, _why_not(weapons, next((events[kind] for kind in DEALINGS if kind in events), None), len(parties))


def _why_not(weapons: list[Mention], dealing: Mention | None, parties: int) -> str:
    weapon = f"“{weapons[0].surface}”"
    if dealing is None:
        return f"{weapon} is named, but no meeting, transfer, sanction or agreement"
    if parties < 2:
        return f"{weapon} and “{dealing.surface}” are named, but not two parties"
    return f"{weapon} is only used in battle, and “{dealing.surface}” need not be about it"
