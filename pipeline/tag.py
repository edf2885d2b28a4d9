"""Article × gazetteer → mentions. Pure.

Two passes over the hits of the automaton: first those that are certain, then those that a rule decides by
what stands near them; states and weapons before events, because events ask who and what stands in the sentence.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

from pipeline.gazetteer import Gazetteer, Hit
from pipeline.gazetteer.rules import Item, Rule
from pipeline.gazetteer.senses import Sense
from pipeline.gazetteer.surfaces import as_item, in_title_case
from pipeline.model import Mention, Tags

#: Event types that make arms diplomacy of a weapon and two parties (the labelling guide's `relevant`).
DEALINGS = ("transfer", "sanction", "agreement", "meeting")


class Considered(NamedTuple):
    """A hit that a rule decided, for explanations: what it would have been and why it was taken or not."""

    mention: Mention
    accepted: bool


def tag(title: str, text: str, gazetteer: Gazetteer) -> Tags:
    """All mentions in a title and a text, with offsets in code points into each, and the relevance."""
    return _tag(title, text, gazetteer, None)


def explain(title: str, text: str, gazetteer: Gazetteer) -> tuple[Tags, list[Considered]]:
    """The same tags, and every match that needed a decision, with the reason for or against it."""
    considered: list[Considered] = []
    return _tag(title, text, gazetteer, considered), considered


def _tag(title: str, text: str, gazetteer: Gazetteer, considered: list[Considered] | None) -> Tags:
    item = gazetteer.item(title, text)
    cased = ""
    if title.isupper() or text.isupper():
        cased = as_item(*(in_title_case(part) if part.isupper() else part for part in (title, text)))
    hits = gazetteer.find(item, cased)
    if not hits:
        return Tags((), False, "no state, weapon or event is named")
    mentions = _Reading(title, text, item, considered).mentions(hits)
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

    __slots__ = ("_offset", "considered", "item", "text", "title")

    def __init__(self, title: str, text: str, item: Item, considered: list[Considered] | None) -> None:
        self.title, self.text, self.item, self.considered = title, text, item, considered
        self._offset = len(title) + 1

    def mentions(self, hits: list[Hit]) -> list[Mention]:
        """What the hits mean, in reading order."""
        meant: list[_Meant] = []
        names: list[_Choice] = []
        events: list[_Choice] = []
        for start, end, senses in hits:
            for sense in senses:
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
        return [self._mention(*one) for one in meant]

    def _decide(self, choices: list[_Choice], meant: list[_Meant]) -> list[_Meant]:
        """What is meant already, and what the rules of the choices accept, in reading order."""
        item = self.item
        item.lean_on(meant)
        accepted: list[_Meant] = []
        parties, kinds = -1, _NO_KINDS
        for start, end, sense, rule in choices:
            if rule.demanding and self.considered is None:
                if parties < 0:
                    parties, kinds = item.parties, item.kinds
                # Most words of ordinary news fall here, before anything near them is looked at.
                if rule.least_parties > parties or not rule.requires_tags <= kinds:
                    continue
            decision = rule.decide(item, start, end)
            if self.considered is not None:
                mention = self._mention(start, end, sense, decision.because)
                self.considered.append(Considered(mention, decision.accepted))
            if decision.accepted:
                accepted.append((start, end, sense, decision.because))
        return sorted(meant + accepted, key=_place) if accepted else meant

    def _mention(self, start: int, end: int, sense: Sense, because: str) -> Mention:
        offset = self._offset
        if start < offset:
            here = ("title", start, end, self.title[start:end], sense.row, because)
        else:
            here = ("text", start - offset, end - offset, self.text[start - offset : end - offset], sense.row, because)
        return Mention._make(sense.head + here)


def relevance(mentions: Iterable[Mention]) -> tuple[bool, str]:
    """Whether the tags make arms diplomacy, and why, in words for the reader.

    A weapon with a dealing across borders between two parties does. One party is enough for a transfer, whose
    own words say that it crosses a border, and for an agreement or sanctions over nuclear weapons. Without a
    dealing, nuclear weapons or a weapons test do when two states are concerned, because another state's answer
    is then the news.
    """
    weapons = [m for m in mentions if m.kind == "weapon"]
    if not weapons:
        return False, "no weapon is named"
    parties = len({m.code for m in mentions if m.kind in ("state", "actor")})
    events = {m.type: m for m in reversed([m for m in mentions if m.kind == "event"])}
    nuclear = next((m for m in weapons if m.type == "nuclear"), None)
    weapon = f"“{weapons[0].surface}”"
    for kind in DEALINGS:
        if kind in events and (parties >= 2 or (parties and (kind == "transfer" or (nuclear and kind != "meeting")))):
            count = f"between {parties} parties" if parties > 1 else "with one party named"
            return True, f"{weapon} with “{events[kind].surface}” ({kind}) {count}"
    if parties >= 2 and (nuclear or "test" in events):
        cause = nuclear or events["test"]
        return True, f"“{cause.surface}” ({cause.type}) with {parties} parties concerned"
    dealing = next((events[kind] for kind in DEALINGS if kind in events), None)
    if dealing is None:
        return False, f"{weapon} is named, but no meeting, transfer, sanction or agreement"
    return False, f"{weapon} and “{dealing.surface}” are named, but not two parties"
