"""A plug-in is one file: found by its name, summed up by its first line, loaded alone."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import methods
from attribution import emphasis, estimators
from methods.errors import UnknownName
from unpact_tui import benchmarks, metrics

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "attribution/estimators": estimators.names(),
    "attribution/emphasis": emphasis.names(),
    "methods": methods.names(),
    "unpact_tui/benchmarks": benchmarks.names(),
    "unpact_tui/metrics": metrics.names(),
}
PLUG_INS = [ROOT / folder / f"{name}.py" for folder, names in FOLDERS.items() for name in names]


@pytest.mark.parametrize("path", PLUG_INS, ids=lambda path: path.stem)
def test_its_first_line_is_a_sentence_and_its_source_is_named(path: Path) -> None:
    description = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    assert description.partition("\n")[0].endswith(".")
    assert "arXiv" in description or "ours" in description.lower(), "say where it comes from"


def test_a_name_that_is_no_method_gets_a_hint() -> None:
    for ask in (methods.load, methods.resolve):
        with pytest.raises(UnknownName) as caught:
            ask("simpno")
        assert caught.value.hint == "Did you mean 'simnpo'?"
        with pytest.raises(UnknownName) as caught:
            ask("zzz")
        assert ", ".join(methods.names()) in caught.value.hint
    with pytest.raises(UnknownName):
        methods.load("errors")


def test_a_method_is_found_where_it_is_put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "errors.py").write_text("", "utf-8")
    (tmp_path / "_losses.py").write_text("raise ImportError", "utf-8")
    (tmp_path / "forget.py").write_text("METHOD = 7", "utf-8")
    (tmp_path / "broken.py").write_text("raise ImportError", "utf-8")
    monkeypatch.setattr(methods, "__path__", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "methods.forget", raising=False)
    assert methods.names() == ("broken", "forget")
    assert methods.load("forget") == 7
    with pytest.raises(UnknownName) as caught:
        methods.load("forgett")
    assert caught.value.hint == "Did you mean 'forget'?"
