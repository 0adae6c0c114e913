"""What one file or one variable sets, checked, with names such as theme and settings.alpha.

Settings are checked by `unpact_tui.options.settle`, as --set is. Only the screen can tell whether a
theme, a key or the id of a binding is known. A file of the current folder is not the person's own,
and nothing that may run code can be set in any file, nor in the environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, cast, get_type_hints

import msgspec

from attribution.emphasis import Template
from attribution.endpoint.key import VARIABLES as KEYS
from attribution.errors import AttributionError
from unpact_tui import options, setting_words
from unpact_tui.bug import VARIABLE as BUG_WORDS
from unpact_tui.config_places import VARIABLE, table_of
from unpact_tui.errors import BadConfig, BadUsage
from unpact_tui.settings import Settings

KeymapName = Literal["vim", "plain"]
Mebibytes = Annotated[int, msgspec.Meta(ge=1, le=2**20)]

_KINDS: dict[str, tuple[object, str]] = {
    "theme": (str, "the name of a theme"),
    "ascii": (bool, "true or false"),
    "mouse": (bool, "true or false"),
    "lane": (bool, "true or false"),
    "keep": (bool, "true or false"),
    "cache": (bool, "true or false"),
    "cache_mib": (Mebibytes, "a whole number of MiB, from 1 to 1048576"),
    "keymap": (KeymapName, '"vim" or "plain"'),
}
"""What each look has to be, for the decoder and in words."""

_TABLES = ("keys", "settings", "templates")

_RANGES = ("layers", "heads")
"""Settings that may be written as ranges, or as lists of numbers."""

NO_TEMPLATES: Mapping[str, str] = {}

FORBIDDEN = "trust_remote_code"
"""The one setting that only its flag may change."""

_BITS = 64
"""Of a number in TOML; the parser takes longer ones, which cannot be written out again."""

SET = "UNPACT_SET"
VARIABLES = {f"UNPACT_{name.upper()}": name for name in _KINDS}
"""The look that each variable sets."""

_WORDS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


@dataclass(frozen=True, slots=True)
class Layer:
    """Values that were set in one place."""

    source: str
    """The file or the variable."""
    values: Mapping[str, object]


def setting_names() -> tuple[str, ...]:
    """Return the names of the settings that may be configured in the table of that name."""
    return tuple(name for name in options.setting_names() if name not in (FORBIDDEN, "templates"))


def of_file(
    path: Path, table: tuple[str, ...], templates: Mapping[str, str] = NO_TEMPLATES
) -> Layer:
    """Return what a file sets; `templates` are those of weaker files. Raises `BadConfig`."""
    source = str(path)
    values: dict[str, object] = {}
    tables: dict[str, dict[str, object]] = {name: {} for name in _TABLES}
    for name, value in table_of(path, table).items():
        if name not in _TABLES:
            values[name] = _look(source, name, value)
        elif isinstance(value, dict):
            tables[name] = cast("dict[str, object]", value)
        else:
            raise BadConfig(source, f"{name} has to be a table, [{name}]")
    values |= _keys(source, tables["keys"])
    own = _templates(source, tables["templates"])
    values |= {f"templates.{name}": text for name, text in own.items()}
    values |= _settings(source, tables["settings"], {**templates, **own})
    return Layer(source, values)


def of_environment(
    environ: Mapping[str, str], templates: Mapping[str, str] = NO_TEMPLATES
) -> Iterator[Layer]:
    """Yield what each variable sets; an empty one says nothing. Raises `BadConfig`."""
    for variable, text in sorted(environ.items()):
        others = (VARIABLE, BUG_WORDS, *KEYS)
        if not variable.startswith("UNPACT_") or variable in others or not text:
            continue
        _require_text(variable, text)
        if variable == SET:
            yield Layer(variable, _settings_of_words(text, templates))
        elif variable in VARIABLES:
            name = VARIABLES[variable]
            yield Layer(variable, {name: _look(variable, name, _word(_KINDS[name][0], text))})
        else:
            _refuse_code(variable, variable.removeprefix("UNPACT_").lower())
            known = (*VARIABLES, SET, VARIABLE)
            raise BadConfig(variable, "there is no such variable", _suggestion(variable, known))


def _require_text(variable: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadConfig(variable, "it is not UTF-8") from error


def _word(kind: object, text: str) -> object:
    """Return what a variable says as a file would say it."""
    word = text.strip().lower()
    if kind is bool:
        return _WORDS.get(word, text)
    return int(word) if kind is Mebibytes and word.isdecimal() and len(word) < _BITS else text


def _settings_of_words(text: str, templates: Mapping[str, str]) -> dict[str, object]:
    """Read "name=value name=value": a list of names has commas already."""
    values: dict[str, object] = {}
    for word in text.split():
        name, given, value = word.partition("=")
        if not given:
            raise BadConfig(
                SET, f"{_short(word)} is not of the form name=value", "Separate them by spaces."
            )
        name = _known_setting(SET, name)
        values[f"settings.{name}"] = _settled(SET, name, value, templates)
    return values


def _look(source: str, name: str, value: object) -> object:
    if name not in _KINDS:
        _refuse_code(source, name)
        raise BadConfig(source, f"there is no {_short(name)}", _place_of(name))
    kind, wanted = _KINDS[name]
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise BadConfig(source, f"{name} has to be {wanted}, not {_short(value)}") from error


def _place_of(name: str) -> str:
    """Suggest a name, and where a setting belongs that stands in the wrong place."""
    looks = (*_KINDS, *_TABLES)
    close = get_close_matches(name, (*looks, *setting_names()), n=1)
    if close and close[0] not in looks:
        return f"Did you mean {close[0]} in the table [settings]?"
    return _suggestion(name, looks)


def _keys(source: str, table: Mapping[str, object]) -> dict[str, object]:
    for name, value in table.items():
        if not isinstance(value, str):
            raise BadConfig(
                source,
                f"keys.{_plain(name)} has to be keys by comma, not {_short(value)}",
                'For example help = "?,f1".',
            )
    return {f"keys.{name}": value for name, value in table.items()}


def _templates(source: str, table: Mapping[str, object]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, text in table.items():
        if not isinstance(text, str):
            raise BadConfig(
                source,
                f"templates.{_plain(name)} has to be a text, not {_short(text)}",
                'For example look = "Mind {keywords}. {prompt}".',
            )
        try:
            setting_words.checked(name, text)
        except (BadUsage, AttributionError) as error:
            raise _in_file(source, error) from error
        found[name] = text
    return found


def _settings(
    source: str, table: Mapping[str, object], templates: Mapping[str, str]
) -> dict[str, object]:
    values: dict[str, object] = {}
    for given, value in table.items():
        name = _known_setting(source, given)
        _require_kind(source, name, value)
        values[f"settings.{name}"] = _settled(source, name, _text(value), templates)
    return values


def _known_setting(source: str, given: str) -> str:
    name = given.strip().replace("-", "_")
    _refuse_code(source, name)
    if name == "templates":
        raise BadConfig(
            source,
            "templates are not set among the settings",
            "They have a table of their own in a file, [templates].",
        )
    if name not in setting_names():
        raise BadConfig(
            source, f"there is no setting {_short(given)}", _suggestion(name, setting_names())
        )
    return name


def _refuse_code(source: str, name: str) -> None:
    if name.strip().replace("-", "_") == FORBIDDEN:
        raise BadConfig(
            source,
            f"{FORBIDDEN} cannot be configured: whether a checkpoint's own code may run is said "
            "anew each time",
            "Give --trust-remote-code with the command.",
        )


def _require_kind(source: str, name: str, value: object) -> None:
    group = options.setting_names()[name]
    kind = get_type_hints(Settings)[group] if group else Settings
    if isinstance(value, int) and value.bit_length() >= _BITS:
        raise BadConfig(source, f"settings.{name} is a larger number than TOML has")
    if name in _RANGES and isinstance(value, str):
        return
    try:
        msgspec.convert(value, get_type_hints(kind)[name])
    except msgspec.ValidationError as error:
        why = str(error).partition(" - ")[0]
        raise BadConfig(
            source, f"settings.{name} cannot be {_short(value)}: {why[:1].lower()}{why[1:]}"
        ) from error


def _text(value: object) -> str:
    """Write a value as --set takes it."""
    match value:
        case bool():
            return str(value).lower()
        case list():
            return ",".join(map(str, cast("list[object]", value)))
        case _:
            return str(value)


def _settled(source: str, name: str, text: str, templates: Mapping[str, str]) -> str:
    known = tuple(Template(name, template) for name, template in templates.items())
    try:
        options.settle(Settings(templates=known), [f"{name}={text}"])
    except (BadUsage, AttributionError) as error:
        raise _in_file(source, error) from error
    return text


def _in_file(source: str, error: BadUsage | AttributionError) -> BadConfig:
    why = _cut(str(error).removesuffix("."), 300)
    return BadConfig(source, f"{why[:1].lower()}{why[1:]}", error.hint)


def _suggestion(name: str, known: Iterable[str]) -> str:
    names = tuple(known)
    close = get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]}?" if close else f"There are: {', '.join(names)}."


def _short(value: object) -> str:
    """Quote what a file holds, which may be long."""
    try:
        return _cut(repr(value), 60)
    except ValueError:  # Python writes out no more than some thousands of digits
        return "a number like that"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _plain(name: str) -> str:
    return name if name.isidentifier() and len(name) <= 60 else _short(name)
