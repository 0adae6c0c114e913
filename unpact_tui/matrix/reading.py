"""Reads a matrix file: TOML, every key known, every name there, every path whole.

Knows files and names; neither models nor benchmarks are opened.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar, cast

import msgspec
from msgspec.structs import replace

from unpact_tui.errors import BadConfig, BadUsage, Unreadable
from unpact_tui.matrix.shape import TABLES, Benchmark, Given, LowRank, Matrix, Model, Recipe
from unpact_tui.regular_files import expanded, is_there, opened

Named = TypeVar("Named", Model, Benchmark, Recipe)

HINT = "docs/matrices has examples, and says what may be in one."

_LIMIT = 1_000_000
"""Bytes."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,59}")
"""What may be part of a file's name anywhere."""

_HUB = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(/[\w./-]+)?", re.ASCII)
_SPEC = re.compile(r"[\w@:.+-]+=", re.ASCII)
"""What a benchmark's part begins with, where a file may stand too."""

_SAMPLE = "sample"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

_FILES = ("forget", "retain", "general", "train_forget", "train_retain", "alternatives")


def read(path: Path, places: Mapping[str, str] | None = None) -> Matrix:
    """Return the matrix of a file; `places` stand for {name} instead of what [paths] says.

    Raises `BadConfig`, `BadUsage`.
    """
    table = _table(path)
    _known(path, table)
    try:
        matrix = msgspec.convert(table, Matrix)
    except msgspec.ValidationError as error:
        why = str(error)
        raise BadConfig(str(path), f"{why[:1].lower()}{why[1:]}", HINT) from error
    _named(path, matrix)
    return _whole(path, matrix, places or {})


def places(words: Iterable[str], folder: Path) -> dict[str, str]:
    """Return what --path name=DIR says; DIR is relative to `folder`. Raises `BadUsage`."""
    found: dict[str, str] = {}
    for word in words:
        name, given, place = word.partition("=")
        if not given or not name or not place:
            raise BadUsage(f"{word!r} is not of the form NAME=DIR.", "As in --path family=models/")
        found[name] = _place(place, folder.resolve())
    return found


def is_spec(text: str) -> bool:
    """Tell a benchmark from a file, where either may stand."""
    return _SPEC.match(text) is not None


def _table(path: Path) -> dict[str, object]:
    try:
        with opened(path) as stream:
            data = stream.read(_LIMIT + 1)
        if len(data) > _LIMIT:
            raise BadConfig(str(path), "it is longer than 1 MB", HINT)
        return tomllib.loads(data.decode())
    except Unreadable as error:
        raise BadUsage(str(error), "Check the name of the matrix file.") from error
    except OSError as error:
        why = error.strerror or "no access"
        raise BadUsage(f"{path} cannot be read: {why}.", "Check its name.") from error
    except UnicodeDecodeError as error:
        raise BadConfig(str(path), "it is not UTF-8", HINT) from error
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(str(path), f"it is not TOML: {error}", HINT) from error
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits, or brackets within brackets without end.
        raise BadConfig(str(path), "no matrix needs what it holds", HINT) from error


# ---------------------------------------------------------------- what may be in it


def _known(path: Path, table: Mapping[str, object]) -> None:
    """Refuse every key that is not known: a slip would change what is measured."""
    _keys(path, "", table, Matrix)
    for name, kind in TABLES.items():
        for place, row in _rows(name, table.get(name)):
            _keys(path, place, row, kind)
            lora = row.get("lora")
            if isinstance(lora, dict):
                _keys(path, f"{place}.lora", cast("dict[str, object]", lora), LowRank)


def _rows(name: str, value: object) -> Iterable[tuple[str, Mapping[str, object]]]:
    if isinstance(value, dict):
        yield name, cast("dict[str, object]", value)
    for number, row in enumerate(cast("list[object]", value) if isinstance(value, list) else ()):
        if isinstance(row, dict):
            yield f"{name}, number {number + 1}", cast("dict[str, object]", row)


def _keys(path: Path, place: str, row: Mapping[str, object], kind: type[msgspec.Struct]) -> None:
    names = kind.__struct_fields__
    for key in row:
        if key not in names:
            where = f"in {place} there is no key" if place else "there is no key"
            raise BadConfig(str(path), f"{where} {key[:60]!r}", _suggestion(key, names))


def _suggestion(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]}?" if close else f"There are: {', '.join(known)}."


# ---------------------------------------------------------------- what is named


def _named(path: Path, matrix: Matrix) -> None:
    models, benchmarks = (
        _unique(path, "models", matrix.models),
        _unique(path, "benchmarks", matrix.benchmarks),
    )
    methods = _unique(path, "methods", matrix.methods)
    if not models or not benchmarks:
        raise BadConfig(str(path), "it needs at least one of [[models]] and [[benchmarks]]", HINT)
    if not methods and not matrix.given:
        raise BadConfig(str(path), "it has neither [[methods]] nor [[given]] checkpoints", HINT)
    if methods and not matrix.seeds:
        raise BadConfig(str(path), "seeds names none", "For example seeds = [0, 1, 2].")
    for model in matrix.models:
        _there(path, f"model {model.name}", (*model.benchmarks, *model.references), benchmarks)
    for recipe in matrix.methods:
        _there(path, f"method {recipe.name}", recipe.models, models)
        _there(path, f"method {recipe.name}", recipe.benchmarks, benchmarks)
    _given(path, matrix.given, models, benchmarks, methods)


def _given(
    path: Path,
    given: Sequence[Given],
    models: Sequence[str],
    benchmarks: Sequence[str],
    methods: Sequence[str],
) -> None:
    seen: set[tuple[str, str, str, int]] = set()
    for one in given:
        _fit(path, "given", one.name)
        _there(path, f"given {one.name}", (one.model,), models)
        _there(path, f"given {one.name}", (one.benchmark,), benchmarks)
        place = (one.model, one.benchmark, one.name, one.seed)
        if one.name in methods or place in seen:
            raise BadConfig(
                str(path),
                f"{one.name} is named twice",
                "A checkpoint that is given has a name of its own, or another seed.",
            )
        seen.add(place)


def _unique(path: Path, table: str, rows: Sequence[Named]) -> tuple[str, ...]:
    names: list[str] = []
    for row in rows:
        _fit(path, table, row.name)
        if row.name in names:
            raise BadConfig(str(path), f"two of {table} are named {row.name}", HINT)
        names.append(row.name)
    return tuple(names)


def _fit(path: Path, table: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadConfig(
            str(path),
            f"{name[:60]!r} cannot be a name in {table}",
            "A name is of letters, digits and . _ + -, up to 60, and begins with none of these.",
        )


def _there(path: Path, who: str, names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise BadConfig(
                str(path),
                f"{who} names {name[:60]!r}, which is not there",
                _suggestion(name, known),
            )


# ---------------------------------------------------------------- where it is


def _whole(path: Path, matrix: Matrix, given: Mapping[str, str]) -> Matrix:
    """Make every path whole: {names} filled in, and relative to the file's folder."""
    folder = path.resolve().parent
    known = {name: _place(at, folder) for name, at in matrix.paths.items()}
    for name in given:
        if name not in known:
            raise BadUsage(
                f"{path} has no path named {name!r}.",
                _suggestion(name, tuple(known)) if known else "It has no table [paths].",
            )
    known |= given

    def model(text: str) -> str:
        return _place(_filled(path, text, known), folder)

    def file(text: str) -> str:
        name, given, place = text.partition("=")
        if _SPEC.match(text) and given:
            return f"{name}={place if place == _SAMPLE else model(place)}"
        return str(folder / expanded(_filled(path, text, known)))

    return replace(
        matrix,
        paths=known,
        models=tuple(_model(one, model) for one in matrix.models),
        benchmarks=tuple(_benchmark(one, file) for one in matrix.benchmarks),
        given=tuple(replace(one, path=model(one.path)) for one in matrix.given),
    )


def _place(text: str, folder: Path) -> str:
    """Return a path whole; what is not there and reads like a name on the hub is one."""
    there = folder / expanded(text)
    return text if _HUB.fullmatch(text) and not is_there(there) else str(there)


def _model(one: Model, whole: Callable[[str], str]) -> Model:
    references = {name: whole(at) for name, at in one.references.items()}
    reference = None if one.reference is None else whole(one.reference)
    return replace(one, base=whole(one.base), reference=reference, references=references)


def _benchmark(one: Benchmark, whole: Callable[[str], str]) -> Benchmark:
    found = {name: getattr(one, name) for name in _FILES}
    changed = {name: whole(at) for name, at in found.items() if at is not None}
    return replace(one, spec=tuple(map(whole, one.specs)), **changed)


def _filled(path: Path, text: str, known: Mapping[str, str]) -> str:
    for name in _PLACEHOLDER.findall(text):
        if name not in known:
            raise BadConfig(
                str(path),
                f"{{{name[:60]}}} stands for no path",
                f"Say where it is: --path {name[:60]}=DIR, or in the table [paths].",
            )
    return _PLACEHOLDER.sub(lambda found: known[found[1]], text)
