"""What is light stays light: proved by importing it in a fresh interpreter.

A clock on a shared machine only makes flaky tests; `sys.modules` does not lie. The static contracts
in pyproject.toml see neither deferred imports that fire nor what a library drags in.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

NUMERICS = {
    "torch",
    "transformers",
    "numpy",
    "peft",
    "accelerate",
    "safetensors",
    "scipy",
    "pandas",
    "pyarrow",
    "datasets",
    "ray",
    "rouge_score",
    "matplotlib",
}
SCREEN = {"textual"}

SEAMS = {
    "attribution.attention",
    "attribution.hf",
    "attribution.network",
    "attribution.odds",
    "attribution.prefix",
    "attribution.reader",
    "attribution.steer",
    "attribution.trunk",
    "attribution.whp",
    "methods._batch",
    "methods._bench",
    "methods._losses",
    "methods._state",
    "methods._train",
    "unpact_tui.demo._train",
    "unpact_tui.demo._stages",
    "unpact_tui.demo._unlearn",
}
"""The modules that may bring in torch when they are imported; the rest import them when called."""

SERVER = "attribution.endpoint"
"""Reads what strangers send, by httpx and msgspec; httpx has a command line, which brings rich."""

PROBE = """
import importlib, json, sys
found = {}
loaded = set()
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
    heavy = set(json.loads(sys.argv[2])) & set(sys.modules) - loaded
    if heavy:
        found[name] = sorted(heavy)
    loaded |= heavy
print(json.dumps(found))
"""

COMMAND = """
import json, sys
from unpact_tui.__main__ import main
heavy = json.loads(sys.argv.pop(1))
sys.argv[0] = "unpact-tui"
try:
    main()
except SystemExit as end:
    code = end.code
print(json.dumps([code, sorted(set(heavy) & set(sys.modules))]), file=sys.stderr)
"""


def _run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done


def drags_in(modules: Sequence[str], heavy: set[str]) -> dict[str, list[str]]:
    """Import `modules` one after the other; return which was the first to load what is heavy."""
    return json.loads(_run(PROBE, json.dumps(modules), json.dumps(sorted(heavy))).stdout)


def _modules(package: str) -> list[str]:
    """Return the names of all modules under a folder that are meant to be light."""
    names = {
        path.relative_to(ROOT)
        .with_suffix("")
        .as_posix()
        .replace("/", ".")
        .removesuffix(".__init__")
        for path in (ROOT / package).rglob("*.py")
    }
    return sorted(names - SEAMS)


def _outside_the_screen() -> list[str]:
    return [name for name in _modules("unpact_tui") if not name.startswith("unpact_tui.app")]


@pytest.mark.parametrize("package", ["attribution", "methods"])
def test_measuring_and_methods_are_plain_python(package: str) -> None:
    names = [name for name in _modules(package) if not name.startswith(SERVER)]
    assert drags_in(names, NUMERICS | SCREEN | {"httpx", "msgspec", "rich", "typer"}) == {}


def test_the_door_to_a_server_brings_no_numerics() -> None:
    names = [name for name in _modules("attribution") if name.startswith(SERVER)]
    assert drags_in(names, NUMERICS | SCREEN | {"typer"}) == {}


def test_the_application_is_light_and_textual_stays_on_the_screen() -> None:
    assert drags_in(_outside_the_screen(), NUMERICS | SCREEN) == {}


def test_the_screen_knows_no_model() -> None:
    assert drags_in(_modules("unpact_tui/app"), NUMERICS | {"attribution.hf"}) == {}


def test_the_protocol_needs_only_msgspec() -> None:
    heavy = NUMERICS | SCREEN | {"typer", "rich", "asyncio", "unpact_tui.engine"}
    assert drags_in(["unpact_tui.worker.protocol"], heavy) == {}


def test_the_root_imports_nothing_of_ours() -> None:
    assert drags_in(["unpact_tui"], {"attribution", "methods", "typer", "importlib.metadata"}) == {}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["compare", "--help"],
        ["unlearn", "--help"],
        ["strategies"],
        ["estimators"],
        ["methods"],
        ["methods", "NPO_KLR"],
        ["methods", "rmu", "--json"],
        ["demo", "--list"],
        ["attribute", "--help"],
        ["cache", "info"],
    ],
)
def test_asking_is_cheap(arguments: list[str]) -> None:
    done = _run(COMMAND, json.dumps(sorted(NUMERICS | SCREEN)), *arguments)
    assert json.loads(done.stderr.splitlines()[-1]) == [0, []]
    assert done.stdout


def test_the_probe_bites() -> None:
    found = drags_in(["attribution.types", "numpy", "unpact_tui.errors"], NUMERICS)
    assert found == {"numpy": ["numpy"]}
