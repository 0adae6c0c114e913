"""Write docs/result.schema.json from the types of the result document; --check only compares."""

from __future__ import annotations

import ast
import json
import sys
from typing import Any

import msgspec
from page import DOCS, write_or_check

from unpact_tui.result_schema import Document

ROOT = DOCS.parent
PAGE = DOCS / "result.schema.json"
SOURCES = (
    "unpact_tui/result_schema.py",
    "unpact_tui/recovery_schema.py",
    "unpact_tui/attribute_document.py",
    "attribution/attempts.py",
    "attribution/types.py",
    "attribution/standing.py",
    "attribution/emphasis/_means.py",
    "attribution/thresholds.py",
)


def field_docs() -> dict[tuple[str, str], str]:
    """Read the docstrings below fields; at run time they are gone."""
    found: dict[tuple[str, str], str] = {}
    for source in SOURCES:
        for node in ast.parse((ROOT / source).read_text("utf-8")).body:
            if not isinstance(node, ast.ClassDef):
                continue
            for field, below in zip(node.body, node.body[1:], strict=False):
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    match below:
                        case ast.Expr(value=ast.Constant(value=str(text))):
                            found[node.name, field.target.id] = " ".join(text.split())
                        case _:
                            pass
    return found


def schema(kind: type[msgspec.Struct], title: str) -> dict[str, Any]:
    """Return the JSON Schema with every field's docstring as its description."""
    found = msgspec.json.schema(kind)
    docs = field_docs()
    for name, definition in found["$defs"].items():
        definition["description"] = " ".join(definition.get("description", "").split())
        for field, shape in definition.get("properties", {}).items():
            if (name, field) in docs:
                shape["description"] = docs[name, field]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **found,
    }


def as_page(kind: type[msgspec.Struct], title: str) -> str:
    """Return the schema as a page."""
    return json.dumps(schema(kind, title), indent=2, ensure_ascii=False) + "\n"


def render() -> str:
    """Return the page."""
    return as_page(Document, "unpact-tui result")


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, render(), sys.argv[1:]))
