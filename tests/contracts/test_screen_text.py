"""No widget is given text in a way in which Textual would read it as markup.

What the text itself holds, the last gate looks at: in every test of the screen it complains.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[2] / "unpact_tui" / "app"
MODULES = sorted(APP.rglob("*.py"))

READS_MARKUP = {"Static", "Label", "Button", "Option", "notify", "Checkbox", "Link", "Digits"}
FORBIDDEN = {"DataTable", "Tree", "Markdown", "RichLog", "Log", "Pretty", "from_markup"}
"""Widgets that take text as markup in ways that cannot be turned off, or that no test looks at."""
TITLES = {"border_title", "border_subtitle", "tooltip"}


def wrong(module: Path) -> Iterator[str]:
    """Yield what is wrong in a module, with its line."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        match node:
            case ast.Call() if _name(node.func) in READS_MARKUP:
                if not (_is_markup_off(node) or _is_safe(node.args[0] if node.args else None)):
                    yield f"{node.lineno}: {ast.unparse(node)[:80]}"
            case ast.Assign(targets=[ast.Attribute(attr=attr)], value=value) if attr in TITLES:
                if not _is_safe(value):
                    yield f"{node.lineno}: {attr} = {ast.unparse(value)[:80]}"
            case ast.Call(func=ast.Attribute(attr="update"), args=[ast.JoinedStr(), *_]):
                yield f"{node.lineno}: {ast.unparse(node)[:80]}"
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                if name in FORBIDDEN:
                    yield f"{getattr(node, 'lineno', 0)}: {name}"
            case _:
                pass


def _name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _is_markup_off(call: ast.Call) -> bool:
    return any(
        keyword.arg == "markup"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is False
        for keyword in call.keywords
    )


def _is_safe(value: ast.expr | None) -> bool:
    """Content is never read as markup, and words of ours without a bracket hold none."""
    match value:
        case None:
            return True
        case ast.Constant(value=words):
            return words is None or (isinstance(words, str) and "[" not in words)
        case ast.IfExp(body=body, orelse=orelse):
            return _is_safe(body) and _is_safe(orelse)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="Content"))):
            return True
        case ast.Call(func=function):
            return _name(function) in {"Content", "content", "_written"}
        case _:
            return False


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(APP)))
def test_text_is_given_as_text(module: Path) -> None:
    assert list(wrong(module)) == []


@pytest.mark.parametrize(
    "line",
    [
        "Static(name)",
        "Label(f'{name}')",
        "self.notify(told)",
        "box.border_title = name",
        "box.border_subtitle = f'of {name}'",
        "self.query_one('#x', Static).update(f'{name}')",
        "Content.from_markup(name)",
        "from textual.widgets import DataTable",
        "Static('[b]x[/b]')",
    ],
)
def test_it_would_find(line: str, tmp_path: Path) -> None:
    module = tmp_path / "screen.py"
    module.write_text(line)
    assert list(wrong(module))
