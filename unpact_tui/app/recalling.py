"""What is remembered, put together again as it is shown."""

from __future__ import annotations

from dataclasses import replace

from unpact_tui.app.replies import put_all, task_of
from unpact_tui.app.state import CompareState, Page
from unpact_tui.app.wire import Wire
from unpact_tui.session.memory import Memory
from unpact_tui.weights.change import WeightChange
from unpact_tui.worker.events import Failed, Tried, Weighed
from unpact_tui.worker.protocol import Try, Weigh


def recalled(state: CompareState, wire: Wire, former: Try | None) -> CompareState:
    """Return the state with all on its page that was said about what is chosen.

    An emphasis other than the `former` one is one more that was tried.
    """
    page, history = Page(), state.history
    for order in (state.analysis, state.attempt, state.recovering):
        task = None if order is None else task_of(order)
        if order is None or task is None:
            continue
        said = wire.memory.said(order)
        page = put_all(page, task, said)
        if wire.reading(order):
            page = replace(page, awaited=page.awaited | {task})
        if wire.memory.whole(order) and order != former:
            history += tuple(event.attempt.recovered for event in said if isinstance(event, Tried))
    failed = wire.memory.failure(state.analysis)
    hint = state.hint if failed is None else failed.message
    return replace(state, page=page, history=history, hint=hint)


def weights(memory: Memory) -> tuple[WeightChange | None, Failed | None]:
    """Return what is known of the weights, and why there is no more."""
    said = memory.said(Weigh())
    change = next((event.change for event in said if isinstance(event, Weighed)), None)
    return change, memory.failure(Weigh())
