"""Benchmarks of unlearning, one file each: their rows become cases and items.

A file has one verb, `items(place)`, and says about itself:

    SOURCE    where it is published
    LICENCE   under what terms; no text of it comes with this package
    LAYOUT    its parts, and the files that they are in
    METRICS   the names of the metrics that it is read for
    HUB       its names on the Hugging Face hub; none without
    FORMS     how its questions can be put; plainly without

and has a few rows of our own in `samples/<name>`, in its layout. The listing of this folder is the
catalogue; what begins with an underscore is machinery.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from attribution.errors import UnknownName
from attribution.types import Case
from unpact_tui.benchmarks import _hub
from unpact_tui.benchmarks._benchmark import Benchmark
from unpact_tui.benchmarks._item import Item
from unpact_tui.benchmarks._place import SAMPLE, Asked, Place, asked
from unpact_tui.errors import BadBenchmark, BadUsage

_SAMPLES = Path(__file__).parent / "samples"


def names() -> tuple[str, ...]:
    """Return the names of the benchmarks, without importing one."""
    found = (module.name for module in iter_modules(__path__) if not module.ispkg)
    return tuple(name for name in found if not name.startswith("_"))


def load(name: str) -> Benchmark:
    """Import one benchmark. Raises `UnknownName`."""
    if name not in names():
        raise UnknownName("benchmark", name, names())
    file = import_module(f"{__name__}.{name}")
    return Benchmark(
        name,
        file.items,
        file.LAYOUT,
        file.SOURCE,
        file.LICENCE,
        file.METRICS,
        hub=getattr(file, "HUB", ()),
        forms=getattr(file, "FORMS", ("plain",)),
    )


def read(spec: str) -> tuple[Item, ...]:
    """Return what a person asks for as `NAME=PLACE` or `NAME:PART+PART=PLACE`, each id once.

    Raises `BadBenchmark`, `BadUsage`, `MissingExtra`, `Offline`, `UnknownName`.
    """
    wanted = asked(spec)
    benchmark = load(wanted.name)
    if wanted.form not in benchmark.forms:
        raise BadUsage(
            f"{wanted.name} has no form {wanted.form!r}.", f"Write {wanted.name}=PLACE without it."
        )
    found = tuple(benchmark.items(_place(wanted, benchmark)))
    if not found:
        raise BadBenchmark(wanted.where, None, "nothing of what is asked for is there")
    return found


def cases(spec: str) -> Iterator[Case]:
    """Yield the cases of `read`. Raises what it raises."""
    yield from (item.case for item in read(spec))


def _place(wanted: Asked, benchmark: Benchmark) -> Place:
    """Find the files: a sample, a path, or else what a name on the hub stands for."""
    if wanted.where == SAMPLE:
        root = _sample(wanted.name)
        return Place(wanted.name, root, wanted.parts, wanted.form, sample=True)
    try:
        root = Path(wanted.where).expanduser()
        known = root.exists() or root.is_symlink() or root.parent.is_dir()
    except (OSError, ValueError, RuntimeError) as error:
        # A name that no file can have, or an unknown user after ~.
        raise BadBenchmark(wanted.where, None, "there is no such file or folder") from error
    if not known and _hub.is_name(wanted.where):
        root = _hub.fetched(wanted.where, benchmark.layout)
    return Place(wanted.name, root, wanted.parts, wanted.form)


def _sample(name: str) -> Path:
    """Return the file or the folder of what we wrote."""
    folder = _SAMPLES / name
    files = tuple(folder.iterdir())
    return files[0] if len(files) == 1 else folder
