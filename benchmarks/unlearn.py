"""What a step of unlearning costs: time, memory, use of the device; on a model of random weights.

    python benchmarks/unlearn.py [--shape tiny|1b|8b] [--methods ga npo_klr rmu] [--lora]
        [--precision bfloat16] [--steps 5] [--batch 4] [--length 256] [--device auto]

Each method runs in a process of its own, so that one's memory is not another's. The first step is
left out: it allocates and compiles. Prints one line of a table per method.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

# Before the folder of this file, in which `attribution` would be a benchmark and not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

SHAPES: dict[str, dict[str, int]] = {
    "tiny": {
        "hidden_size": 64,
        "intermediate_size": 172,
        "num_hidden_layers": 8,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 512,
    },
    "1b": {  # Llama 3.2 1B
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128256,
    },
    "8b": {  # Llama 3.1 8B
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128256,
    },
}


def examples(count: int, length: int, vocabulary: int, seed: int) -> tuple[Any, ...]:
    """Rows of random ids, a third of each to be learned."""
    from methods._method import Example

    draw = random.Random(seed)
    rows = [[draw.randrange(vocabulary) for _ in range(length)] for _ in range(count)]
    cut = length * 2 // 3
    return tuple(Example(tuple(row[:cut]), tuple(row[cut:])) for row in rows)


def build(shape: str, precision: str, device: str) -> Any:
    """A Llama of that shape, on the device, in the precision that its weights are held in."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(**SHAPES[shape], tie_word_embeddings=shape != "8b")
    held = torch.bfloat16 if precision == "bfloat16" else torch.float32
    torch.manual_seed(0)
    with torch.device(device):
        torch.set_default_dtype(held)
        try:
            return LlamaForCausalLM(config)
        finally:
            torch.set_default_dtype(torch.float32)


def measure(asked: argparse.Namespace, method: str) -> dict[str, object]:
    """Run some steps of one method here."""
    import torch

    from methods._bench import Bench
    from methods._method import Lora, Setting
    from unpact_tui.devices import choose_device
    from unpact_tui.unlearning.asked import choose

    device = choose_device(asked.device)
    portion = asked.batch * (asked.steps + 1)
    training: dict[str, object] = {
        "batch_size": asked.batch,
        "grad_accum": 1,
        "epochs": 1.0,
        "precision": asked.precision,
    }
    chosen = choose(method, (), training, Lora() if asked.lora else None)
    model = build(asked.shape, asked.precision, str(device))
    bench = Bench(model, chosen.training, device=device.type)
    vocabulary = SHAPES[asked.shape]["vocab_size"]
    setting: Setting[Any] = Setting(
        bench,
        examples(portion, asked.length, vocabulary, 0),
        examples(portion, asked.length, vocabulary, 1),
        chosen.options,
        chosen.training,
    )
    times, used = [], []
    before = time.perf_counter()
    for _step in chosen.method.unlearn(
        setting
    ):  # each step ends in reading its loss: no work is left
        now = time.perf_counter()
        times.append(now - before)
        if device.type == "cuda":
            used.append(torch.cuda.utilization())
        before = time.perf_counter()
    rows = asked.batch * (2 if chosen.needs.retain else 1)
    seconds = statistics.median(times[1:])
    return {
        "method": method,
        "trained": sum(p.numel() for p in bench.trained().values()),
        "seconds": seconds,
        "least": min(times[1:]),
        "most": max(times[1:]),
        "tokens": rows * asked.length / seconds,
        "memory": torch.cuda.max_memory_allocated() if device.type == "cuda" else _resident(),
        "used": statistics.fmean(used[1:]) if used else None,
    }


def _resident() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> int:
    """Measure each method in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shape", choices=SHAPES, default="tiny")
    parser.add_argument("--methods", nargs="+", default=["ga", "npo_klr", "rmu"])
    parser.add_argument("--precision", default="bfloat16")
    parser.add_argument("--lora", action="store_true")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        print(json.dumps(measure(asked, asked.methods[0])))
        return 0
    how = f"{asked.precision}{', LoRA' if asked.lora else ''}"
    print(f"{asked.shape}, {how}: rows of {asked.length} tokens, median of {asked.steps} steps")
    for method in asked.methods:
        words = [*sys.argv[1:], "--here", "--methods", method]
        done = subprocess.run(
            [sys.executable, __file__, *words], capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"{method:<12} failed: {done.stderr.strip().splitlines()[-1]}")
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        used = "" if found["used"] is None else f"  {found['used']:.0f} % used"
        print(
            f"{method:<12} {found['seconds']:.3f} s a step "
            f"({found['least']:.3f} to {found['most']:.3f})  "
            f"{found['tokens']:,.0f} tokens/s  {found['memory'] / 2**30:.2f} GiB  "
            f"{found['trained']:,} trained{used}",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
