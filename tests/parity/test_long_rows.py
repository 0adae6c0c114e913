"""Rows of very long prompts: made when they are looked at, and read in steps. The same numbers."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from checkpoints_fixture import FAMILIES, make_checkpoint
from fakes import WordTokens
from transformers import AutoModelForCausalLM, AutoTokenizer

from attribution import network
from attribution.estimators import leave_one_out
from attribution.hf import HFModel
from attribution.removal import Rows
from attribution.scorer import Row, TokenLogprobs, mean
from attribution.types import Answer

_EACH = [f if f in ("llama", "mistral", "gemma2") else pytest.param(f, marks=pytest.mark.soak)
         for f in FAMILIES]  # fmt: skip


@pytest.mark.parametrize("family", _EACH)
def test_what_is_read_in_steps_has_the_same_numbers(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_checkpoint(tmp_path, family)
    model, tokenizer = (
        kind.from_pretrained(folder) for kind in (AutoModelForCausalLM, AutoTokenizer)
    )
    whole = HFModel(model, tokenizer, share=False)
    prompt = whole.encode("Where was the author of the first book born, and who was her father?")
    answer = whole.answer("In a small town near the sea.", after=prompt)
    rows = Rows(prompt.ids, ((), *((i,) for i in range(1, len(prompt.tokens)))))
    expected = [mean(one) for batch in whole.score(rows, answer) for one in batch]
    monkeypatch.setattr(network, "_STEP", 8)
    stepping = HFModel(model, tokenizer)
    found = [mean(one) for batch in stepping.score(rows, answer) for one in batch]
    assert stepping.plain_because == ""
    assert stepping.tokens_read < whole.tokens_read
    assert found == pytest.approx(expected, abs=1e-4)


class _Looking:
    """Looks at some rows, and says the same of each."""

    def __init__(self) -> None:
        self.seen: list[Row] = []

    def score(self, rows: Sequence[Row], answer: Answer) -> Iterator[list[TokenLogprobs]]:
        self.seen += [rows[0], rows[1], rows[-1], *rows[2:4]]
        yield [(-1.0,)] * len(rows)

    def rounding(self, row: Row, answer: Answer) -> None:
        del row, answer


def test_the_rows_of_a_long_prompt_are_not_in_memory_together() -> None:
    tokens = WordTokens()
    prompt = tokens.encode(" ".join(f"w{number}" for number in range(3000)))
    door = _Looking()
    tracemalloc.start()
    (found,) = leave_one_out.measure(door, prompt, Answer("x", (1,), "gold"))  # type: ignore[arg-type]  # no more of a scorer is used
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.complete
    places = (frozenset[int](), *(frozenset((i,)) for i in prompt.removable))
    wanted = [places[k] for k in (0, 1, -1, 2, 3)]
    assert door.seen == [prompt.without(gone) for gone in wanted]
    assert most < 3000 * 3000, "eight bytes for each id of each row would be as many times that"


@pytest.mark.parametrize("stand_in", [None, 99])
def test_a_row_is_the_prompt_without_a_unit(stand_in: int | None) -> None:
    ids = tuple(range(10, 20))
    units = ((), (0,), (9,), (3, 4, 5), (0, 4, 9), tuple(range(9)))
    rows = Rows(ids, units, stand_in)
    assert len(rows) == len(units)
    for row, unit in zip(rows, units, strict=True):
        left = tuple(id for i, id in enumerate(ids) if i not in unit)
        changed = tuple(99 if i in unit else id for i, id in enumerate(ids))
        assert row == (left if stand_in is None else changed)
    assert list(rows[2:][1:3]) == [rows[3], rows[4]]
