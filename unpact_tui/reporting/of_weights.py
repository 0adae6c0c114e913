"""What changed in the weights, as blocks."""

from __future__ import annotations

from collections.abc import Iterator

from unpact_tui.reporting.blocks import Block, Bullets, Grid, Heading, Words
from unpact_tui.reporting.results import TensorLine, WeightsResult
from unpact_tui.weights.summary import CAVEAT

_MOST = 40
"""Tensors that are listed."""


def blocks(found: WeightsResult) -> Iterator[Block]:
    """Yield all of it."""
    yield Heading(1, f"Weights of {found.unlearned} against {found.base}")
    yield Words(found.summary)
    if found.diagnosis:
        yield Words(found.diagnosis)
    yield Bullets(found.notes)
    yield Words(CAVEAT)
    most = sorted(found.tensors, key=lambda tensor: -(tensor.relative or 0.0))[:_MOST]
    yield Grid(("tensor", "relative", "cosine", "changed"), tuple(map(_line, most)), numbers=1)
    if len(found.tensors) > _MOST:
        yield Words(f"The {_MOST} most changed of {len(found.tensors)} tensors.", quiet=True)


def _line(tensor: TensorLine) -> tuple[str, ...]:
    def share(value: float | None) -> str:
        return "-" if value is None else f"{100 * value:.3g} %"

    cosine = "-" if tensor.cosine is None else f"{tensor.cosine:.4f}"
    return tensor.name, share(tensor.relative), cosine, share(tensor.changed)
