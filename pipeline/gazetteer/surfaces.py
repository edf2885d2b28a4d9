"""The forms in which a name may stand in a text. Pure.

Names are looked for by their `skeleton`, which has no case and no marks; what stands there must then be one of the
`variants` that news uses, exactly, so that "us" is never "US". Typographic apostrophes, hyphens and blanks are no
variants: `plain` turns each into its plain form, one character for one, before a text is matched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

#: Shorter names are not tried in capitals: "XI" is a numeral and "IT" a pronoun.
SHORTEST_IN_CAPITALS = 4

# A hyphen between a group of letters and a group of digits, as in "F-16", "Shahed-136", "Su-35".
_DESIGNATION_HYPHEN = re.compile(r"(?<=[A-Za-z])-(?=\d)")
_ONE_LETTER_HYPHEN = re.compile(r"(?<![A-Za-z])[A-Za-z]-(?=\d{1,2}(?!\d))")
_SMALL_WORD = re.compile(r" [^\W\d_A-Z]{2}")
_HYPHENATED = re.compile(r"-(\w)")
_LETTERS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_BLANK = re.compile("[\t\n\r\x0b\x0c\x85\xa0\u2000-\u200a\u202f\u205f\u3000]")
_SKELETON = bytes(ord(chr(n).lower()) if n < 128 and chr(n).isalnum() else ord(" ") for n in range(256))


def plain(text: str) -> str:
    """The text as it is matched: of the same length, with plain blanks, apostrophes and hyphens."""
    if not text.isprintable():  # no blank but the plain one is
        text = _BLANK.sub(" ", text)
    return text if text.isascii() else _plain_marks(text)


def as_item(title: str, text: str) -> str:
    """Title, line break, text, line break: both plain, and nothing else is a line break."""
    if not (title.isprintable() and text.isprintable()):
        title, text = _BLANK.sub(" ", title), _BLANK.sub(" ", text)
    whole = f"{title}\n{text}\n"
    return whole if whole.isascii() else _plain_marks(whole)


def _plain_marks(text: str) -> str:
    return text.replace("’", "'").replace("–", "-").replace("\u2011", "-").replace("\u2010", "-")


def skeleton(text: str) -> bytes:
    """What all writings of a text share: its ASCII letters made small and its digits, and a blank for all else.

    One byte for each character and a blank on each side, so that byte `n + 1` stands for character `n`.
    """
    return b" %b " % text.encode("ascii", "replace").translate(_SKELETON)


def in_title_case(text: str) -> str:
    """A text written all in capitals as a headline would write it, with the same length: "RUSSIA'S" → "Russia's".

    Texts all in capitals are rare, so they are read a second time instead of listing every name in capitals.
    """
    cased = _LETTERS.sub(lambda m: m[0].capitalize(), text)
    return cased if len(cased) == len(text) else text


def variants(alias: str, *, capitals: bool) -> Iterator[str]:
    """All surfaces of one alias, the alias itself first; some may come twice.

    `capitals` adds the form all in capitals (states, as in the dateline "MOSCOW").
    """
    alias = plain(alias)
    yield alias
    forms = [alias]
    if not alias.isascii() and (bare := without_diacritics(alias)) != alias:
        forms.append(bare)
    if alias[0].islower() or _SMALL_WORD.search(alias):
        forms += [cased for form in forms for cased in _headline(form)]
    if joined_designation(alias):
        # "Su 35" and "Su35" are the aircraft; "A 50" and "A10" are a sum and a road.
        forms += [_DESIGNATION_HYPHEN.sub(joint, form) for form in forms for joint in (" ", "")]
    yield from forms
    if capitals and len(alias) >= SHORTEST_IN_CAPITALS:
        yield from [form.upper() for form in forms]


def joined_designation(alias: str) -> str:
    """A designation without its hyphen, which may also be a blank: "Su-35" as "Su35"; nothing for any other alias."""
    if "-" not in alias or not _DESIGNATION_HYPHEN.search(alias) or _ONE_LETTER_HYPHEN.search(alias):
        return ""
    return _DESIGNATION_HYPHEN.sub("", alias)


def _headline(form: str) -> tuple[str, ...]:
    """Sentence case and the title cases of a form: outlets keep words of up to three or four letters small, or none."""
    sentence = form[:1].upper() + form[1:]
    words = sentence.split(" ")
    titles = [
        " ".join([words[0], *(w if len(w) <= small else _capitalised(w) for w in words[1:])]) for small in (0, 3, 4)
    ]
    if "-" in form:
        titles += [_HYPHENATED.sub(lambda m: "-" + m[1].upper(), title) for title in titles]
    return (sentence, *titles)


def _capitalised(word: str) -> str:
    return word[:1].upper() + word[1:]


def without_diacritics(text: str) -> str:
    """Latin text with its combining marks taken off: "Erdoğan" → "Erdogan". Other letters stay."""
    decomposed = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))
