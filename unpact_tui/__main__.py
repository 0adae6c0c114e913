"""The console script: check whose packages are on the path, then hand over to the command line.

Nothing of `attribution` or `methods` is imported before the check. Both names are plain English,
and PyPI has an unrelated project of the first one.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import NoReturn, cast

from unpact_tui import bug, ending
from unpact_tui.display import display_text
from unpact_tui.shown_stream import guard_errors

_OURS = ("attribution", "methods")
_ROOT = Path(__file__).resolve().parent.parent
"""The folder that all three packages are in: they are installed together or not at all."""

_REMEDY = (
    "give unpact-tui an environment of its own: "
    "pipx install unpact-tui, or uv tool install unpact-tui"
)

# As in `unpact_tui.errors.ExitCode`, which imports what is to be checked first.
_USAGE = 2
_BUG = 70
_INTERRUPTED = 130


def _place(package: str) -> Path | None:
    """Return where `package` would be imported from, without running any of it."""
    spec = find_spec(package)
    if spec is None:
        return None
    folders = list(spec.submodule_search_locations or ())
    return Path(folders[0] if folders else spec.origin or package).resolve()


def _owner(package: str, folder: Path) -> str:
    """Say which distribution installed `package` into `folder`."""
    from importlib.metadata import distributions  # 20 ms that only the complaint needs

    for distribution in distributions(path=[str(folder)]):
        name = distribution.metadata["Name"]
        files = distribution.files or ()
        if name != "unpact-tui" and any(file.parts[0] == package for file in files):
            return f"{name} {distribution.version}"
    return "something else"


def _complain(package: str, place: Path | None) -> int:
    """Print the one line that says what is in the way, where, and how to get around it."""
    if place is None:
        what = f"the Python package {package!r} is missing"
    else:
        owner = _owner(package, place.parent)
        what = f"the Python package {package!r} in {place} belongs to {owner}, not to unpact-tui"
    _say(f"{what}; {_REMEDY}")
    return _USAGE


def _say(what: str) -> None:
    if cast("object", sys.stderr) is not None:
        sys.stderr.write(f"unpact-tui: {display_text(what)}\n")


def _run() -> int:
    if cast("object", sys.stdout) is None:
        _say("Standard output is closed.")
        return _USAGE
    for package in _OURS:
        place = _place(package)
        if place is None or place.parent != _ROOT:
            return _complain(package, place)
    try:
        from unpact_tui.cli import app
    except ImportError as error:
        # A later installation of the other project into the same folder overwrites ours in part.
        package = (error.name or "").partition(".")[0]
        if package not in _OURS or _owner(package, _ROOT) == "something else":
            raise
        return _complain(package, _place(package))
    with ending.ended_by_signals():
        app(prog_name="unpact-tui")
    return 0


def _output_refused() -> bool:
    """Whether standard output takes nothing: then an error is likely about it, as for --help."""
    try:
        sys.stdout.write("\n")  # what failed may be in its buffer no more
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter tries again at its end
        return True
    return False


class _Ending:
    """Gives signals and bugs their exit codes; a bug still prints its traceback first."""

    def __enter__(self) -> None:
        ending.at_once()

    def __exit__(
        self, kind: object, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ending.at_once()
        number = ending.heard()
        if number is not None and not _well(error):
            # Whatever was raised on the way out, as by a line that has dropped.
            ending.let_go_of_streams()
            sys.exit(128 + number)
        if isinstance(error, KeyboardInterrupt):
            sys.exit(_INTERRUPTED)
        if isinstance(error, OSError) and _output_refused():
            _say(f"Standard output cannot be written: {error.strerror}.")
            sys.exit(_USAGE)
        if isinstance(error, Exception):
            sys.excepthook(type(error), error, trace)
            sys.exit(_BUG)


def _well(error: BaseException | None) -> bool:
    """Whether the work was done all the same: the signal came too late for it."""
    return error is None or (isinstance(error, SystemExit) and not error.code)


def main() -> NoReturn:
    """Run the command line."""
    guard_errors()
    bug.install()
    with _Ending():
        sys.exit(_run())


if __name__ == "__main__":
    main()
