"""From the command line to a running inspector, in the order a terminal needs.

The engine's process starts first (Textual would hand it broken streams), then Textual is imported,
then native noise is kept off the screen, then the app runs.
"""

from __future__ import annotations

import os
import sys

from unpact_tui import paths
from unpact_tui.app import tty
from unpact_tui.options import Chosen, choose_cases
from unpact_tui.settings import Settings
from unpact_tui.worker.client import ProcessClient
from unpact_tui.worker.protocol import Open


def headless_line(chosen: Chosen) -> str:
    """Return the command that does the same without a terminal."""
    prompts = chosen.prompts or "PROMPTS.jsonl"
    return f"unpact-tui run {chosen.base} {chosen.unlearned} {prompts}"


def inspect(chosen: Chosen, settings: Settings, *, ascii_only: bool, mouse: bool) -> int:
    """Run the inspector and return the exit code.

    Raises `NoTerminal`, `UsageError`; whatever fails later is shown by the app, or comes back as
    `UnpactError` once the terminal is restored.
    """
    instead = headless_line(chosen)
    found = tuple(choose_cases(chosen))
    if chosen.prompts == "-":
        tty.reopen_keyboard(instead)
    tty.require_terminal(instead)
    log = paths.state() / "engine.log"
    client = ProcessClient(log)
    try:
        os.environ.update(tty.textual_defaults(os.environ))
        from unpact_tui.app.workbench import Workbench

        bench = Workbench(
            client,
            Open(chosen.base, chosen.unlearned, chosen.reference, settings),
            found,
            no_colour=bool(os.environ.get("NO_COLOR")),
            ascii=ascii_only,
        )
        with tty.guard(log):
            bench.run(mouse=mouse)
        code = bench.return_code or 0
        if bench.last_words:
            sys.stderr.write(bench.last_words)
    finally:
        client.close()
    return code
