"""Hostile session files, and what lies beside checkpoints: manifest, provenance, steps."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import msgspec
from fuzzing.attack import Format
from fuzzing.mutations import Json
from fuzzing.results import REFUSALS
from fuzzing.seeds import Spoil, of_json, of_json_lines, parsed, parsed_lines
from looking import looked_through, sat
from provenance_fixture import RUN

from unpact_tui.demo import manifest, prompts, zoo
from unpact_tui.demo.recipe import DEFAULT
from unpact_tui.options import Chosen
from unpact_tui.session.printing import as_json
from unpact_tui.tasks import asked_again
from unpact_tui.unlearning import provenance, step_log

STEPS: list[Json] = [{"number": number, "loss": 0.5, "rate": 1e-5} for number in range(1, 6)]
NOBODY = Chosen("", None, None, None, None, None)


@cache
def sitting() -> list[Json]:
    """Return the lines of a session."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.jsonl"
        sat(path)
        return parsed_lines(path.read_bytes())


def opened(path: Path) -> object:
    """Open a session, look at all of it, have its result printed and measured again."""
    found = looked_through(path)
    again = asked_again(path, NOBODY, ())
    return found, again, "".join(as_json(path))


def made() -> Json:
    """Return what says what a build of the demo is."""
    files = {name: manifest.Entry(3, "d" * 64) for name in ("base/config.json", "forget.jsonl")}
    found = manifest.Manifest(1, DEFAULT.digest(), "1", "ann", "rule", files, prompts.FORM)
    return parsed(msgspec.json.encode(found))


def there(path: Path) -> object:
    """Ask for the demo's checkpoints, and whether they are whole."""
    root = path.parents[1]
    found = manifest.read(path.parent, DEFAULT.digest())
    return found, zoo.ready(root), zoo.built(root), zoo.verify(root)


def origin() -> Json:
    """Return what says what made a checkpoint."""
    return parsed(json.dumps(msgspec.to_builtins(RUN)).encode())


def described(path: Path) -> object:
    """Read what made a checkpoint, and compare it with what was asked."""
    found = provenance.read(path.parent)
    return found and (provenance.difference(found, RUN), provenance.difference(RUN, found))


def cut(path: Path) -> object:
    """Cut the steps of a run back, and go on."""
    step_log.cut(path.parent, 3)
    step_log.append(path.parent, json.dumps({"number": 4}))
    last = path.read_bytes().splitlines()[-1]
    assert json.loads(last) == {"number": 4}
    return last


def _format(
    name: str,
    spoil: Spoil,
    read: Callable[[Path], object],
    file: str,
    around: Callable[[Path], None] = lambda folder: None,
) -> Format:
    return Format(name, spoil, read, file, REFUSALS, around)


FORMATS = (
    _format("session", of_json_lines(sitting), opened, "session.jsonl"),
    _format(
        "manifest of the demo",
        of_json(made),
        there,
        f"{DEFAULT.digest()}/manifest.json",
        lambda folder: (folder / DEFAULT.digest()).mkdir(),
    ),
    _format("provenance", of_json(origin), described, "provenance.json"),
    _format("steps of a run", of_json_lines(lambda: STEPS), cut, "steps.jsonl"),
)
