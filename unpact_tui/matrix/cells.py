"""Every checkpoint of a matrix: methods x models x benchmarks x seeds, and those that are given.

Knows a matrix and the names of methods; opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from methods.errors import MethodError
from unpact_tui.errors import BadConfig, BadUsage
from unpact_tui.matrix.shape import Given, LowRank, Matrix, Model, Recipe
from unpact_tui.unlearning.asked import Choice, additions_of, choose

_NUMBERS = ("epochs", "batch_size", "grad_accum", "max_length")


@dataclass(frozen=True, slots=True)
class Cell:
    """One checkpoint."""

    model: Model
    benchmark: str
    seed: int
    source: Recipe | Given
    """How it is made, or where it is."""

    @property
    def label(self) -> str:
        """Of its row in every table."""
        return self.source.name

    @property
    def method(self) -> str:
        """As a person would name it."""
        lora = isinstance(self.source, Recipe) and self.source.lora is not False
        return f"{self.source.method or self.source.name}{' (LoRA)' if lora else ''}"

    @property
    def reference(self) -> str | None:
        """The model that never saw what is to be forgotten."""
        return self.model.references.get(self.benchmark, self.model.reference)


def cells(matrix: Matrix) -> tuple[Cell, ...]:
    """Return all of them: a model and a benchmark at a time, seed by seed, the given ones first."""
    return tuple(_cells(matrix))


def _cells(matrix: Matrix) -> Iterator[Cell]:
    for model in matrix.models:
        for benchmark in matrix.benchmarks:
            if model.benchmarks and benchmark.name not in model.benchmarks:
                continue
            place = (model.name, benchmark.name)
            for one in matrix.given:
                if (one.model, one.benchmark) == place:
                    yield Cell(model, benchmark.name, one.seed, one)
            for seed in matrix.seeds:
                for recipe in matrix.methods:
                    if _uses(recipe, *place):
                        yield Cell(model, benchmark.name, seed, recipe)


def _uses(recipe: Recipe, model: str, benchmark: str) -> bool:
    return (not recipe.models or model in recipe.models) and (
        not recipe.benchmarks or benchmark in recipe.benchmarks
    )


def choice(recipe: Recipe, seed: int) -> Choice:
    """Return the method with nothing left to choose. Raises `BadUsage`, `MethodError`."""
    training: dict[str, object] = {
        name: value for name in _NUMBERS if (value := getattr(recipe, name)) is not None
    }
    if recipe.lr is not None:
        training["learning_rate"] = recipe.lr
    return choose(
        recipe.method or recipe.name,
        pairs(recipe),
        {**training, "seed": seed},
        _additions(recipe.lora),
    )


def pairs(recipe: Recipe) -> tuple[str, ...]:
    """Return the options as --set takes them."""
    return tuple(f"{name}={word(value)}" for name, value in recipe.set.items())


def word(value: object) -> str:
    """Write a value as --set takes it."""
    match value:
        case bool():
            return str(value).lower()
        case tuple() | list():
            return ",".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType] - any
        case _:
            return str(value)


def check(path: Path, matrix: Matrix) -> None:
    """Settle every method, so that a slip is known before anything runs. Raises `BadConfig`."""
    for recipe in matrix.methods:
        try:
            choice(recipe, 0)
        except (BadUsage, MethodError) as error:
            raise BadConfig(
                str(path), f"method {recipe.name}: {str(error).removesuffix('.')}", error.hint
            ) from error


def _additions(lora: bool | LowRank):
    if isinstance(lora, bool):
        return additions_of(lora=lora)
    values = msgspec.structs.asdict(lora)
    targets = None if lora.targets is None else ",".join(lora.targets)
    return additions_of(values["rank"], values["alpha"], targets, values["dropout"], lora=True)
