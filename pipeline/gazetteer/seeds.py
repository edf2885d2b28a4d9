"""Seed files → rows that know where they stand, so that every complaint names file and line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomli

from pipeline.errors import SeedError


class Row:
    """One row of a seed file. `where` is `file:line`, `key` the table name in TOML files (else empty)."""

    __slots__ = ("fields", "key", "where")

    def __init__(self, where: str, key: str, fields: dict[str, Any]) -> None:
        self.where, self.key, self.fields = where, key, fields

    def text(self, name: str, *, required: bool = True) -> str:
        """A text field without surrounding blanks; SeedError when it is required and missing or empty."""
        value = self.fields.get(name, "")
        if not isinstance(value, str):
            raise SeedError(self.where, f"{name} must be a text, not {value!r}")
        value = value.strip()
        if required and not value:
            raise SeedError(self.where, f"{name} is empty; give it a value or remove the row")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts: a TOML list, or a CSV field separated by `|`. None of them may be empty."""
        value = self.fields.get(name)
        if not value or (isinstance(value, str) and not value.strip()):
            return ()
        parts = value.split("|") if isinstance(value, str) else value
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise SeedError(self.where, f"{name} must be a list of texts, not {value!r}")
        texts = tuple([part.strip() for part in parts])
        if "" in texts:
            raise SeedError(self.where, f"{name} has an empty name; remove it")
        return texts

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
    reader = csv.reader(io.StringIO(_read(path), newline=""), strict=True)
    try:
        header = next(reader, [])
        if missing := set(columns) - set(header):
            raise SeedError(f"{path.name}:1", f"the header lacks {', '.join(sorted(missing))}")
        for fields in reader:
            where = f"{path.name}:{reader.line_num}"
            if fields and len(fields) != len(header):
                raise SeedError(where, "has another number of fields than the header; quote fields that hold commas")
            if fields:
                yield Row(where, "", dict(zip(header, fields, strict=True)))
    except csv.Error as error:
        raise SeedError(f"{path.name}:{reader.line_num}", f"not readable as CSV: {error}") from None


def read_toml(path: Path) -> Iterator[Row]:
    """Tables of a TOML file: one row for each `[key]`, and for each `[[word]]` in an array of tables."""
    text = _read(path)
    try:
        tables = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
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
