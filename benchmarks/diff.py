"""What comparing weights costs beside reading the same files by `cat`: time, ratio and memory.

Made-up pairs of checkpoints, in float32 and in bfloat16, warm in the system's memory and, where it
lets go of files when asked, cold from the disk.

    python benchmarks/diff.py [GIGABYTES] [RUNS]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

# Before the folder of this file, in which `attribution` would be a benchmark and not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from unpact_tui.weights.streaming import LEADING, changes

BYTES = {"F32": 4, "BF16": 2}
COLUMNS, TENSORS = 2048, 16


def make(folder: Path, dtype: str, size: int, *, moved: bool) -> Path:
    """Write a checkpoint of about `size` bytes; a `moved` one is near the other."""
    folder.mkdir()
    rows = size // TENSORS // COLUMNS // BYTES[dtype]
    each = rows * COLUMNS * BYTES[dtype]
    names = [f"model.layers.{layer}.mlp.down_proj.weight" for layer in range(TENSORS)]
    header = {
        name: {
            "dtype": dtype,
            "shape": [rows, COLUMNS],
            "data_offsets": [place * each, (place + 1) * each],
        }
        for place, name in enumerate(names)
    }
    raw = json.dumps(header).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(raw).to_bytes(8, "little") + raw)
        for place in range(TENSORS):
            draw = np.random.default_rng(place)
            weights = 0.02 * draw.standard_normal((rows, COLUMNS), np.float32)
            if moved:
                weights += 1e-3 * draw.standard_normal((rows, COLUMNS), np.float32)
            halves = (weights.view(np.uint32) >> 16).astype("<u2")
            file.write((weights if dtype == "F32" else halves).tobytes())
    return folder


def cat(*sides: Path) -> None:
    """Read both by the system's own means."""
    files = [str(side / "model.safetensors") for side in sides]
    subprocess.run(["cat", *files], stdout=subprocess.DEVNULL, check=True)


def forget(*sides: Path) -> bool:
    """Ask the system to let go of the files; tell whether it can be asked."""
    if not hasattr(os, "posix_fadvise"):
        return False
    for side in sides:
        with (side / "model.safetensors").open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return True


def seconds(call: Callable[[], object], before: Callable[[], object], runs: int) -> float:
    """Return the median."""
    found: list[float] = []
    for _ in range(runs):
        before()
        start = perf_counter()
        call()
        found.append(perf_counter() - start)
    return median(found)


def compare(a: Path, b: Path, ranks: int) -> Callable[[], None]:
    """Return a call that reads both to the end."""

    def read() -> None:
        for _ in changes(a, b, ranks):
            pass

    return read


def main() -> None:
    """Print a line for every format, way of reading, and number of ranks."""
    size = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    print(f"{os.cpu_count()} cores, both sides {size:g} GB together, median of {runs}")
    with TemporaryDirectory() as folder:
        for dtype in BYTES:
            bytes_each = int(size * 5e8)
            a = make(Path(folder, f"{dtype}-a"), dtype, bytes_each, moved=False)
            b = make(Path(folder, f"{dtype}-b"), dtype, bytes_each, moved=True)
            for state in ("warm", "cold"):
                cold = state == "cold"
                if cold and not forget(a, b):
                    continue
                before = partial(forget, a, b) if cold else (lambda: None)
                cat(a, b)
                alone = seconds(partial(cat, a, b), before, runs)
                for ranks in (0, LEADING):
                    took = seconds(compare(a, b, ranks), before, runs)
                    print(
                        f"{dtype:5} {state}  ranks {ranks}  cat {alone:6.2f} s  diff {took:6.2f} s"
                        f"  {size / took:5.2f} GB/s  ratio {took / alone:5.2f}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
