"""Article × gazetteer → mentions. Pure.

Two passes over the hits of the automaton: first those that are certain, then those that a rule decides by
what stands near them; states and weapons before events, because events ask who and what stands in the sentence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.gazetteer import Gazetteer, Hit
from pipeline.gazetteer.rules import Found, Item, Rule
from pipeline.gazetteer.senses import Sense
from pipeline.gazetteer.surfaces import in_title_case, plain, without_surrogates
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
    whole = f"{plain(title)}\n{plain(text)}"
    try:
        hits = gazetteer.find(whole)
    except UnicodeEncodeError:
        whole = without_surrogates(whole)
        hits = gazetteer.find(whole)
    if title.isupper() or text.isupper():
        fields = (whole[: len(title)], title.isupper()), (whole[len(title) :], text.isupper())
        hits = gazetteer.find(whole, "".join(in_title_case(part) if upper else part for part, upper in fields))
    if not hits:
        return Tags((), False, "no state, weapon or event is named")
    mentions = _Reading(title, text, Item(whole), considered).mentions(hits)
    relevant, reason = relevance(mentions)
    return Tags(tuple(mentions), relevant, reason)


@dataclass(slots=True)
class _Reading:
    """One article being read: its two fields, the item its rules look at, and what was considered."""

    title: str
    text: str
    item: Item
    considered: list[Considered] | None

    def mentions(self, hits: list[Hit]) -> list[Mention]:
        """What the hits mean, in reading order."""
        certain: list[Mention] = []
        names: list[tuple[Hit, Sense, Rule]] = []
        events: list[tuple[Hit, Sense, Rule]] = []
        found = self.item.found
        for hit in hits:
            for sense in hit.senses:
                if sense.rule is None:
                    certain.append(self._mention(hit, sense, ""))
                    found.append(_found(hit, sense))
                else:
                    (events if sense.kind == "event" else names).append((hit, sense, sense.rule))
        if names:
            certain += self._decide(names)
        if events:
            certain += self._decide(events)
        certain.sort(key=_reading_order)
        return certain

    def _decide(self, choices: list[tuple[Hit, Sense, Rule]]) -> list[Mention]:
        """The mentions that their rules accept; they join what later decisions may lean on."""
        accepted, found = [], []
        kinds, parties = {f.kind for f in self.item.found}, self.item.parties()
        for hit, sense, rule in choices:
            # Most words of ordinary news fall here, before anything near them is looked at.
            hopeless = rule.parties > parties or not rule.requires_tags <= kinds
            if hopeless and self.considered is None:
                continue
            decision = rule.decide(self.item, hit.start, hit.end)
            if self.considered is not None:
                mention = self._mention(hit, sense, decision.because)
                self.considered.append(Considered(mention, decision.accepted))
            if decision.accepted:
                accepted.append(self._mention(hit, sense, decision.because))
                found.append(_found(hit, sense))
        if found:
            self.item.found = sorted(self.item.found + found, key=lambda f: f.start)
        return accepted

    def _mention(self, hit: Hit, sense: Sense, because: str) -> Mention:
        offset = len(self.title) + 1
        field, whole, start, end = "title", self.title, hit.start, hit.end
        if hit.start >= offset:
            field, whole, start, end = "text", self.text, start - offset, end - offset
        surface = whole[start:end]
        return Mention(
            sense.kind, sense.code, sense.name, sense.type, sense.via, field, start, end, surface, sense.row, because
        )


def _reading_order(mention: Mention) -> tuple[bool, int, int]:
    return mention.field == "text", mention.start, mention.end


def _found(hit: Hit, sense: Sense) -> Found:
    return Found(sense.kind, sense.type if sense.kind == "weapon" else sense.code, hit.start, hit.end)


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
