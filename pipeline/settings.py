"""Every setting, its default and its meaning: the only reader of the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import SettingError

#: The checkout's root: seeds and the default database live below it.
ROOT = Path(__file__).resolve().parent.parent

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its name, default text and meaning (the README's table is made of these)."""

    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting("PORT", "8501", "port the dashboard is served on"),
    Setting("PARLEY_ADDRESS", "127.0.0.1", "address the dashboard is served on; anything else opens it to the network"),
    Setting("PARLEY_DB", "data/parley.duckdb", "the database file"),
    Setting("PARLEY_SEEDS", "seeds", "folder with the vocabulary: states, weapons, meetings"),
    Setting(
        "PARLEY_FEEDS", "seeds/feeds.csv", "feeds to read: our CSV, an OPML file, or feed URLs separated by spaces"
    ),
    Setting("PARLEY_INGEST", "1", "0 stops the server from fetching feeds (it then shows what is stored)"),
    Setting("PARLEY_SAMPLE", "1", "0 leaves the bundled sample out when there is no database yet"),
    Setting("PARLEY_EVERY", "15m", "time between two cycles of the ingester: 90s, 15m, 2h, 1d"),
    Setting("PARLEY_CONCURRENCY", "32", "feeds fetched at the same time"),
    Setting("PARLEY_HOST_CONNECTIONS", "2", "connections to one host at the same time"),
    Setting("PARLEY_HOST_GAP", "0.5", "seconds between two requests to one host"),
    Setting("PARLEY_WORKERS", "2", "processes that parse and tag"),
    Setting("PARLEY_TIMEOUT", "30s", "longest time one feed may take"),
    Setting("PARLEY_MAX_BYTES", "20000000", "largest feed document read, in bytes after decompression"),
    Setting("PARLEY_ALLOW_PRIVATE", "0", "1 lets the ingester reach private and loopback addresses (intranets, tests)"),
    Setting("PARLEY_CONTACT", "", "address or URL that publishers find in the User-Agent header"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings as values. Build with `from_env`; durations are in seconds, sizes in bytes."""

    port: int
    address: str
    db: Path
    seeds: Path
    feeds: str
    ingest: bool
    sample: bool
    every: float
    concurrency: int
    host_connections: int
    host_gap: float
    workers: int
    timeout: float
    max_bytes: int
    allow_private: bool
    contact: str

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read all settings from a mapping, or from the process's environment.

        Relative paths are relative to the working directory, the defaults to the checkout. Raises
        SettingError naming the variable when a value cannot be used.
        """
        env = os.environ if env is None else env
        text = {s.name: (env.get(s.name) or s.default).strip() for s in SETTINGS}
        return cls(
            port=whole(text["PORT"], "PORT", 1, 65535),
            address=text["PARLEY_ADDRESS"],
            db=Path(env.get("PARLEY_DB") or ROOT / text["PARLEY_DB"]).expanduser(),
            seeds=Path(env.get("PARLEY_SEEDS") or ROOT / text["PARLEY_SEEDS"]).expanduser(),
            feeds=env.get("PARLEY_FEEDS") or str(ROOT / text["PARLEY_FEEDS"]),
            ingest=_switch(text["PARLEY_INGEST"], "PARLEY_INGEST"),
            sample=_switch(text["PARLEY_SAMPLE"], "PARLEY_SAMPLE"),
            every=duration(text["PARLEY_EVERY"], "PARLEY_EVERY"),
            concurrency=whole(text["PARLEY_CONCURRENCY"], "PARLEY_CONCURRENCY", 1, 1000),
            host_connections=whole(text["PARLEY_HOST_CONNECTIONS"], "PARLEY_HOST_CONNECTIONS", 1, 1000),
            host_gap=_seconds(text["PARLEY_HOST_GAP"], "PARLEY_HOST_GAP"),
            workers=whole(text["PARLEY_WORKERS"], "PARLEY_WORKERS", 1, 64),
            timeout=duration(text["PARLEY_TIMEOUT"], "PARLEY_TIMEOUT"),
            max_bytes=whole(text["PARLEY_MAX_BYTES"], "PARLEY_MAX_BYTES", 1_000, 1_000_000_000),
            allow_private=_switch(text["PARLEY_ALLOW_PRIVATE"], "PARLEY_ALLOW_PRIVATE"),
            contact=text["PARLEY_CONTACT"],
        )


def duration(text: str, name: str) -> float:
    """Seconds in a text such as `90s`, `15m`, `2h`, `1d` or a bare number of seconds; SettingError otherwise."""
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match[1]) * _SECONDS[match[2] or "s"] if match else 0.0
    if seconds <= 0:
        raise SettingError(f"{name}={text!r} is not a duration; write for example 90s, 15m, 2h or 1d")
    return seconds


def whole(text: str, name: str, low: int, high: int) -> int:
    """A whole number within bounds; SettingError otherwise."""
    if not re.fullmatch(r"\d{1,12}", text) or not low <= int(text) <= high:
        raise SettingError(f"{name}={text!r} is not a whole number from {low} to {high}")
    return int(text)


def _switch(text: str, name: str) -> bool:
    if text.lower() in ("1", "yes", "true", "on"):
        return True
    if text.lower() in ("0", "no", "false", "off"):
        return False
    raise SettingError(f"{name}={text!r} is neither 1 nor 0")


def _seconds(text: str, name: str) -> float:
    if not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", text):
        raise SettingError(f"{name}={text!r} is not a number of seconds such as 0 or 0.5")
    return float(text)


def unknown_settings(env: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """`PARLEY_…` variables that are not settings: most likely typing errors, worth a warning."""
    env = os.environ if env is None else env
    known = {s.name for s in SETTINGS}
    return tuple(sorted(name for name in env if name.startswith("PARLEY_") and name not in known))
