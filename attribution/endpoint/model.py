"""The door to a model behind a completions server: text by a tokenizer here, numbers from there.

Meets `attribution.scorer.Model` as far as a server can be asked: what works inside the forward pass
is refused. Prompts are sent as ids, so that what is removed is removed and nothing is cut anew.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import partial

from attribution.attempts import Lever, Steering
from attribution.endpoint.asking import Asking, batches
from attribution.endpoint.client import Client
from attribution.endpoint.detection import Manner, find_manner
from attribution.endpoint.dialects import NextToken
from attribution.endpoint.gathering import Job, in_order
from attribution.endpoint.replies import Choice, choices_for, decode, written_ids
from attribution.endpoint.scoring import scored
from attribution.errors import EndpointError, NotCompletions, ServerFailed, Unsupported
from attribution.scorer import Hidden, Row, TokenLogprobs
from attribution.tokens import HFTokens, Tokenizer
from attribution.types import Answer, Nats, Odds

BEHIND = "it is behind an endpoint"
"""Why a lever cannot be pulled, as a clause."""

_PROBE = "The answer to a short question is short."
_LARGEST_ID = 1 << 31


class EndpointModel(HFTokens):
    """Scores and writes answers by asking a server, whose weights may change behind its back."""

    def __init__(
        self,
        client: Client,
        name: str,
        tokenizer: Tokenizer,
        *,
        chat: bool | None = None,
        end: frozenset[int] = frozenset(),
    ) -> None:
        """`name` is the model's on the server; `end` are further ids that end an answer."""
        super().__init__(tokenizer, chat=chat)
        self.name = name
        self.end = end | _end_of(tokenizer)
        self._asking = Asking(client, name)
        self._manner: Manner | None = None
        self._streams = True

    @property
    def tokens_read(self) -> int:
        """How many ids were sent so far."""
        return self._asking.read

    def begin(self) -> tuple[str, ...]:
        """Find out how the server is asked; return what is to be said of it, as clauses.

        Raises `EndpointError`.
        """
        manner = self._known()
        notes = ["its numbers are the server's, and how far it rounds them is not known"]
        if not manner.counts and isinstance(manner.dialect, NextToken):
            notes.append("it does not say how many tokens it reads, so that was not checked")
        if not manner.ids:
            notes.append("it gives no ids of what it writes: its text is tokenised again")
        if isinstance(manner.dialect, NextToken):
            notes.append("it gives next tokens alone: one request per token of an answer, slower")
        return tuple(notes)

    def _known(self) -> Manner:
        """Return how the server is asked; asked once."""
        if self._manner is None:
            ids = tuple(token.id for token in self.fragment(_PROBE))
            self._manner = find_manner(self._asking.ask, ids, self._asking.server)
        return self._manner

    # ------------------------------------------------------------ numbers

    def score(
        self, rows: Sequence[Row], answer: Answer, steering: Steering | None = None
    ) -> Iterator[list[TokenLogprobs]]:
        """Yield the log-probabilities of the answer after each row, in order, a request at a time.

        Raises `Unsupported`, `EndpointError`, `NotFinite`.
        """
        _require_plain(steering)
        yield from scored(self._asking, self._known(), rows, answer.ids)

    def odds(self, rows: Sequence[Row], answer: Answer) -> Iterator[list[tuple[Odds, ...]]]:
        """Raise `Unsupported`: of all the other tokens a server says next to nothing."""
        raise Unsupported(
            f"say how likely it holds every other token: {BEHIND}",
            "Open the checkpoint itself for metrics that need that.",
        )

    def refuses(self, lever: Lever) -> str:
        """Return why nothing can be read under a lever; empty for one that does nothing."""
        return "" if lever.idle else BEHIND

    def hide(
        self, row: Row, answer: Answer, hidden: Sequence[Hidden]
    ) -> Iterator[list[TokenLogprobs]]:
        """Raise `Unsupported`: a server cannot be told what an answer must not see."""
        raise Unsupported(
            f"hide tokens from an answer: {BEHIND}", "Leave out --estimator and --budget."
        )

    def rounding(self, row: Row, answer: Answer) -> Nats | None:
        """Return None: how far a server rounds is not known."""
        return None

    def salience(self, row: Row, answer: Answer) -> tuple[Nats, ...]:
        """Raise `Unsupported`: a server gives no gradients."""
        raise Unsupported(
            f"be asked for a gradient: {BEHIND}", "Leave out --estimator and --budget."
        )

    # ------------------------------------------------------------ writing

    def write(
        self, rows: Sequence[Row], limit: int, steering: Steering | None = None
    ) -> Iterator[list[Row]]:
        """Yield the ids written so far: of one row as they come, of several a request at a time.

        Raises `Unsupported`, `EndpointError`.
        """
        _require_plain(steering)
        manner = self._known()
        fields = {"max_tokens": limit, "temperature": 0, **manner.writing}
        if len(rows) == 1 and self._streams:
            whole = yield from self._streamed(rows[0], fields, limit)
            if whole:
                return
        jobs: Iterator[Job[list[Row]]] = (
            partial(self._written, batch, fields, limit) for batch in batches(rows, manner)
        )
        done: list[Row] = []
        for found in in_order(jobs, self._asking.at_once):
            done += found
            yield [*done, *[()] * (len(rows) - len(done))]

    def _written(
        self, rows: Sequence[Row], fields: Mapping[str, object], limit: int, ended: threading.Event
    ) -> list[Row]:
        found = choices_for(self._asking.ask(rows, fields, ended), rows, self._asking.server)
        return [self._cut(self._ids(choice), limit) for choice in found]

    def _streamed(
        self, row: Row, fields: Mapping[str, object], limit: int
    ) -> Generator[list[Row], None, bool]:
        """Yield what comes; return whether all of it came. What breaks off is asked for whole."""
        so_far = Choice(token_ids=[])
        yielded = False
        try:
            for data in self._asking.stream(row, fields):
                if data == b"[DONE]":
                    if not yielded:
                        yield [()]
                    return True
                for choice in decode(data, self._asking.server).choices:
                    so_far = self._joined(so_far, choice)
                ids = self._ids(so_far)
                yield [self._cut(ids, limit)]
                yielded = True
                if len(ids) > limit:  # a server that does not stop by itself
                    return True
        except ServerFailed:
            self._streams = False
        except EndpointError:
            return False  # asked for whole it is tried again, and what is wrong is said
        return False

    def _joined(self, so_far: Choice, part: Choice) -> Choice:
        """Put a part of what is written behind what came before."""
        text = so_far.text + part.text
        ids = written_ids(part)
        if so_far.token_ids is None or (ids is None and part.text):
            return Choice(text=text)
        return Choice(text=text, token_ids=[*so_far.token_ids, *(ids or ())])

    def _ids(self, choice: Choice) -> Row:
        """Return the ids of what was written, or of its text where there are none."""
        ids = written_ids(choice)
        if ids is not None and not all(0 <= id < _LARGEST_ID for id in ids):
            raise NotCompletions(self._asking.server, "what it writes has ids that no token has")
        return ids if ids is not None else tuple(token.id for token in self.fragment(choice.text))

    def _cut(self, ids: Row, limit: int) -> Row:
        """Leave out what ends an answer, and what is behind it."""
        ends = (at for at, id in enumerate(ids) if id in self.end)
        return ids[: min(limit, next(ends, len(ids)))]


def _require_plain(steering: Steering | None) -> None:
    if steering is not None and not steering.lever.idle:
        raise Unsupported(
            f"be steered: {BEHIND}", "Choose a strategy that changes the prompt's text or its ids."
        )


def _end_of(tokenizer: Tokenizer) -> frozenset[int]:
    end = getattr(tokenizer, "eos_token_id", None)
    return frozenset() if end is None else frozenset((int(end),))
