"""What `run` is to measure: what the command line names, or what a session did."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from attribution.types import Case
from unpact_tui.errors import BadUsage
from unpact_tui.options import Chosen, choose_cases, settle
from unpact_tui.run import Task, order_of
from unpact_tui.session.file import Recorded, read
from unpact_tui.settings import Settings
from unpact_tui.worker.protocol import Open, Try


@dataclass(frozen=True, slots=True)
class Asked:
    """Checkpoints to open and cases to measure."""

    order: Open
    tasks: tuple[Task, ...]


def asked_of(chosen: Chosen, settings: Settings) -> Asked:
    """Return what the command line names. Raises `UsageError`."""
    order = order_of(chosen, settings)
    return Asked(order, tuple(Task(case) for case in choose_cases(chosen)))


def asked_again(session: Path, chosen: Chosen, pairs: Sequence[str]) -> Asked:
    """Return what a session measured: its checkpoints, prompts, thresholds and attempts.

    `pairs` change its settings, as --set does. Raises `BadSession`, `BadUsage`.
    """
    named = (chosen.base, chosen.unlearned, chosen.reference, chosen.prompts, chosen.prompt)
    if any(named) or chosen.whp is not None or chosen.endpoint is not None:
        raise BadUsage(
            "Give --session or checkpoints and prompts, not both.",
            "A session names its own; `unpact-tui compare ... --session FILE` makes another.",
        )
    recorded = read(session)
    choices = recorded.timeline.now
    settings = dataclasses.replace(
        recorded.began.order.settings,
        thresholds=choices.thresholds,
        granularity=choices.granularity,
    )
    order = msgspec.structs.replace(recorded.began.order, settings=settle(settings, pairs))
    tries = _tries(recorded)
    tasks = tuple(
        Task(case, here.tried_on, tuple(tries.get(case, ())))
        for case, here in zip(choices.cases, choices.here, strict=True)
    )
    return Asked(order, tasks)


def _tries(recorded: Recorded) -> dict[Case, list[Try]]:
    """Return what was emphasised by hand on each case, in the order it was tried."""
    tries: dict[Case, list[Try]] = {}
    for order in recorded.memory.orders():
        if isinstance(order, Try):
            tries.setdefault(order.case, []).append(order)
    return tries
