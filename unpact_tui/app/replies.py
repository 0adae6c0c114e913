"""What the engine says, put into the state; and what to ask it next.

Pure: requests are values that the screen sends, and `asked` tells the state the number they got.
A reply to a request that is no longer awaited changes nothing.
"""

from __future__ import annotations

from dataclasses import replace

from unpact_tui.app.state import CompareState, Side, Task
from unpact_tui.worker.protocol import (
    Analyse,
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
    Order,
    Recover,
    Reply,
    Role,
    Tried,
    Try,
    Written,
)


def asked(state: CompareState, order: Order, request: int) -> CompareState:
    """Return the state that awaits the replies to `order`; a hint gives way to what goes on."""
    running = state.running
    state = replace(state, hint="")
    match order:
        case Analyse():
            return replace(state, running=replace(running, analysis=request))
        case Try():
            return replace(state, running=replace(running, attempt=request), trouble="")
        case Recover(positions):
            return replace(
                state,
                running=replace(running, recovery=request),
                ladder=None,
                ladder_positions=positions,
                judged=None,
                recover_asked=True,
            )
        case _:
            return state


def quiet(state: CompareState) -> CompareState:
    """Return the state of somebody who cancels: nothing starts by itself any more."""
    hint = "" if state.busy else "Nothing is running."
    return replace(state, recover_asked=True, hint=hint)


def attempt(state: CompareState) -> Try | None:
    """Return the request that shows the current emphasis; None without one."""
    if not state.emphasis or state.prompt is None:
        return None
    return Try(state.strategy, tuple(sorted(state.emphasis)))


def follow_up(state: CompareState, event: Event) -> Order | None:
    """Return what to ask by ourselves: once a case is read, whether it can be recovered."""
    due = state.compared is not None and not state.recover_asked and not state.busy
    return Recover() if due and isinstance(event, Finished) else None


def receive(state: CompareState, reply: Reply) -> CompareState:
    """Return the state after `reply`."""
    task = state.running.task(reply.id)
    return state if task is None else _heard(state, task, reply.event)


def _heard(state: CompareState, task: Task, event: Event) -> CompareState:
    match event:
        case Encoded():
            return _encoded(state, event)
        case Written(role, text, emphasised, done):
            side = state.side(role)
            side = (
                replace(side, emphasised=text, emphasised_done=done)
                if emphasised
                else replace(side, text=text, done=done)
            )
            return _with_side(state, role, side)
        case Contributions(role, logprob, values, complete):
            side = replace(state.side(role), logprob=logprob, values=values, complete=complete)
            return _with_side(state, role, side)
        case Compared():
            return replace(state, compared=event)
        case Edited():
            return replace(state, edited=event)
        case Tried():
            return replace(state, tried=event)
        case Ladder():
            return replace(state, ladder=event)
        case Judged():
            return replace(state, judged=event)
        case Finished():
            return replace(state, running=state.running.without(task))
        case Cancelled():
            return _stopped(state, task, "Cancelled; enter asks again.")
        case Failed(message):
            return _stopped(state, task, message)
        case _:
            return state


def _stopped(state: CompareState, task: Task, why: str) -> CompareState:
    trouble = why if task == "attempt" else state.trouble
    return replace(state, running=state.running.without(task), hint=why, trouble=trouble)


def _encoded(state: CompareState, event: Encoded) -> CompareState:
    """Take the new tokens; on the same prompt cursor and emphasis stay."""
    state = replace(state, answer=event.answer, words=event.words)
    if state.prompt == event.prompt:
        return state
    first = next(iter(event.prompt.removable), 0)
    return replace(state, prompt=event.prompt, cursor=first, emphasis=frozenset())


def _with_side(state: CompareState, role: Role, side: Side) -> CompareState:
    match role:
        case "base":
            return replace(state, base=side)
        case "unlearned":
            return replace(state, unlearned=side)
        case "reference":
            return replace(state, reference=side)
