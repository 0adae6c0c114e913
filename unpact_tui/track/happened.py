"""When something first happened over the steps of a run: forgetting, hiding, collapse, a bound.

Pure. All rules and lines are ours. What decides is the end of an interval, so that a few prompts
decide nothing; a step that could not be measured neither begins nor ends anything.

    forgetting    fewer than half of the prompts that the base knows are still answered: the upper
                  end of `share_retained` is below a half, or none at all is
    hiding        the verdict is SUPPRESSED: answers are gone, and marks bring them back
    collapse      the verdict is COLLAPSED
    retain_bound  answers that were to be kept lost more than the bound, in nats per token: the
                  lower end of `retain_loss` is above it
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from attribution.types import Interval, Label
from unpact_tui.track.schema import Event, TrackedStep

FORGOTTEN = 0.5
"""Fewer prompts than this share still answered is forgetting."""

RETAIN_BOUND = 0.1
"""Nats per token that retained answers may lose, unless a person says otherwise: at 0.1 each token
keeps nine tenths of its probability."""

Holds = Callable[[TrackedStep], bool | None]
"""Whether something is so at a step; None where that cannot be said."""


def events(steps: Sequence[TrackedStep], retain_bound: float = RETAIN_BOUND) -> tuple[Event, ...]:
    """Return what happened, and what did not, in the order of the list above."""
    measured = [step for step in steps if not step.row.error]
    return tuple(_found(measured, retain_bound))


def _found(steps: Sequence[TrackedStep], bound: float) -> Iterator[Event]:
    yield _event("forgetting", steps, _forgotten, _forgetting, _not_forgotten(steps))
    for name, label, told, never in _LABELS:

        def holds(step: TrackedStep, label: Label = label) -> bool | None:
            return None if step.row.verdict is None else step.row.verdict == label

        yield _event(name, steps, holds, lambda _, told=told: told, never)

    def beyond(step: TrackedStep) -> bool | None:
        loss = step.row.evidence.get("retain_loss")
        return None if loss is None else loss.lower > bound

    def lost(step: TrackedStep) -> str:
        loss = step.row.evidence["retain_loss"]
        nats = f"{loss.estimate:.2f} nats per token {between(loss)}"
        return f"retained answers lost {nats}, more than {bound:g}"

    yield _event("retain_bound", steps, beyond, lost, _within(steps, bound))


_LABELS: tuple[tuple[str, Label, str, str], ...] = (
    (
        "hiding",
        "SUPPRESSED",
        "answers are hidden, and marks bring them back (SUPPRESSED)",
        "No measured step is SUPPRESSED.",
    ),
    ("collapse", "COLLAPSED", "the model is broken (COLLAPSED)", "No measured step is COLLAPSED."),
)

_UNSAID = {
    "forgetting": "there is no forget prompt that the base knows",
    "hiding": "there is no verdict",
    "collapse": "there is no verdict",
    "retain_bound": "there is no retained prompt (--retain)",
}

TITLES = {
    "forgetting": "Forgetting",
    "hiding": "Hiding",
    "collapse": "Collapse",
    "retain_bound": "Retain bound",
}
"""What each is called in what is shown."""


def _event(
    name: str,
    steps: Sequence[TrackedStep],
    holds: Holds,
    told: Callable[[TrackedStep], str],
    never: str,
) -> Event:
    said = [(step, found) for step in steps if (found := holds(step)) is not None]
    if not said:
        why = _UNSAID[name] if steps else "no step could be measured"
        return Event(name, None, None, None, None, f"It cannot be said: {why}.")
    at = next((i for i, (_, found) in enumerate(said) if found), None)
    if at is None:
        return Event(name, False, None, None, None, never)
    first = said[at][0]
    gone = next((step for step, found in said[at:] if not found), None)
    after = _afterwards(gone, last=at == len(said) - 1)
    sentence = f"From {place(first)} on, {told(first)}{after}."
    if gone is not None or at == len(said) - 1:
        sentence = f"At {place(first)}, {told(first)}{after}."
    return Event(name, True, first.step, first.row.name, gone is None, sentence)


def _afterwards(gone: TrackedStep | None, *, last: bool) -> str:
    if gone is not None:
        return f"; no longer at {place(gone)}"
    return "; it is the last that was measured" if last else ""


def place(step: TrackedStep) -> str:
    """Say which step, in a sentence."""
    return "the last checkpoint" if step.step is None else f"step {step.step}"


def between(found: Interval) -> str:
    """Return an interval, with what it is over."""
    return f"[{found.lower:z.2f}, {found.upper:z.2f}], n = {found.n}"


def _forgotten(step: TrackedStep) -> bool | None:
    share = step.row.evidence.get("share_retained")
    return None if share is None else share.upper < FORGOTTEN or share.estimate == 0


def _forgetting(step: TrackedStep) -> str:
    share = step.row.evidence["share_retained"]
    count = round(share.estimate * share.n)
    return f"{count} of {share.n} known prompts are still answered {between(share)}"


def _not_forgotten(steps: Sequence[TrackedStep]) -> str:
    shares = [
        (share.estimate, share.upper, step)
        for step in steps
        if (share := step.row.evidence.get("share_retained")) is not None
    ]
    if not shares:
        return ""
    estimate, upper, step = min(shares, key=lambda found: found[:2])
    least = f"{100 * estimate:.0f} % at {place(step)}, at most {100 * upper:.0f} %"
    return (
        f"At no measured step are surely fewer than {100 * FORGOTTEN:.0f} % of the known prompts"
        f" still answered; the fewest are {least}."
    )


def _within(steps: Sequence[TrackedStep], bound: float) -> str:
    losses = [
        (loss.lower, loss.estimate, step)
        for step in steps
        if (loss := step.row.evidence.get("retain_loss")) is not None
    ]
    if not losses:
        return ""
    _, estimate, step = max(losses, key=lambda found: found[:2])
    return (
        f"At no measured step did retained answers surely lose more than {bound:g} nats per token;"
        f" the most is {estimate:z.2f} at {place(step)}."
    )
