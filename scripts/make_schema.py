"""Write docs/result.schema.json from the types of the result document; --check only compares."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from unpact_tui.result_schema import Document

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "docs" / "result.schema.json"
SOURCES = ("unpact_tui/result_schema.py", "attribution/types.py", "attribution/thresholds.py")


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


def schema() -> dict[str, Any]:
    """Return the JSON Schema with every field's docstring as its description."""
    found = msgspec.json.schema(Document)
    docs = field_docs()
    for name, definition in found["$defs"].items():
        definition["description"] = " ".join(definition.get("description", "").split())
        for field, shape in definition.get("properties", {}).items():
            if (name, field) in docs:
                shape["description"] = docs[name, field]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "unpact-tui result",
        **found,
    }


def main() -> int:
    text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    if "--check" in sys.argv[1:]:
        if TARGET.is_file() and TARGET.read_text("utf-8") == text:
            return 0
        print(f"{TARGET.relative_to(ROOT)} is stale: run python scripts/make_schema.py")
        return 1
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
