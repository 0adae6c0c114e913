"""`unlearn`: run or preview a settled plan, and say in the end what came of it."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from unpact_tui import cases, ending
from unpact_tui.errors import UsageError
from unpact_tui.json_text import printed
from unpact_tui.unattended import ended_by_signals, quiet_libraries
from unpact_tui.unlearning import runner
from unpact_tui.unlearning.asked import Plan
from unpact_tui.unlearning.previewing import Preview, as_text, look
from unpact_tui.unlearning.ready import is_first, processes
from unpact_tui.unlearning.run_folder import RunFolder
from unpact_tui.unlearning.telling import next_line, say_next, say_stopped, told


def unlearn(plan: Plan, *, json: bool, quiet: bool) -> str:
    """Run it, and return what goes to standard output. Raises what `runner` raises."""
    ended = ended_by_signals if processes() == 1 else _ended_at_once
    with ended(), quiet_libraries():
        try:
            finished = told(runner.whole(plan), quiet=quiet or not is_first())
        except (KeyboardInterrupt, SystemExit):
            state = RunFolder(plan.asked.out).latest_state()
            say_stopped(None if state is None else state[0])
            raise
    if not is_first():
        return ""
    if json:
        return _document({"checkpoints": [str(path) for path in finished]})
    if not quiet:
        say_next(next_line(plan.asked.model, finished[-1], _prompts(plan.asked.forget)))
    return f"{finished[-1]}\n"


def preview(plan: Plan, *, json: bool, quiet: bool) -> str:
    """Return what would be run. Raises what reading model headers and data raises."""
    with quiet_libraries():
        ready = told(runner.prepare(plan), quiet=quiet or not is_first())
        found: Preview = look(ready)
    if not is_first():
        return ""
    return _document(found) if json else as_text(found)


@contextmanager
def _ended_at_once() -> Generator[None]:
    """Leave signals to the system: who waits for other processes would not get round to them.

    What was being written is put right by the next to open the run's folder.
    """
    before = {number: signal.getsignal(number) for number in ending.SIGNALS}
    ending.at_once()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _prompts(forget: Path) -> Path | None:
    """Return the file if the inspector reads it too: texts to learn whole are no prompts."""
    try:
        for _ in cases.read(forget):
            pass
    except UsageError:
        return None
    return forget


def _document(value: object) -> str:
    return printed(value)
