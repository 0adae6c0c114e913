"""Write docs/cli.md from the command line's help; with --check, only say if it is stale."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from unpact_tui.cli import app

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
NAME = "unpact-tui"
WIDTH = 88

HEAD = """\
# Command line

Generated from `--help` by `make docs`; do not edit.
"""


def sections(
    command: TyperCommand | TyperGroup, name: str, parent: typer.Context | None = None
) -> Iterator[str]:
    """Yield the help of a command, then of the commands below it."""
    context = command.make_context(
        name, [], parent=parent, resilient_parsing=True, terminal_width=WIDTH
    )
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context).rstrip()}\n```\n"
    if not isinstance(command, TyperGroup):
        return
    for below_name, below in command.commands.items():
        if isinstance(below, TyperCommand | TyperGroup) and not below.hidden:
            yield from sections(below, below_name, context)


def render() -> str:
    """Return the page."""
    command = get_command(app)
    assert isinstance(command, TyperCommand | TyperGroup)
    return "\n".join([HEAD, *sections(command, NAME)])


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    text = render()
    if arguments == ["--check"]:
        fresh = PAGE.exists() and PAGE.read_text("utf-8") == text
        if not fresh:
            print(f"{PAGE.name} is stale; run: make docs", file=sys.stderr)
        return not fresh
    PAGE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
