"""Builds the demo's checkpoints in a process of its own, so that its caller never loads torch."""

from __future__ import annotations

import sys

from unpact_tui import demo, output
from unpact_tui.errors import UnpactError, exit_code


def main(arguments: list[str]) -> int:
    """Build with a progress bar, or without one under --quiet; return the exit code."""
    try:
        output.narrate(demo.build(), quiet="--quiet" in arguments)
    except UnpactError as error:
        output.print_error(error)
        return exit_code(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
