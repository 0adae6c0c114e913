"""A model whose weights are mostly another's answers bit for bit as one that was loaded alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from checkpoints_fixture import FAMILIES, change_json, make_adapter, make_checkpoint
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, PreTrainedModel

from unpact_tui.checkpoints import read
from unpact_tui.loading import LoadedModel, load
from unpact_tui.pretrained import silenced
from unpact_tui.settings import Settings
from unpact_tui.sharing import leading_layers

CPU = Settings(device="cpu")


def loaded(folder: Path, base: Path, beside: LoadedModel | None = None) -> LoadedModel:
    steps = load(read(folder, "unlearned"), CPU, base=read(base, "base"), beside=beside)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def alone(folder: Path) -> PreTrainedModel:
    with silenced():
        return AutoModelForCausalLM.from_pretrained(folder).eval()


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.tensor([[1, 50, 60, 70, 80, 90]])).logits


def held(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def unchanged(model: torch.nn.Module, before: dict[str, torch.Tensor]) -> bool:
    state = model.state_dict()
    return all(torch.equal(state[name], tensor) for name, tensor in before.items())


def memory(*models: torch.nn.Module) -> int:
    storages = [p.untyped_storage() for model in models for p in model.parameters()]
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


def matrices(folder: Path) -> Iterator[str]:
    for name, tensor in load_file(folder / "model.safetensors").items():
        if tensor.ndim == 2:
            yield name


def variant(folder: Path, base: Path, *names: str) -> Path:
    """Copy a checkpoint with other numbers in some tensors."""
    shutil.copytree(base, folder)
    file = folder / "model.safetensors"
    tensors = load_file(file)
    for name in names:
        tensors[name] = tensors[name] * 1.5 + 0.01
    save_file(tensors, file, metadata={"format": "pt"})
    return folder


def of_layer(base: Path, number: int) -> str:
    return next(name for name in matrices(base) if f".{number}." in name)


def table_of(base: Path) -> str:
    words = ("embed_tokens", "embed_in", "wte")
    return next(name for name in matrices(base) if any(word in name for word in words))


QUICK = {"llama", "qwen2", "gpt_neox"}
"""The usual, one with a tied embedding, and one whose tensors transformers renames."""


@pytest.mark.parametrize(
    "family",
    [pytest.param(f, marks=[] if f in QUICK else [pytest.mark.slow]) for f in FAMILIES],
)
def test_what_differs_is_all_that_is_loaded(family: str, tmp_path: Path) -> None:
    with silenced():
        base = make_checkpoint(tmp_path / "base", family)
    first = loaded(base, base)
    before, said = held(first.model), logits(first.model)
    last = variant(tmp_path / "last", base, of_layer(base, 1))
    change_json(last / "config.json", {"pad_token_id": 0, "use_cache": False})
    words = variant(tmp_path / "words", base, of_layer(base, 0), table_of(base))
    for folder, layers, count in ((last, 1, 1), (words, 0, 2)):
        second = loaded(folder, base, first)
        assert second.changed is not None
        assert len(second.changed) == count
        own = sum(load_file(folder / "model.safetensors")[name].nbytes for name in second.changed)
        assert torch.equal(logits(second.model), logits(alone(folder)))
        assert not torch.equal(logits(second.model), said)
        assert memory(first.model, second.model) == memory(first.model) + own
        assert second.info.shared_bytes == second.info.bytes - own == first.info.bytes - own
        assert second.info.shared_layers == leading_layers(second.model, first.model) == layers
        assert not any(parameter.requires_grad for parameter in second.model.parameters())
    assert unchanged(first.model, before)
    assert torch.equal(logits(first.model), said)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_in_other_precisions(dtype: torch.dtype, tmp_path: Path) -> None:
    with silenced():
        base = make_checkpoint(tmp_path / "base", dtype=dtype, max_shard_size="60KB")
        other = make_checkpoint(tmp_path / "one", dtype=dtype)
    first = loaded(base, base)
    # One is in many files, the other in one.
    second = loaded(variant(tmp_path / "other", other, of_layer(other, 1)), base, first)
    assert second.changed == {of_layer(other, 1)}
    assert second.info.dtype == str(dtype).removeprefix("torch.")
    assert torch.equal(logits(second.model), logits(alone(tmp_path / "other")))


def test_it_stops_where_its_own_folder_says(tmp_path: Path) -> None:
    with silenced():
        base = make_checkpoint(tmp_path / "base")
    first = loaded(base, base)
    other = variant(tmp_path / "other", base, of_layer(base, 1))
    change_json(other / "generation_config.json", {"eos_token_id": [2, 7]})
    change_json(other / "config.json", {"eos_token_id": 3})
    second = loaded(other, base, first)
    assert second.info.shared_bytes
    for model, end, ends in ((first.model, 2, 2), (second.model, 3, [2, 7])):
        assert model.generation_config is not None
        assert (model.config.eos_token_id, model.generation_config.eos_token_id) == (end, ends)
    (other / "generation_config.json").unlink()
    third = loaded(other, base, first).model.generation_config
    assert third is not None
    assert third.eos_token_id == alone(other).generation_config.eos_token_id == 3


@pytest.fixture
def base(tmp_path: Path) -> Path:
    with silenced():
        return make_checkpoint(tmp_path / "base")


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    with silenced():
        return make_adapter(tmp_path / "adapter", base)


def test_an_adapter_is_on_one_side_only(base: Path, adapter: Path) -> None:
    first = loaded(base, base)
    before, said = held(first.model), logits(first.model)
    names = [name for name, _ in first.model.named_modules()]
    second, separate = loaded(adapter, base, first), loaded(adapter, base)
    assert torch.equal(logits(second.model), logits(separate.model))
    assert torch.equal(logits(first.model), said)
    assert unchanged(first.model, before)
    assert [name for name, _ in first.model.named_modules()] == names
    assert not any(parameter.requires_grad for parameter in first.model.parameters())
    own = second.info.bytes - first.info.bytes
    assert memory(first.model, second.model) == memory(first.model) + own
    assert second.info.shared_bytes == first.info.bytes
    assert (second.info.shared_layers, separate.info.shared_bytes) == (0, 0)


def test_an_adapter_of_late_layers_shares_the_early_ones(base: Path, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model

    with silenced():
        config = LoraConfig(target_modules=["q_proj"], layers_to_transform=[1])
        get_peft_model(alone(base), config).save_pretrained(tmp_path / "late")
    first = loaded(base, base)
    assert loaded(tmp_path / "late", base, first).info.shared_layers == 1


def test_weights_that_an_adapter_brings_whole_are_its_own(base: Path, adapter: Path) -> None:
    file = adapter / "adapter_model.safetensors"
    table = load_file(base / "model.safetensors")["model.embed_tokens.weight"] * 2
    whole = {"base_model.model.model.embed_tokens.weight": table}
    save_file(load_file(file) | whole, file, metadata={"format": "pt"})
    first = loaded(base, base)
    before = held(first.model)
    second = loaded(adapter, base, first)
    assert torch.equal(logits(second.model), logits(loaded(adapter, base).model))
    assert unchanged(first.model, before)
    assert second.info.shared_bytes == first.info.bytes - table.nbytes


@pytest.mark.parametrize("start", ["olora", "pissa"])
def test_an_adapter_that_takes_something_off_its_base_has_one_of_its_own(
    start: str, base: Path, adapter: Path
) -> None:
    change_json(adapter / "adapter_config.json", {"init_lora_weights": start})
    first = loaded(base, base)
    before = held(first.model)
    second = loaded(adapter, base, first)
    assert second.info.shared_bytes == 0
    assert unchanged(first.model, before)
    assert torch.allclose(logits(second.model), logits(loaded(adapter, base).model), atol=1e-3)
