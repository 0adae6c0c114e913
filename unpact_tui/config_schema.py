"""The JSON Schema of a configuration file, for editors and for checking files beforehand.

Made from the types that a file is read into, with the sentences below their fields. The limits of
numbers, the names of themes and the ids of keys are checked when a file is read, not by the schema.
"""

from __future__ import annotations

import json
from typing import cast, get_type_hints

import msgspec

from unpact_tui import options, setting_words
from unpact_tui.catalogue import fields
from unpact_tui.config import Config
from unpact_tui.config_layers import setting_names
from unpact_tui.settings import Settings

_PLACES = (
    ("unpact_tui.settings", "Settings"),
    ("attribution.effort", "Effort"),
    ("attribution.types", "KeyTokenRule"),
    ("attribution.thresholds", "Thresholds"),
)

Shape = dict[str, object]


def schema() -> Shape:
    """Return the schema; in pyproject.toml it is that of the table [tool.unpact-tui]."""
    looks = _properties(Config)
    _describe(looks, "unpact_tui.config", "Config")
    looks["settings"] = {
        "description": looks["settings"]["description"],
        "type": "object",
        "properties": _settings(),
        "additionalProperties": False,
    }
    # Nothing in TOML is null: what has no value is left out.
    looks["theme"] = {"type": "string", "description": looks["theme"]["description"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "unpact-tui configuration",
        "type": "object",
        "properties": looks,
        "additionalProperties": False,
    }


def text() -> str:
    """Return the schema as it is printed."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _settings() -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    hints = get_type_hints(Settings)
    for kind in (Settings, *(hints[group] for group in _groups())):
        shapes |= _properties(kind)
    for module, name in _PLACES:
        _describe(shapes, module, name)
    found = {name: shapes[name] for name in setting_names()}
    selection = {"default": Settings().selection, "enum": list(setting_words.SELECTIONS)}
    found["selection"] = {"description": found["selection"]["description"], **selection}
    for name in ("layers", "heads"):
        found[name] = {
            "description": found[name]["description"],
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "integer", "minimum": 0}},
            ],
        }
    found["chat"] = {"type": "boolean", "description": found["chat"].get("description", "")}
    return found


def _groups() -> list[str]:
    return sorted({group for group in options.setting_names().values() if group})


def _properties(kind: type[object]) -> dict[str, Shape]:
    """Return the shape of every field of a dataclass."""
    whole = msgspec.json.schema(kind)
    return cast("dict[str, Shape]", whole["$defs"][kind.__name__]["properties"])


def _describe(shapes: dict[str, Shape], module: str, name: str) -> None:
    for field in fields(module, name):
        if field.name in shapes:
            shapes[field.name]["description"] = field.sentence
