"""Words of the settings that are more than one number or name; and back again.

Layers and heads are ranges, strategies are names, templates are a JSON object. What comes out can
be measured with, as far as that is known without a model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast, get_args

import msgspec

from attribution import emphasis
from attribution.attempts import Selection
from attribution.emphasis import Means, Template
from attribution.errors import BadOption, UnknownName
from unpact_tui.errors import BadUsage
from unpact_tui.settings import DEFAULT_STRATEGIES, Settings

SELECTIONS = tuple(name for name in get_args(Selection) if name != "own")
"""A person's own words are pointed at, not set."""

_MOST = 9999
"""No model has a layer or a head of that number."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_LONGEST = 10_000
"""Characters of a template."""

_RANGES = "numbers and ranges such as 0-3,7"


def read(name: str, text: str, settings: Settings) -> object:
    """Return the value that a word stands for. Raises `BadUsage`, `BadOption`, `UnknownName`."""
    return _READERS[name](name, text, settings)


def reads(name: str) -> bool:
    """Tell whether a setting is read here."""
    return name in _READERS


def written(name: str, value: object) -> str:
    """Return the word for a value: undoes `read`, and is plain text for every other setting."""
    match name:
        case "strategies" | "also":
            return ",".join(cast("tuple[str, ...]", value))
        case "layers" | "heads":
            return ",".join(_ranges(cast("tuple[int, ...]", value)))
        case "templates":
            return as_json({t.name: t.text for t in cast("tuple[Template, ...]", value)})
        case _:
            return str(value)


def as_json(templates: Mapping[str, str]) -> str:
    """Return templates as one word."""
    return json.dumps(templates, ensure_ascii=False)


def usual_strategies(templates: Sequence[Template]) -> tuple[str, ...]:
    """Return what is tried where nobody says otherwise: a person's own templates come last."""
    return (*DEFAULT_STRATEGIES, *(template.name for template in templates))


def checked(name: str, text: str) -> Template:
    """Return a template. Raises `BadUsage`, `BadOption`."""
    if not _NAME.fullmatch(name) or len(text) > _LONGEST:
        raise BadUsage(
            f"{name[:60]!r} cannot be a template.",
            f"A name is of a-z, 0-9, _ and -, up to 40; a text has up to {_LONGEST} characters.",
        )
    if name in emphasis.names() or name == "paraphrase":
        raise BadUsage(f"A template cannot be named {name!r}: that is taken.", "Name it otherwise.")
    template = Template(name, text)
    emphasis.load(name, Means((template,)))
    return template


# ---------------------------------------------------------------- each of them


def _strategies(name: str, text: str, settings: Settings) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    known = (*emphasis.names(), *(template.name for template in settings.templates))
    if not names:
        raise BadUsage("No strategy is named.", f"There are: {', '.join(known)}.")
    for each in names:
        if each not in known:
            raise UnknownName("strategy", each, known)
    return names


def _selections(name: str, text: str, settings: Settings) -> tuple[str, ...]:
    words = dict.fromkeys(word.strip() for word in text.split(",") if word.strip())
    return tuple(_selection(name, word, settings) for word in words)


def _selection(name: str, text: str, settings: Settings) -> str:
    if text not in SELECTIONS:
        raise BadOption(name, text, f"one of {', '.join(SELECTIONS)}")
    return text


def _numbers(name: str, text: str, settings: Settings) -> tuple[int, ...]:
    found: set[int] = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        bounds = re.fullmatch(r"(\d{1,4})(?:\s*-\s*(\d{1,4}))?", part, re.ASCII)
        if bounds is None:
            raise BadOption(name, text[:60], f"{_RANGES}, from 0 to {_MOST}")
        first, last = int(bounds[1]), int(bounds[2] or bounds[1])
        if first > last:
            raise BadOption(name, text[:60], f"{_RANGES}, the smaller number first")
        found.update(range(first, last + 1))
    return tuple(sorted(found))


def _templates(name: str, text: str, settings: Settings) -> tuple[Template, ...]:
    try:
        given = msgspec.json.decode(text or "{}", type=dict[str, str])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise BadUsage(
            "templates is a JSON object of texts by name.",
            """For example templates='{"look": "Mind {keywords}. {prompt}"}'.""",
        ) from error
    return tuple(checked(key, template) for key, template in given.items())


def _ranges(numbers: Sequence[int]) -> Iterator[str]:
    """Put what is in a row into one range."""
    row: list[int] = []
    for number in (*numbers, -1):
        if row and number != row[-1] + 1:
            yield str(row[0]) if len(row) == 1 else f"{row[0]}-{row[-1]}"
            row = []
        row.append(number)


_READERS: dict[str, Callable[[str, str, Settings], object]] = {
    "strategies": _strategies,
    "selection": _selection,
    "also": _selections,
    "layers": _numbers,
    "heads": _numbers,
    "templates": _templates,
}
