"""Builds the demo's checkpoints in a process of its own, so that its caller never loads torch.

python -m unpact_tui.demo [--quiet] [--afresh] [--leashed] [MEMBER]
"""

from __future__ import annotations

import os
import sys

from unpact_tui import bug, demo, ending, leash, output
from unpact_tui.errors import ExitCode, UnpactError, exit_code
from unpact_tui.unattended import quiet_libraries


def main(arguments: list[str]) -> int:
    """Build with a progress bar, or without one under --quiet; return the exit code."""
    bug.install()
    os.umask(0o077)  # nothing that is written here goes to a place that a person named
    name = next((word for word in arguments if not word.startswith("-")), demo.STAR)
    if leash.LEASHED in arguments:
        leash.end_with_parent()
    try:
        with ending.ended_by_signals(), quiet_libraries():
            steps = demo.build(name=name, afresh="--afresh" in arguments)
            output.narrate(steps, quiet="--quiet" in arguments)
    except UnpactError as error:
        output.print_error(error)
        return exit_code(error)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return 0


if __name__ == "__main__":
    ending.at_once()
    sys.exit(main(sys.argv[1:]))
