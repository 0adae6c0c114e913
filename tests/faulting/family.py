"""The small models and results that every cell begins with, made once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from faulting.commands import LOG, PROMPTS, QUICK


def made(folder: Path, kept: Path | None = None) -> Path:
    """Make everything, unless it is kept from before; return the folder."""
    if kept is not None and (kept / "session.jsonl").exists():
        return kept
    target = kept or folder
    target.mkdir(parents=True, exist_ok=True)
    from checkpoints_fixture import make_checkpoint

    make_checkpoint(target / "base")
    make_checkpoint(target / "other", seed=1)
    (target / "forget.jsonl").write_text("".join(json.dumps(row) + "\n" for row in PROMPTS))
    (target / "TOFU_EVAL.json").write_text(json.dumps(LOG))
    shutil.copytree(target / "other", target / "course" / "checkpoint-2")
    shutil.copytree(target / "base", target / "course" / "checkpoint-1")
    models = ("base", "other")
    _run(target, "run", *models, "forget.jsonl", *QUICK, "--json", "--out", "result.json")
    _run(target, "triage", *models, "--prompts", "forget.jsonl", *QUICK, "--out", "rows.jsonl")
    _session(target)
    return target


def _run(folder: Path, *words: str) -> None:
    argv = [sys.executable, "-m", "unpact_tui", *words, "-q"]
    env = os.environ | {"UNPACT_CACHE": "0", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    subprocess.run(argv, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)


def _session(folder: Path) -> None:
    from end_to_end.terminal import Terminal

    argv = [sys.executable, "-m", "unpact_tui", "compare", "base", "other", "forget.jsonl"]
    env = {name: str(folder / "home") for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME")}
    env["OMP_NUM_THREADS"] = "1"
    with Terminal([*argv, *QUICK, "--session", "session.jsonl"], 130, 40, env, cwd=folder) as seen:
        seen.wait_until(lambda: _judged(folder / "session.jsonl"), "an answer", 120)
        seen.settle()
        seen.press("q")
        assert seen.exit_code() == 0


def _judged(file: Path) -> bool:
    return file.exists() and b'"type":"Judged"' in file.read_bytes()


def rehearsal(folder: Path, *, heavy: bool) -> list[list[str]]:
    """Return commands that have a process import all that it will need."""
    models = [str(folder / name) for name in ("base", "other", "forget.jsonl")]
    if heavy:
        return [
            ["run", *models, *QUICK, "--json", "-q", "--no-cache"],
            ["attribute", models[0], models[2], "--json", "-q", "--no-cache"],
            ["diff", models[0], models[1], "--json", "-q"],
        ]
    return [
        ["report", str(folder / "result.json"), "--md"],
        ["open", str(folder / "session.jsonl"), "--json"],
        ["config", "show"],
        ["settings"],
        ["logs", str(folder / "TOFU_EVAL.json"), "--json"],
        ["cache", "info", "--json"],
        ["demo", "--list", "--json"],
        ["doctor"],
    ]
