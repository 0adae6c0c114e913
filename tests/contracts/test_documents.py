"""What is written about the program is true of this version of it."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def test_the_command_line_page_is_fresh() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "make_cli_docs.py"))
    assert (ROOT / "docs" / "cli.md").read_text("utf-8") == script["render"](), "run: make docs"


def test_the_changelog_begins_with_this_version() -> None:
    newest = re.search(r"^## \[([^]]+)]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == VERSION


def test_the_citation_is_of_this_version() -> None:
    assert f"\nversion: {VERSION}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_what_the_architecture_names_is_there() -> None:
    named = re.findall(
        r"`((?:attribution|methods|unpact_tui|tests)/[\w/.]+\.\w+)`", _architecture()
    )
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_target_that_is_mentioned_exists() -> None:
    rules = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= rules


def test_every_pin_is_exact_and_every_dependency_is_pinned() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    names = {_normal(name) for name in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    assert {_normal(re.match(r"[\w.-]+", line)[0]) for line in wanted} <= names
    assert not any("+" in version for version in pins.values()), "a local build nobody else has"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _architecture() -> str:
    return (ROOT / "ARCHITECTURE.md").read_text("utf-8")
