"""`bench`: which of the two it is, and what does not go together. Knows neither of them inside."""

from __future__ import annotations

from unpact_tui.errors import BadUsage, ExitCode
from unpact_tui.findings.asked import Asked


def bench(asked: Asked, *, findings: bool) -> ExitCode:
    """Measure the demo's checkpoints, if `findings`, or a matrix. Raises what either raises."""
    if findings == (asked.file is not None):
        raise BadUsage("Say what to measure: MATRIX or --findings.", "One of them.")
    if asked.file is None:
        from unpact_tui.findings import command

        if asked.places or asked.dry_run:
            raise BadUsage("--path and --dry-run are for MATRIX.", "Leave them out.")
        return command.findings(asked)
    if asked.seeds or asked.members or asked.zoo is not None:
        raise BadUsage("--seeds and --members are for --findings.", "MATRIX names them.")
    if asked.out is None:
        raise BadUsage("A matrix needs a folder of results.", "Name one: --out DIR.")
    from unpact_tui.matrix import command as matrix_command

    return matrix_command.bench(asked)
