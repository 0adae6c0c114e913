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

from attribution.errors import BadOption
from attribution.hf import HFModel

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from attribution.tokens import Tokenizer


class WHPModel(HFModel):
    """Scores and writes answers with the mixture of a base and a reinforced model.

    It ends, pads and places text as the base does; `model` is the base, shared, not copied.
    """

    tables = 2

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
        super().__init__(base, tokenizer, chat=chat, batch_tokens=batch_tokens)
        if not (math.isfinite(alpha) and alpha >= 0):
            raise BadOption("alpha", alpha, "a finite number, 0 or more")
        self.alpha = alpha
        self._reinforced = HFModel(reinforced, tokenizer, chat=chat)
        if self._reinforced.vocabulary != self.vocabulary:
            found, wanted = self._reinforced.vocabulary, self.vocabulary
            raise BadOption("the reinforced model's vocabulary", found, f"the base's, {wanted}")
        limits = (self.longest, self._reinforced.longest)
        self.longest = min((limit for limit in limits if limit is not None), default=None)

    @property
    def tokens_read(self) -> int:
        """How many ids went through either model so far, padding left out."""
        return super().tokens_read + self._reinforced.tokens_read

    def _logits_at(self, x: torch.Tensor, mask: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
        logits = super()._logits_at(x, mask, where)
        return self._mixed(logits, self._reinforced._logits_at(x, mask, where))

    def _next_logits(
        self, x: torch.Tensor, mask: torch.Tensor, cache: object
    ) -> tuple[torch.Tensor, object]:
        assert isinstance(cache, tuple)
        ours, theirs = cache
        logits, ours = super()._next_logits(x, mask, ours)
        reinforced, theirs = self._reinforced._next_logits(x, mask, theirs)
        return self._mixed(logits, reinforced), (ours, theirs)

    def _new_cache(self) -> tuple[object, object]:
        return super()._new_cache(), self._reinforced._new_cache()

    def _mixed(self, base: torch.Tensor, reinforced: torch.Tensor) -> torch.Tensor:
        """Mix float32 logits, in place of the reinforced model's: a table is large."""
        raised = reinforced.to(base.device).sub_(base).relu_()
        return raised.mul_(-self.alpha).add_(base)
