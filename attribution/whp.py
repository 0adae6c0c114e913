"""WHP at decoding time: two models mixed at the logits into one more door to a model.

"Who's Harry Potter" (Eldan and Russinovich, arXiv 2310.02238), with the mixture read at inference
as the MUSE benchmark (arXiv 2407.06460) does, where the paper trains on it:

    z = z_base - alpha * ReLU(z_reinforced - z_base)

What further training on the forget set made likelier is made less likely. No weight changes and
there is no checkpoint. Does not know how the two models were made or loaded; the caller sees to it
that both have the same ids.
"""

# pyright: basic
# (as in hf.py)

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attribution.attempts import Lever, Steering
from attribution.errors import BadOption, Unsupported
from attribution.hf import HFModel
from attribution.network import Network
from attribution.prefix import Prefix

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from attribution.tokens import Tokenizer


class _Prefixes:
    """What both models keep of one row that they have read."""

    def __init__(self, base: Prefix, reinforced: Prefix) -> None:
        self.base, self.reinforced = base, reinforced


class Mixture(Network):
    """Two networks of the same ids, mixed at the logits."""

    tables = 2

    def __init__(self, base: PreTrainedModel, reinforced: PreTrainedModel, alpha: float) -> None:
        """Raise `BadOption` for an alpha, or a reinforced model, that cannot be mixed with."""
        super().__init__(base)
        if not (math.isfinite(alpha) and alpha >= 0):
            raise BadOption("alpha", alpha, "a finite number, 0 or more")
        self.alpha = alpha
        self._other = Network(reinforced)
        if self._other.vocabulary != self.vocabulary:
            found, wanted = self._other.vocabulary, self.vocabulary
            raise BadOption("the reinforced model's vocabulary", found, f"the base's, {wanted}")
        limits = (self.longest, self._other.longest)
        self.longest = min((limit for limit in limits if limit is not None), default=None)

    @property
    def read(self) -> int:
        """How many ids went through either model so far, filling left out."""
        return super().read + self._other.read

    def logits(
        self,
        x: torch.Tensor,
        where: torch.Tensor,
        prefix: _Prefixes | None = None,
        shared: int = 0,
        seen: torch.Tensor | None = None,
        steering: Steering | None = None,
    ) -> torch.Tensor:
        """Mix what the two give; both are steered."""
        ours, theirs = (None, None) if prefix is None else (prefix.base, prefix.reinforced)
        base = super().logits(x, where, ours, shared, seen, steering)
        return self._mixed(base, self._other.logits(x, where, theirs, shared, seen, steering))

    def prefill(self, x: torch.Tensor, count: int) -> tuple[torch.Tensor, _Prefixes]:
        """Read one row with both. Raises `NothingShared`."""
        base, ours = super().prefill(x, count)
        reinforced, theirs = self._other.prefill(x, count)
        return self._mixed(base, reinforced), _Prefixes(ours, theirs)

    def next_logits(
        self,
        x: torch.Tensor,
        mask: torch.Tensor,
        cache: object,
        steering: Steering | None = None,
    ) -> tuple[torch.Tensor, object]:
        """Mix what the two say next; both are steered."""
        assert isinstance(cache, tuple)
        ours, theirs = cache
        logits, ours = super().next_logits(x, mask, ours, steering)
        reinforced, theirs = self._other.next_logits(x, mask, theirs, steering)
        return self._mixed(logits, reinforced), (ours, theirs)

    def new_cache(self) -> tuple[object, object]:
        """Return a cache for each."""
        return super().new_cache(), self._other.new_cache()

    def refuses(self, lever: Lever) -> str:
        """Return why either cannot be steered. Raises `BadOption`."""
        return super().refuses(lever) or self._other.refuses(lever)

    def salience(self, x: torch.Tensor, count: int, target: torch.Tensor) -> torch.Tensor:
        """Raise `Unsupported`: the two read different embeddings."""
        raise Unsupported("be asked for one gradient of two models", "Try --set screen=hidden.")

    def nudged(self, x: torch.Tensor, count: int, seed: int) -> torch.Tensor:
        """Mix what the two give when both are nudged."""
        return self._mixed(super().nudged(x, count, seed), self._other.nudged(x, count, seed))

    def _mixed(self, base: torch.Tensor, reinforced: torch.Tensor) -> torch.Tensor:
        """Mix float32 logits, in place of the reinforced model's: a table is large."""
        raised = reinforced.to(base.device).sub_(base).relu_()
        return raised.mul_(-self.alpha).add_(base)


class WHPModel(HFModel):
    """Scores and writes answers with the mixture of a base and a reinforced model.

    It ends, pads and places text as the base does; `model` is the base, shared, not copied.
    """

    def __init__(
        self,
        base: PreTrainedModel,
        reinforced: PreTrainedModel,
        tokenizer: Tokenizer,
        *,
        alpha: float,
        chat: bool | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        """Raise `BadOption` for an alpha, or a reinforced model, that cannot be mixed with."""
        mixture = Mixture(base, reinforced, alpha)
        super().__init__(base, tokenizer, chat=chat, batch_tokens=batch_tokens, network=mixture)
