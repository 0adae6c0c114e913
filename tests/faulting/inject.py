"""What goes wrong inside a process: passes of a model, files that go, clocks, memory."""

from __future__ import annotations

import os
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any


def install(what: str) -> None:
    """Arrange for one fault, named by a word and what it is about."""
    word, _, rest = what.partition(" ")
    match word:
        case "oom" | "ooms" | "nan" | "nans" | "inf" | "nan7":
            _passes(word, int(rest))
        case "cut" | "remove":
            _files(word, Path(rest))
        case "clock":
            _clock(rest)
        case "memory":
            _memory(int(rest))
        case _:
            raise ValueError(what)


def _hit(word: str, number: int, at: int) -> bool:
    if word.endswith("7"):
        return number % 7 == 0
    return number >= at if word.endswith("s") else number == at


def _passes(word: str, at: int) -> None:
    import torch
    from transformers.models.llama.modeling_llama import LlamaForCausalLM

    plain: Callable[..., Any] = LlamaForCausalLM.forward
    count = 0

    def forward(self: Any, *rest: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        if not _hit(word, count, at):
            return plain(self, *rest, **named)
        if word.startswith("oom"):
            raise torch.OutOfMemoryError("out of memory, as it is tried out here")
        found = plain(self, *rest, **named)
        wrong = float("inf") if word == "inf" else float("nan")
        found.logits = found.logits + wrong
        if found.loss is not None:
            found.loss = found.loss + wrong
        return found

    forward.__signature__ = __import__("inspect").signature(plain)  # type: ignore[attr-defined]
    LlamaForCausalLM.forward = forward  # type: ignore[method-assign]


def _files(word: str, path: Path) -> None:
    """At the first pass of a model, or, where there is none, at once after the start."""
    target = path.resolve()

    def happen() -> None:
        if word == "cut":
            os.truncate(target, 100)
        elif target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)

    from unpact_tui import headless, loading

    for module, name in ((loading, "_event"), (headless, "_formed")):
        _before(module, name, happen)


def _before(module: Any, name: str, happen: Callable[[], None]) -> None:
    plain = getattr(module, name)
    done = False

    def changed(*rest: Any, **named: Any) -> Any:
        nonlocal done
        if not done:
            done = True
            happen()
        return plain(*rest, **named)

    setattr(module, name, changed)


def _clock(how: str) -> None:
    plain, chance = time.time, Random(5)

    def jumping() -> float:
        return plain() + chance.uniform(-20, 20) * 365 * 86400

    def early() -> float:
        return -5e9

    time.time = jumping if how == "jumps" else early
    time.time_ns = lambda: int(time.time() * 1e9)


def _memory(megabytes: int) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
