"""What the model before said about whole answers: one number per row, measured once and kept.

NPO and DPO need nothing else of it, so that no second model is held while they train. The numbers
go into a file, where later runs on the same model find them.
"""

# pyright: basic

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from methods._method import Example, Setting

if TYPE_CHECKING:
    from torch import Tensor

    from methods._batch import Batch


class Before:
    """The negative log-probability of answers, by the model before, in nats."""

    def __init__(self, numbers: Mapping[str, float]) -> None:
        self._numbers = numbers

    def row_nll(self, batch: Batch) -> Tensor:
        """Return that of each whole answer of a batch (B,)."""
        from torch import tensor

        found = [self._numbers[_key(example)] for example in batch.examples]
        return tensor(found, device=batch.ids.device)


def measure_before(setting: Setting[Any], examples: Iterable[Example]) -> Before:
    """Measure what is not known yet, each process its share. Call it before training begins."""
    from accelerate.utils import gather_object

    accelerator = setting.bench.accelerator
    file = _file(setting)
    known = _read(file)
    missing = {_key(example): example for example in examples}
    for key in known.keys() & missing.keys():
        del missing[key]
    mine = list(missing.values())[accelerator.process_index :: accelerator.num_processes]
    found = dict(gather_object(_measured(setting, mine)))
    known = {**known, **found}
    if found and file is not None and accelerator.is_main_process:
        _write(file, known)
    return Before(known)


def _measured(setting: Setting[Any], examples: Sequence[Example]) -> list[tuple[str, float]]:
    from methods._batch import collate
    from methods._losses import row_nll

    bench, found = setting.bench, []
    for start in range(0, len(examples), setting.training.batch_size):
        some = examples[start : start + setting.training.batch_size]
        batch = collate(some, bench.accelerator.device)
        sums = row_nll(bench.reference_logits(batch), batch).tolist()
        found += zip(map(_key, some), sums, strict=True)
    return found


def _key(example: Example) -> str:
    return sha256(repr((example.prompt, example.answer)).encode()).hexdigest()[:32]


def _file(setting: Setting[Any]) -> Path | None:
    if setting.cache is None:
        return None
    return setting.cache / f"answer-nll-{setting.training.precision}.json"


def _read(file: Path | None) -> dict[str, float]:
    """Return what was kept; a file that cannot be read is as good as none."""
    try:
        kept = json.loads(file.read_bytes()) if file else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return kept if _sound(kept) else {}


def _sound(kept: object) -> bool:
    return isinstance(kept, dict) and all(map(_is_number, kept.values()))


def _is_number(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _write(file: Path, known: Mapping[str, float]) -> None:
    """Keep the numbers for later runs; where there is no room for them, they are measured again."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as made:
            made.write(json.dumps(known))
        part.replace(file)
    except OSError:
        with suppress(OSError):
            part.unlink()
