"""From the command line to a running inspector, in the order a terminal needs.

The engine's process starts first (Textual would hand it broken streams), then Textual is imported,
then native noise is kept off the screen, then the app runs.
"""

from __future__ import annotations

import os
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from unpact_tui import bug_log, paths
from unpact_tui.app import tty
from unpact_tui.config import Found
from unpact_tui.display import display_text
from unpact_tui.errors import BadSession, ExitCode, Unwritable
from unpact_tui.options import Chosen, choose_cases, command_words
from unpact_tui.run import order_of
from unpact_tui.settings import Settings
from unpact_tui.worker.client import ProcessClient
from unpact_tui.worker.protocol import Open

if TYPE_CHECKING:
    from unpact_tui.app.frame import Frame, Looks
    from unpact_tui.app.guide import Guide
    from unpact_tui.session.file import Recorded
    from unpact_tui.session.keeping import Keeping


def headless_line(chosen: Chosen, settings: Settings) -> str:
    """Return the command that measures the same without a terminal."""
    words = ["unpact-tui", "run", chosen.base]
    words += [] if chosen.unlearned is None else [chosen.unlearned]
    for option, value in (
        ("--whp", chosen.whp),
        ("--endpoint", chosen.endpoint),
        ("--model", chosen.model),
        ("--base-model", chosen.base_model),
        ("--reference", chosen.reference),
        ("--prompt", chosen.prompt),
        ("--answer", chosen.answer),
    ):
        words += [] if value is None else [option, value]
    if chosen.prompt is None:
        words.append(chosen.prompts or "PROMPTS.jsonl")
    return shlex.join([*words, *command_words(settings)])


def inspect(
    chosen: Chosen,
    settings: Settings,
    found: Found,
    *,
    session: Path | None = None,
    guide: Guide | None = None,
) -> int:
    """Run the inspector and return the exit code.

    Raises `UsageError`, `NoTerminal` and `BadConfig` among them; what fails later is shown by the
    app, or said by it when the terminal is restored.
    """
    order = order_of(chosen, settings)
    before = _before(session, order)
    cases = () if before is not None else tuple(choose_cases(chosen))
    _require_terminal(chosen, settings)
    keeping = _keeping(session, found, goes_on=before is not None)
    start = partial(ProcessClient, paths.engine_log())
    client = start()
    try:
        os.environ.update(tty.textual_defaults(os.environ))
        from unpact_tui.app.workbench import Workbench

        bench = Workbench(
            client,
            order,
            cases,
            looks(found),
            timeline=before.timeline if before else None,
            memory=before.memory if before else None,
            keeping=keeping,
            restart=start,
            guide=guide,
        )
        code = shown(bench)
    finally:
        client.close()
    _tell(keeping, code)
    return code


_LONG = 8 << 20
"""Bytes of a session from which to read it takes longer than a moment."""


def _require_terminal(chosen: Chosen, settings: Settings) -> None:
    instead = headless_line(chosen, settings)
    if chosen.prompts == "-":
        tty.reopen_keyboard(instead)
    tty.require_terminal(instead)


def replay(session: Path, found: Found) -> int:
    """Show a session without any model, and return the exit code. Raises as `inspect` does."""
    from unpact_tui.session.recorded import RecordedEngine

    instead = f"unpact-tui open {shlex.quote(str(session))} --json"
    recorded = _recorded(session)
    recorded.memory.irreplaceable = True
    tty.require_terminal(instead)
    os.environ.update(tty.textual_defaults(os.environ))
    from unpact_tui.app.workbench import Workbench

    order = recorded.began.order
    again = f"To measure more: {_again(order, session)}"
    bench = Workbench(
        RecordedEngine(recorded.began.opened, again),
        order,
        (),
        looks(found),
        timeline=recorded.timeline,
        memory=recorded.memory,
    )
    return shown(bench)


def shown(app: Frame) -> int:
    """Run the app on a clean terminal and return its exit code."""
    bug_log.install()
    tty.tolerate_bad_keys()
    with tty.guard(paths.engine_log()):
        app.run(mouse=app.looks.mouse)
    return app.return_code or 0


def looks(found: Found) -> Looks:
    """Return how the inspector is to look. Imports Textual; raises `BadConfig`."""
    from unpact_tui.app.frame import Looks
    from unpact_tui.app.keymap import keymap
    from unpact_tui.app.theme_names import require_theme

    config = found.config
    require_theme(config.theme, found.origin("theme"))
    return Looks(
        no_colour=bool(os.environ.get("NO_COLOR")),
        ascii=config.ascii,
        lane=config.lane,
        theme=config.theme,
        keymap=keymap(config.keymap, config.keys, found.key_origins),
        mouse=config.mouse,
        hint=_first_time(),
    )


def _first_time() -> bool:
    """Whether nobody was here before; says so once."""
    try:
        (paths.state() / "seen").touch(mode=0o600, exist_ok=False)
    except OSError:  # among them that it is there
        return False
    return True


def _before(session: Path | None, order: Open) -> Recorded | None:
    """Return what a session file holds already. Raises `BadSession` for one of other models."""
    if session is None or not session.exists() or not session.stat().st_size:
        return None
    recorded = _recorded(session)
    if recorded.began.order != order:
        why = "it is of other checkpoints, or was measured with other settings"
        raise BadSession(str(session), 0, why)
    return recorded


def _recorded(session: Path) -> Recorded:
    """Read a session; of a long one, say how far it is."""
    from unpact_tui.session.file import read, reading, size

    if size(session) < _LONG:
        return read(session)
    from unpact_tui.output import narrate

    return narrate(reading(session), quiet=not sys.stderr.isatty())


def _keeping(session: Path | None, found: Found, *, goes_on: bool) -> Keeping | None:
    from unpact_tui.session import keeping

    if session is not None:
        return keeping.Keeping(session, goes_on=goes_on)
    return keeping.for_a_while() if found.config.keep else None


def _tell(keeping: Keeping | None, code: int) -> None:
    """Say how to see this sitting again, on the terminal that was given back.

    Raises `Unwritable` where all went well but for keeping it.
    """
    if keeping is not None and keeping.lost and code == ExitCode.OK:
        raise _not_kept(keeping)
    if keeping is not None and keeping.worth_telling and not keeping.lost:
        path = display_text(shlex.quote(str(keeping.path)))
        sys.stderr.write(f"To see it again, without the models: unpact-tui open {path}\n")


def _not_kept(keeping: Keeping) -> Unwritable:
    """Return what to say where a session that was asked for broke off; the screen has said so."""
    error = Unwritable(str(keeping.path), keeping.lost)
    error.hint = "It has what was measured before that, if anything was."
    return error


def _again(order: Open, session: Path) -> str:
    """Return what to type to go on with a session, on its models."""
    words = ["unpact-tui", "compare", order.base, *_second(order)]
    words += ["--reference", order.reference] if order.reference else []
    return shlex.join([*words, *command_words(order.settings), "--session", str(session)])


def _second(order: Open) -> list[str]:
    """Return what to type for the unlearned side."""
    if order.remote:
        words = ["--endpoint", order.endpoint or "", "--model", order.model or ""]
        return [*words, *(["--base-model", order.base_model] if order.base_model else [])]
    return [order.unlearned] if order.unlearned else ["--whp", order.whp or ""]
