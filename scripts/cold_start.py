"""Say what each import costs: best of several fresh interpreters, in milliseconds and modules.

Informational. What must stay light is guarded by tests/contracts/test_import_hygiene.py, which
looks at modules: a clock on a shared machine only makes a test that fails now and then.
"""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter

ROUNDS = 5

STEPS = {
    "python": "",
    "typer": "import typer",
    "the command line": "import unpact_tui.cli",
    "the protocol": "import unpact_tui.worker.protocol",
    "Textual": "import textual.app",
    "the screen": "import unpact_tui.app.workbench",
    "the engine": "import unpact_tui.engine",
    "numpy": "import numpy",
    "torch": "import torch",
    "the model seam": "import attribution.hf",
}


def cost(code: str) -> tuple[float, int] | None:
    """Return milliseconds (best of the rounds) and modules; None when it cannot be imported."""
    counted = f"{code}\nimport sys; print(len(sys.modules))"
    best = float("inf")
    modules = 0
    for _ in range(ROUNDS):
        start = perf_counter()
        done = subprocess.run([sys.executable, "-c", counted], capture_output=True, check=False)
        best = min(best, perf_counter() - start)
        if done.returncode:
            return None
        modules = int(done.stdout)
    return best * 1000, modules


def main() -> None:
    """Print one line per step."""
    print(f"{'import':<20}{'ms':>8}{'modules':>9}")
    for name, code in STEPS.items():
        found = cost(code)
        figures = f"{found[0]:>8.0f}{found[1]:>9}" if found else f"{'-':>8}{'-':>9}"
        print(f"{name:<20}{figures}", flush=True)


if __name__ == "__main__":
    main()
