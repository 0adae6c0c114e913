"""Whether a configuration can be that of the weights beside it, asked before anything is built.

A library builds what a configuration says and only then looks at the weights: a billion layers, or
a vocabulary of a billion words, fill the memory first. Here counts that no model has are refused
by their names, and what is built is counted while it is: far more than the files hold is refused.
Knows no architecture and no file. torch is imported when something is built.
"""
# torch's annotations are incomplete.
# pyright: basic

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

MOST = 100_000
"""Of anything that a configuration counts: layers, heads, labels. No model comes near."""

_COUNTS = re.compile(r"^(num|n)_|layer|depth|block|iter")
_SIZES = re.compile(r"position|ctx|context|token|step|param|vocab|seq|_size|_dim|length")
"""Numbers that look like counts and are lengths: nothing is built once for each."""

_AGAIN = 8
"""How many times a tensor of the files may be built: tied, filled in, brought to a device."""
_PACKED = 8
"""Numbers that one stored number may stand for in a quantised model."""
_FEW, _SMALL = 1_000, 10_000_000
"""Tensors and numbers that may be built whatever is stored."""
_TABLES = 1 << 28
"""Numbers in tables that are computed instead of stored, as of positions; a gigabyte."""

Refuse = Callable[[str], Exception]
"""Makes the error to raise of a clause about the model's folder."""


def absurd(config: Mapping[str, object]) -> str:
    """Return a clause about a count that no model has; empty when there is none."""
    waiting: list[tuple[str, object]] = list(config.items())
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += [(str(key), item) for key, item in value.items()]
        elif isinstance(value, list | tuple):
            waiting += [(name, item) for item in value if isinstance(item, Mapping)]
        elif isinstance(value, int | float) and not abs(value) <= MOST and _counts(name):
            return f"its {name[:80]} is {_short(value)}, and no model has so many"
    return ""


def _short(value: int | float) -> str:
    # Writing out an integer of thousands of digits is refused by Python itself.
    return str(value) if isinstance(value, float) or abs(value) < 10**20 else "over 10**20"


def _counts(name: str) -> bool:
    return _COUNTS.search(name) is not None and _SIZES.search(name) is None


@contextmanager
def built_within(
    stored: Sequence[int], refuse: Refuse, *, quantised: bool = False
) -> Generator[None]:
    """Refuse inside what cannot belong to the files: `stored` has the count of numbers of each of
    their tensors. Raises what `refuse` makes, in the middle of building."""
    from torch.nn.modules import module

    most = _AGAIN * sum(stored) * (_PACKED if quantised else 1) + _SMALL
    count = _Count(_AGAIN * len(stored) + _FEW, most, refuse)
    tables = _Count(_AGAIN * len(stored) + _FEW, max(most, _TABLES), refuse)
    parts = _Count(_AGAIN * len(stored) + 2 * _FEW, 0, refuse)
    with ExitStack() as stack:
        for handle in (
            module.register_module_parameter_registration_hook(count.tensor),
            module.register_module_buffer_registration_hook(tables.tensor),
            module.register_module_module_registration_hook(parts.part),
        ):
            stack.callback(handle.remove)
        yield


class _Count:
    """Counts what is built."""

    def __init__(self, tensors: int, elements: int, refuse: Refuse) -> None:
        self._tensors, self._elements, self._refuse = tensors, elements, refuse

    def tensor(self, module: object, name: str, tensor: torch.Tensor | None) -> None:
        """Count a parameter or a buffer."""
        if tensor is not None:
            self._less(1, tensor.numel())

    def part(self, module: object, name: str, part: object) -> None:
        """Count a module."""
        self._less(1, 0)

    def _less(self, tensors: int, elements: int) -> None:
        self._tensors -= tensors
        self._elements -= elements
        if self._tensors < 0 or self._elements < 0:
            raise self._refuse("its configuration asks for far more than its weight files hold")
