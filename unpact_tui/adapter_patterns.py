"""Whether an adapter's patterns of names can be tried on a model's names in good time.

peft takes some fields as regular expressions and tries each on every module; one can be written so
that it takes for ever. Knows no model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import cast

from attribution.bounded import bounded
from unpact_tui.descriptions import ADAPTER_CONFIG
from unpact_tui.errors import Unreadable
from unpact_tui.regular_files import read_json

_SECONDS = 0.5
"""Of processor time for one pattern; on thousands of names it is a hundredth."""

_FIELDS = (
    "alpha_pattern",
    "exclude_modules",
    "feedforward_modules",
    "layers_pattern",
    "modules_to_save",
    "rank_pattern",
    "target_modules",
    "target_parameters",
)
"""What peft may read as regular expressions: texts, lists of them, or the keys of a table."""


def require_quick(folder: Path, names: Iterable[str]) -> None:
    """Try the patterns of the adapter in `folder` on the names. Raises `Unreadable`."""
    fields = read_json(folder / ADAPTER_CONFIG)
    for pattern in set(_patterns(fields)):
        with quick(folder), suppress(re.error, RecursionError, OverflowError):
            # As peft does: with whatever stands before the last part of a name.
            compiled = re.compile(rf"(.*\.)?({pattern})$")
            for name in names:
                compiled.match(name)


def quick(folder: Path) -> AbstractContextManager[None]:
    """Return a context for one pattern of an adapter: `Unreadable` when it takes too long."""
    why = "one of its patterns of names is hostile"
    return bounded(lambda clause: Unreadable(folder, f"{why}: {clause}"), seconds=_SECONDS)


def _patterns(fields: Mapping[str, object]) -> Iterator[str]:
    for field in _FIELDS:
        value = fields.get(field)
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | dict):
            yield from (str(item) for item in cast("list[object]", value))
