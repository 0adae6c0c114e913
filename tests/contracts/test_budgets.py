"""Sizes and habits that keep the tail of the code as small as its median."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("attribution", "methods", "unpact_tui")

MODULE_LINES = 300
CLASS_LINES = 200
FUNCTION_LINES = 40
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base", "core"}
BLIND = {"Exception", "BaseException"}

SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def _caught(handler: ast.ExceptHandler) -> set[str]:
    """Return the names a handler catches; a bare one catches BaseException."""
    if handler.type is None:
        return {"BaseException"}
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {ast.unparse(kind) for kind in types}


def _lets_go(handler: ast.ExceptHandler) -> bool:
    """Whether a handler ends by raising what it caught again, so that nothing is swallowed.

    To set it as a future's is to raise it where that is awaited.
    """
    last = handler.body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return ast.unparse(last.value).endswith(f".set_exception({handler.name})")
    return isinstance(last, ast.Raise) and last.exc is None


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count lines; not the signature of a command, which is the table of its options."""
    command = any(ast.unparse(mark).startswith("app.command") for mark in function.decorator_list)
    first = function.body[0].lineno if command else function.lineno
    return (function.end_lineno or first) - first + 1


def _node_offences(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.ClassDef(name=name, lineno=first, end_lineno=int(last)):
            if last - first + 1 > CLASS_LINES:
                yield f"class {name} has {last - first + 1} lines"
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            if _length(node) > FUNCTION_LINES:
                yield f"{node.name} has {_length(node)} lines"
            if node.args.kwarg is not None:
                yield f"{node.name} takes **{node.args.kwarg.arg}"
        case ast.ExceptHandler():
            if _caught(node) & BLIND and not _lets_go(node):
                yield f"line {node.lineno} catches everything"
        case ast.ImportFrom(level=int(level)) if level:
            yield f"line {node.lineno} imports relatively"
        case _:
            pass


def offences(source: str, stem: str) -> list[str]:
    """Say what is wrong with one module."""
    tree = ast.parse(source)
    found: list[str] = []
    if stem in VAGUE_NAMES:
        found.append(f"{stem!r} says nothing about what is inside")
    if len(source.splitlines()) > MODULE_LINES:
        found.append(f"has {len(source.splitlines())} lines")
    if tree.body and not ast.get_docstring(tree):
        found.append("does not say what it is")
    if len(tree.body) > 1 and "from __future__ import annotations" not in source:
        found.append("evaluates its annotations")
    found += [offence for node in ast.walk(tree) for offence in _node_offences(node)]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_module_keeps_the_budget(path: Path) -> None:
    assert offences(path.read_text("utf-8"), path.stem) == []


HEAD = '"""A module."""\n\nfrom __future__ import annotations\n'


@pytest.mark.parametrize(
    ("source", "stem", "offence"),
    [
        (HEAD, "helpers", "says nothing"),
        (HEAD + "x = 1\n" * 300, "scorer", "has 303 lines"),
        (HEAD[16:], "scorer", "does not say what it is"),
        ('"""A module."""\nx = 1\n', "scorer", "evaluates its annotations"),
        (HEAD + "class A:\n" + "    x = 1\n" * 200, "scorer", "class A has 201 lines"),
        (HEAD + "def f():\n" + "    x = 1\n" * 40, "scorer", "f has 41 lines"),
        (HEAD + "@app.command()\ndef f():\n" + "    x = 1\n" * 41, "cli", "f has 41 lines"),
        (HEAD + "async def f(**options): ...\n", "scorer", "takes **options"),
        (HEAD + "try: ...\nexcept: ...\n", "scorer", "catches everything"),
        (HEAD + "try: ...\nexcept (OSError, Exception): ...\n", "scorer", "catches everything"),
        (HEAD + "from . import types\n", "scorer", "imports relatively"),
    ],
)
def test_each_budget_bites(source: str, stem: str, offence: str) -> None:
    assert [offence in found for found in offences(source, stem)] == [True]


def test_what_is_at_the_limit_passes() -> None:
    body = "class A:\n" + "    x = 1\n" * 199 + "def f():\n" + "    x = 1\n" * 39
    again = "try: ...\nexcept BaseException:\n    raise\n"
    assert offences(HEAD + body + again, "scorer") == []
