"""What the command line says of the ways to emphasise, and of one's own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from attribution import emphasis, estimators
from attribution.emphasis import Means, Template
from unpact_tui import cli_listings, strategy_listing

MEANS = Means((Template("look", "Mind {keywords}.\n\x1b[31m{prompt}"),))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("UNPACT_")]:
        monkeypatch.delenv(name)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(cli_listings.app, words)


def test_every_strategy_has_a_line_with_its_level_and_ones_own_come_last() -> None:
    lines = strategy_listing.lines(MEANS).splitlines()
    assert [line.split()[0] for line in lines] == [*emphasis.names(), "look"]
    for line in lines[:-1]:
        strategy = emphasis.load(line.split()[0])
        assert line.split()[1] == strategy.level
        assert line.endswith(".")
    assert lines[-1].split(maxsplit=2)[2] == "Your own template: Mind {keywords}."


@pytest.mark.parametrize("name", emphasis.names())
def test_the_page_says_everything(name: str) -> None:
    strategy = emphasis.load(name)
    page = strategy_listing.page(name, Means())
    assert page.startswith(f"{name}   {strategy.level}\n")
    for title in ("changes", "needs", "costs", "dial", "example"):
        assert f"\n{title} " in page
    assert strategy.needs in page
    for strength in strategy.strengths if strategy.dialled else ():
        assert (strategy.at(strength) or "as it is") in page
    row = strategy_listing.row(name, Means())
    assert bool(row["examples"]) == (strategy.level == "prompt")
    assert json.dumps(row)


def test_an_example_is_what_the_strategy_makes_of_a_prompt() -> None:
    assert strategy_listing.row("quote", Means())["examples"] == [
        'Where was "Basil Mahfouz Al-Kuwaiti" born?'
    ]
    page = strategy_listing.page("look", MEANS)
    assert "Mind Basil Mahfouz Al-Kuwaiti." in page
    assert "\x1b" not in page


def test_the_commands(folder: Path) -> None:
    (folder / ".unpact.toml").write_text('[templates]\nlook = "Mind {keywords}. {prompt}"')
    assert "Your own template: Mind {keywords}. {prompt}" in run("strategies").output
    assert "Mind Basil Mahfouz Al-Kuwaiti. Where" in run("strategies", "look").output
    rows = json.loads(run("strategies", "--json").output)
    assert [row["name"] for row in rows] == [*emphasis.names(), "look"]
    assert rows[-1]["own"] is True
    assert json.loads(run("strategies", "bold", "--json").output) == next(
        row for row in rows if row["name"] == "bold"
    )
    wrong = run("strategies", "lok")
    assert wrong.exit_code == 2
    assert "Did you mean 'look'?" in wrong.output


def test_the_estimators(folder: Path) -> None:
    rows = json.loads(run("estimators", "--json").output)
    assert [row["name"] for row in rows] == list(estimators.names())
    said = run("estimators", "screened").output
    assert said.startswith("screened\n")
    assert len(said.splitlines()) > 3
    assert run("estimators", "screned").exit_code == 2
