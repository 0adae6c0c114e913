"""Every error says what, what to do and how the process ends, and every one is documented."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from unpact_tui.errors import ExitCode, Failure, exit_code

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "make_error_docs.py"))
LEAVES: list[type[Failure]] = [
    leaf for root in SCRIPT["TREES"].values() for leaf in SCRIPT["leaves"](root)
]

FAILURES = {ExitCode.USAGE, ExitCode.CHECKPOINT, ExitCode.COMPUTE}

every_leaf = pytest.mark.parametrize(
    "leaf", LEAVES, ids=lambda leaf: f"{leaf.__module__}.{leaf.__name__}"
)


@every_leaf
def test_it_says_one_sentence_and_may_give_a_hint(leaf: type[Failure]) -> None:
    error = SCRIPT["example"](leaf)
    assert str(error)[-1] in ".>", "a sentence, or a field that is one"
    assert "\n" not in str(error)
    assert error.hint == "" or error.hint[-1] in ".>})"
    assert exit_code(error) in FAILURES


@every_leaf
def test_it_is_described_and_its_module_draws_it(leaf: type[Failure]) -> None:
    assert leaf.__doc__ is not None
    assert leaf.__doc__.strip().splitlines()[0].endswith(".")
    tree = __import__(leaf.__module__, fromlist=["_"]).__doc__ or ""
    assert f" {leaf.__name__} " in f"{tree} ".replace("\n", " ")


def test_the_page_is_fresh() -> None:
    assert (ROOT / "docs" / "errors.md").read_text("utf-8") == SCRIPT["render"](), "run: make docs"


def test_the_three_trees_are_walked() -> None:
    modules = {leaf.__module__ for leaf in LEAVES}
    application = {"unpact_tui.errors", "unpact_tui.file_errors"}
    assert modules == {"attribution.errors", "methods.errors", *application}
    assert len({(leaf.__module__, leaf.__name__) for leaf in LEAVES}) == len(LEAVES)
