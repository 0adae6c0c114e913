"""`unpact-tui demo`: build what is missing in a process of its own, then show, print or measure it.

Importing this imports neither torch nor Textual.
"""

from __future__ import annotations

import shlex
from typing import Literal

import methods
from unpact_tui import catalogue, leash
from unpact_tui.app import tty
from unpact_tui.config import Found
from unpact_tui.demo.guide import guide_of
from unpact_tui.demo.members import DEFAULTS, STAR
from unpact_tui.demo.recipe import DEFAULT
from unpact_tui.demo.zoo import Zoo, built, folder_of, member, ready
from unpact_tui.errors import DemoNotBuilt
from unpact_tui.json_text import printed
from unpact_tui.options import Chosen
from unpact_tui.settings import Settings


def family(name: str = STAR, *, afresh: bool = False, quiet: bool = False) -> Zoo:
    """Return the demo's checkpoints, `name` in hand; what is missing is built, with a progress bar.

    Raises `BadUsage` when there is nowhere to keep them, `DemoNotBuilt` when building failed.
    """
    found = None if afresh else ready(name=name)
    if found is None:
        words = [*(["--afresh"] if afresh else []), *(["--quiet"] if quiet else []), name]
        code = leash.wait_for("unpact_tui.demo", words)
        found = ready(name=name)
        if found is None:
            raise DemoNotBuilt(code)
    return found


def inspect(name: str, settings: Settings, found: Found, *, afresh: bool) -> int:
    """Run the inspector on the demo. Raises `NoTerminal` before anything is built."""
    tty.require_terminal("unpact-tui demo --headless")
    zoo = family(name, afresh=afresh)
    from unpact_tui import launch
    from unpact_tui.app.guide import Guide

    guide = Guide(*guide_of(member(name).method))
    return launch.inspect(_chosen(zoo), settings, found, guide=guide)


def measure(
    name: str, settings: Settings, form: Literal["table", "json"], *, afresh: bool, quiet: bool
) -> int:
    """Print what the inspector would show, for every prompt."""
    from unpact_tui.headless import report
    from unpact_tui.tasks import asked_of

    zoo = family(name, afresh=afresh, quiet=quiet)
    return report(asked_of(_chosen(zoo), settings), form, None, None, quiet=quiet)


def places(name: str, *, afresh: bool, quiet: bool) -> str:
    """Return the words that `compare` and `run` take to open the demo's checkpoints."""
    zoo = family(name, afresh=afresh, quiet=quiet)
    words = (zoo.base, zoo.unlearned, zoo.forget, "--reference", zoo.reference)
    return shlex.join(map(str, words)) + "\n"


def listing(*, json: bool) -> str:
    """Return what there is and what is built, building nothing. Raises `BadUsage`."""
    there = built()
    rows = [
        {
            "name": found.name,
            "method": found.method,
            "options": list(found.options),
            "steps": found.steps,
            "summary": _summary(found.method),
            "built": found.name in there,
            "default": found.name in DEFAULTS,
        }
        for found in DEFAULT.members
    ]
    if json:
        document = {"folder": str(folder_of()), "checkpoints": rows}
        return printed(document)
    lines = (
        f"{row['name']:<12} {row['method']:<9} {'built' if row['built'] else '-':<6} "
        f"{row['summary']}\n"
        for row in rows
    )
    return "".join(lines)


def checked(name: str) -> str:
    """Return a member's name, for any name it goes by. Raises `BadUsage`, `UnknownName`."""
    return member(name).name


def _summary(method: str) -> str:
    own, _ = methods.resolve(method)
    ((_, summary),) = catalogue.summaries("methods", [own])
    return summary


def _chosen(zoo: Zoo) -> Chosen:
    return Chosen(
        str(zoo.base), str(zoo.unlearned), str(zoo.reference), str(zoo.forget), None, None
    )
