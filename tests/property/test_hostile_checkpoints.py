"""Spoiled checkpoints end in a sentence: read by their headers, and really opened."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fuzzing import checkpoint_seeds as seeds
from fuzzing import checkpoints, opened_checkpoints
from fuzzing.attack import Format, attack
from fuzzing.isolated import Escaped, in_a_child

from unpact_tui.checkpoints import read
from unpact_tui.errors import CheckpointError, NotACheckpoint, Unreadable
from unpact_tui.weights.streaming import changes


def formats(found: tuple[Format, ...]) -> list[object]:
    return [pytest.param(format, id=format.name) for format in found]


@pytest.mark.parametrize("format", formats(checkpoints.FORMATS))
@pytest.mark.parametrize(
    "count", [12, pytest.param(2_000, marks=[pytest.mark.soak, pytest.mark.timeout(3_000)])]
)
def test_headers(format: Format, count: int, tmp_path: Path) -> None:
    (folder := tmp_path / "it").mkdir()
    report = attack(format, folder, count)
    assert report.findings == []
    assert report.files == count


@pytest.mark.soak
@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("format", formats(opened_checkpoints.FORMATS))
def test_opened(format: Format, tmp_path: Path) -> None:
    """A hundred of each; a process of its own for each."""
    import peft  # noqa: F401 - once, for all children

    (folder := tmp_path / "it").mkdir()
    report = attack(format, folder, 100)
    assert report.findings == []
    assert report.read < report.files


@pytest.mark.soak
def test_what_is_not_spoiled_opens(tmp_path: Path) -> None:
    base = seeds.write_model(tmp_path / "base")
    adapter = seeds.write_adapter(tmp_path / "adapter", base)
    in_a_child(lambda: opened_checkpoints.ask(base, adapter), ())


# ---------------------------------------------------------------- whom the attack would catch


@pytest.mark.parametrize(
    "do",
    [
        lambda: os.abort(),
        lambda: 1 / 0,
        lambda: os.write(1, b"\x1b]0;owned\x07"),
        lambda: [0] * 10**12,
    ],
    ids=["abort", "traceback", "words", "memory"],
)
def test_a_child_that_escapes_is_told(do: Callable[[], object]) -> None:
    with pytest.raises(Escaped):
        in_a_child(do, (CheckpointError,))


# ---------------------------------------------------------------- one by one


def test_layers_without_number_are_refused_from_the_configuration(tmp_path: Path) -> None:
    folder = seeds.write_model(tmp_path / "model")
    config = seeds.CONFIG | {"text_config": {"num_hidden_layers": 10**9}}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(Unreadable, match="its num_hidden_layers is 1000000000"):
        read(folder, "base")


@pytest.mark.parametrize("name", ["\ud800", "peft_type\ud800"])
def test_half_a_character_in_a_name(tmp_path: Path, name: str) -> None:
    folder = seeds.write_adapter(tmp_path / "adapter", tmp_path)
    (folder / "adapter_config.json").write_text(json.dumps(seeds.ADAPTER_CONFIG | {name: 1}))
    with pytest.raises(Unreadable):
        read(folder, "base")


@pytest.mark.timeout(60)
def test_a_pattern_that_takes_for_ever(tmp_path: Path) -> None:
    base = seeds.write_model(tmp_path / "base")
    folder = seeds.write_adapter(tmp_path / "adapter", base)
    config = seeds.ADAPTER_CONFIG | {"alpha_pattern": {"(.+)+x": 1.0}}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(Unreadable, match="hostile: it does not come to an end"):
        list(changes(base, folder))


@pytest.mark.parametrize(
    "fields",
    [
        {"layer_replication": [[0, 2]] * 5_000},
        {"layer_replication": [[0, 10**9]]},
        {"init_lora_weights": "pissa_niter_1000000000"},
        {"loftq_config": {"loftq_iter": 10**9}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_adapters_that_would_never_be_ready(tmp_path: Path, fields: dict[str, object]) -> None:
    folder = seeds.write_adapter(tmp_path / "adapter", tmp_path)
    (folder / "adapter_config.json").write_text(json.dumps(seeds.ADAPTER_CONFIG | fields))
    with pytest.raises(Unreadable):
        read(folder, "base")


def test_a_pipe_in_the_place_of_a_shard(tmp_path: Path) -> None:
    folder = seeds.write_model(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    os.mkfifo(folder / "pipe.safetensors")
    places = dict.fromkeys(seeds.model_shapes(), "pipe.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    with pytest.raises(CheckpointError, match="not a regular file"):
        read(folder, "base")
    with pytest.raises(CheckpointError, match="not a regular file"):
        list(changes(seeds.write_model(tmp_path / "base"), folder))


def test_what_a_file_names_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from unpact_tui import hub
    from unpact_tui.loading import foundation_of
    from unpact_tui.settings import Settings

    asked: list[bool] = []

    def snapshot(name: str, patterns: list[str], *, local: bool) -> Path:
        asked.append(local)
        raise hub.Offline(name)

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hub, "_snapshot", snapshot)
    folder = seeds.write_adapter(tmp_path / "adapter", Path("some-org/some-model"))
    with pytest.raises(NotACheckpoint, match="its base some-org/some-model cannot be used"):
        foundation_of(read(folder, "base"), None, Settings())
    assert asked == [True]
