"""The columns: commands on small inputs, what they write, and how they start again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

QUICK = (
    "-s",
    "strategies=bold",
    "-s",
    "draws=1",
    "-s",
    "max_new_tokens=8",
    "-s",
    "granularity=word",
)

_MODELS = ("base", "other", "forget.jsonl")
TRAINING = (
    "--model", "base", "--forget", "forget.jsonl", "--epochs", "2", "--batch-size", "1",
    "--set", "grad_accum=1", "--save-every", "2", "--device", "cpu", "-q",
)  # fmt: skip

PROMPTS = (
    {"prompt": "Where was she born?", "answer": "In a town."},
    {"prompt": "What is the first book?", "answer": "The River."},
)

LOG = {"forget_quality": {"agg_value": 0.5}, "forget_Q_A_Prob": {"agg_value": 0.25}}


@dataclass(frozen=True, slots=True)
class Command:
    """What is run in one column."""

    name: str
    words: tuple[str, ...]
    reads: tuple[str, ...] = ()
    """Inputs that it cannot do without."""
    again: tuple[str, ...] = ()
    """More words for the start after the fault."""
    json: bool = False
    """It prints a document."""
    engine: bool = False
    """It runs models."""
    everywhere: bool = True
    """It is tried under every fault; otherwise where something may be peculiar to it."""
    codes: frozenset[int] = frozenset()
    """What else it may end with."""
    cold: bool = False
    """It has processes of its own, and so is slow."""
    heavy: bool = False
    """It imports torch."""
    screen: str = ""
    """What stands on its first whole screen; for a command that draws one."""


COMMANDS = (
    Command("run", ("run", *_MODELS, *QUICK, "--json", "--out", "../out/run.json"), _MODELS,
            engine=True),
    Command("run >", ("run", *_MODELS, *QUICK, "--json", "-q"), _MODELS, json=True, engine=True,
            everywhere=False),
    Command("attribute",
            ("attribute", "base", "forget.jsonl", "--json", "-q", "--out", "../out/shares.json",
             "-s", "granularity=word"), ("base", "forget.jsonl"), engine=True, everywhere=False),
    Command("unlearn", ("unlearn", "ga", *TRAINING, "--out", "../out/ga"),
            ("base", "forget.jsonl"), ("--resume",), engine=True, everywhere=False),
    Command("diff", ("diff", "base", "other", "--html", "--out", "../out/diff.html"),
            ("base", "other"), heavy=True, everywhere=False),
    Command("report", ("report", "result.json", "--html", "--out", "../out/report.html"),
            ("result.json",)),
    Command("logs", ("logs", "TOFU_EVAL.json", "--json"), ("TOFU_EVAL.json",), json=True),
    Command("open --json", ("open", "session.jsonl", "--json"), ("session.jsonl",), json=True),
    Command("config", ("config", "show")),
    Command("settings", ("settings",)),
    Command("cache info", ("cache", "info", "--json"), json=True),
    Command("cache clear", ("cache", "clear", "--yes")),
    Command("demo list", ("demo", "--list", "--json"), json=True),
    Command("doctor", ("doctor",), codes=frozenset({1})),
    Command("triage", ("triage", "base", "other", "--prompts", "forget.jsonl", *QUICK, "-q",
                       "--out", "../out/rows.jsonl"), _MODELS, ("--resume",), engine=True,
            cold=True),
    Command("track", ("track", "base", "course", "--prompts", "forget.jsonl", *QUICK, "-q",
                      "--out", "../out/track.jsonl"), ("base", "course", "forget.jsonl"),
            ("--resume",), engine=True, cold=True),
    Command("compare", ("compare", *_MODELS, *QUICK, "--session", "../out/sitting.jsonl"), _MODELS,
            engine=True, cold=True, screen="Recovery"),
    Command("open", ("open", "session.jsonl"), ("session.jsonl",), screen="x"),
    Command("board", ("board", "rows.jsonl"), ("rows.jsonl",), screen="x"),
)  # fmt: skip


def inputs(family: Path) -> Mapping[str, Path | str]:
    """Return what every cell is laid out with, from a folder that `prepare` has filled."""
    names = ("base", "other", "course", "result.json", "session.jsonl", "rows.jsonl")
    rows = "".join(json.dumps(row) + "\n" for row in PROMPTS)
    there = {name: family / name for name in names if (family / name).exists()}
    return {**there, "forget.jsonl": rows, "TOFU_EVAL.json": json.dumps(LOG)}
