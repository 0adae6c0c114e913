"""Hostile settings: configuration files, variables of the environment, and matrices."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from fuzzing.attack import Format
from fuzzing.results import REFUSALS
from fuzzing.seeds import of_lines

from unpact_tui import config_listing
from unpact_tui.config import find, settled
from unpact_tui.findings.keeping import Folder, Plan
from unpact_tui.launch import looks
from unpact_tui.matrix import cells, reading
from unpact_tui.settings import Settings

OWN = """\
theme = "unpact-dark"
ascii = true
mouse = false
lane = true
keep = false
cache = true
cache_mib = 64
keymap = "plain"
[keys]
help = "?,f1"
quit = "q"
[settings]
alpha = 0.2
beta = 2
layers = "1-3"
strategies = ["bold", "quote"]
draws = 3
seed = 5
budget = 1.5
[templates]
mine = "Mind {keywords}: {prompt}"
"""
HERE = OWN.replace("cache_mib = 64\n", "")
"""The cache is for all folders."""
PROJECT = """\
[project]
name = "x"
[tool.unpact-tui]
theme = "unpact-light"
keymap = "vim"
[tool.unpact-tui.settings]
alpha = 0.3
[tool.unpact-tui.keys]
help = "f1"
"""
VARIABLES = """\
UNPACT_THEME = unpact-dark
UNPACT_ASCII = 1
UNPACT_MOUSE = no
UNPACT_CACHE_MIB = 12
UNPACT_KEYMAP = plain
UNPACT_SET = alpha=0.2 beta=3 layers=1-3
UNPACT_CACHE = on
UNPACT_LANE = true
"""
MATRIX = """\
title = "A"
about = "B"
seeds = [0, 1]
paths = { family = "models", other = "~/x" }
[[models]]
name = "tiny"
base = "{family}/target"
reference = "org/retrained"
benchmarks = ["facts"]
references = { facts = "org/other" }
dtype = "float32"
[[benchmarks]]
name = "facts"
spec = "tofu:forget01=sample"
retain = "retain.jsonl"
train_retain = "tofu:retain99=sample"
[[methods]]
name = "npo"
method = "NPO_GDR"
epochs = 2
lr = 1e-5
set = { beta = 0.5 }
lora = { rank = 4, targets = ["q_proj"] }
[[given]]
name = "old"
model = "tiny"
benchmark = "facts"
path = "../old"
seed = 3
[measure]
prompts = 5
items = 2
settings = { alpha = 0.2 }
"""


def _shown(environ: Mapping[str, str], folder: Path) -> object:
    """Read what is configured, print it, and have the looks made of it."""
    found = find(environ, folder)
    settled(found.config, ())
    looks(found)
    for show in (config_listing.shown_text, config_listing.shown_json, config_listing.paths_text):
        show(environ, folder).encode()
    return found


def own(path: Path) -> object:
    """Read a file that a person named."""
    return _shown({"UNPACT_CONFIG": str(path)}, path.parent / "elsewhere")


def of_project(path: Path) -> object:
    """Read a file of the folder that somebody works in."""
    return _shown({"UNPACT_CONFIG": os.devnull}, path.parent)


def variables(path: Path) -> object:
    """Take the lines of a file as the environment, where names and values have no NUL."""
    environ = {"UNPACT_CONFIG": os.devnull}
    for line in path.read_bytes().split(b"\n"):
        name, given, value = line.replace(b"\0", b"").partition(b" = ")
        if given:
            environ[os.fsdecode(name)] = os.fsdecode(value)
    return _shown(environ, path.parent / "elsewhere")


def matrix(path: Path) -> object:
    """Read a matrix as `bench` does before it looks at any model."""
    found = reading.read(path, {})
    cells.check(path, found)
    folder = Folder(path.parent / "out", Plan(Settings(), found.measure.prompts))
    return folder, tuple(cells.cells(found))


FORMATS = (
    Format("configuration", of_lines(OWN), own, "own.toml", REFUSALS),
    Format(
        ".unpact.toml",
        of_lines(OWN.replace("cache_mib = 64\n", "")),
        of_project,
        ".unpact.toml",
        REFUSALS,
    ),
    Format("pyproject.toml", of_lines(PROJECT), of_project, "pyproject.toml", REFUSALS),
    Format("environment", of_lines(VARIABLES), variables, "environment", REFUSALS),
    Format("matrix", of_lines(MATRIX), matrix, "matrix.toml", REFUSALS),
)
