"""What else is said of an event or a weapon: planned, denied, alleged, cancelled; used in battle. Pure.

The statuses of `seeds/statuses.toml` are asked in their order, and the first that holds is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.gazetteer.item import Item
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

    def holds(self, item: Item, start: int, end: int) -> bool:
        """Whether it is said of the words at `start:end` of an item."""
        if (self.before and self.before.search(item, start, end)) or (
            self.after and self.after.search(item, start, end)
        ):
            return True
        # The words of the tag may tell it themselves: "plans to sell".
        low, high = item.sentence(start, end)
        low, high = max(low, start - self.within), min(high, end + self.within)
        return bool(
            (self.earlier and self.earlier.first(item, low, end, free=True))
            or (self.later and self.later.first(item, start, high, free=True))
        )


def status_of(kind: str, item: Item, start: int, end: int, statuses: Sequence[Status]) -> str:
    """The code of the first status that holds for a tag of a kind, or nothing."""
    return next((s.code for s in statuses if s.kind == kind and s.holds(item, start, end)), "")
