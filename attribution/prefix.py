"""What a model keeps of a row that it has read, for other rows that begin with the same ids.

Knows transformers' caches; neither how a model is run nor why.
"""

# pyright: basic
# (torch's and transformers' own annotations do not stand strict mode)

from __future__ import annotations

import torch
from transformers import Cache
from transformers.cache_utils import DynamicLayer


class NothingShared(Exception):
    """What the model keeps of a row cannot be read by others."""


class _Beginning(DynamicLayer):
    """Keys and values (1, heads, ids, size) of one layer, read by any number of rows.

    What comes behind them is joined to them for one pass and not kept: of the copies that a batch
    needs, one layer's are in memory at a time.
    """

    def __init__(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        super().__init__()
        self.keys: torch.Tensor = keys
        self.values: torch.Tensor = values
        self.dtype, self.device, self.is_initialized = keys.dtype, keys.device, True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *rest: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return keys and values of beginning and rows."""
        rows = len(key_states)
        keys, values = (kept.expand(rows, -1, -1, -1) for kept in (self.keys, self.values))
        return torch.cat((keys, key_states), -2), torch.cat((values, value_states), -2)


class _Growing(_Beginning):
    """Keeps what comes behind as well, for what comes behind that."""

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *rest: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return keys and values of all that was read."""
        self.keys, self.values = super().update(key_states, value_states, *rest)
        return self.keys, self.values


Kept = tuple[torch.Tensor, torch.Tensor]
"""Keys and values (1, heads, ids, size) of one layer."""


class Prefix:
    """What a model keeps of one row that it has read."""

    def __init__(self, ids: bytes, cache: Cache, leading: list[Kept]) -> None:
        """`leading` takes the place of the first layers' keys and values, which were not computed.

        Raise `NothingShared` where a layer keeps no table of keys and values per id.
        """
        self.ids = ids
        self.kept = leading[:]
        for layer in cache.layers[len(leading) :]:
            if type(layer) is not DynamicLayer or layer.keys is None or layer.values is None:
                raise NothingShared("some of its layers keep a state instead of keys and values")
            self.kept.append((layer.keys, layer.values))

    def beginning(self, length: int, *, grows: bool = False) -> Cache:
        """Return a cache that has read the first `length` ids. It forgets what is read behind them,
        unless it `grows`; the prefix stays as it is."""
        layer = _Growing if grows else _Beginning
        return Cache(layers=[layer(k[..., :length, :], v[..., :length, :]) for k, v in self.kept])
