"""What several test modules stand on. Nothing here replaces a name of the program: fakes are handed in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from pipeline.gazetteer import Gazetteer, load_gazetteer
from pipeline.settings import ROOT, Settings
from pipeline.store import Store
from tests.servers import FeedServer, serving
from tests.small_seeds import write_seeds

# Laws are tried on the same examples on every machine, and a slow machine is no failure.
hypothesis_settings.register_profile(
    "parley", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("parley")


@pytest.fixture(scope="session")
def small_seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the vocabulary of `small_seeds.py`."""
    return write_seeds(tmp_path_factory.mktemp("seeds"))


@pytest.fixture(scope="session")
def small(small_seeds: Path) -> Gazetteer:
    """The small vocabulary, ready to match."""
    return load_gazetteer(small_seeds)


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    """The vocabulary of `seeds/`, ready to match."""
    return load_gazetteer(ROOT / "seeds")


@pytest.fixture
def settings(tmp_path: Path, small_seeds: Path) -> Settings:
    """Settings for a database of the test's own, the small vocabulary and servers on 127.0.0.1."""
    return Settings.from_env(
        {
            "PARLEY_DB": str(tmp_path / "parley.duckdb"),
            "PARLEY_SEEDS": str(small_seeds),
            "PARLEY_ALLOW_PRIVATE": "1",
            "PARLEY_HOST_GAP": "0",
            "PARLEY_HOST_CONNECTIONS": "8",
            "PARLEY_WORKERS": "1",
            "PARLEY_TIMEOUT": "5s",
        }
    )


@pytest.fixture
def store() -> Iterator[Store]:
    """A database in memory."""
    opened = Store(None)
    yield opened
    opened.close()


@pytest.fixture
def feed_server() -> Iterator[FeedServer]:
    """A web server on 127.0.0.1."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with captured feeds and labelled items beside the checkout; it is not part of the repository."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs ../shared")
    return folder
