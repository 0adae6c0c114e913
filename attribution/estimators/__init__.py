"""Ways to measure contributions, one file each: the listing of this folder is the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol

from attribution.effort import DEFAULT_EFFORT, Effort
from attribution.errors import UnknownName
from attribution.scorer import Scorer
from attribution.types import Answer, Attribution, Granularity, Prompt


class Estimator(Protocol):
    """Measures how much each prompt token contributes to an answer."""

    def __call__(
        self,
        scorer: Scorer,
        prompt: Prompt,
        answer: Answer,
        granularity: Granularity = "token",
        effort: Effort = DEFAULT_EFFORT,
        *,
        seed: int = 0,
        also: frozenset[int] = frozenset(),
    ) -> Iterator[Attribution]:
        """Yield ever more complete attributions; the last one is whole.

        The units that `also` touches are measured by removal whatever the estimator picks, so that
        two models can be compared on the same tokens; one that measures all or none ignores it.
        """
        ...


def names() -> tuple[str, ...]:
    """Return the names of the estimators, without importing one."""
    return tuple(m.name for m in iter_modules(__path__) if not m.name.startswith("_"))


def is_exact(name: str) -> bool:
    """Tell whether an estimator measures every contribution, and always the same ones. Raises
    `UnknownName`."""
    load(name)
    return bool(getattr(import_module(f"{__name__}.{name}"), "EXACT", False))


def load(name: str) -> Estimator:
    """Return an estimator. Raises `UnknownName`."""
    if name not in names():
        raise UnknownName("estimator", name, names())
    measure: Estimator = import_module(f"{__name__}.{name}").measure
    return measure
