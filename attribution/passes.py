"""Many variants of a prompt put to a model, in as few passes as their levers allow.

Does not know what is made of the numbers and the texts.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field

from attribution.attempts import Lever, Steering
from attribution.scorer import Model, Row, mean
from attribution.types import Answer, Nats
from attribution.variants import Variant

Asked = tuple[Row, frozenset[int]]
"""A prompt, and the positions that a lever is pulled on."""

Pass = tuple[Lever | None, tuple[Asked, ...]]
"""What can be read together."""


def passes(tried: Sequence[Variant]) -> tuple[Pass, ...]:
    """Return what is to be read, once each, the prompts without a lever first.

    Strategies may agree on a prompt, which is then read once.
    """
    groups: dict[Lever | None, dict[Asked, None]] = {None: {}}
    for variant in tried:
        groups.setdefault(variant.edited.lever, {})[asked_of(variant)] = None
    return tuple((lever, tuple(asked)) for lever, asked in groups.items() if asked)


def asked_of(variant: Variant) -> Asked:
    """Return what a variant asks."""
    edited = variant.edited
    return edited.prompt.ids, frozenset(() if edited.lever is None else edited.moved)


def _steering(lever: Lever | None, asked: Sequence[Asked]) -> Steering | None:
    return None if lever is None else Steering(lever, tuple(where for _, where in asked))


Found = dict[tuple[Lever | None, Asked], Nats]


def score(
    model: Model | None, tried: Sequence[Variant], answer: Answer
) -> Generator[tuple[()], None, Found]:
    """Yield nothing after each batch; return what was scored, nothing without a model.

    Raises what the model raises.
    """
    found: Found = {}
    if model is None:
        return found
    for lever, asked in passes(tried):
        rows = [row for row, _ in asked]
        scores: list[Nats] = []
        for batch in model.score(rows, answer, _steering(lever, asked)):
            scores += [mean(logprobs) for logprobs in batch]
            yield ()
        found |= {(lever, one): nats for one, nats in zip(asked, scores, strict=True)}
    return found


def read_variants(
    model: Model, tried: Sequence[Variant], answer: Answer
) -> Generator[tuple[()], None, list[Nats]]:
    """Yield nothing after each batch; return LP of the answer under each variant.

    Raises what the model raises.
    """
    found = yield from score(model, tried, answer)
    return [found[variant.edited.lever, asked_of(variant)] for variant in tried]


@dataclass(slots=True)
class Said:
    """What one model writes to what it is asked."""

    model: Model
    texts: dict[tuple[Lever | None, Asked], str] = field(
        default_factory=dict[tuple[Lever | None, Asked], str]
    )

    def write(self, tried: Sequence[Variant], limit: int) -> Iterator[None]:
        """Write, yielding after each step. Raises what the model raises."""
        for lever, asked in passes(tried):
            ids: list[Row] = []
            rows, steering = [row for row, _ in asked], _steering(lever, asked)
            for written in self.model.write(rows, limit, steering):
                ids = written
                yield
            self.texts |= {
                (lever, one): self.model.decode(said) for one, said in zip(asked, ids, strict=True)
            }

    def to(self, variant: Variant) -> str | None:
        """Return what it wrote to one variant; None where it was not asked."""
        return self.texts.get((variant.edited.lever, asked_of(variant)))
