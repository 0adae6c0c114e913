"""What made an unlearned checkpoint: method, options, data and base, in a file beside its weights.

Knows no torch, no method and no run; it only tells two runs apart. What it reads may be anything.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from unpact_tui.checkpoints import PROVENANCE
from unpact_tui.errors import Unreadable, Unwritable
from unpact_tui.regular_files import read_json
from unpact_tui.safetensors_header import short

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SCHEMA = 1

Scalar = bool | int | float | str | None
Value = Scalar | tuple[Scalar, ...]
"""What an option can be."""

_PACKAGES = ("unpact-tui", "torch", "transformers", "accelerate", "peft")
_LIMIT = 1_000_000
"""Bytes; one that is written here has some thousands."""


@dataclass(frozen=True, slots=True)
class Data:
    """One file of examples."""

    name: str
    """Without the folders it lay in: they say more about a machine than about a run."""
    sha256: str
    """Of the file, as it was read."""
    examples: int
    """Rows that were trained on."""
    cut: int
    """How many of them were longer than a row may be."""

    def __post_init__(self) -> None:
        if Path(self.name).is_absolute():
            raise ValueError("the name of a data file is not the whole path")


@dataclass(frozen=True, slots=True)
class Base:
    """The model before."""

    name: str
    fingerprint: str
    """As `checkpoints` computes it."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything that a run of the same would need, and which step of it this is."""

    schema: int
    method: str
    """The method's own name; the inspector shows it."""
    typed: str
    """The name asked for: the method's own, or one of the literature's that stands for it."""
    options: Mapping[str, Value]
    """The method's, those included that were left as they were."""
    training: Mapping[str, Value]
    forget: Data
    retain: Data | None
    alternatives: Data | None
    base: Base
    step: int
    """Optimiser steps that made the weights beside this."""
    total: int
    """Steps of the whole run."""
    seed: int
    versions: Mapping[str, str]
    """Of the packages that decide what is computed."""
    created: str
    """ISO 8601, UTC."""
    processes: int
    device: str
    dtype: str


def flat(values: DataclassInstance) -> dict[str, Value]:
    """Return the fields as one mapping; those of a dataclass inside are named `outer.inner`."""
    return dict(_flat(values, ""))


def versions() -> dict[str, str]:
    """Return the versions of what takes part, from their metadata: nothing is imported."""
    found: dict[str, str] = {}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def now() -> str:
    """Return the time as `created` has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write(folder: Path, provenance: Provenance) -> None:
    """Put it into `folder` whole, in place of what is there. Raises `Unwritable`."""
    # The standard library's writer: it has a way to write Infinity, and half a character of a name.
    text = json.dumps(msgspec.to_builtins(provenance), indent=2) + "\n"
    target, part = folder / PROVENANCE, folder / f".{PROVENANCE}.part"
    try:
        try:
            part.unlink(missing_ok=True)
            with part.open("x", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise Unwritable(str(target), error.strerror or type(error).__name__) from error


def read(folder: Path) -> Provenance | None:
    """Return what `write` put there; None for anything else, whatever it is."""
    try:
        found = msgspec.convert(read_json(folder / PROVENANCE, _LIMIT), Provenance)
    except (Unreadable, msgspec.ValidationError, UnicodeEncodeError, RecursionError):
        # A name may hold half a character where msgspec looks for one of its own.
        return None
    return found if found.schema == SCHEMA else None


def difference(there: Provenance, asked: Provenance) -> str | None:
    """Say in a sentence the first thing that would make the runs' results differ, if any does.

    Versions, times, devices and the names of files do not count. The number of processes does: the
    examples of a step depend on it.
    """
    for what, before, wanted in _compared(there, asked):
        if before != wanted:
            return f"The run there differs in {what}: {_said(before)} instead of {_said(wanted)}."
    return None


def _compared(
    there: Provenance, asked: Provenance
) -> Iterator[tuple[str, Value | Data | Base, Value | Data | Base]]:
    """Yield what is compared, in the order in which a person would want to know."""
    yield "its method", there.method, asked.method
    for name in sorted(there.options.keys() | asked.options.keys()):
        yield f"the option {short(name)}", there.options.get(name), asked.options.get(name)
    for name in sorted(there.training.keys() | asked.training.keys()):
        yield f"the setting {short(name)}", there.training.get(name), asked.training.get(name)
    yield "the seed", there.seed, asked.seed
    yield "the number of processes", there.processes, asked.processes
    yield from _compared_data("the examples to forget", there.forget, asked.forget)
    yield from _compared_data("the examples to retain", there.retain, asked.retain)
    yield from _compared_data("the alternatives", there.alternatives, asked.alternatives)
    if there.base.fingerprint != asked.base.fingerprint:
        yield "the base model", there.base, asked.base


def _compared_data(
    what: str, there: Data | None, asked: Data | None
) -> Iterator[tuple[str, Data | None, Data | None]]:
    if there and asked and dataclasses.replace(there, name=asked.name) == asked:
        return  # the same under another name
    yield what, there, asked


def _said(value: Value | Data | Base) -> str:
    match value:
        case None:
            return "none"
        case Data():
            of = "1 example" if value.examples == 1 else f"{value.examples} examples"
            cut = f", {value.cut} of them cut" if value.cut else ""
            return f"{short(value.name)} ({of}{cut}, SHA-256 {value.sha256[:12]})"
        case Base():
            return f"{short(value.name)} (fingerprint {value.fingerprint[:12]})"
        case _:
            return short(repr(value))


def _flat(values: DataclassInstance, prefix: str) -> Iterator[tuple[str, Value]]:
    for field in dataclasses.fields(values):
        value, name = getattr(values, field.name), prefix + field.name
        match value:
            case None | bool() | int() | float() | str():
                yield name, value
            case tuple() | list():
                yield name, tuple(_scalar(part) for part in cast("Sequence[object]", value))
            case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
                yield from _flat(value, f"{name}.")
            case _:
                yield name, str(value)


def _scalar(value: object) -> Scalar:
    return value if isinstance(value, bool | int | float | str | None) else str(value)
