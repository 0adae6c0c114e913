from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from checkpoints_fixture import change_json, make_adapter, make_checkpoint, safetensors_bytes

from unpact_tui import checkpoints, hub
from unpact_tui.checkpoints import Checkpoint, compare_bytes, identical, read
from unpact_tui.errors import (
    CheckpointError,
    NotACheckpoint,
    NotFound,
    Offline,
    PickleOnly,
    RemoteCode,
    Unreadable,
    exit_code,
)

DATA = Path(__file__).parents[3] / "shared" / "data" / "models"


def tensors(sizes: dict[str, int], dtype: str = "U8", fill: int = 1) -> bytes:
    header: dict[str, object] = {}
    start = 0
    for name, size in sizes.items():
        header[name] = {"dtype": dtype, "shape": [size], "data_offsets": [start, start + size]}
        start += size
    return safetensors_bytes(header, bytes([fill]) * start)


def write_folder(folder: Path, weights: bytes | None = None) -> Path:
    """The smallest folder that reads as a checkpoint; nothing could load it."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights or tensors({"a": 8, "b": 3000}))
    return folder


def write_shards(folder: Path, shards: dict[str, bytes], places: dict[str, str]) -> Path:
    write_folder(folder)
    (folder / "model.safetensors").unlink()
    for name, data in shards.items():
        (folder / name).write_bytes(data)
    index = {"metadata": {}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "model")


def test_reads_what_the_headers_say(folder: Path) -> None:
    found = read(folder, "unlearned")
    assert found.name == "model"
    assert found.path == folder.resolve()
    assert found.role == "unlearned"
    assert found.model_type == "llama"
    assert found.architecture == "LlamaForCausalLM"
    assert found.parameters == 3008
    assert found.bytes == (folder / "model.safetensors").stat().st_size
    assert found.dtypes == ("u8",)
    assert [shard.path.name for shard in found.shards] == ["model.safetensors"]
    assert found.method is None
    assert found.adapter is None


def test_name_of_the_folder_we_are_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert read(".", "base").name == "model"


def test_method_from_provenance(folder: Path) -> None:
    (folder / "provenance.json").write_text('{"method": "npo"}')
    assert read(folder, "unlearned").method == "npo"
    for broken in ('{"method": 3}', "nonsense", "[]"):
        (folder / "provenance.json").write_text(broken)
        assert read(folder, "unlearned").method is None


def test_dtypes_by_bytes(folder: Path) -> None:
    header = {
        "small": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "large": {"dtype": "BF16", "shape": [3, 3], "data_offsets": [8, 26]},
    }
    (folder / "model.safetensors").write_bytes(safetensors_bytes(header, bytes(26)))
    found = read(folder, "base")
    assert found.dtypes == ("bfloat16", "float32")
    assert found.parameters == 11


def test_shards(tmp_path: Path) -> None:
    one, two = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    folder = write_shards(
        tmp_path / "model",
        {one: tensors({"a": 8}), two: tensors({"b": 3000})},
        {"a": one, "b": two},
    )
    found = read(folder, "base")
    assert [shard.path.name for shard in found.shards] == [one, two]
    assert found.parameters == 3008
    assert found.bytes == sum(shard.bytes for shard in found.shards)


def test_links_into_a_cache_are_followed(folder: Path, tmp_path: Path) -> None:
    blob = tmp_path / "blob"
    (folder / "model.safetensors").rename(blob)
    (folder / "model.safetensors").symlink_to(blob)
    assert read(folder, "base").parameters == 3008


# ---------------------------------------------------------------- refusals


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def write(name: str, content: str | bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        raw = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(raw)

    return change


def in_place_of(old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / old).unlink()
        (folder / new).write_bytes(b"\x80\x04")

    return change


def config(**fields: object) -> Callable[[Path], None]:
    return lambda folder: change_json(folder / "config.json", fields)


def index(weight_map: object, extra: dict[str, bytes] | None = None) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        text = json.dumps({"weight_map": weight_map})
        (folder / "model.safetensors.index.json").write_text(text)
        for name, data in (extra or {}).items():
            (folder / name).write_bytes(data)

    return change


def truncate(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])


S1, S2 = "model-1.safetensors", "model-2.safetensors"

REFUSALS: list[tuple[Callable[[Path], None], type[CheckpointError], str]] = [
    (remove("config.json"), NotACheckpoint, "it has no config.json"),
    (write("config.json", "{nope"), Unreadable, "config.json cannot be read: it is not JSON"),
    (write("config.json", "[" * 100_000), Unreadable, "it is not JSON"),
    (write("config.json", "[]"), Unreadable, "it is JSON, but not an object"),
    (write("config.json", "{}"), Unreadable, "it does not say which model_type it is"),
    (write("config.json", '{"model_type": 3}'), Unreadable, "it does not say which model_type"),
    (config(transformers_weights="x.bin"), Unreadable, "a weight file of its own choice"),
    (config(model_type="new", auto_map={"AutoModel": "x.Y"}), RemoteCode, "Python code of its own"),
    (config(model_type="../x", auto_map={"AutoModel": "x.Y"}), RemoteCode, "code of its own"),
    (remove("tokenizer.json"), NotACheckpoint, "it has no tokenizer"),
    (remove("model.safetensors"), NotACheckpoint, "it has no model.safetensors"),
    (
        in_place_of("model.safetensors", "pytorch_model.bin"),
        PickleOnly,
        "has its weights only as pytorch_model.bin, a pickle, which can run code",
    ),
    (in_place_of("model.safetensors", "model.pt"), PickleOnly, "only as model.pt"),
    (in_place_of("model.safetensors", "consolidated.00.pth"), PickleOnly, "consolidated.00.pth"),
    (in_place_of("model.safetensors", "last.ckpt"), PickleOnly, "last.ckpt"),
    (in_place_of("model.safetensors", "optimizer.pt"), NotACheckpoint, "no model.safetensors"),
    (in_place_of("model.safetensors", "model.gguf"), NotACheckpoint, "it has GGUF weights"),
    (
        in_place_of("model.safetensors", "model-00001-of-00002.safetensors"),
        NotACheckpoint,
        "it has shards but no model.safetensors.index.json",
    ),
    (truncate, Unreadable, "it is truncated: it has"),
    (write("model.safetensors", b""), Unreadable, "it has 0 bytes, which is no safetensors file"),
    (write("model.safetensors", b"\xff" * 64), Unreadable, "its header would be too long"),
    (write("model.safetensors", b"\xff" + b"\0" * 30), Unreadable, "it ends within its header"),
    (
        write("model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
        Unreadable,
        "it is a Git LFS pointer, not the weights",
    ),
    (write("model.safetensors", safetensors_bytes({}, b"")), NotACheckpoint, "hold no tensor"),
    (index({"a": "pytorch_model-1.bin"}), PickleOnly, "only as pytorch_model-1.bin"),
    (index({"a": "../model.safetensors"}), Unreadable, "names the file '../model.safetensors'"),
    (index({"a": "/etc/x.safetensors"}), Unreadable, "which is no shard"),
    (index({"a": "config.json"}), Unreadable, "which is no shard"),
    (index({"a": "x\0.safetensors"}), Unreadable, "which is no shard"),
    (index({"a": 3}), Unreadable, "it has no weight_map from tensors to files"),
    (index({}), NotACheckpoint, "hold no tensor"),
    (index({"a": S1}), NotACheckpoint, f"shard {S1} of its index is missing"),
    (
        index({"a": S1, "b": S1}, {S1: tensors({"a": 1})}),
        Unreadable,
        "tensor b is not in it, but the index says so",
    ),
    (
        index({"a": S1, "b": S2}, {S1: tensors({"a": 1}), S2: tensors({"a": 1, "b": 1})}),
        Unreadable,
        f"tensor a is also in {S1}",
    ),
]


@pytest.mark.parametrize(("change", "kind", "words"), REFUSALS)
def test_refusals(
    folder: Path, change: Callable[[Path], None], kind: type[CheckpointError], words: str
) -> None:
    change(folder)
    with pytest.raises(kind, match=re.escape(words)) as caught:
        read(folder, "base")
    require_good_manners(caught.value)
    assert str(folder) in str(caught.value)


def require_good_manners(error: CheckpointError) -> None:
    assert type(error) is not CheckpointError
    assert exit_code(error) == 3
    assert error.hint
    sentence = str(error)
    assert sentence.endswith(".")
    assert not sentence.endswith("..")
    assert "\n" not in sentence


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no folder") as caught:
        read(tmp_path / "absent", "base")
    require_good_manners(caught.value)


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "~nobody-of-that-name/model", ""])
def test_names_no_folder_can_have(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "":
        monkeypatch.chdir(Path("/"))
        with pytest.raises(CheckpointError):
            read(name, "base")
        return
    with pytest.raises(NotFound) as caught:
        read(name, "base")
    require_good_manners(caught.value)


def test_path_is_a_file(folder: Path) -> None:
    with pytest.raises(NotACheckpoint, match="it is not a folder") as caught:
        read(folder / "model.safetensors", "base")
    require_good_manners(caught.value)


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(NotACheckpoint, match="it is empty") as caught:
        read(tmp_path, "base")
    require_good_manners(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to this user")
def test_closed_folder(folder: Path) -> None:
    folder.chmod(0)
    try:
        with pytest.raises(Unreadable, match="permission denied") as caught:
            read(folder, "base")
        require_good_manners(caught.value)
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", "generation_config.json"]
)
@pytest.mark.timeout(20)
def test_a_pipe_does_not_hang(folder: Path, name: str) -> None:
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    with pytest.raises(Unreadable, match="it is not a regular file") as caught:
        read(folder, "base")
    require_good_manners(caught.value)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_folder_in_place_of_a_file(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(NotACheckpoint, match="it has no"):
        read(folder, "base")


def test_a_device_in_place_of_a_file(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("/dev/zero")
    with pytest.raises(Unreadable, match="it is not a regular file"):
        read(folder, "base")


def test_code_that_transformers_has_is_not_needed(folder: Path) -> None:
    change_json(folder / "config.json", {"auto_map": {"AutoModelForCausalLM": "x.Y"}})
    assert read(folder, "base").model_type == "llama"


def test_code_that_was_allowed(folder: Path) -> None:
    config = {"model_type": "new", "auto_map": {"AutoModelForCausalLM": "x.Y"}}
    change_json(folder / "config.json", config)
    assert read(folder, "base", trust_remote_code=True).model_type == "new"


# ---------------------------------------------------------------- adapters


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    folder = tmp_path / "adapter"
    folder.mkdir()
    config = {"peft_type": "LORA", "base_model_name_or_path": "org/base", "task_type": "CAUSAL_LM"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    (folder / "adapter_model.safetensors").write_bytes(tensors({"a": 8}))
    return folder


def test_reads_an_adapter(adapter: Path) -> None:
    found = read(adapter, "unlearned")
    assert found.adapter == checkpoints.AdapterInfo("org/base", "LORA")
    assert found.model_type is None
    assert not found.has_tokenizer
    assert found.parameters == 8


ADAPTER_REFUSALS: list[tuple[Callable[[Path], None], type[CheckpointError], str]] = [
    (write("adapter_config.json", "{}"), Unreadable, "does not say which peft_type it is"),
    (
        write("adapter_config.json", '{"peft_type": "PREFIX_TUNING"}'),
        NotACheckpoint,
        "adapters of the kind PREFIX_TUNING are not supported",
    ),
    (
        write("adapter_config.json", '{"peft_type": "LORA", "megatron_config": {}}'),
        NotACheckpoint,
        "adapters of the kind Megatron",
    ),
    (
        write("adapter_config.json", '{"peft_type": "LORA", "task_type": "SEQ_CLS"}'),
        NotACheckpoint,
        "adapters of the kind SEQ_CLS",
    ),
    (
        in_place_of("adapter_model.safetensors", "adapter_model.bin"),
        PickleOnly,
        "only as adapter_model.bin",
    ),
    (remove("adapter_model.safetensors"), NotACheckpoint, "it has no adapter_model.safetensors"),
]


@pytest.mark.parametrize(("change", "kind", "words"), ADAPTER_REFUSALS)
def test_adapter_refusals(
    adapter: Path, change: Callable[[Path], None], kind: type[CheckpointError], words: str
) -> None:
    change(adapter)
    with pytest.raises(kind, match=re.escape(words)) as caught:
        read(adapter, "unlearned")
    require_good_manners(caught.value)


# ---------------------------------------------------------------- names on the hub


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without anything in it, and no hub in reach."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path


def test_a_hub_name_offline(elsewhere: Path) -> None:
    with pytest.raises(Offline, match="some-org/some-model is not a local folder") as caught:
        read("some-org/some-model", "base")
    require_good_manners(caught.value)


def test_a_slip_beside_a_folder_is_no_hub_name(elsewhere: Path) -> None:
    (elsewhere / "runs").mkdir()
    with pytest.raises(NotFound):
        read("runs/step-40", "base")


def test_a_hub_name_from_the_cache(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_folder(elsewhere / "cache" / "0123abcd")
    asked: list[tuple[str, bool]] = []

    def snapshot(name: str, patterns: list[str], *, local: bool) -> Path:
        asked.append((name, local))
        assert "*.bin" not in patterns
        assert "*.py" not in patterns
        return folder

    monkeypatch.setattr(hub, "_snapshot", snapshot)
    found = read("some-org/some-model", "base")
    assert found.name == "some-org/some-model"
    assert found.path == folder
    assert asked == [("some-org/some-model", True)]


def test_a_hub_name_is_downloaded_when_allowed(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(elsewhere / "cache" / "0123abcd")
    asked: list[bool] = []

    def snapshot(name: str, patterns: list[str], *, local: bool) -> Path:
        asked.append(local)
        if local:
            raise Offline(name)
        return folder

    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr(hub, "_snapshot", snapshot)
    assert read("some-org/some-model", "base").path == folder
    assert asked == [True, False]


# ---------------------------------------------------------------- telling checkpoints apart


def changed(folder: Path, at: int) -> Path:
    file = folder / "model.safetensors"
    raw = bytearray(file.read_bytes())
    raw[at] ^= 1
    file.write_bytes(raw)
    return folder


def pair(tmp_path: Path, at: int | None) -> tuple[Checkpoint, Checkpoint]:
    other = write_folder(tmp_path / "other")
    if at is not None:
        changed(other, at)
    return read(write_folder(tmp_path / "one"), "base"), read(other, "unlearned")


def test_same_weights(tmp_path: Path) -> None:
    one, other = pair(tmp_path, None)
    assert identical(one, other)
    assert one.fingerprint == other.fingerprint
    assert list(compare_bytes(one, other))[-1] == 3008


@pytest.mark.parametrize("at", [-1, -3000, -3001, -1500])
def test_one_bit_apart(tmp_path: Path, at: int) -> None:
    assert not identical(*pair(tmp_path, at))


def test_fingerprint_sees_the_middle_of_each_tensor(tmp_path: Path) -> None:
    one, other = pair(tmp_path, -1500)
    assert one.fingerprint != other.fingerprint


def test_fingerprint_sees_the_configuration(tmp_path: Path) -> None:
    one = read(write_folder(tmp_path / "one"), "base")
    other = write_folder(tmp_path / "other")
    change_json(other / "config.json", {"rope_theta": 1.0})
    assert read(other, "base").fingerprint != one.fingerprint
    assert identical(one, read(other, "base"))


def test_sharding_makes_no_difference(tmp_path: Path) -> None:
    one = read(write_folder(tmp_path / "one"), "base")
    shards = {S1: tensors({"a": 8}), S2: tensors({"b": 3000})}
    other = read(write_shards(tmp_path / "other", shards, {"a": S1, "b": S2}), "base")
    assert identical(one, other)


def test_other_tensors(tmp_path: Path) -> None:
    one = read(write_folder(tmp_path / "one"), "base")
    for number, weights in enumerate(
        [tensors({"a": 8}), tensors({"a": 8, "b": 2999}), tensors({"a": 8, "b": 3000}, "I8")]
    ):
        assert not identical(one, read(write_folder(tmp_path / str(number), weights), "base"))


def test_adapters_are_the_same_only_with_their_configuration(tmp_path: Path) -> None:
    base = make_checkpoint(tmp_path / "base")
    one, other = (
        make_adapter(tmp_path / name, base, seed=seed) for name, seed in (("one", 0), ("other", 1))
    )
    first = read(one, "unlearned")
    assert identical(first, read(one, "unlearned"))
    assert not identical(first, read(other, "unlearned"))
    assert not identical(first, read(base, "base"))
    change_json(one / "adapter_config.json", {"lora_alpha": 99})
    assert not identical(first, read(one, "unlearned"))


# ---------------------------------------------------------------- real data, and no torch


@pytest.mark.skipif(not DATA.is_dir(), reason="the models are not beside the repository")
def test_real_checkpoints() -> None:
    folders = sorted(file.parent for file in DATA.rglob("config.json"))
    found = [read(folder, "base") for folder in folders]
    assert len(found) >= 5
    assert {checkpoint.parameters for checkpoint in found} == {260032}
    assert len({checkpoint.fingerprint for checkpoint in found}) == len(found)
    assert not identical(found[0], found[1])


def test_imports_no_torch(folder: Path) -> None:
    code = (
        "import sys; from unpact_tui import loading, tokenizer_difference;"
        "from unpact_tui.checkpoints import read; read(sys.argv[1], 'base');"
        "heavy = {'torch', 'transformers', 'peft', 'huggingface_hub', 'numpy'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, timeout=60)
