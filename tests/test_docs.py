"""The documents are true: generated pages are fresh, and the README's facts hold."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import edgeall.cli.app as commands

ROOT = Path(__file__).parent.parent


def _make_cli():
    spec = importlib.util.spec_from_file_location("make_cli", ROOT / "docs" / "make_cli.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_command_line_page_is_fresh():
    assert (ROOT / "docs" / "cli.md").read_text() == _make_cli().render(), "run: make docs"


def test_every_command_is_on_the_page():
    app = commands.app
    named = {command.callback.__name__ for command in app.registered_commands}
    for group in app.registered_groups:
        named |= {group.name}
        named |= {f"{group.name} {one.callback.__name__}" for one in
                  group.typer_instance.registered_commands}  # fmt: skip
    assert named == set(_make_cli().COMMANDS)


def test_every_option_has_help():
    page = (ROOT / "docs" / "cli.md").read_text()
    bare = [line for line in page.splitlines() if re.fullmatch(r"\s+--[\w-]+( [A-Z|a-z]+)?", line)]
    lines = page.splitlines()
    helpless = [
        line for line in bare
        if not lines[lines.index(line) + 1].startswith(" " * 20)
    ]  # fmt: skip
    assert helpless == []


def test_the_readme_names_files_that_exist():
    readme = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\((?!http|#)([^)]+)\)", readme)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_readme_runs_what_the_makefile_has():
    readme, makefile = (ROOT / name for name in ("README.md", "Makefile"))
    targets = re.findall(r"^(\w+):", makefile.read_text(), re.MULTILINE)
    for wanted in re.findall(r"^make (\w+)", readme.read_text(), re.MULTILINE):
        assert wanted in targets
