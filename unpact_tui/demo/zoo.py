"""The demo's checkpoints in the cache folder: is the family there, and if not, build it.

Knows folders, locks and what "finished" means. torch comes in only when something must be trained.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import methods
from unpact_tui import paths
from unpact_tui.demo import manifest, prompts
from unpact_tui.demo.corpus import make_world
from unpact_tui.demo.members import DEFAULTS, STAR, Member
from unpact_tui.demo.progress import Progress, plan
from unpact_tui.demo.recipe import DEFAULT, Recipe
from unpact_tui.errors import BadUsage

_ROOM = 20_000_000
"""Bytes that a build takes, about."""
_POLL = 0.25
"""Seconds between two looks at a lock that somebody else holds."""


@dataclass(frozen=True, slots=True)
class Zoo:
    """A finished family, with one of its unlearned checkpoints in hand; Hugging Face format."""

    base: Path
    """Knows every fact."""
    unlearned: Path
    """The base after unlearning by one method."""
    reference: Path
    """Never saw the facts that the unlearned one should have forgotten."""
    forget: Path
    retain: Path


def member(name: str, recipe: Recipe = DEFAULT) -> Member:
    """Return the member of that name, or the first made by the method of that name.

    Raises `BadUsage`, and `UnknownName` for what is no method at all.
    """
    for found in recipe.members:
        if found.name == name.lower().replace("-", "_"):
            return found
    wanted = methods.resolve(name)
    for found in recipe.members:
        if methods.resolve(found.method) == wanted:
            return found
    names = ", ".join(found.name for found in recipe.members)
    raise BadUsage(f"The demo has no checkpoint made by {name}.", f"It has: {names}.")


def ready(root: Path | None = None, recipe: Recipe = DEFAULT, name: str = STAR) -> Zoo | None:
    """Return the family if it is whole, as far as sizes tell; None when `build` has work to do.

    Raises `BadUsage` when there can be no cache folder.
    """
    folder = folder_of(root, recipe)
    found = manifest.read(folder, recipe.digest())
    if found is None or not _has(found, name) or manifest.missing(folder, found):
        return None
    if found.prompts != prompts.FORM:
        return None
    return _zoo(folder, name)


def built(root: Path | None = None, recipe: Recipe = DEFAULT) -> tuple[str, ...]:
    """Return the names of the members that are there. Raises `BadUsage`."""
    found = manifest.read(folder_of(root, recipe), recipe.digest())
    return tuple(m.name for m in recipe.members if found is not None and found.holds(m.name))


def verify(root: Path | None = None, recipe: Recipe = DEFAULT) -> tuple[str, ...] | None:
    """Return the files whose hashes are not what they were; None when nothing is finished."""
    folder = folder_of(root, recipe)
    found = manifest.read(folder, recipe.digest())
    return None if found is None else manifest.damaged(folder, found)


def build(
    root: Path | None = None, recipe: Recipe = DEFAULT, name: str = STAR, *, afresh: bool = False
) -> Generator[Progress]:
    """Make the family whole, the member `name` in it: nothing when it is, else what is missing.

    What is damaged is made again, and with `afresh` everything is; prompt files of an older form
    are written anew, without training. Finished parts are kept when the iterator is closed or the
    process ends, and the next call goes on from there. Two calls do not build at once: the second
    waits. Raises `BadUsage` when the folder cannot be written.
    """
    folder = folder_of(root, recipe)
    members = tuple(dict.fromkeys((*DEFAULTS, name)))
    total = plan(recipe, members).total
    if not afresh and _whole(folder, recipe, name):  # writes nothing: it may be read-only by now
        yield Progress("ready", total, total)
        return
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _lock(folder) as taken:
            while not taken():
                yield Progress("waiting for another build of the demo", 0, total)
                time.sleep(_POLL)
            if afresh:
                _clear(folder)
            elif _repair(folder, recipe, name):
                _renew(folder, recipe)
                yield Progress("ready", total, total)
                return
            _require_room(folder)
            yield Progress("loading torch", 0, total)
            yield from _run(folder, recipe, members)
    except OSError as error:
        raise _unusable(folder, error) from error


def _require_room(folder: Path) -> None:
    """Raise OSError where a build that begins would find the disk full, minutes from now."""
    disk = shutil.disk_usage(folder)
    begun = any(folder.iterdir())
    if not begun and disk.total > 0 and disk.free < _ROOM:  # some file systems say 0 of everything
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _has(found: manifest.Manifest, name: str) -> bool:
    return all(found.holds(part) for part in (*manifest.PARTS, name))


def _whole(folder: Path, recipe: Recipe, name: str) -> bool:
    found = manifest.read(folder, recipe.digest())
    if found is None or found.prompts != prompts.FORM:
        return False
    return _has(found, name) and manifest.damaged(folder, found) == ()


def _clear(folder: Path) -> None:
    """Remove everything, what says that it is whole first."""
    manifest.remove(folder / manifest.NAME)
    for part in folder.iterdir():
        manifest.remove(part)


def _run(folder: Path, recipe: Recipe, members: tuple[str, ...]) -> Iterator[Progress]:
    from unpact_tui.demo._stages import Stages
    from unpact_tui.demo._train import surroundings

    with surroundings(recipe.threads):
        yield from Stages(folder, recipe, members).run()


def _repair(folder: Path, recipe: Recipe, name: str) -> bool:
    """Return whether all is well; if not, remove what is damaged so that it is built again."""
    found = manifest.read(folder, recipe.digest())
    damaged = () if found is None else manifest.damaged(folder, found)
    if found is not None and damaged == () and _has(found, name):
        return True
    (folder / manifest.NAME).unlink(missing_ok=True)
    for part in {name.partition("/")[0] for name in damaged}:
        manifest.remove(folder / part)
    return False


def _renew(folder: Path, recipe: Recipe) -> None:
    """Write the prompt files of a whole build anew where they are of an older form."""
    found = manifest.read(folder, recipe.digest())
    if found is None or found.prompts == prompts.FORM:
        return
    world = make_world(recipe.seed, recipe.people, recipe.forgotten)
    ids = [prompts.identity("forget", number) for number in range(len(world.forget))]
    first = ids.index(found.showcase) if found.showcase in ids else None
    parts = zip(
        (manifest.FORGET, manifest.RETAIN), prompts.files(recipe, world, first), strict=True
    )
    manifest.renew(folder, found, dict(parts), prompts.FORM)


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


def folder_of(root: Path | None = None, recipe: Recipe = DEFAULT) -> Path:
    """Return where the family is, or would be. Raises `BadUsage`."""
    if root is not None:
        return root / recipe.digest()
    try:
        return paths.cache() / "demo" / recipe.digest()
    except OSError as error:
        raise _unusable(Path(error.filename or "the cache folder"), error) from error


def _zoo(folder: Path, name: str) -> Zoo:
    return Zoo(
        base=folder / manifest.BASE,
        unlearned=folder / name,
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
