"""What exact contributions cost, beside other ways to the same numbers and beside the least work.

    python benchmarks/attribution.py [--layers 8 --width 512 --prompt 128 --answer 16 --vocab 8000]
        [--device cpu] [--dtype float32] [--runs 3] [--schemes NAME ...|all] [--whole] [--json]
    python benchmarks/attribution.py --checkpoint DIR --text FILE   # of a real model
    python benchmarks/attribution.py --matrix | --both | --profile | --long [--budget SECONDS]
    python benchmarks/attribution.py --gpu [1b] [8b]   # bfloat16 on CUDA

A Llama of random weights and random ids unless there is a checkpoint: what is timed does not depend
on their values. What estimates are worth does, so that is read from a checkpoint. All schemes run
in one process, in turns, and are compared with ours turn by turn. The slowest evaluate only some of
the removed tokens, each of which costs the same, and are scaled up; --whole lets them finish.
docs/performance.md says what every column means.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, is_dataclass, replace
from pathlib import Path

import torch
import transformers

# Before the folder of this file, in which `attribution` would be this file and not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from attribution.effort import Effort
from benchmarks import _printed, _sweeps
from benchmarks._bench import (
    EIGHT_BILLION,
    LONG,
    ONE_BILLION,
    Bench,
    Shape,
    random_bench,
    real_bench,
)
from benchmarks._clock import machine
from benchmarks._goals import goals
from benchmarks._interleaved import interleaved
from benchmarks._peers import peers
from benchmarks._schemes import Scheme, batched, estimators, loop_all, loop_answer, ours_plain

ROOT = Path(__file__).resolve().parents[1]
GPU = {"1b": ONE_BILLION, "8b": EIGHT_BILLION}
SAMPLED = 2
"""Removed tokens on which the slow schemes are timed."""
PRECISIONS = "float32", "bfloat16", "float16"


def main() -> None:
    """Do what was asked."""
    asked = arguments()
    facts = machine(asked.device)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    if not asked.json:
        print(", ".join(f"{name} {fact}" for name, fact in facts.items()))
    found: dict[str, list[object]] = {}
    for name, value, lines in chosen(asked):
        found.setdefault(name, []).append(value)
        if not asked.json:
            print("\n".join(lines), flush=True)
    if asked.json:
        everything = {"machine": facts, "asked": vars(asked), **found}
        print(json.dumps(everything, default=_plain, indent=1))


Part = tuple[str, object, list[str]]
"""A name, a value for JSON and lines for people."""


def chosen(asked: argparse.Namespace) -> Iterator[Part]:
    """Yield what was asked for, one result after the other."""
    dtype = getattr(torch, asked.dtype)
    if asked.matrix:
        yield from matrix(asked, dtype)
    elif asked.gpu:
        yield from gpu(asked, dtype)
    elif asked.long:
        yield from long(asked, dtype)
    else:
        yield from at_one_shape(asked, dtype)


def at_one_shape(asked: argparse.Namespace, dtype: torch.dtype) -> Iterator[Part]:
    """Yield the table, or both sides of a pair, or where time goes."""
    bench = made(asked, dtype)
    what = f"{asked.checkpoint.name}, {bench.lengths}" if asked.checkpoint else shape_of(asked)
    lines = [f"{what}, {asked.dtype}, {asked.device}, {asked.runs} turns"]
    if asked.both:
        sides = _sweeps.pair(bench, asked.runs)
        yield "both", sides, [*lines, *_printed.sides(sides)]
    elif asked.profile:
        parts = _sweeps.profile(bench)
        rows = (
            f"{p['operation'][:44]:46}{p['calls']:>7}{p['seconds']:>9.3f} s{p['share']:>7.1%}"
            for p in parts
        )
        yield "profile", parts, [*lines, *rows]
    else:
        schemes = picked(asked)
        result = interleaved(bench, schemes, asked.runs, asked.rate_rows)
        wanted = list(goals(result, len(bench.prompt.tokens)))
        printed = [*lines, *_printed.table(result), "", *map(_printed.goal, wanted)]
        yield "table", {"result": result, "goals": wanted}, printed


def matrix(asked: argparse.Namespace, dtype: torch.dtype) -> Iterator[Part]:
    """Yield a row for each shape near the one asked for."""
    head = [_printed.SWEEP_HEAD]
    shapes = _sweeps.neighbours(shape_of(asked), longer=asked.device.startswith("cuda"))
    for shape, found in _sweeps.sweep(shapes, asked.device, dtype, asked.runs, asked.rate_rows):
        value = {"shape": shape, "result": found}
        yield "matrix", value, [*head, _printed.swept(shape, found)]
        head = []


def long(asked: argparse.Namespace, dtype: torch.dtype) -> Iterator[Part]:
    """Yield what estimators make of a long prompt."""
    shape = replace(LONG, prompt=asked.prompt) if asked.prompt > LONG.prompt else LONG
    bench = random_bench(shape, asked.device, dtype)
    head = [f"{shape}, {asked.dtype}, {asked.device}"]
    names = asked.schemes or ["screened", "hierarchical"]
    for done in _sweeps.long(bench, names, effort_of(asked), asked.budget):
        yield "long", done, [*head, *_printed.lengthy(done)]
        head = []


def gpu(asked: argparse.Namespace, dtype: torch.dtype) -> Iterator[Part]:
    """Yield a table and both sides of a pair for each large model and length."""
    for name in asked.gpu:
        for done in _sweeps.large(GPU[name], asked.device, dtype, asked.runs, asked.rate_rows):
            lines = [f"{name}: {done.shape}", *_printed.table(done.result)]
            yield "gpu", {"model": name, "found": done}, [*lines, *_printed.sides(done.pair), ""]


def made(asked: argparse.Namespace, dtype: torch.dtype) -> Bench:
    """Return the model, the prompt and the answer."""
    shape, sampled = shape_of(asked), None if asked.whole else SAMPLED
    if asked.checkpoint:
        text = asked.text.read_text(encoding="utf-8")
        return real_bench(asked.checkpoint, text, shape, asked.device, dtype, sampled)
    return random_bench(shape, asked.device, dtype, sampled=sampled)


def shape_of(asked: argparse.Namespace) -> Shape:
    """Return the shape asked for."""
    return Shape(asked.layers, asked.width, asked.prompt, asked.answer, asked.vocab)


def effort_of(asked: argparse.Namespace) -> Effort:
    """Return how far estimators go."""
    return Effort(top_k=asked.top_k, samples=asked.samples)


def known(asked: argparse.Namespace) -> dict[str, Scheme]:
    """Return every scheme but ours, cheap ones of the same question first."""
    by_hand = {
        "ours plain": ours_plain,
        "plain batching": batched,
        "loop": loop_all,
        "loop at answer": loop_answer,
    }
    return by_hand | peers() | estimators(effort_of(asked))


def picked(asked: argparse.Namespace) -> dict[str, Scheme]:
    """Return the schemes asked for; all exact ones and the screened without a word."""
    found = known(asked)
    if asked.schemes == ["all"]:
        return found
    slow = estimators(Effort()).keys() - {"screened"}
    names = asked.schemes or [name for name in found if name not in slow]
    unknown = [name for name in names if name not in found]
    if unknown:
        raise SystemExit(f"There is no scheme {unknown[0]!r}; there are: {'; '.join(found)}.")
    return {name: found[name] for name in names}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shape = Shape()
    numbers = {
        "layers": shape.layers,
        "width": shape.width,
        "prompt": shape.prompt,
        "answer": shape.answer,
        "vocab": shape.vocabulary,
        "runs": 3,
        "top-k": Effort().top_k,
        "samples": Effort().samples,
    }
    for name, value in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--rate-rows", type=int, help="rows of tokens of the matrices' rate")
    parser.add_argument("--device", help="cpu, or cuda with --gpu")
    parser.add_argument("--dtype", choices=PRECISIONS, help="float32; with --gpu bfloat16")
    parser.add_argument("--schemes", nargs="+", default=[])
    parser.add_argument("--budget", type=float, help="seconds, with --long: choose what fits")
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--text", type=Path, default=ROOT / "README.md")
    parser.add_argument("--gpu", nargs="*", choices=GPU)
    for name in ("whole", "matrix", "both", "long", "profile", "json"):
        parser.add_argument(f"--{name}", action="store_true")
    asked = parser.parse_args()
    large = asked.gpu is not None
    asked.gpu = (asked.gpu or list(GPU)) if large else []
    asked.device = asked.device or ("cuda" if large else "cpu")
    asked.dtype = asked.dtype or ("bfloat16" if large else "float32")
    # As many as go through the model at a time.
    asked.rate_rows = asked.rate_rows or (4096 if asked.device.startswith("cuda") else 512)
    return asked


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)


if __name__ == "__main__":
    main()
