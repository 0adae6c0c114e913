"""Real tokenizers, where they are beside the checkout; without them a test is skipped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@cache
def _real(name: str) -> Any:
    from transformers import AutoTokenizer

    if not (DATA / name).is_dir():
        pytest.skip(f"{name} is not beside this checkout")
    return AutoTokenizer.from_pretrained(DATA / name)


def gpt2() -> Any:
    return _real("tokenizers/gpt2")


def sentence_pieces() -> Any:
    return _real("models/stories260K")
