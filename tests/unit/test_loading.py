from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
import torch
import transformers
from checkpoints_fixture import (
    CHAT_TEMPLATE,
    FAMILIES,
    change_json,
    change_tensor,
    make_adapter,
    make_checkpoint,
    make_tokenizer,
)
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from unpact_tui import devices, loading, pretrained, weight_reading
from unpact_tui.checkpoints import Checkpoint, read
from unpact_tui.errors import (
    CheckpointError,
    ModelTooLarge,
    NoDevice,
    NotACheckpoint,
    NotFiniteWeights,
    RemoteCode,
    Unreadable,
    exit_code,
)
from unpact_tui.loading import LoadedModel, load
from unpact_tui.settings import Dtype, Settings
from unpact_tui.tokenizer_difference import difference
from unpact_tui.tokenizer_difference import warnings as other_differences
from unpact_tui.worker.events import Loading

DATA = Path(__file__).parents[3] / "shared" / "data" / "models"
CPU = Settings(device="cpu")
Value = TypeVar("Value")


def drained(steps: Generator[Loading, None, Value]) -> tuple[list[Loading], Value]:
    events: list[Loading] = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return events, end.value


def loaded(folder: Path, settings: Settings = CPU, base: Checkpoint | None = None) -> LoadedModel:
    return drained(load(read(folder, "base"), settings, base=base))[1]


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.tensor([[1, 50, 60, 70, 80]])).logits


@pytest.fixture(autouse=True)
def quiet(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Nothing the libraries say may reach the terminal."""
    yield
    out, err = capfd.readouterr()
    assert out == ""
    assert not re.search(r"transformers|Loading|it/s", err), err


@pytest.fixture
def folder(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Path:
    made = make_checkpoint(tmp_path / "model")
    capfd.readouterr()
    return made


@pytest.fixture
def adapter(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Path:
    made = make_adapter(tmp_path / "adapter", folder)
    capfd.readouterr()
    return made


# ---------------------------------------------------------------- what loads


@pytest.mark.parametrize("family", FAMILIES)
def test_families_load_exactly(
    family: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = make_checkpoint(tmp_path / family, family)
    plain = AutoModelForCausalLM.from_pretrained(folder)
    capfd.readouterr()
    found = loaded(folder)
    assert torch.equal(logits(found.model), logits(plain))
    assert not found.model.training
    assert not any(parameter.requires_grad for parameter in found.model.parameters())
    assert found.warnings == ()


def test_events_and_info(folder: Path) -> None:
    checkpoint = read(folder, "unlearned")
    events, found = drained(load(checkpoint, CPU))
    stages = list(dict.fromkeys(event.stage for event in events))
    assert stages == [
        "importing torch",
        "reading weights",
        "building the model",
        "checking weights",
        "ready",
    ]
    assert {(event.role, event.name) for event in events} == {("unlearned", "model")}
    reading = [event for event in events if event.stage == "reading weights"]
    assert (reading[-1].done, reading[-1].total) == (checkpoint.bytes, checkpoint.bytes)
    assert found.info.parameters == checkpoint.parameters
    assert found.info.bytes == checkpoint.parameters * 4
    assert (found.info.dtype, found.info.device) == ("float32", "cpu")
    assert found.info.fingerprint == checkpoint.fingerprint
    assert found.info.path == str(folder)


def test_reading_is_counted_in_pieces(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_reading, "_CHUNK", 50_000)
    monkeypatch.setattr(loading, "_SAID", 50_000)
    checkpoint = read(folder, "base")
    events, _ = drained(load(checkpoint, CPU))
    for stage in ("reading weights", "checking weights"):
        done = [event.done for event in events if event.stage == stage]
        assert len(done) > 1
        assert done == sorted(set(done))
    assert all(event.done <= event.total for event in events)


def test_shards(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = make_checkpoint(tmp_path / "sharded", max_shard_size="60KB")
    whole = make_checkpoint(tmp_path / "whole")
    capfd.readouterr()
    checkpoint = read(folder, "base")
    assert len(checkpoint.shards) > 2
    events, found = drained(load(checkpoint, CPU))
    reading = [event for event in events if event.stage == "reading weights"]
    count = len(checkpoint.shards)
    assert [event.shard for event in reading] == list(range(1, count + 1))
    assert {event.shards for event in reading} == {count}
    assert torch.equal(logits(found.model), logits(loaded(whole).model))


@pytest.mark.parametrize("stored", ["bfloat16", "float16", "float32"])
@pytest.mark.parametrize("wanted", ["auto", "bfloat16", "float32"])
def test_precision(
    stored: str, wanted: Dtype, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = make_checkpoint(tmp_path / "model", dtype=getattr(torch, stored))
    # The files decide, whatever the configuration claims.
    change_json(folder / "config.json", {"dtype": "float32"})
    capfd.readouterr()
    settings = Settings(device="cpu", dtype=wanted)
    expected = stored if wanted == "auto" else wanted
    assert loaded(folder, settings).info.dtype == expected


@pytest.mark.skipif(not DATA.is_dir(), reason="the models are not beside the repository")
def test_real_checkpoints() -> None:
    found = {file.parent.name: loaded(file.parent) for file in sorted(DATA.rglob("config.json"))}
    assert len(found) >= 5
    base = found["target"]
    for name, other in found.items():
        assert other.info.parameters == 260032, name
        assert difference(base.tokenizer, other.tokenizer) is None, name


def test_no_network(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("went to the network")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    loaded(folder)


def test_the_libraries_stay_as_they_were(folder: Path) -> None:
    library = transformers.utils.logging
    before = (library.get_verbosity(), library.is_progress_bar_enabled(), len(warnings.filters))
    loaded(folder)
    assert before == (
        library.get_verbosity(),
        library.is_progress_bar_enabled(),
        len(warnings.filters),
    )


# ---------------------------------------------------------------- adapters


def test_adapter_is_exact(folder: Path, adapter: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from peft import PeftModel

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        plain = AutoModelForCausalLM.from_pretrained(folder)
        expected = logits(PeftModel.from_pretrained(plain, adapter).eval())
    capfd.readouterr()
    base = read(folder, "base")
    checkpoint = read(adapter, "unlearned")
    events, found = drained(load(checkpoint, CPU, base=base))
    assert torch.equal(logits(found.model), expected)
    assert not torch.allclose(logits(found.model), logits(loaded(folder).model))
    assert isinstance(found.model, transformers.PreTrainedModel)
    assert not any(parameter.requires_grad for parameter in found.model.parameters())
    assert found.warnings == ()
    assert found.info.name == "adapter"
    assert found.info.parameters == base.parameters + checkpoint.parameters
    assert [event.shard for event in events if event.stage == "reading weights"] == [1, 2]
    assert found.tokenizer.get_vocab() == loaded(folder).tokenizer.get_vocab()


def test_adapter_finds_its_base(folder: Path, adapter: Path) -> None:
    alone = loaded(adapter)
    given = loaded(adapter, base=read(folder, "base"))
    assert torch.equal(logits(alone.model), logits(given.model))


def test_adapter_generates(adapter: Path) -> None:
    model = loaded(adapter).model
    ids = torch.tensor([[1, 50, 60]])
    out = model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=4, do_sample=False, pad_token_id=2
    )
    assert out.shape[1] > 3


def test_adapter_on_another_base_than_it_names(folder: Path, adapter: Path) -> None:
    change_json(adapter / "adapter_config.json", {"base_model_name_or_path": "org/other"})
    found = loaded(adapter, base=read(folder, "base"))
    assert found.warnings == ("adapter was trained on org/other; here it is put onto model.",)


def test_adapter_with_a_tokenizer_of_its_own(
    adapter: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    make_tokenizer(chat_template=CHAT_TEMPLATE).save_pretrained(adapter)
    capfd.readouterr()
    assert loaded(adapter).tokenizer.chat_template == CHAT_TEMPLATE


@pytest.mark.parametrize("named", ["", "org/absent", "/nowhere/at/all"])
def test_adapter_without_its_base(
    adapter: Path, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    change_json(adapter / "adapter_config.json", {"base_model_name_or_path": named})
    with pytest.raises(NotACheckpoint, match="it is an adapter") as caught:
        loaded(adapter)
    require_good_manners(caught.value)


def test_adapter_for_an_adapter(adapter: Path) -> None:
    change_json(adapter / "adapter_config.json", {"base_model_name_or_path": str(adapter)})
    with pytest.raises(NotACheckpoint, match="an adapter for another adapter"):
        loaded(adapter)


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_adapter_for_another_architecture(
    adapter: Path, family: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = make_checkpoint(tmp_path / "other", family)
    if family == "llama":
        change_tensors(adapter, lambda found: {k: v[:, :-1].contiguous() for k, v in found.items()})
    capfd.readouterr()
    with pytest.raises(Unreadable, match="adapter cannot be read: it does not fit other") as caught:
        loaded(adapter, base=read(other, "base"))
    assert "was made for" in caught.value.hint
    require_good_manners(caught.value)


def change_tensors(
    folder: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]
) -> None:
    for file in folder.glob("*.safetensors"):
        save_file(change(load_file(file)), file, metadata={"format": "pt"})


def test_adapter_with_a_tensor_too_few_or_too_many(adapter: Path) -> None:
    name = "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight"
    change_tensors(adapter, lambda found: {k: v for k, v in found.items() if k != name})
    with pytest.raises(Unreadable, match=re.escape(f"tensor {name} is missing")):
        loaded(adapter)
    extra = {name: torch.zeros(32, 2), "base_model.model.stray.lora_A.weight": torch.zeros(2, 32)}
    change_tensors(adapter, lambda found: found | extra)
    with pytest.raises(Unreadable, match=r"stray\.lora_A\.weight has no place in its base"):
        loaded(adapter)


def test_adapter_with_a_resized_vocabulary(adapter: Path) -> None:
    rows = {"base_model.model.model.embed_tokens.weight": torch.zeros(390, 32)}
    change_tensors(adapter, lambda found: found | rows)
    with pytest.raises(Unreadable, match="it does not fit model") as caught:
        loaded(adapter)
    assert "vocabulary of another size" in caught.value.hint


def test_adapter_with_nan(adapter: Path) -> None:
    name = "base_model.model.model.layers.1.self_attn.v_proj.lora_A.weight"
    change_tensors(adapter, lambda found: found | {name: found[name] * float("nan")})
    with pytest.raises(NotFiniteWeights, match=r"layers\.1\.self_attn\.v_proj\.lora_A") as caught:
        loaded(adapter)
    assert str(adapter) in str(caught.value)


# ---------------------------------------------------------------- refusals


def require_good_manners(error: CheckpointError) -> None:
    assert exit_code(error) == 3
    assert error.hint
    assert str(error).endswith(".")
    assert "\n" not in str(error)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("tensor", ["model.embed_tokens.weight", "model.norm.weight"])
def test_not_finite(folder: Path, value: float, tensor: str) -> None:
    change_tensor(folder, tensor, value)
    with pytest.raises(NotFiniteWeights, match=f"tensor {tensor} holds NaN") as caught:
        loaded(folder)
    require_good_manners(caught.value)


def test_too_large_for_float16(folder: Path) -> None:
    change_tensor(folder, "model.norm.weight", 1e6)
    loaded(folder)
    with pytest.raises(Unreadable, match="too large for float16") as caught:
        loaded(folder, Settings(device="cpu", dtype="float16"))
    assert caught.value.hint == "Try --dtype float32."


Tensors = dict[str, torch.Tensor]
UP = "model.layers.0.mlp.up_proj.weight"

MISFITS: list[tuple[Callable[[Tensors], Tensors], str]] = [
    (lambda found: {k: v for k, v in found.items() if k != UP}, f"tensor {UP} is missing"),
    (
        lambda found: {k: v for k, v in found.items() if k != "lm_head.weight"},
        "tensor lm_head.weight is missing",
    ),
    (lambda found: found | {"foo": torch.ones(2)}, "tensor foo has no place in the model"),
    (
        lambda found: found | {"model.norm.weight": torch.ones(2)},
        "tensor model.norm.weight has the shape (2,), not (32,)",
    ),
]


@pytest.mark.parametrize(("change", "words"), MISFITS)
def test_tensors_that_do_not_fit(
    folder: Path, change: Callable[[Tensors], Tensors], words: str
) -> None:
    change_tensors(folder, change)
    with pytest.raises(Unreadable, match=re.escape(words)) as caught:
        loaded(folder)
    require_good_manners(caught.value)


CONFIGS: list[dict[str, object]] = [
    {"hidden_size": "abc"},
    {"hidden_size": 0},
    {"num_attention_heads": 5},
    {"num_attention_heads": 0},
    {"vocab_size": -1},
    {"num_hidden_layers": 3},
    {"hidden_act": "nope"},
    {"rope_parameters": "x"},
    {"rope_parameters": {"rope_type": "nope"}},
    {"dtype": "nope"},
    {"quantization_config": {"quant_method": "nope"}},
    {"attn_implementation": "some-org/some-kernel"},
    {"model_type": "zzz"},
    {"model_type": "t5"},
    {"model_type": "bert", "architectures": ["BertForMaskedLM"]},
]


@pytest.mark.parametrize("fields", CONFIGS, ids=lambda fields: json.dumps(fields)[:40])
def test_configurations_that_do_not_fit(folder: Path, fields: dict[str, object]) -> None:
    change_json(folder / "config.json", fields)
    try:
        loaded(folder)
    except CheckpointError as error:
        require_good_manners(error)
    else:
        # transformers reads past these and builds the model that the weights are for.
        assert fields.keys() <= {"dtype", "attn_implementation", "quantization_config"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"model_type": "t5"}, "it is not a causal language model"),
        ({"model_type": "zzz"}, "this transformers does not know its model_type"),
    ],
)
def test_architectures(folder: Path, fields: dict[str, object], words: str) -> None:
    change_json(folder / "config.json", fields)
    with pytest.raises(Unreadable, match=words):
        loaded(folder)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "{nope", "\ufeff", '{"added_tokens": [], "model": {"type": "XPE"}}', "[]", "null"],
)
def test_broken_tokenizers(folder: Path, text: str) -> None:
    (folder / "tokenizer.json").write_text(text)
    with pytest.raises(Unreadable, match="its tokenizer is broken or of an unknown kind") as caught:
        loaded(folder)
    require_good_manners(caught.value)


def test_a_tokenizer_that_brings_code(folder: Path) -> None:
    change_json(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": ["own.Own", None]}},
    )
    (folder / "own.py").write_text("raise AssertionError('was run')")
    with pytest.raises(RemoteCode) as caught:
        loaded(folder)
    require_good_manners(caught.value)


def test_a_model_that_brings_code_it_does_not_need(folder: Path) -> None:
    change_json(folder / "config.json", {"auto_map": {"AutoModelForCausalLM": "own.Own"}})
    (folder / "own.py").write_text("raise AssertionError('was run')")
    loaded(folder)


def test_ids_without_an_embedding(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"pad_token": "<pad>"})
    tokenizer.save_pretrained(folder)
    capfd.readouterr()
    assert loaded(folder).warnings == ("model has no embedding for the added token '<pad>'.",)
    text = json.loads((folder / "tokenizer.json").read_text())
    text["model"]["vocab"]["stray"] = 500
    (folder / "tokenizer.json").write_text(json.dumps(text))
    with pytest.raises(Unreadable, match="ids up to 500, its embedding only 384 rows") as caught:
        loaded(folder)
    require_good_manners(caught.value)


def test_a_file_that_changes_meanwhile(folder: Path) -> None:
    checkpoint = read(folder, "base")
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(Unreadable, match="it changed while it was being read"):
        drained(load(checkpoint, CPU))


# ---------------------------------------------------------------- devices


@pytest.mark.parametrize(
    "device", ["cuda:99", "cuda:-1", "cuda:", "tpu", "", "CPU", "cuda:0x", "meta"]
)
def test_no_such_device(folder: Path, device: str) -> None:
    with pytest.raises(NoDevice) as caught:
        loaded(folder, Settings(device=device))
    assert exit_code(caught.value) == 4
    assert caught.value.hint


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(2, False, "cuda:1"), (0, True, "mps"), (0, False, "cpu")]
)
def test_automatic_device(
    cuda: int, mps: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert str(devices.choose_device("auto")) == expected


@pytest.mark.parametrize(
    ("device", "free", "spread"),
    [("auto", 100, True), ("cuda", 100, True), ("cuda:0", 100, False), ("cuda", 10**9, False)],
)
def test_spreads_only_what_does_not_fit(
    folder: Path, device: str, free: int, spread: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, 10**9))
    placements: list[pretrained.Placement] = []

    class Stop(Exception):
        pass

    def stop(
        path: Path, name: str, placement: pretrained.Placement, *, trust_remote_code: bool
    ) -> None:
        placements.append(placement)
        raise Stop

    monkeypatch.setattr(loading, "open_model", stop)
    with pytest.raises(Stop):
        loaded(folder, Settings(device=device))
    assert placements[0].spread is spread
    assert placements[0].needed == read(folder, "base").parameters * 4


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
)
def test_out_of_memory(folder: Path, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", fail)
    with pytest.raises(ModelTooLarge, match=r"model needs 0\.0 GB for its weights") as caught:
        loaded(folder)
    assert exit_code(caught.value) == 4
    assert caught.value.hint


def test_stopping_midway(folder: Path) -> None:
    steps = load(read(folder, "base"), CPU)
    assert next(steps).stage == "importing torch"
    assert next(steps).stage == "reading weights"
    steps.close()


# ---------------------------------------------------------------- tokenizers


def changed(path: str, value: object) -> transformers.PreTrainedTokenizerFast:
    """The tiny tokenizer with one part of its description changed; `path` is dotted."""
    from tokenizers import Tokenizer

    tokenizer = make_tokenizer()
    description = json.loads(tokenizer.backend_tokenizer.to_str())
    *folders, last = path.split(".")
    part = description
    for name in folders:
        part = part[name]
    part[last] = value(part[last]) if callable(value) else value
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(description)),
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
    )


def swapped(vocabulary: dict[str, int]) -> dict[str, int]:
    names = {id: name for name, id in vocabulary.items()}
    return vocabulary | {names[300]: 301, names[301]: 300}


def test_the_same_tokenizer() -> None:
    assert difference(make_tokenizer(), make_tokenizer()) is None
    assert other_differences(make_tokenizer(), make_tokenizer()) == ()


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("model.vocab", swapped, "id 300 is "),
        ("model.merges", lambda merges: merges[:17] + merges[18:], "merge 17 differs"),
        ("model.merges", lambda merges: merges[:-1], "differs"),
        ("model.ignore_merges", True, "option ignore_merges differs"),
        ("normalizer", {"type": "Lowercase"}, "normalizers differ"),
        ("pre_tokenizer.add_prefix_space", True, "pre-tokenizers differ"),
        ("post_processor", None, "post-processors, which add special tokens, differ"),
    ],
)
def test_first_difference(path: str, value: object, words: str) -> None:
    found = difference(make_tokenizer(), changed(path, value))
    assert found is not None
    assert words in found


def test_sizes() -> None:
    longer = make_tokenizer()
    longer.add_tokens(["Lily"])
    assert difference(longer, make_tokenizer()) == "vocabulary sizes 385 and 384"


def test_padding_added_at_the_end_is_tolerated() -> None:
    longer = make_tokenizer()
    longer.add_special_tokens({"pad_token": "<pad>"})
    assert difference(make_tokenizer(), longer) is None
    assert other_differences(make_tokenizer(), longer) == (
        "one tokenizer has 1 more at its end: '<pad>'",
    )


def test_an_old_token_that_became_special() -> None:
    other = make_tokenizer()
    other.add_tokens(["the"] if "the" in other.get_vocab() else ["Ġthe"], special_tokens=True)
    assert "is matched differently" in (difference(make_tokenizer(), other) or "")


def test_templates_and_ends_are_warnings() -> None:
    other = make_tokenizer(chat_template=CHAT_TEMPLATE)
    other.eos_token = "<|endoftext|>"
    assert difference(make_tokenizer(), other) is None
    assert other_differences(make_tokenizer(), other) == (
        "eos tokens differ: '</s>' and '<|endoftext|>'",
        "chat templates differ",
    )


def test_hostile_names_are_cut_and_quoted() -> None:
    other = make_tokenizer()
    other.add_tokens(["\x1b[31m" + "x" * 500])
    text = other_differences(make_tokenizer(), other)[0]
    assert len(text) < 150
    assert "\x1b" not in text


def test_families_are_told_apart() -> None:
    with_start, without = make_tokenizer(begins=True), make_tokenizer(begins=False)
    assert "special tokens" in (difference(with_start, without) or "")
