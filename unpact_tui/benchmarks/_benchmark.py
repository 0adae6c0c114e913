"""What a benchmark's file says about itself: its constants and its verb."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from unpact_tui.benchmarks._item import Item
from unpact_tui.benchmarks._layout import Layout
from unpact_tui.benchmarks._place import Form, Place


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark."""

    name: str
    items: Callable[[Place], Iterator[Item]]
    """Yields what is asked for, in the order of the files. Raises `BadBenchmark`, `BadUsage`,
    `MissingExtra`."""
    layout: Layout
    source: str
    licence: str
    metrics: tuple[str, ...]
    """The names of those that it is published with, or that it is read for; there are more."""
    hub: tuple[str, ...] = ()
    """Its names on the Hugging Face hub."""
    forms: tuple[Form, ...] = ("plain",)
    """How its questions can be put."""
