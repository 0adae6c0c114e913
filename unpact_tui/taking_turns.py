"""Models that take turns in memory: whichever is asked is loaded, and the one before it leaves.

Knows no folders: how a model is loaded is given. What needs no weights is answered without any.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from attribution.attempts import Lever, LeverKind, Steering
from attribution.scorer import Hidden, Row, TokenLogprobs
from attribution.tokens import HFTokens
from attribution.types import Answer, Nats, Odds

if TYPE_CHECKING:
    from attribution.hf import HFModel
    from attribution.tokens import Tokenizer
    from unpact_tui.loading import LoadedModel
    from unpact_tui.worker.events import Loaded, Loading, Role

_Found = TypeVar("_Found")

_TRIED: dict[LeverKind, float] = {
    "attention_bias": 1.0,
    "attention_share": 0.5,
    "embedding_scale": 2.0,
    "anchor": 1.0,
}
"""Amounts that change something."""

Load = Callable[[], "Generator[Loading, None, LoadedModel]"]


class Turns:
    """Holds one model at most."""

    def __init__(self, loads: Mapping[Role, Load], tokenizer: Tokenizer, *, chat: bool) -> None:
        """`tokenizer` reads and writes text for all of them."""
        self._loads = loads
        self._tokenizer = tokenizer
        self._chat = chat
        self._role: Role | None = None
        self._door: HFModel | None = None
        self._steps: list[Generator[object]] = []
        self._read: dict[Role, int] = {}

    def begin(self, role: Role) -> Generator[Loading, None, Loaded]:
        """Load a model unless it is there, saying how far it is. Raises what loading raises."""
        from attribution.hf import HFModel
        from unpact_tui.pretrained import computing

        self.end()
        loaded = yield from self._loads[role]()
        with computing(loaded.info.path):
            self._door = HFModel(loaded.model, self._tokenizer, chat=self._chat)
        self._role = role
        return loaded.info

    def end(self) -> None:
        """Give the memory of whatever is loaded back."""
        import torch

        for steps in self._steps:
            steps.close()
        self._steps.clear()
        if self._role is not None:
            self._read[self._role] = self.tokens_read(self._role)
        self._role = self._door = None
        gc.collect()  # a model's modules know each other
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def model(self, role: Role) -> HFModel:
        """Return a model, which may be used until the next is asked for.

        Raises what loading raises.
        """
        if self._role != role:
            for _ in self.begin(role):
                pass
        assert self._door is not None
        return self._door

    def steps(
        self, role: Role, ask: Callable[[HFModel], Iterator[_Found]]
    ) -> Generator[_Found, None, bool]:
        """Yield what a model answers; return False when another's turn came before the end."""
        answers = _closable(ask(self.model(role)))
        self._steps.append(answers)
        try:
            yield from answers
            return answers in self._steps
        finally:
            if answers in self._steps:
                self._steps.remove(answers)

    def tokens_read(self, role: Role) -> int:
        """Return how many ids went through a model in all its turns."""
        now = self._door.tokens_read if self._door is not None and self._role == role else 0
        return self._read.get(role, 0) + now


def _closable(answers: Iterator[_Found]) -> Generator[_Found]:
    """Return a generator that, once closed, keeps nothing of what it asked."""
    yield from answers


class TurnModel(HFTokens):
    """Meets `attribution.scorer.Model` with a model that is in memory only while it is asked."""

    def __init__(
        self, turns: Turns, role: Role, info: Loaded, tokenizer: Tokenizer, *, chat: bool
    ) -> None:
        """`info` describes the model."""
        super().__init__(tokenizer, chat=chat)
        self.info = info
        self._turns = turns
        self._role: Role = role
        self._refused: dict[tuple[LeverKind, tuple[int, ...], tuple[int, ...]], str] = {}

    @property
    def tokens_read(self) -> int:
        """How many ids went through the model so far."""
        return self._turns.tokens_read(self._role)

    def score(
        self, rows: Sequence[Row], answer: Answer, steering: Steering | None = None
    ) -> Iterator[list[TokenLogprobs]]:
        """Yield what the model scores, as it does; another's turn in between costs a loading."""

        def ask(model: HFModel, done: int) -> Iterator[list[TokenLogprobs]]:
            left = None if steering is None else replace(steering, where=steering.where[done:])
            return model.score(rows[done:], answer, left)

        return self._batches(len(rows), ask)

    def odds(self, rows: Sequence[Row], answer: Answer) -> Iterator[list[tuple[Odds, ...]]]:
        """Yield what the model expected at each token of the answer."""
        return self._batches(len(rows), lambda model, done: model.odds(rows[done:], answer))

    def refuses(self, lever: Lever) -> str:
        """Return why the model cannot be read under a lever. All kinds are tried when it is asked
        first: every turn costs a loading."""
        if (lever.kind, lever.layers, lever.heads) not in self._refused:
            model = self._turns.model(self._role)
            for kind, amount in _TRIED.items():
                other = Lever(kind, amount, lever.layers, lever.heads)
                self._refused[kind, lever.layers, lever.heads] = model.refuses(other)
        return self._refused[lever.kind, lever.layers, lever.heads]

    def hide(
        self, row: Row, answer: Answer, hidden: Sequence[Hidden]
    ) -> Iterator[list[TokenLogprobs]]:
        """Yield the same with positions hidden."""
        return self._batches(
            len(hidden), lambda model, done: model.hide(row, answer, hidden[done:])
        )

    def _batches(
        self, count: int, ask: Callable[[HFModel, int], Iterator[list[_Found]]]
    ) -> Iterator[list[_Found]]:
        done = 0
        while done < count:
            steps = self._turns.steps(self._role, lambda model, done=done: ask(model, done))
            for batch in steps:
                done += len(batch)
                yield batch

    def salience(self, row: Row, answer: Answer) -> tuple[Nats, ...]:
        """Return the model's gradient x input."""
        return self._turns.model(self._role).salience(row, answer)

    def rounding(self, row: Row, answer: Answer) -> Nats | None:
        """Return how far rounding moves LP of the answer on the model."""
        return self._turns.model(self._role).rounding(row, answer)

    def write(
        self, rows: Sequence[Row], limit: int, steering: Steering | None = None
    ) -> Iterator[list[Row]]:
        """Yield what the model has written after each step."""
        said = 0
        whole = False
        while not whole:
            # Greedy: after another's turn the same is written again.
            steps = self._turns.steps(
                self._role,
                lambda model, said=said: islice(model.write(rows, limit, steering), said, None),
            )
            while True:
                try:
                    written = next(steps)
                except StopIteration as end:
                    whole = end.value
                    break
                said += 1
                yield written
