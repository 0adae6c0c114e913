"""Reads an answer behind many rows through a server, in whichever dialect it speaks.

Does not know text.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import partial

from attribution.endpoint.asking import Asking, batches
from attribution.endpoint.detection import Manner
from attribution.endpoint.dialects import ALL, NextToken, WholePrompt
from attribution.endpoint.gathering import Job, in_order
from attribution.endpoint.replies import choices_for, top_by_id
from attribution.errors import OutsideTop, ServerFailed
from attribution.scorer import Row, TokenLogprobs


def scored(
    asking: Asking, manner: Manner, rows: Sequence[Row], answer: Row
) -> Iterator[list[TokenLogprobs]]:
    """Yield the log-probabilities of the answer after each row, in order, a request at a time.

    Raises `EndpointError`, `NotFinite`.
    """
    if isinstance(manner.dialect, NextToken):
        yield from _by_next_token(asking, manner, manner.dialect, rows, answer)
        return
    jobs: Iterator[Job[list[TokenLogprobs]]] = (
        partial(_whole, asking, manner.dialect, batch, len(answer))
        for batch in batches([row + answer for row in rows], manner)
    )
    yield from in_order(jobs, asking.at_once)


def _whole(
    asking: Asking,
    dialect: WholePrompt,
    rows: Sequence[Row],
    count: int,
    ended: threading.Event,
) -> list[TokenLogprobs]:
    found = choices_for(asking.ask(rows, dialect.fields, ended), rows, asking.server)
    return [
        dialect.read(choice, row, count, asking.server)
        for choice, row in zip(found, rows, strict=True)
    ]


def _by_next_token(
    asking: Asking, manner: Manner, dialect: NextToken, rows: Sequence[Row], answer: Row
) -> Iterator[list[TokenLogprobs]]:
    """Ask for every token of the answer by itself; what stands before it belongs to the row."""
    asked = [row + answer[:at] for row in rows for at in range(len(answer))]
    wanted = answer * len(rows)
    jobs: list[Job[list[float]]] = []
    begun = 0
    for batch in batches(asked, manner):
        ids = wanted[begun : begun + len(batch)]
        jobs.append(partial(_next, asking, dialect, batch, ids))
        begun += len(batch)
    waiting: list[float] = []
    for found in in_order(jobs, asking.at_once):
        waiting += found
        whole = len(waiting) // len(answer) * len(answer)
        if whole:
            numbers, waiting = waiting[:whole], waiting[whole:]
            ends = range(len(answer), whole + 1, len(answer))
            yield [tuple(numbers[end - len(answer) : end]) for end in ends]


def _next(
    asking: Asking,
    dialect: NextToken,
    rows: Sequence[Row],
    ids: Sequence[int],
    ended: threading.Event,
) -> list[float]:
    choices = choices_for(asking.ask(rows, dialect.fields, ended), rows, asking.server)
    found: list[float] = []
    for choice, row, id in zip(choices, rows, ids, strict=True):
        logprob = dialect.read(choice, id, asking.server)
        if logprob is None:
            outside = OutsideTop(asking.server, len(top_by_id(choice)))
            logprob = _unlikely(asking, dialect, row, id, ended, outside)
        found.append(logprob)
    return found


def _unlikely(
    asking: Asking,
    dialect: NextToken,
    row: Row,
    id: int,
    ended: threading.Event,
    outside: OutsideTop,
) -> float:
    """Ask for all next tokens: what was unlearned is not among the likely. Raises `outside`."""
    every = NextToken(ALL, dialect.native)
    try:
        reply = asking.ask([row], every.fields, ended)
    except ServerFailed as error:
        raise outside from error
    (choice,) = choices_for(reply, [row], asking.server)
    found = every.read(choice, id, asking.server)
    if found is None:
        raise outside
    return found
