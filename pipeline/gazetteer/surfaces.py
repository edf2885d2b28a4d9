"""The forms in which a name may stand in a text. Pure.

Matching is exact and case-sensitive, so that offsets are the text's own and "us" is never "US"; the
variants that news uses are made here, once, when the vocabulary is loaded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

#: Shorter names are not tried in capitals: "XI" is a numeral and "IT" a pronoun.
SHORTEST_IN_CAPITALS = 4

# A hyphen between a group of letters and a group of digits, as in "F-16", "Shahed-136", "9M-729".
_DESIGNATION_HYPHEN = re.compile(r"(?<=[A-Za-z])-(?=\d)")
_ONE_LETTER_HYPHEN = re.compile(r"(?<![A-Za-z])[A-Za-z]-(?=\d{1,2}(?!\d))")


def variants(alias: str, *, plural: bool) -> Iterator[str]:
    """All surfaces of one alias, the alias itself first.

    `plural` adds a final "s" (weapons: "F-16s", "Leopards", "drones"); states write theirs out.
    """
    yield alias
    forms = [alias]
    if plural and alias[-1].isalnum():
        forms.append(alias + "s")
    if alias[0].islower():
        forms += [cased for form in list(forms) for cased in _headline(form)]
    for form in forms:
        for spelled in _spellings(form):
            yield spelled
            if len(spelled) >= SHORTEST_IN_CAPITALS:
                yield spelled.upper()


def stems(stem: str) -> tuple[str, ...]:
    """The forms of the letters that begin a family of designations: "Su-" also as "Su " and "Su"."""
    if not stem.endswith("-"):
        return (stem,)
    bare = stem[:-1]
    joined = (bare + " ", bare) if len(bare) > 1 else ()
    return (stem, bare + "\u2011", bare + "–", *joined)


def _headline(form: str) -> tuple[str, ...]:
    """Sentence case and title case of a lower-case term."""
    words = form.split(" ")
    title = " ".join(word[:1].upper() + word[1:] for word in words)
    hyphens = re.sub(r"-(\w)", lambda m: "-" + m[1].upper(), title)
    return (form[:1].upper() + form[1:], title, hyphens)


def _spellings(form: str) -> Iterator[str]:
    """Without diacritics, with a typographic apostrophe, and with the hyphens of designations varied."""
    plain = without_diacritics(form)
    for base in (form, plain) if plain != form else (form,):
        yield base
        if "'" in base:
            yield base.replace("'", "’")
        if "-" in base:
            yield base.replace("-", "\u2011")
        if _DESIGNATION_HYPHEN.search(base) and not _ONE_LETTER_HYPHEN.search(base):
            # "Su 35" and "Su35" are the aircraft; "A 50" and "A10" are a sum and a road.
            yield _DESIGNATION_HYPHEN.sub(" ", base)
            yield _DESIGNATION_HYPHEN.sub("", base)
            yield _DESIGNATION_HYPHEN.sub("–", base)


def without_diacritics(text: str) -> str:
    """Latin text with its combining marks taken off: "Erdoğan" → "Erdogan". Other letters stay."""
    decomposed = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))
