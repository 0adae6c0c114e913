"""The demo's checkpoints in the cache folder: is the family there, and if not, build it.

Knows folders, locks and what "finished" means. torch comes in only when something must be trained.
"""

from __future__ import annotations

import errno
import fcntl
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from unpact_tui import paths
from unpact_tui.demo import manifest
from unpact_tui.demo.progress import Progress, plan
from unpact_tui.demo.recipe import DEFAULT, Recipe
from unpact_tui.errors import BadUsage

_POLL = 0.25
"""Seconds between two looks at a lock that somebody else holds."""


@dataclass(frozen=True, slots=True)
class Zoo:
    """A finished family: three checkpoints in Hugging Face format and two prompt files."""

    base: Path
    """Knows every fact."""
    unlearned: Path
    """The base after RMU."""
    reference: Path
    """Never saw the facts that the unlearned one should have forgotten."""
    forget: Path
    retain: Path


def ready(root: Path | None = None, recipe: Recipe = DEFAULT) -> Zoo | None:
    """Return the family if it is whole, as far as sizes tell; None when `build` has work to do.

    Raises `BadUsage` when there can be no cache folder.
    """
    folder = _folder(root, recipe)
    found = manifest.read(folder, recipe.digest())
    if found is None or manifest.missing(folder, found):
        return None
    return _zoo(folder)


def verify(root: Path | None = None, recipe: Recipe = DEFAULT) -> tuple[str, ...] | None:
    """Return the files whose hashes are not what they were; None when nothing is finished."""
    folder = _folder(root, recipe)
    found = manifest.read(folder, recipe.digest())
    return None if found is None else manifest.damaged(folder, found)


def build(root: Path | None = None, recipe: Recipe = DEFAULT) -> Generator[Progress]:
    """Make the family whole: nothing when it is, else what is missing or damaged.

    Finished parts are kept when the iterator is closed or the process ends, and the next call goes
    on from there. Two calls do not build at once: the second waits. Raises `BadUsage` when the
    folder cannot be written.
    """
    folder = _folder(root, recipe)
    total = plan(recipe).total
    if verify(root, recipe) == ():  # writes nothing: the folder may be read-only by now
        yield Progress("ready", total, total)
        return
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _lock(folder) as taken:
            while not taken():
                yield Progress("waiting for another build of the demo", 0, total)
                time.sleep(_POLL)
            if _repair(folder, recipe):
                yield Progress("ready", total, total)
                return
            yield Progress("loading torch", 0, total)
            yield from _run(folder, recipe)
    except OSError as error:
        raise _unusable(folder, error) from error


def _run(folder: Path, recipe: Recipe) -> Iterator[Progress]:
    from unpact_tui.demo._stages import Stages
    from unpact_tui.demo._train import surroundings

    with surroundings(recipe.threads):
        yield from Stages(folder, recipe).run()


def _repair(folder: Path, recipe: Recipe) -> bool:
    """Return whether all is well; if not, remove what is damaged so that it is built again."""
    found = manifest.read(folder, recipe.digest())
    damaged = None if found is None else manifest.damaged(folder, found)
    if damaged == ():
        return True
    (folder / manifest.NAME).unlink(missing_ok=True)
    for part in {name.partition("/")[0] for name in damaged or ()}:
        manifest.remove(folder / part)
    return False


@contextmanager
def _lock(folder: Path) -> Generator[Callable[[], bool]]:
    """Yield a function that tries to take the build's lock, which is given back at the end."""
    with folder.with_name(f"{folder.name}.lock").open("w") as file:

        def taken() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        yield taken


def _folder(root: Path | None, recipe: Recipe) -> Path:
    if root is not None:
        return root / recipe.digest()
    try:
        return paths.cache() / "demo" / recipe.digest()
    except OSError as error:
        raise _unusable(Path(error.filename or "the cache folder"), error) from error


def _zoo(folder: Path) -> Zoo:
    return Zoo(
        base=folder / manifest.BASE,
        unlearned=folder / manifest.UNLEARNED,
        reference=folder / manifest.REFERENCE,
        forget=folder / manifest.FORGET,
        retain=folder / manifest.RETAIN,
    )


def _unusable(folder: Path, error: OSError) -> BadUsage:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error)
    hint = "Set XDG_CACHE_HOME to a folder that can be written; the demo needs 20 MB."
    if full:
        hint = "Free 20 MB, or set XDG_CACHE_HOME to a folder on another disk."
    return BadUsage(f"The demo cannot be built in {folder}: {error.strerror or error}.", hint)
