"""What a person waits for: first paint, checkpoints, analysis, verdict, and each key after that.

The inspector itself on a real pair, in a real pseudo-terminal of 160x50 with 256 colours.

    python benchmarks/start.py BASE UNLEARNED PROMPTS [RUNS]
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from time import perf_counter

# Before the folder of this file, in which `attribution` would be a benchmark and not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from end_to_end.terminal import Terminal

COMMAND = Path(sys.executable).with_name("unpact-tui")
MILESTONES = (
    ("first paint", "unlearned"),
    ("first tokens", "UNLEARNED"),
    ("both attributions", "focus "),
    ("verdict", "Recovery · "),
)
"""What is waited for, and a text that is on the screen from then on."""


def once(words: list[str]) -> dict[str, float]:
    """Return seconds and bytes of one run."""
    found: dict[str, float] = {}
    with Terminal([str(COMMAND), "compare", *words], columns=160, rows=50) as terminal:
        for name, text in MILESTONES:
            terminal.wait_for(text, timeout=300)
            found[f"{name}, s"] = perf_counter() - terminal.started
        terminal.settle()
        keys: list[tuple[int, float]] = []
        for _ in range(20):
            with terminal.count_bytes() as traffic:
                terminal.press("right")
            keys.append((traffic.bytes, 1e3 * (traffic.first or 0.0)))
        found["cursor key, bytes"] = median(key[0] for key in keys)
        found["cursor key to first byte, ms"] = median(key[1] for key in keys)
        left = perf_counter()
        terminal.press("q")
        terminal.exit_code()
        found["q to process gone, s"] = perf_counter() - left
    return found


def main() -> None:
    """Print the median and the range of each figure."""
    *words, last = sys.argv[1:]
    runs = int(last) if last.isdigit() else 5
    words = words if last.isdigit() else [*words, last]
    results = [once(words) for _ in range(runs)]
    print(f"{runs} runs: median (least to most)")
    for name in results[0]:
        values = sorted(result[name] for result in results)
        print(f"{name:30} {median(values):9.3g} ({values[0]:.3g} to {values[-1]:.3g})")


if __name__ == "__main__":
    main()
