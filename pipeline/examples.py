"""Do the example sentences of the seeds hold? Asked once by whoever starts Parley, not by each reading process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pipeline.errors import SeedError
from pipeline.gazetteer import Gazetteer, load_gazetteer
from pipeline.tag import tag


def load_checked(folder: Path) -> Gazetteer:
    """The vocabulary of a seeds folder, all of whose examples hold. Raises SeedError with file, line and the mend."""
    return _load(folder.resolve())


@lru_cache(maxsize=4)
def _load(folder: Path) -> Gazetteer:
    gazetteer = load_gazetteer(folder)
    if wrong := failing(gazetteer):
        (where, problem), more = wrong[0], len(wrong) - 1
        raise SeedError(where, problem + (f" ({more} more examples fail)" if more else ""))
    return gazetteer


def failing(gazetteer: Gazetteer) -> list[tuple[str, str]]:
    """The examples that do not hold: where each stands, and what is wrong with it."""
    wrong = []
    for example in gazetteer.vocabulary.examples:
        mentions = tag("", example.sentence, gazetteer).mentions
        if example.status:
            found = any(m.kind == example.kind and m.status == example.status for m in mentions)
        else:
            found = any(m.kind == example.kind and m.code == example.code for m in mentions)
        if found != example.holds:
            yields = "yields no" if example.holds else "yields"
            wanted = example.code or f"that is {example.status}"
            problem = f"{example.sentence!r} {yields} {example.kind} {wanted}; mend the sentence or the row"
            wrong.append((example.where, problem))
    for where, family, text, holds in gazetteer.vocabulary.members:
        if family.is_in(text) != holds:
            problem = f"{text!r} {'is not' if holds else 'is'} of this family; mend the text or the tail"
            wrong.append((where, problem))
    return wrong
