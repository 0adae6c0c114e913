"""A slice of the matrix of faults (`benchmarks/faults.py`) that needs no model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from faulting.cell import tried
from faulting.commands import COMMANDS, LOG, PROMPTS
from faulting.faults import FAULTS
from faulting.place import can_mount
from faulting.runners import cold
from result_fixture import example

from unpact_tui.document import Written

QUICK = (
    ("results: 8 kB left", "report"),
    ("home: folders are files", "cache info"),
    ("cache: later pages spoiled", "cache clear"),
)
MORE = (
    ("results: disk full", "report"),
    ("results: read-only", "report"),
    ("results: file size limit", "report"),
    ("home: folders are files", "doctor"),
    ("home: read-only", "cache clear"),
    ("cache: a pipe", "cache info"),
    ("cache: stray journals", "cache clear"),
    ("config: a pipe", "config"),
    ("folder: gone", "config"),
    ("locale: C, ASCII", "report"),
    ("output: full", "logs"),
    ("errors: closed", "config"),
)


def inputs() -> dict[str, Path | str]:
    rows = "".join(json.dumps(row) + "\n" for row in PROMPTS)
    return {
        "result.json": "".join(Written(example())),
        "forget.jsonl": rows,
        "TOFU_EVAL.json": json.dumps(LOG),
    }


def survives(named: str, column: str, folder: Path) -> None:
    (fault,) = (fault for fault in FAULTS if fault.name == named)
    (command,) = (command for command in COMMANDS if command.name == column)
    if fault.mounts and not can_mount():
        pytest.skip("no file system of its own may be mounted")
    cell = tried(fault, command, cold, folder / "cell", inputs(), again=False)
    assert not cell.violations, cell


@pytest.mark.parametrize(("fault", "command"), QUICK)
def test_a_fault_is_survived(fault: str, command: str, tmp_path: Path) -> None:
    survives(fault, command, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "command"), MORE)
def test_other_faults_are_survived(fault: str, command: str, tmp_path: Path) -> None:
    survives(fault, command, tmp_path)


def test_every_fault_and_every_command_has_a_name_of_its_own() -> None:
    for names in ([fault.name for fault in FAULTS], [command.name for command in COMMANDS]):
        assert len(set(names)) == len(names)
