"""Every setting is read, bounded, and named when it cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import SettingError
from pipeline.settings import ROOT, SETTINGS, Settings, duration, unknown_settings

#: Each setting: its field, a value that is not the default, and what is made of it.
READ: dict[str, tuple[str, str, object]] = {
    "PORT": ("port", "9000", 9000),
    "PARLEY_ADDRESS": ("address", "0.0.0.0", "0.0.0.0"),
    "PARLEY_DB": ("db", "elsewhere/x.duckdb", Path("elsewhere/x.duckdb")),
    "PARLEY_SEEDS": ("seeds", "/else/where", Path("/else/where")),
    "PARLEY_FEEDS": ("feeds", "https://a.example/x https://b.example/y", "https://a.example/x https://b.example/y"),
    "PARLEY_INGEST": ("ingest", "0", False),
    "PARLEY_SAMPLE": ("sample", "no", False),
    "PARLEY_EVERY": ("every", "2h", 7200.0),
    "PARLEY_CONCURRENCY": ("concurrency", "4", 4),
    "PARLEY_HOST_CONNECTIONS": ("host_connections", "1", 1),
    "PARLEY_HOST_GAP": ("host_gap", "1.25", 1.25),
    "PARLEY_WORKERS": ("workers", "7", 7),
    "PARLEY_TIMEOUT": ("timeout", "90", 90.0),
    "PARLEY_MAX_BYTES": ("max_bytes", "1000", 1000),
    "PARLEY_ALLOW_PRIVATE": ("allow_private", "true", True),
    "PARLEY_CONTACT": ("contact", "https://example.org/about", "https://example.org/about"),
}

#: What a run without any setting stands on.
DEFAULTS: dict[str, object] = {
    "port": 8501,
    "address": "127.0.0.1",
    "db": ROOT / "data/parley.duckdb",
    "seeds": ROOT / "seeds",
    "feeds": str(ROOT / "seeds/feeds.csv"),
    "ingest": True,
    "sample": True,
    "every": 900.0,
    "concurrency": 32,
    "host_connections": 2,
    "host_gap": 0.5,
    "workers": 2,
    "timeout": 30.0,
    "max_bytes": 20_000_000,
    "allow_private": False,
    "contact": "",
}

BAD = [
    ("PORT", "0"),
    ("PORT", "65536"),
    ("PORT", "eighty"),
    ("PORT", "-1"),
    ("PORT", "1e3"),
    ("PARLEY_INGEST", "maybe"),
    ("PARLEY_SAMPLE", "2"),
    ("PARLEY_ALLOW_PRIVATE", "y"),
    ("PARLEY_EVERY", "0"),
    ("PARLEY_EVERY", "-5m"),
    ("PARLEY_EVERY", "soon"),
    ("PARLEY_EVERY", "5 weeks"),
    ("PARLEY_EVERY", "nan"),
    ("PARLEY_TIMEOUT", "0s"),
    ("PARLEY_TIMEOUT", "inf"),
    ("PARLEY_CONCURRENCY", "0"),
    ("PARLEY_CONCURRENCY", "1001"),
    ("PARLEY_HOST_CONNECTIONS", "0"),
    ("PARLEY_HOST_GAP", "-1"),
    ("PARLEY_HOST_GAP", "0,5"),
    ("PARLEY_WORKERS", "0"),
    ("PARLEY_WORKERS", "65"),
    ("PARLEY_WORKERS", "two"),
    ("PARLEY_MAX_BYTES", "999"),
    ("PARLEY_MAX_BYTES", "20MB"),
]


def test_every_setting_is_in_the_tables_of_this_test() -> None:
    assert set(READ) == {setting.name for setting in SETTINGS}
    assert set(DEFAULTS) == set(Settings.__slots__) == {field for field, _, _ in READ.values()}


@pytest.mark.parametrize("name", READ)
def test_a_given_value_is_read(name: str) -> None:
    field, given, expected = READ[name]
    assert expected != DEFAULTS[field]
    assert getattr(Settings.from_env({name: given}), field) == expected


@pytest.mark.parametrize("field", DEFAULTS)
def test_without_an_environment_the_default_stands(field: str) -> None:
    assert getattr(Settings.from_env({}), field) == DEFAULTS[field]


@pytest.mark.parametrize("name", READ)
def test_an_empty_value_is_the_default(name: str) -> None:
    assert Settings.from_env({name: ""}) == Settings.from_env({})


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"^{name}=") as refused:
        Settings.from_env({name: value})
    assert value in str(refused.value)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86400), ("45", 45), (" 1.5 h ", 5400)]
)
def test_durations_have_units(text: str, seconds: float) -> None:
    assert duration(text, "--every") == seconds


def test_a_misspelt_setting_is_told() -> None:
    assert unknown_settings({"PARLEY_DBB": "x", "PARLEY_DB": "x", "HOME": "/", "PORTS": "1"}) == ("PARLEY_DBB",)
    assert unknown_settings({setting.name: "" for setting in SETTINGS}) == ()


def test_a_home_folder_may_be_written_with_a_tilde() -> None:
    assert Settings.from_env({"PARLEY_DB": "~/p.duckdb"}).db == Path.home() / "p.duckdb"
