"""What a stranger wrote is stopped before it hangs or fills the memory: each guard by itself."""

from __future__ import annotations

import resource
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from fuzzing import checkpoint_seeds as seeds

from attribution.bounded import bounded
from attribution.errors import CannotOpen, TemplateRefuses
from attribution.growing import grows
from attribution.plausible import absurd, built_within
from attribution.safe_folder import require_harmless
from attribution.templates import written


class Refused(Exception):
    pass


# ---------------------------------------------------------------- time and memory


def go_on() -> None:
    while True:
        pass


def test_what_does_not_end_is_ended() -> None:
    with pytest.raises(Refused, match="does not come to an end"), bounded(Refused, seconds=0.05):
        go_on()


def test_what_grows_is_stopped() -> None:
    with pytest.raises(Refused, match="fills the memory"), bounded(Refused, growth=1 << 28):
        bytearray(1 << 34)


def test_nothing_is_left_behind() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS), signal.getsignal(signal.SIGVTALRM)
    with bounded(Refused):
        assert resource.getrlimit(resource.RLIMIT_AS) != before[0]
    assert (resource.getrlimit(resource.RLIMIT_AS), signal.getsignal(signal.SIGVTALRM)) == before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_one_within_another() -> None:
    """The inner one tells it: that is what goes on."""
    inner = bounded(KeyError, seconds=9)
    with pytest.raises(KeyError), bounded(Refused, seconds=0.1), inner:
        go_on()


def test_another_thread_is_not_stopped_in_time_and_runs_all_the_same() -> None:
    found: list[int] = []

    def run() -> None:
        with bounded(Refused):
            found.append(1)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [1]


# ---------------------------------------------------------------- templates


class Templated:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error

    def apply_chat_template(self, conversation: Any, **_: object) -> Any:
        if self.error is not None:
            raise self.error
        return conversation[0]["content"]


@pytest.mark.parametrize(
    "error",
    [RecursionError("deep"), ZeroDivisionError("x"), TypeError("y"), OverflowError("z"), Exception],
)
def test_whatever_a_template_raises_is_a_refusal(error: Any) -> None:
    with pytest.raises(TemplateRefuses):
        written(Templated(error), [{"role": "user", "content": "a"}], asks=True)


def test_bugs_and_interruptions_are_none() -> None:
    class Bug(Exception):
        pass

    for error in (KeyboardInterrupt, Bug):
        with pytest.raises(error):
            written(Templated(error()), [{"role": "user", "content": "a"}], asks=True)


# ---------------------------------------------------------------- configurations


@pytest.mark.parametrize(
    "fields",
    [
        {"num_hidden_layers": 10**9},
        {"n_layer": -(10**6)},
        {"text_config": {"num_hidden_layers": 1e300}},
        {"parts": [{"num_layers": 10**30}]},
        {"num_labels": 10**9},
        {"num_attention_heads": float("nan")},
        {"num_hidden_layers": 10**5_000},
        {"loftq_config": {"loftq_iter": 10**9}},
    ],
)
def test_counts_that_no_model_has(fields: dict[str, object]) -> None:
    assert "no model has so many" in absurd(fields)


def test_lengths_are_no_counts() -> None:
    real = {
        "max_position_embeddings": 10_485_760,
        "n_positions": 1_048_576,
        "vocab_size": 262_144,
        "rope_theta": 500_000_000.0,
        "num_hidden_layers": 128,
        "num_experts": 512,
        "trainable_token_indices": [151_000],
    }
    assert absurd(real) == ""
    assert absurd(seeds.CONFIG) == ""
    assert absurd(seeds.ADAPTER_CONFIG) == ""


def test_building_more_than_is_stored() -> None:
    from torch import nn

    small = [100] * 10
    with built_within(small, Refused):
        nn.Sequential(*(nn.Linear(10, 10) for _ in range(9)))
    with pytest.raises(Refused, match="far more"), built_within(small, Refused):
        nn.Linear(100_000, 100_000, device="meta")
    with pytest.raises(Refused, match="far more"), built_within(small, Refused):
        nn.ModuleList(nn.Module() for _ in range(10**6))
    nn.Linear(100_000, 100_000, device="meta")  # counted no more


# ---------------------------------------------------------------- tokenizers


def replaces(content: str, **pattern: str) -> dict[str, object]:
    return {"type": "Replace", "pattern": pattern, "content": content}


@pytest.mark.parametrize(
    "normalizers",
    [
        [replaces("a" * 100, String="a")] * 2,
        [replaces("aa", Regex=".")] * 12,
        [{"type": "Sequence", "normalizers": [replaces("a" * 5_000, String="a")]}],
        [{"type": "Prepend", "prepend": "x" * 10_000_000}],
    ],
)
def test_texts_that_grow(normalizers: list[object]) -> None:
    assert "normalizer" in grows({"normalizer": {"type": "Sequence", "normalizers": normalizers}})


def test_bytes_of_bytes_of_bytes() -> None:
    level = {"type": "ByteLevel"}
    assert grows({"pre_tokenizer": {"type": "Sequence", "pretokenizers": [level]}}) == ""
    assert grows({"pre_tokenizer": {"type": "Sequence", "pretokenizers": [level] * 500}})


def test_real_normalizers_are_no_matter() -> None:
    usual: list[object] = [
        {"type": "Prepend", "prepend": "▁"},
        replaces("▁", String=" "),
        replaces(" ", Regex=" {2,}"),
        replaces('"', String="``"),
        replaces("...", String="…"),
    ]
    assert grows({"normalizer": {"type": "Sequence", "normalizers": usual}}) == ""
    assert grows(seeds.TOKENIZER) == ""
    assert grows({}) == ""


# ---------------------------------------------------------------- folders


def changed(folder: Path, file: str, text: str) -> None:
    (folder / file).write_text(text)


def piped(folder: Path) -> None:
    import os

    os.mkfifo(folder / "special_tokens_map.json.old")


def indexed(folder: Path, place: str) -> None:
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")
    changed(folder, "model.safetensors.index.json", f'{{"weight_map": {{"a": "{place}"}}}}')


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (piped, "not a regular file"),
        (lambda folder: indexed(folder, "pytorch_model.bin"), "no shard"),
        (lambda folder: indexed(folder, "../model.safetensors"), "no shard"),
        (lambda folder: indexed(folder, "/etc/x.safetensors"), "no shard"),
        (lambda folder: changed(folder, "model.safetensors.index.json", "{"), None),
        (lambda folder: changed(folder, "config.json", "[" * 99_999), "cannot be read"),
        (lambda folder: changed(folder, "config.json", "[]"), "not a JSON object"),
        (lambda folder: changed(folder, "config.json", '{"n_layer": 1e12}'), "no model has"),
        (lambda folder: changed(folder, "config.json", '{"attn_implementation": "a/b"}'), "hub"),
    ],
)
def test_folders_that_the_library_does_not_open(
    spoil: Any, why: str | None, tmp_path: Path
) -> None:
    folder = seeds.write_model(tmp_path / "model")
    spoil(folder)
    if why is None:  # beside model.safetensors an index is not read
        require_harmless(folder)
        return
    with pytest.raises(CannotOpen, match=why):
        require_harmless(folder)
