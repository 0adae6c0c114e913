"""What a model expected at every token of an answer: how likely it was, and how sure the model.

Mean and standard deviation of the log-probability under what was expected are those of Min-K++
(arXiv 2404.02936). Rows are read whole: of one row nothing could be shared. Does not know text.
"""

# pyright: basic
# (torch's own annotations do not stand strict mode)

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch

from attribution.errors import NotFinite
from attribution.network import answer_logits
from attribution.reader import Reader, logprobs_of
from attribution.scorer import Row
from attribution.types import Odds

_AT_ONCE = 2**23
"""Most numbers of a table that are worked on at a time: what is made of them is as large."""

_TABLES = 3
"""As large as the logits: these, what their log-sum-exp needs, and the model's own."""

_NEVER = -1e4
"""A log-probability below this is that of a probability of 0 in 32 bits: it adds nothing to a mean
over what is expected, but 0 times minus infinity would be no number."""


def expected(reader: Reader, rows: Sequence[Row], answer: Row) -> Iterator[torch.Tensor]:
    """Yield (B, T, 4), still on the device: log-probability of the answer's token, 1 where it is
    the likeliest (of equals the one of the lowest id), mean and standard deviation.

    Raises `OutOfMemory`.
    """
    longest = max(map(len, rows)) + len(answer)
    done = 0
    while done < len(rows):
        fits = min(reader.fits(longest), reader.tables(len(answer)) // _TABLES)
        batch = rows[done : done + max(1, fits)]
        try:
            found = _read(reader, batch, answer)
        except RuntimeError as error:
            reader.shrink(error, len(batch), longest)
            continue
        done += len(batch)
        yield found


@torch.inference_mode()
def _read(reader: Reader, batch: Sequence[Row], answer: Row) -> torch.Tensor:
    logits = answer_logits(reader.network, batch, answer)  # (B, T, V)
    logprobs = logprobs_of(reader.network, logits, answer)
    target = torch.tensor(answer, device=logits.device).expand(len(batch), -1)
    flat, wanted = logits.flatten(0, 1), target.flatten()
    most = max(1, _AT_ONCE // flat.shape[-1])
    found = [
        _spread(some, ids) for some, ids in zip(flat.split(most), wanted.split(most), strict=True)
    ]
    rest = torch.cat(found).view(*logprobs.shape, 3)
    return torch.cat((logprobs[..., None], rest), dim=-1)


def _spread(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Return (N, 3) of float32 logits (N, V): first, mean, standard deviation."""
    logprobs = logits.log_softmax(-1).clamp_(min=_NEVER)
    chances = logprobs.exp()
    mean = (chances * logprobs).sum(-1)
    # Around the mean: the difference of two large sums would lose what is small.
    apart = logprobs.sub_(mean[:, None]).square_()
    spread = chances.mul_(apart).sum(-1).sqrt()
    first = (logits.argmax(-1) == wanted).to(mean.dtype)
    return torch.stack((first, mean, spread), dim=-1)


def plain_odds(found: torch.Tensor) -> list[tuple[Odds, ...]]:
    """Return rows of odds. Raises `NotFinite`."""
    rows = [
        tuple(Odds(logprob, bool(first), mean, spread) for logprob, first, mean, spread in row)
        for row in found.tolist()
    ]
    numbers = ((odds.logprob, odds.mean, odds.spread) for row in rows for odds in row)
    if not all(math.isfinite(number) for three in numbers for number in three):
        raise NotFinite("the log-probabilities of an answer")
    return rows
