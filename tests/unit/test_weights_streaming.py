"""What is streamed is what an obvious computation with whole tensors says."""

from __future__ import annotations

import json
import math
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints_fixture import change_json, make_adapter, make_checkpoint
from safetensors.torch import load_file, save_file

from unpact_tui.errors import NotACheckpoint, NotFiniteWeights, NotFound, PickleOnly, Unreadable
from unpact_tui.weights import streaming, sums
from unpact_tui.weights.change import TensorChange, Unpaired, WeightChange
from unpact_tui.weights.streaming import changes

MODELS = Path(__file__).parents[3] / "shared" / "data" / "models" / "stories260K-tofu"


def whole(base: Path, second: Path) -> WeightChange:
    *_, last = changes(base, second)
    assert last.complete
    assert last.done == last.total
    return last


def save(folder: Path, tensors: dict[str, torch.Tensor]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors")
    return folder


def pair(folder: Path, a: torch.Tensor, b: torch.Tensor) -> TensorChange:
    """Compare one tensor."""
    sides = save(folder / "a", {"x.weight": a}), save(folder / "b", {"x.weight": b})
    (tensor,) = whole(*sides).tensors
    return tensor


def assert_is(ours: TensorChange, a: torch.Tensor, b: torch.Tensor) -> None:
    """The slow and obvious twin, on whole tensors in float64."""
    x, y = a.double().flatten().numpy(), b.double().flatten().numpy()
    difference = y - x
    assert ours.distance == pytest.approx(float(np.linalg.norm(difference)), rel=1e-12)
    assert ours.norm == pytest.approx(float(np.linalg.norm(x)), rel=1e-12)
    assert ours.norm_after == pytest.approx(float(np.linalg.norm(y)), rel=1e-12)
    if ours.norm and ours.norm_after:
        cosine = float(x @ y) / float(np.linalg.norm(x)) / float(np.linalg.norm(y))
        assert ours.cosine == pytest.approx(cosine, abs=1e-13)
        assert ours.relative == pytest.approx(ours.distance / ours.norm)
    assert ours.largest == float(np.abs(difference).max())
    assert ours.changed == np.count_nonzero(x != y) / x.size


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the tensors of a test larger than a chunk, and chunks larger than a block."""
    monkeypatch.setattr(streaming, "CHUNK", 96)
    monkeypatch.setattr(sums, "BLOCK", 40)


@pytest.mark.skipif(not MODELS.is_dir(), reason="the models are not there")
@pytest.mark.parametrize("unlearned", ["unlearned-npo", "target"])
def test_real_pair(unlearned: str) -> None:
    sides = MODELS / "target", MODELS / unlearned
    before, after = (load_file(side / "model.safetensors") for side in sides)
    change = whole(*sides)
    assert {tensor.name for tensor in change.tensors} == set(before)
    assert change.missing == ()
    for tensor in change.tensors:
        assert_is(tensor, before[tensor.name], after[tensor.name])


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("before", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float32"])
@pytest.mark.parametrize("after", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float16"])
def test_formats(tmp_path: Path, before: str, after: str) -> None:
    draw = torch.Generator().manual_seed(3)
    a = torch.randn(37, 11, generator=draw)
    b = a + 0.1 * torch.randn(37, 11, generator=draw)
    a, b = a.to(getattr(torch, before)), b.to(getattr(torch, after))
    ours = pair(tmp_path, a, b)
    assert_is(ours, a, b)
    assert ours.dtype.count("/") == (before != after)
    assert ours.shape == (37, 11)


def test_no_tensor_is_too_small(tmp_path: Path) -> None:
    empty, one = torch.zeros(0, 4), torch.zeros(())
    assert pair(tmp_path / "0", empty, empty).relative == 0.0
    assert pair(tmp_path / "1", one, one + 2).relative is None
    assert pair(tmp_path / "2", one + 2, one).relative == 1.0
    assert pair(tmp_path / "2", one + 2, one).cosine is None


@pytest.mark.usefixtures("small_pieces")
def test_what_is_not_finite_is_left_out(tmp_path: Path) -> None:
    a, b = torch.ones(100), torch.full((100,), 2.0)
    a[3], b[4], b[97] = math.nan, math.inf, -math.inf
    ours = pair(tmp_path, a, b)
    kept = torch.tensor([i not in (3, 4, 97) for i in range(100)])
    assert ours.not_finite == 3
    assert_is(ours, a[kept], b[kept])
    assert pair(tmp_path, a, a).not_finite == 1
    assert pair(tmp_path, a, a).norm == pytest.approx(math.sqrt(99))


def test_numbers_beyond_float32(tmp_path: Path) -> None:
    a, b = torch.full((5,), 3e30), torch.full((5,), 1e-30)
    assert_is(pair(tmp_path, a, b), a, b)
    huge = torch.full((5,), 1e300, dtype=torch.float64)
    assert pair(tmp_path, huge, -huge).relative is None


def test_shards_and_names_may_differ(tmp_path: Path) -> None:
    base = make_checkpoint(tmp_path / "base", max_shard_size="20KB")
    assert len(list(base.glob("*.safetensors"))) > 1
    tensors: dict[str, torch.Tensor] = {}
    for file in base.glob("*.safetensors"):
        tensors |= load_file(file)
    bare = {name.removeprefix("model."): tensor for name, tensor in tensors.items()}
    change = whole(base, save(tmp_path / "bare", bare))
    assert len(change.tensors) == len(tensors)
    assert change.squared == 0
    assert change.missing == ()


def test_what_has_no_counterpart_is_named(tmp_path: Path) -> None:
    a = {"same": torch.ones(4), "shape": torch.ones(4), "old": torch.ones(1)}
    b = {"same": torch.zeros(4), "shape": torch.ones(2, 2), "new": torch.ones(1)}
    b["same"], a["odd"] = b["same"].clone(), torch.ones(2, dtype=torch.complex64)
    b["odd"] = a["odd"].clone()
    change = whole(save(tmp_path / "a", a), save(tmp_path / "b", b))
    assert [tensor.name for tensor in change.tensors] == ["same"]
    assert set(change.missing) == {
        Unpaired("shape", "another shape"),
        Unpaired("old", "only in the base"),
        Unpaired("new", "only in the second"),
        Unpaired("odd", "a form that is not read"),
    }


@pytest.mark.usefixtures("small_pieces")
def test_every_chunk_is_a_place_to_stop(tmp_path: Path) -> None:
    sides = make_checkpoint(tmp_path / "a"), make_checkpoint(tmp_path / "b", seed=1)
    steps = list(changes(*sides))
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    largest = max(after.done - before.done for before, after in pairwise(steps))
    assert largest <= 2 * 4 * streaming.CHUNK
    assert [step.complete for step in steps].count(True) == 1
    reading = changes(*sides)
    assert next(reading).reading
    reading.close()


# ---------------------------------------------------------------- adapters


def merged(base: Path, adapter: Path, out: Path) -> Path:
    """Let peft add the adapter to the weights."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base)
    with warnings.catch_warnings():
        # peft asks transformers for an attribute that is on its way out.
        warnings.simplefilter("ignore", FutureWarning)
        PeftModel.from_pretrained(model, str(adapter)).merge_and_unload().save_pretrained(out)
    return out


def assert_as_merged(base: Path, adapter: Path, out: Path) -> WeightChange:
    ours = whole(base, adapter)
    theirs = {
        tensor.name: tensor
        for tensor in whole(base, merged(base, adapter, out)).tensors
        if tensor.distance
    }
    assert {tensor.name for tensor in ours.tensors} == set(theirs)
    for tensor in ours.tensors:
        other = theirs[tensor.name]
        assert tensor.relative == pytest.approx(other.relative, rel=1e-5)
        assert tensor.norm_after == pytest.approx(other.norm_after, rel=1e-5)
        assert tensor.cosine == pytest.approx(other.cosine, abs=1e-6)
        assert (tensor.largest, tensor.changed) == (None, None)
    return ours


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"use_rslora": True, "lora_alpha": 3},
        {"alpha_pattern": {"layers.1.self_attn.q_proj": 64, "v_proj": 1}},
    ],
)
def test_adapter_is_as_if_merged(tmp_path: Path, fields: dict[str, object]) -> None:
    base = make_checkpoint(tmp_path / "base")
    adapter = make_adapter(tmp_path / "adapter", base)
    change_json(adapter / "adapter_config.json", fields)
    change = assert_as_merged(base, adapter, tmp_path / "merged")
    assert len(change.tensors) == 4
    assert change.untouched == 21 - 4


@pytest.mark.usefixtures("small_pieces")
def test_adapter_of_transposed_weights_and_embeddings(tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = make_checkpoint(tmp_path / "base", "gpt2")
    model = AutoModelForCausalLM.from_pretrained(base)
    modules = ["c_attn", "attn.c_proj", "wpe"]
    config = LoraConfig(r=3, target_modules=modules, fan_in_fan_out=True, task_type="CAUSAL_LM")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        adapted = get_peft_model(model, config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:
                torch.nn.init.normal_(parameter, std=0.2)
    adapted.save_pretrained(tmp_path / "adapter")
    change = assert_as_merged(base, tmp_path / "adapter", tmp_path / "merged")
    assert {tensor.module for tensor in change.tensors} == {"attn.c_attn", "attn.c_proj", "wpe"}


@pytest.mark.parametrize(
    ("fields", "saying"),
    [({"use_dora": True}, "DoRA"), ({"peft_type": "IA3"}, "IA3")],
)
def test_adapters_that_are_no_sum(tmp_path: Path, fields: dict[str, object], saying: str) -> None:
    base = make_checkpoint(tmp_path / "base")
    adapter = make_adapter(tmp_path / "adapter", base)
    change_json(adapter / "adapter_config.json", fields)
    with pytest.raises(NotACheckpoint, match=saying):
        whole(base, adapter)


def test_adapter_cannot_be_the_base(tmp_path: Path) -> None:
    base = make_checkpoint(tmp_path / "base")
    adapter = make_adapter(tmp_path / "adapter", base)
    with pytest.raises(NotACheckpoint, match="it is an adapter"):
        whole(adapter, base)


def test_adapters_that_do_not_fit(tmp_path: Path) -> None:
    base = make_checkpoint(tmp_path / "base")
    adapter = make_adapter(tmp_path / "adapter", base)
    file = adapter / "adapter_model.safetensors"
    tensors = load_file(file)
    attention = "base_model.model.model.layers.{}.self_attn.{}.weight"
    tensors[attention.format(0, "q_proj.lora_A")] = torch.ones(2, 3)
    del tensors[attention.format(0, "v_proj.lora_B")]
    tensors["base_model.model.stranger.lora_A.weight"] = torch.ones(2, 3)
    save_file(tensors, file)
    change = whole(base, adapter)
    assert [tensor.layer for tensor in change.tensors] == [1, 1]
    assert set(change.missing) == {
        Unpaired(attention.format(0, "q_proj.lora_A"), "another shape"),
        Unpaired(attention.format(0, "v_proj.lora_A"), "a form that is not read"),
        Unpaired("base_model.model.stranger.lora_A.weight", "only in the second"),
    }
    tensors[attention.format(1, "q_proj.lora_A")][0, 0] = math.nan
    save_file(tensors, file)
    with pytest.raises(NotFiniteWeights):
        whole(base, adapter)


@pytest.mark.parametrize("config", ["[]", '{"r": "x", "peft_type": "LORA"}', "{", "{}"])
def test_adapter_configurations_that_say_nothing(tmp_path: Path, config: str) -> None:
    base = save(tmp_path / "base", {"x": torch.ones(1)})
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(config)
    save_file({"x": torch.ones(1)}, adapter / "adapter_model.safetensors")
    with pytest.raises(Unreadable):
        whole(base, adapter)


# ---------------------------------------------------------------- folders that cannot be read


def test_errors_are_typed(tmp_path: Path) -> None:
    base = save(tmp_path / "base", {"x.weight": torch.ones(64)})
    with pytest.raises(NotFound):
        whole(base, tmp_path / "nowhere")
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    (pickled / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(PickleOnly):
        whole(base, pickled)
    cut = save(tmp_path / "cut", {"x.weight": torch.ones(64)})
    file = cut / "model.safetensors"
    reading = changes(base, cut)
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(Unreadable, match="truncated"):
        list(reading)


def test_headers_are_enough_for_a_checkpoint(tmp_path: Path) -> None:
    """No tokenizer, no configuration and no code of its own is needed."""
    base = save(tmp_path / "a", {"x": torch.ones(4)})
    (base / "config.json").write_text(json.dumps({"model_type": "?", "auto_map": {"a": "b.c"}}))
    assert whole(base, save(tmp_path / "b", {"x": torch.zeros(4)})).tensors[0].relative == 1.0
