"""What the engine says, put on the page.

Pure: an event changes the page of what it was asked about, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from unpact_tui.app.state import Page, Side, Task
from unpact_tui.caveats import measured_values
from unpact_tui.worker.events import (
    ByToken,
    Cancelled,
    Compared,
    Contributions,
    Edited,
    Encoded,
    Event,
    Failed,
    Finished,
    Judged,
    Ladder,
    Role,
    Tried,
    Written,
)
from unpact_tui.worker.protocol import Analyse, Order, Recover, Try

_LONGEST = 120


def task_of(order: Order) -> Task | None:
    """Return what an order is for, on a page."""
    match order:
        case Analyse():
            return "analysis"
        case Try():
            return "attempt"
        case Recover():
            return "recovery"
        case _:
            return None


def put_all(page: Page, task: Task, events: Iterable[Event]) -> Page:
    """Return the page with everything on it that was said to an order."""
    for event in events:
        page = put(page, task, event)
    return page


def put(page: Page, task: Task, event: Event) -> Page:
    """Return the page with an event on it."""
    match event:
        case Encoded(prompt, answer, words, tokens):
            return replace(page, prompt=prompt, answer=answer, words=words, answer_tokens=tokens)
        case Written() | Contributions() | ByToken():
            return _of_side(page, event)
        case Compared():
            return replace(page, compared=event)
        case Edited():
            return replace(page, edited=event)
        case Tried():
            return replace(page, tried=event)
        case Ladder():
            return replace(page, ladder=event)
        case Judged():
            return replace(page, judged=event)
        case Finished() | Cancelled():
            return replace(page, awaited=page.awaited - {task})
        case Failed(message, hint):
            whole = f"{message} {hint}".strip()
            # Some hints are commands, and too long for a panel; they are in the warning.
            return _failed(page, task, whole if len(whole) <= _LONGEST else message)
        case _:
            return page


def _of_side(page: Page, event: Written | Contributions | ByToken) -> Page:
    side = _side(page, event.role)
    match event:
        case Written(_, text, emphasised, done):
            side = (
                replace(side, emphasised=text, emphasised_done=done)
                if emphasised
                else replace(side, text=text, done=done)
            )
        case Contributions(values=values, approximation=known):
            side = replace(
                side,
                logprob=event.logprob,
                values=measured_values(values, known.estimates if known else None),
                complete=event.complete,
                answer_logprobs=event.answer_logprobs,
                noise=event.noise,
                approximation=event.approximation,
                estimator=event.estimator,
            )
        case ByToken(_, rows):
            side = replace(side, by_token=rows)
    return _with_side(page, event.role, side)


def _failed(page: Page, task: Task, why: str) -> Page:
    awaited = page.awaited - {task}
    match task:
        case "attempt":
            return replace(page, awaited=awaited, trouble=why)
        case _:
            return replace(page, awaited=awaited, refused=True)


def _side(page: Page, role: Role) -> Side:
    return {"base": page.base, "unlearned": page.unlearned, "reference": page.reference}[role]


def _with_side(page: Page, role: Role, side: Side) -> Page:
    match role:
        case "base":
            return replace(page, base=side)
        case "unlearned":
            return replace(page, unlearned=side)
        case "reference":
            return replace(page, reference=side)
