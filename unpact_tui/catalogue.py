"""What there is to choose from, read from source without running it.

A plug-in's summary is the first line of its module's docstring and a setting's is the string below
its field, so what the command line says is what the code says.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path


def _tree(module: str) -> ast.Module:
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))


def summaries(package: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each plug-in's name with the first line of its docstring."""
    for name in names:
        yield name, docstring(f"{package}.{name}").partition("\n")[0]


def docstring(module: str) -> str:
    """Return what a module says it is."""
    return ast.get_docstring(_tree(module)) or ""


def below(module: str, constant: str) -> str:
    """Return the sentence below a constant of a module; empty without one."""
    for node, after in pairwise(_tree(module).body):
        match node, after:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(ast.Constant(str(said))):
                if name == constant:
                    return " ".join(said.split())
            case _:
                pass
    return ""


@dataclass(frozen=True, slots=True)
class Field:
    """A documented setting."""

    name: str
    default: str
    """As written in the source; empty without one."""
    sentence: str


def fields(module: str, dataclass_name: str) -> Iterator[Field]:
    """Yield the fields of a dataclass that have a sentence below them."""
    for node in _tree(module).body:
        if isinstance(node, ast.ClassDef) and node.name == dataclass_name:
            for item, below in zip(node.body, node.body[1:], strict=False):
                if not isinstance(item, ast.AnnAssign) or not isinstance(item.target, ast.Name):
                    continue
                if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                    default = ast.unparse(item.value) if item.value else ""
                    sentence = " ".join(str(below.value.value).split())
                    yield Field(item.target.id, default, sentence)
