"""Seed files → rows that know where they stand, so that every complaint names file and line."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import SeedError


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a seed file. `where` is `file:line`, `key` the table name in TOML files (else empty)."""

    where: str
    key: str
    fields: dict[str, Any]

    def text(self, name: str, *, required: bool = True) -> str:
        """A text field without surrounding blanks; SeedError when it is required and missing or empty."""
        value = self.fields.get(name, "")
        if not isinstance(value, str):
            raise SeedError(self.where, f"{name} must be a text, not {value!r}")
        if required and not value.strip():
            raise SeedError(self.where, f"{name} is empty; give it a value or remove the row")
        return value.strip()

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts: a TOML list, or a CSV field separated by `|`. None of them may be empty."""
        value = self.fields.get(name, [])
        parts = value.split("|") if isinstance(value, str) else value
        if isinstance(value, str) and not value.strip():
            return ()
        if not isinstance(parts, list) or not all(isinstance(p, str) for p in parts):
            raise SeedError(self.where, f"{name} must be a list of texts, not {value!r}")
        if any(not p.strip() for p in parts):
            raise SeedError(self.where, f"{name} has an empty name; remove it")
        return tuple(p.strip() for p in parts)

    def number(self, name: str, default: float) -> float:
        """A number; SeedError otherwise."""
        value = self.fields.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SeedError(self.where, f"{name} must be a number, not {value!r}")
        return float(value)

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        """A text that is one of the allowed values; SeedError names them otherwise."""
        value = self.text(name)
        if value not in allowed:
            raise SeedError(self.where, f"{name} {value!r} is unknown; use one of {', '.join(allowed)}")
        return value


def read_csv(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    """Rows of a CSV file with a header line that has at least these columns."""
    reader = csv.DictReader(io.StringIO(_read(path), newline=""), strict=True)
    missing = set(columns) - set(reader.fieldnames or ())
    if missing:
        raise SeedError(f"{path.name}:1", f"the header lacks {', '.join(sorted(missing))}")
    while True:
        try:
            fields = next(reader, None)
        except csv.Error as error:
            raise SeedError(f"{path.name}:{reader.line_num}", f"not readable as CSV: {error}") from None
        if fields is None:
            return
        where = f"{path.name}:{reader.line_num}"
        if None in fields or None in fields.values():
            raise SeedError(where, "has another number of fields than the header; quote fields that hold commas")
        yield Row(where, "", dict(fields))


def read_toml(path: Path) -> Iterator[Row]:
    """Tables of a TOML file: one row for each `[key]`, and for each `[[word]]` in an array of tables."""
    text = _read(path)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SeedError(path.name, f"not readable as TOML: {error}") from None
    lines: dict[str, list[int]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if match := re.match(r"\s*\[{1,2}\s*([^\]\s]+)\s*\]", line):
            lines.setdefault(match[1].strip('"'), []).append(number)
    for key, value in tables.items():
        if isinstance(value, list):
            for index, fields in enumerate(value):
                yield Row(f"{path.name}:{lines[key][index]}", key, fields)
        elif isinstance(value, dict):
            yield Row(f"{path.name}:{lines[key][0] if key in lines else 1}", key, value)
        else:
            raise SeedError(path.name, f"{key} stands outside any table")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # spreadsheets begin a file with a byte order mark
    except FileNotFoundError:
        raise SeedError(path.name, f"is missing from {path.parent}") from None
    except UnicodeDecodeError as error:
        raise SeedError(path.name, f"is not UTF-8: {error}") from None
