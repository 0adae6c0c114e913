"""The shape of a matrix file: what may stand in it, and what is said of each thing.

Plain values. Knows neither TOML nor whether what is named is there.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from unpact_tui.settings import Dtype

Scalar = bool | int | float | str
Word = Scalar | tuple[Scalar, ...]


class Model(msgspec.Struct, frozen=True):
    """A model before unlearning."""

    name: str
    base: str
    """Folder, or name on the hub."""
    reference: str | None = None
    """A model retrained without the forget set."""
    references: dict[str, str] = {}
    """The same by benchmark, where each has another."""
    dtype: Dtype | None = None
    device: str | None = None
    chat: bool | None = None
    benchmarks: tuple[str, ...] = ()
    """Those it takes part in; none named is all."""


class Benchmark(msgspec.Struct, frozen=True):
    """What is forgotten and what is kept: prompts that are measured, rows that are unlearned."""

    name: str
    spec: str | tuple[str, ...] = ()
    """As `unpact-tui benchmarks` takes it; one or several."""
    forget: str | None = None
    """A file of prompts, instead of those of `spec`; likewise the next two."""
    retain: str | None = None
    general: str | None = None
    train_forget: str | None = None
    """What is unlearned, as `unlearn --forget` takes it, or as `spec`; without, the prompts to
    forget. Likewise the next."""
    train_retain: str | None = None
    alternatives: str | None = None
    """As `unlearn --alternatives`."""

    @property
    def specs(self) -> tuple[str, ...]:
        """Return every spec."""
        return (self.spec,) if isinstance(self.spec, str) else self.spec


class LowRank(msgspec.Struct, frozen=True):
    """How to train low-rank additions."""

    rank: int | None = None
    alpha: float | None = None
    targets: tuple[str, ...] | None = None
    dropout: float | None = None


class Recipe(msgspec.Struct, frozen=True):
    """A way to unlearn, with its hyper-parameters."""

    name: str
    """Of the row in every table."""
    method: str = ""
    """One of `unpact-tui methods`, by any name; without, the name of the row."""
    epochs: float | None = None
    lr: float | None = None
    batch_size: int | None = None
    grad_accum: int | None = None
    max_length: int | None = None
    set: dict[str, Scalar] = {}
    """Any other option, as `unlearn --set`."""
    lora: bool | LowRank = False
    models: tuple[str, ...] = ()
    """Those it is used on; none named is all. Likewise the next."""
    benchmarks: tuple[str, ...] = ()


class Given(msgspec.Struct, frozen=True):
    """A checkpoint that is there already."""

    name: str
    """Of the row in every table."""
    model: str
    benchmark: str
    path: str
    method: str = ""
    """As a person would name it."""
    seed: int = 0


class Measure(msgspec.Struct, frozen=True):
    """How every checkpoint is measured."""

    prompts: int | None = None
    """Of each kind, at most."""
    items: int | None = None
    """Of each part of a benchmark, at most, for its metrics; 0 takes no metrics."""
    settings: dict[str, Word] = {}
    """As --set."""


class Matrix(msgspec.Struct, frozen=True):
    """A whole file."""

    models: tuple[Model, ...]
    benchmarks: tuple[Benchmark, ...]
    title: str = "Findings"
    about: str = ""
    """What the page says of it in its head."""
    seeds: tuple[int, ...] = (0,)
    paths: dict[str, str] = {}
    """Folders that {name} stands for in the paths of this file."""
    methods: tuple[Recipe, ...] = ()
    given: tuple[Given, ...] = ()
    measure: Measure = Measure()

    def model(self, name: str) -> Model:
        """Return the model of that name, which is there."""
        return next(one for one in self.models if one.name == name)


TABLES: Mapping[str, type[msgspec.Struct]] = {
    "models": Model,
    "benchmarks": Benchmark,
    "methods": Recipe,
    "given": Given,
    "measure": Measure,
}
"""What stands in each table of a file."""
