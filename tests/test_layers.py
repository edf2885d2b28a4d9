"""Who may know whom, from one table. Read from the source by `ast`; nothing is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.settings import ROOT

#: Everything of our own that a module may import. A module that is not here fails the first test below.
MAY_IMPORT: dict[str, set[str]] = {
    "pipeline": set(),
    "pipeline.errors": set(),
    "pipeline.model": set(),
    "pipeline.settings": {"errors"},
    "pipeline.gazetteer": {
        "gazetteer.index",
        "gazetteer.item",
        "gazetteer.senses",
        "gazetteer.surfaces",
        "gazetteer.vocabulary",
        "gazetteer.statuses",
    },
    "pipeline.gazetteer.index": {"errors", "gazetteer.senses", "gazetteer.surfaces"},
    "pipeline.gazetteer.seeds": {"errors"},
    "pipeline.gazetteer.item": {"gazetteer.surfaces"},
    "pipeline.gazetteer.rules": {"gazetteer.item", "gazetteer.surfaces"},
    "pipeline.gazetteer.surfaces": set(),
    "pipeline.gazetteer.senses": {"errors", "gazetteer.rules", "gazetteer.statuses", "gazetteer.surfaces"},
    "pipeline.gazetteer.statuses": {"gazetteer.item", "gazetteer.rules"},
    "pipeline.gazetteer.guards": {
        "errors",
        "gazetteer.rules",
        "gazetteer.seeds",
        "gazetteer.senses",
        "gazetteer.surfaces",
    },
    "pipeline.gazetteer.vocabulary": {
        "errors",
        "model",
        "gazetteer.rules",
        "gazetteer.seeds",
        "gazetteer.senses",
        "gazetteer.statuses",
        "gazetteer.guards",
    },
    "pipeline.feedlist": {"errors", "model", "gazetteer.seeds"},
    # The stages: none knows another.
    "pipeline.fetch": {"errors", "model", "settings"},
    "pipeline.parse": {"errors", "model"},
    "pipeline.clean": {"model"},
    "pipeline.examples": {"errors", "gazetteer", "tag"},
    "pipeline.tag": {
        "model",
        "gazetteer",
        "gazetteer.rules",
        "gazetteer.senses",
        "gazetteer.surfaces",
        "gazetteer.statuses",
    },
    "pipeline.tables": {"model"},
    "pipeline.store": {"errors", "model", "tables"},
    "pipeline.evaluate": {"model"},
    "pipeline.queries": {"model", "store"},
    # The order of the walk.
    "pipeline.worker": {"errors", "model", "gazetteer", "gazetteer.seeds", "parse", "clean", "tables", "tag"},
    "pipeline.run": {
        "errors",
        "model",
        "settings",
        "examples",
        "feedlist",
        "gazetteer",
        "fetch",
        "clean",
        "worker",
        "store",
    },
    "pipeline.__main__": {
        "errors",
        "model",
        "settings",
        "examples",
        "feedlist",
        "gazetteer",
        "evaluate",
        "tag",
        "run",
        "store",
    },
    "dashboard": set(),
    "dashboard.charts": set(),
    "dashboard.listing": set(),
    "dashboard.evidence": set(),
    "dashboard.scores": {"pipeline.evaluate"},
    "dashboard.accuracy": {"charts", "listing", "scores"},
    "dashboard.explanation": {"pipeline.model", "pipeline.tag", "evidence", "filters", "links", "listing"},
    "dashboard.links": {"pipeline.model"},
    "dashboard.filters": {"pipeline.model", "links"},
    "dashboard.sections": {"pipeline.queries", "charts", "filters", "links", "listing"},
    "dashboard.service": {
        "pipeline.errors",
        "pipeline.examples",
        "pipeline.feedlist",
        "pipeline.gazetteer",
        "pipeline.model",
        "pipeline.run",
        "pipeline.settings",
        "pipeline.store",
        "charts",
    },
    "dashboard.server": {"pipeline.settings", "service"},
    "dashboard.page": {
        "pipeline",
        "pipeline.queries",
        "pipeline.feedlist",
        "pipeline.model",
        "pipeline.run",
        "pipeline.settings",
        "pipeline.tag",
        "accuracy",
        "explanation",
        "sections",
        "filters",
        "links",
        "listing",
        "service",
    },
    "app": {"dashboard.server", "pipeline.errors", "pipeline.settings"},
}

#: Packages that only these modules may import.
ONLY_IN: dict[str, set[str]] = {
    "aiohttp": {"pipeline.fetch"},
    "socket": {"pipeline.fetch"},
    "ipaddress": {"pipeline.fetch"},
    "duckdb": {"pipeline.store"},
    "feedparser": {"pipeline.parse"},
    "selectolax": {"pipeline.clean"},
    "ahocorasick_rs": {"pipeline.gazetteer", "pipeline.gazetteer.item"},
    "streamlit": {
        "dashboard.page",
        "dashboard.accuracy",
        "dashboard.explanation",
        "dashboard.filters",
        "dashboard.sections",
        "dashboard.server",
    },
    "starlette": {"dashboard.server"},
    "plotly": set(),
    "requests": set(),
    "urllib.request": set(),
    "http.client": set(),
    "pickle": set(),
    "subprocess": set(),
    "rich": {"pipeline.__main__"},
    "argparse": {"pipeline.__main__"},
    "multiprocessing": {"pipeline.run", "pipeline.worker"},
    "threading": {"dashboard.service", "pipeline.worker"},
}
#: The one exception: `run` names the type of the resolver that it hands on.
TYPES_ONLY = {("pipeline.run", "aiohttp.abc")}

PURE = {
    "pipeline.parse",
    "pipeline.clean",
    "pipeline.tag",
    "pipeline.evaluate",
    "pipeline.gazetteer.surfaces",
    "pipeline.gazetteer.item",
    "pipeline.gazetteer.rules",
    "pipeline.gazetteer.statuses",
    "dashboard.links",
    "dashboard.charts",
    "dashboard.listing",
    "dashboard.evidence",
    "dashboard.scores",
}
IMPURE_MODULES = {"time", "os", "socket", "pathlib", "duckdb", "sqlite3", "asyncio", "threading", "subprocess", "sys"}
CLOCKS = {"now", "today", "utcnow", "time", "monotonic"}

LONGEST_MODULE = 320
#: The store is one noun; its tables and its writing stand in one place.
LONGER = {"pipeline.store": 420}

SQL = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT INTO|DELETE FROM|UPDATE \w+ SET|CREATE (OR REPLACE )?(TEMP )?TABLE)\b", re.S
)


def _modules() -> dict[str, Path]:
    found = {}
    for path in (*ROOT.glob("pipeline/**/*.py"), *ROOT.glob("dashboard/**/*.py"), ROOT / "app.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = _modules()
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
NAMES = sorted(MODULES)


def imports(module: str) -> Iterator[str]:
    """Full dotted names of what a module imports, wherever in it; `from a import b` gives `a.b` if that is a module."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} uses a relative import"
            base = node.module or ""
            inner = [f"{base}.{alias.name}" for alias in node.names if f"{base}.{alias.name}" in MODULES]
            yield from inner
            if len(inner) < len(node.names):
                yield base


def own(module: str) -> set[str]:
    """What a module imports of the program."""
    return {name for name in imports(module) if name.split(".")[0] in ("pipeline", "dashboard", "app", "tests")}


def calls(module: str) -> Iterator[str]:
    """The dotted names of what a module calls."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def texts(module: str) -> Iterator[str]:
    """All strings of a module that are not documentation."""
    tree = TREES[module]
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def test_every_module_stands_in_the_table() -> None:
    assert set(MAY_IMPORT) == set(MODULES)


@pytest.mark.parametrize("module", NAMES)
def test_a_module_knows_only_whom_it_may(module: str) -> None:
    room = module.split(".")[0]
    allowed = {name if name.split(".")[0] == "pipeline" else f"{room}.{name}" for name in MAY_IMPORT.get(module, set())}
    if module == "app":
        allowed = MAY_IMPORT["app"]
    assert own(module) <= allowed, f"{module} also imports {sorted(own(module) - allowed)}"


@pytest.mark.parametrize("module", [name for name in NAMES if name in MAY_IMPORT])
def test_the_table_allows_nothing_that_is_not_used(module: str) -> None:
    room = module.split(".")[0]
    listed = MAY_IMPORT[module]
    allowed = listed if module == "app" else {n if n.split(".")[0] == "pipeline" else f"{room}.{n}" for n in listed}
    assert allowed - own(module) <= {"pipeline"}, "the table is wider than the code; make it say what is so"


def test_the_pipeline_knows_no_page() -> None:
    page = {"dashboard", "streamlit", "plotly", "starlette", "uvicorn"}
    for module in NAMES:
        if module.startswith("pipeline"):
            assert not page & {name.split(".")[0] for name in imports(module)}, module


def test_stages_do_not_know_each_other() -> None:
    stages = {f"pipeline.{name}" for name in ("fetch", "parse", "clean", "tag", "store")}
    for stage in stages:
        assert not own(stage) & (stages - {stage}), stage


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_package_is_imported_only_where_it_belongs(package: str) -> None:
    users = {
        module
        for module in NAMES
        for name in imports(module)
        if (name == package or name.startswith(f"{package}.")) and (module, name) not in TYPES_ONLY
    }
    assert users <= ONLY_IN[package]


def test_run_knows_of_aiohttp_only_the_type_of_a_resolver() -> None:
    used = [node for node in ast.walk(TREES["pipeline.run"]) if isinstance(node, ast.Name) and "Resolver" in node.id]
    annotations = {
        id(inner)
        for node in ast.walk(TREES["pipeline.run"])
        if isinstance(node, ast.arg) and node.annotation
        for inner in ast.walk(node.annotation)
    }
    assert used
    assert all(id(node) in annotations for node in used)


@pytest.mark.parametrize("module", NAMES)
def test_sql_stands_only_where_the_database_is(module: str) -> None:
    if module not in ("pipeline.store", "pipeline.queries"):
        assert [text for text in texts(module) if SQL.search(text)] == []


def test_the_sql_pattern_sees_the_sql_there_is() -> None:
    assert sum(bool(SQL.search(text)) for text in texts("pipeline.queries")) >= 5
    assert sum(bool(SQL.search(text)) for text in texts("pipeline.store")) >= 5


@pytest.mark.parametrize("module", NAMES)
def test_only_the_settings_read_the_environment(module: str) -> None:
    if module == "pipeline.settings":
        return
    source = MODULES[module].read_text(encoding="utf-8")
    assert not re.search(r"\benviron\b|\bgetenv\b|\bputenv\b", source)


def test_the_command_line_uses_the_system_only_to_close_its_output() -> None:
    allowed = {"os.dup2", "os.open", "os.devnull", "os.O_WRONLY"}
    for module in NAMES:
        used = {
            ast.unparse(node)
            for node in ast.walk(TREES[module])
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
        }
        if module == "pipeline.__main__":
            assert used == allowed
        elif module == "pipeline.worker":
            assert used <= {"os._exit"}
        elif module != "pipeline.settings":
            assert used == set(), module


@pytest.mark.parametrize("module", sorted(PURE))
def test_a_pure_module_takes_no_clock_path_or_connection(module: str) -> None:
    found = {name.split(".")[0] for name in imports(module)}
    assert not found & IMPURE_MODULES
    for call in calls(module):
        assert call != "open", module
        assert not ("." in call and call.rsplit(".", 1)[1] in CLOCKS and "date" in call), (
            f"{module} asks the clock: {call}"
        )


@pytest.mark.parametrize("module", NAMES)
def test_a_module_is_short_enough_to_be_read(module: str) -> None:
    lines = len(MODULES[module].read_text(encoding="utf-8").splitlines())
    assert lines <= LONGER.get(module, LONGEST_MODULE)


@pytest.mark.parametrize("module", NAMES)
def test_a_module_is_named_after_its_noun_and_says_what_it_is(module: str) -> None:
    words = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "base", "core"}
    assert not words & set(module.split("."))
    assert ast.get_docstring(TREES[module]), f"{module} has no docstring"


@pytest.mark.parametrize("module", NAMES)
def test_nothing_is_left_to_do_or_printed_for_debugging(module: str) -> None:
    source = MODULES[module].read_text(encoding="utf-8")
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b|\bbreakpoint\(|\bpdb\b", source)
    if module not in ("pipeline.__main__", "dashboard.server"):
        assert "print" not in set(calls(module))


def test_public_functions_say_what_they_do() -> None:
    silent = [
        f"{module}.{node.name}"
        for module, tree in TREES.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []
