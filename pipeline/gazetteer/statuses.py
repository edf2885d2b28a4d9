"""What else is said of an event or a weapon: planned, denied, alleged, cancelled; used in battle. Pure.

The statuses of `seeds/statuses.toml` are asked in their order, and the first that holds is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.gazetteer.item import Item, Place
from pipeline.gazetteer.rules import Beside, Near


@dataclass(frozen=True, slots=True)
class Status:
    """One status, with the words that tell it; see `seeds/README.md` for the meaning of each field."""

    code: str
    name: str
    kind: str
    before: Beside | None
    after: Beside | None
    earlier: Near | None
    later: Near | None
    within: int

    def holds(self, item: Item, start: int, end: int, around: Sequence[Place]) -> bool:
        """Whether it is said of the words at `start:end` of an item, around which these words of lists stand."""
        if self.before and self.before.search(item, start, end):
            return True
        if self.after and self.after.search(item, start, end):
            return True
        # The words of the tag may tell it themselves: "plans to sell".
        for at, to, word in around:
            if self.earlier and start - self.within <= at and to <= end and word in self.earlier.words:
                return True
            if self.later and start <= at and to <= end + self.within and word in self.later.words:
                return True
        return False


def status_of(item: Item, start: int, end: int, statuses: Sequence[Status]) -> str:
    """The code of the first of these statuses that holds for a tag, or nothing."""
    low, high = item.sentence(start, end)
    widest = max((status.within for status in statuses), default=0)
    low, high = max(low, start - widest), min(high, end + widest)
    places = item.spoken_between(low, high)
    around = [p for p in places if low <= p[0] and p[1] <= high and not item.is_tagged(p[0], p[1])]
    return next((status.code for status in statuses if status.holds(item, start, end, around)), "")
