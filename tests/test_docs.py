"""What is documented exists, and what exists is documented."""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.__main__ import _parser
from pipeline.gazetteer.rules import Rule
from pipeline.settings import ROOT, SETTINGS, Setting

README = (ROOT / "README.md").read_text(encoding="utf-8")
SEEDS_README = (ROOT / "seeds/README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "seeds/README.md"]


def commands() -> dict[str, argparse.ArgumentParser]:
    """The commands of `python -m pipeline` with their parsers."""
    (choices,) = (action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction))
    return dict(choices.choices)


def options(command: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """The options and arguments of a command, without --help."""
    return (action for action in command._actions if not isinstance(action, argparse._HelpAction))


def anchor(heading: str) -> str:
    """The fragment that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_stands_in_the_readme_with_its_default_and_meaning(setting: Setting) -> None:
    default = f"`{setting.default}`" if setting.default else "(none)"
    assert f"| `{setting.name}` | {default} | {setting.meaning} |" in README


def test_the_readme_names_no_other_setting() -> None:
    named = set(re.findall(r"\bPARLEY_[A-Z_]+\b", "".join(page.read_text(encoding="utf-8") for page in PAGES)))
    assert named <= {setting.name for setting in SETTINGS}


@pytest.mark.parametrize("name", commands())
def test_every_command_has_help_and_stands_in_the_readme(name: str) -> None:
    (choices,) = (action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction))
    helped = {action.dest: action.help for action in choices._choices_actions}
    assert helped[name]
    row = next((line for line in README.splitlines() if line.startswith(f"| `{name}` |")), "")
    assert row, f"the README's table of commands has no row for {name}"
    for action in options(commands()[name]):
        assert action.help, f"{name} {action.dest} has no help"
        for flag in action.option_strings:
            assert flag in row, f"the README's row for {name} does not name {flag}"


def test_the_readme_names_no_other_command_or_option() -> None:
    known = commands()
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", README.partition("## Commands")[2].partition("\n## ")[0], re.M)
    assert [name for name, _ in rows] == list(known)
    for name, text in rows:
        flags = {flag for action in options(known[name]) for flag in action.option_strings}
        assert set(re.findall(r"(?<!\w)--\w+", text)) <= flags, name
    for page in PAGES:
        called = re.findall(r"python -m pipeline ([a-z]+)", page.read_text(encoding="utf-8"))
        assert set(called) <= set(known), page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.M))
    assert {"run", "test", "check", "bench"} <= targets
    assert set(re.findall(r"(?:^|`|&& )make ([a-z]+)", page.read_text(encoding="utf-8"), re.M)) <= targets


def test_every_phony_target_is_a_target() -> None:
    phony = {name for line in re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.M) for name in line.split()}
    assert phony <= set(re.findall(r"^([a-z]+):", MAKEFILE, re.M)), "a target that is announced but not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_in_a_document_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        led = (page.parent / path) if path else page
        assert led.exists(), f"{page.name} links to {target}, which is not there"
        if fragment:
            headings = re.findall(r"^#+ (.*)$", led.read_text(encoding="utf-8"), re.M)
            assert fragment in {anchor(heading) for heading in headings}


def test_the_readme_shows_the_page() -> None:
    shown = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", README)
    assert shown
    for words, path in shown:
        assert words.strip(), "a picture says in words what it shows"
        assert (ROOT / path).stat().st_size > 10_000
        assert (ROOT / path).read_bytes()[:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0", b"RIFF")


def test_the_readme_begins_with_how_to_run_and_test() -> None:
    assert README.index("make run") < README.index("## ")
    assert README.index("make test") < README.index("## ")


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Rule) if field.init])
def test_every_condition_of_a_rule_is_explained(field: str) -> None:
    assert f"`{field}`" in SEEDS_README


def test_every_seed_file_is_explained_with_its_columns() -> None:
    patterns = re.findall(r"^\| `([\w*]+\.(?:csv|toml))` \|", SEEDS_README, re.M)
    assert patterns
    for pattern in patterns:
        assert any((ROOT / "seeds").glob(pattern)), f"seeds/README.md explains {pattern}, which is not there"
    for path in (ROOT / "seeds").glob("*.*"):
        if path.suffix in (".csv", ".toml"):
            (pattern,) = (p for p in patterns if path.match(p))
            if path.suffix == ".csv":
                row = next(line for line in SEEDS_README.splitlines() if line.startswith(f"| `{pattern}` |"))
                with path.open(encoding="utf-8-sig") as lines:
                    columns = next(lines).strip().split(",")
                assert [name for name in columns if f"`{name}`" not in row] == [], path.name


def test_every_visible_change_is_logged() -> None:
    log = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## ", log, re.M)
    assert re.search(r"^- ", log, re.M)
