"""Every command under every fault, each as a process of its own on small inputs.

    python benchmarks/faults.py
    python benchmarks/faults.py --fault "home: read-only" --command run
    python benchmarks/faults.py --list

Prints the exit codes as a matrix, what was said, and what was wrong; exit code 1 where anything
was.
Faults that need a file system or a user of their own are left out for those who are not root.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from faulting import family  # noqa: E402
from faulting.cell import Cell, Runner, tried  # noqa: E402
from faulting.commands import COMMANDS, Command, inputs  # noqa: E402
from faulting.faults import FAULTS, Fault  # noqa: E402
from faulting.place import can_mount, keep_mounts_to_ourselves  # noqa: E402
from faulting.runners import cold, warm  # noqa: E402
from faulting.screens import drawn  # noqa: E402


def main() -> int:
    asked = _arguments()
    if asked.list:
        print("\n".join(fault.name for fault in FAULTS))
        return 0
    mounts = can_mount()
    if mounts:
        keep_mounts_to_ourselves()
    faults = [
        f
        for f in FAULTS
        if _wanted(f.name, asked.fault) and (mounts or not (f.mounts or f.as_somebody_else))
    ]
    commands = [c for c in COMMANDS if _wanted(c.name, asked.command)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        Path(folder).chmod(0o755)  # some cells are somebody else's
        there = family.made(Path(folder) / "family", asked.family)
        with _runners(there, commands) as found:
            cells = list(_cells(faults, commands, found, Path(folder), there, asked))
    _print(cells, faults, commands)
    broken = [cell for cell in cells if cell.violations]
    left_out = "" if mounts else "; faults that need root left out"
    took = time.monotonic() - began
    print(f"\n{len(cells)} cells in {took:.0f} s, {len(broken)} violated{left_out}")
    return 1 if broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--fault", action="append", default=[], metavar="PART")
    parser.add_argument("--command", action="append", default=[], metavar="NAME")
    parser.add_argument("--no-next-start", dest="again", action="store_false")
    parser.add_argument("--family", type=Path, help="keep what is prepared there")
    parser.add_argument("--cold", choices=("some", "all", "none"), default="some")
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


def _wanted(name: str, parts: Sequence[str]) -> bool:
    return not parts or any(name == part or name.startswith(f"{part}:") for part in parts)


@contextmanager
def _runners(there: Path, commands: Sequence[Command]) -> Iterator[Callable[[Command], Runner]]:
    """Yield what says how a command is run."""
    with ExitStack() as stack:
        processes = {
            heavy: stack.enter_context(warm(family.rehearsal(there, heavy=heavy), heavy=heavy))
            for heavy in {command.engine or command.heavy for command in commands}
        }
        yield (
            lambda command: (
                drawn
                if command.screen
                else cold
                if command.cold
                else processes[command.engine or command.heavy]
            )
        )


def _cells(
    faults: Sequence[Fault],
    commands: Sequence[Command],
    runner_of: Callable[[Command], Runner],
    folder: Path,
    there: Path,
    asked: argparse.Namespace,
) -> Iterator[Cell]:
    for number, fault in enumerate(faults):
        for place, command in enumerate(commands):
            slow = command.cold or bool(command.screen)
            if fault.engine_only and (slow or not command.engine):
                continue
            if slow and (asked.cold == "none" or (asked.cold == "some" and not fault.cold)):
                continue
            if not (slow or command.everywhere or fault.peculiar):
                continue
            root = folder / f"{number}-{place}"
            cell = tried(fault, command, runner_of(command), root, inputs(there), again=asked.again)
            print(f"{cell.fault:<28} {cell.command:<12} {cell.code!s:>4}  {cell.said}", flush=True)
            for what in cell.violations:
                print(f"    VIOLATED: {what}", flush=True)
            yield cell


def _print(cells: Sequence[Cell], faults: Sequence[Fault], commands: Sequence[Command]) -> None:
    found = {(cell.fault, cell.command): cell for cell in cells}
    print("\n| fault | " + " | ".join(command.name for command in commands) + " |")
    print("|---|" + "---|" * len(commands))
    for fault in faults:
        row = [_mark(found.get((fault.name, command.name))) for command in commands]
        print(f"| {fault.name} | " + " | ".join(row) + " |")


def _mark(cell: Cell | None) -> str:
    if cell is None:
        return ""
    return f"**{cell.code}**!" if cell.violations else str(cell.code)


if __name__ == "__main__":
    sys.exit(main())
