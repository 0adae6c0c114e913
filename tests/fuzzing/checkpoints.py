"""Spoiled checkpoints and adapters, told by their headers alone: no torch, thousands of files.

`opened_checkpoints` does the same with what is really opened.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from random import Random

from fuzzing import checkpoint_seeds as seeds
from fuzzing.attack import Format
from fuzzing.mutations import Json, json_bytes, spoiled, spoiled_json

from unpact_tui.checkpoints import identical, read
from unpact_tui.errors import UnpactError
from unpact_tui.weights.streaming import changes

REFUSALS = (UnpactError,)

HUGE = (10**9, 10**6, 10**15, 2**62, 2**63, -1, -(10**9), 0, 1.5, float("nan"), float("inf"), True)
_HEADER, _DATA = seeds.described(seeds.model_shapes())
_ADAPTER, _ADAPTER_DATA = seeds.described(seeds.adapter_shapes())
_NAMES = (
    "../outside.safetensors",
    "/etc/passwd",
    "/dev/zero",
    "pipe.safetensors",
    "folder.safetensors",
    "gone.safetensors",
    "dead.safetensors",
    "linked.safetensors",
    "secret.safetensors",
    "pytorch_model.bin",
    "model-1.safetensors/../../outside.safetensors",
    "model-1.safetensors\x00",
    "x" * 300 + ".safetensors",
    ".safetensors",
    "..",
    "",
)


def read_model(path: Path) -> None:
    """Read the folder of `path` as every command does first, and compare its weights."""
    checkpoint = read(path.parent, "unlearned")
    base = _base(path.parent)
    identical(read(base, "base"), checkpoint)
    for _ in changes(base, path.parent, ranks=1):
        pass


def _base(folder: Path) -> Path:
    return seeds.write_model(folder.parent / f"{folder.name}-base")


def around_model(folder: Path) -> None:
    """Write what a checkpoint has."""
    seeds.write_model(folder)
    seeds.write_model(_base(folder))


def around_adapter(folder: Path) -> None:
    """Write what an adapter has, beside its base."""
    seeds.write_adapter(folder, _base(folder))
    seeds.write_model(_base(folder))


def _around_shards(folder: Path) -> None:
    """Write two shards in the place of the one file, and what a hostile index may name."""
    around_model(folder)
    (folder / "model.safetensors").unlink(missing_ok=True)
    half = len(seeds.model_shapes()) // 2
    shapes = list(seeds.model_shapes().items())
    for number, part in enumerate((shapes[:half], shapes[half:]), start=1):
        raw = seeds.safetensors(*seeds.described(dict(part)))
        (folder / f"model-{number}.safetensors").write_bytes(raw)
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    outside = folder.parent / "outside.safetensors"
    outside.write_bytes(seeds.safetensors(_HEADER, _DATA))
    if (folder / "folder.safetensors").exists():
        return
    (folder / "folder.safetensors").mkdir()
    (folder / "dead.safetensors").symlink_to(folder / "nothing")
    (folder / "linked.safetensors").symlink_to(outside)
    (folder / "secret.safetensors").symlink_to("/etc/passwd")


def _spoil_header(header: dict[str, Json], data: bytes) -> Callable[[Random], bytes]:
    def spoil(random: Random) -> bytes:
        how = random.randrange(10)
        if how < 4:
            return spoiled(seeds.safetensors(header, data), random)
        if how < 7:
            return seeds.safetensors(json_bytes(spoiled_json(header, random)), data)
        return random.choice(_WHOLE)(deepcopy(header), data, random)

    return spoil


def _petabyte(header: dict[str, Json], data: bytes, random: Random) -> bytes:
    """Claim more than there is, in the length of the header or of a tensor."""
    if random.random() < 0.5:
        length = random.choice((2**50, 2**63, 2**64 - 1, 10**8, 10**8 + 1))
        return length.to_bytes(8, "little") + json.dumps(header).encode() + data
    name = random.choice([name for name in header if not name.startswith("__")])
    most = random.choice((2**50, 2**61, 2**62, 2**63 - 8))
    header[name] = {"dtype": "F32", "shape": [most // 4], "data_offsets": [0, most]}
    return seeds.safetensors(header, data)


def _overlapping(header: dict[str, Json], data: bytes, random: Random) -> bytes:
    """Have tensors share bytes, or leave some out."""
    names = [name for name in header if not name.startswith("__")]
    one, other = random.sample(names, 2)
    header[one] = header[other]
    return seeds.safetensors(header, data)


def _twice(header: dict[str, Json], data: bytes, random: Random) -> bytes:
    """Say one name twice."""
    text = json.dumps(header)
    name = random.choice(list(header))
    again = f'{{"{name}": {json.dumps(random.choice(list(header.values())))},'
    return seeds.safetensors((again + text[1:]).encode(), data)


def _shaped(header: dict[str, Json], data: bytes, random: Random) -> bytes:
    """Give a tensor a shape that is none."""
    name = random.choice([name for name in header if not name.startswith("__")])
    entry = header[name]
    assert isinstance(entry, dict)
    shapes: tuple[list[Json], ...] = (
        [2**31] * 3,
        [0, 2**62],
        [2**62, 2**62, 0],
        [-1, -16],
        [1] * 10_000,
        [],
        [16.0],
        [True],
        [None],
    )
    entry["shape"] = random.choice(shapes)
    return seeds.safetensors(header, data)


def _many(header: dict[str, Json], data: bytes, random: Random) -> bytes:
    """Have thousands of empty tensors, or a name as long as a book."""
    empty = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
    if random.random() < 0.5:
        header |= {f"model.layers.{number}.x" * 3: empty for number in range(5_000)}
    else:
        header["layers." * 100_000] = empty
    return seeds.safetensors(header, data)


def _pointer(header: dict[str, Json], data: bytes, random: Random) -> bytes:
    """Be a pointer of Git LFS, a pickle, or an archive of one."""
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 99\n"
    return spoiled(random.choice((pointer, b"PK\x03\x04" + data, b"\x80\x02}q\x00.")), random)


_WHOLE = (_petabyte, _overlapping, _twice, _shaped, _many, _pointer)


def _spoil_index(random: Random) -> bytes:
    shapes = list(seeds.model_shapes())
    half = len(shapes) // 2
    places: dict[str, Json] = {
        name: f"model-{1 if place < half else 2}.safetensors" for place, name in enumerate(shapes)
    }
    index: dict[str, Json] = {"metadata": {"total_size": 99}, "weight_map": places}
    how = random.randrange(8)
    if how < 2:
        return spoiled(json_bytes(index), random)
    if how < 4:
        return json_bytes(spoiled_json(index, random))
    for name in random.sample(shapes, random.randint(1, 3)):
        places[name] = random.choice(_NAMES)
    if how == 4:
        places |= {f"model.layers.{number}.x": "model-1.safetensors" for number in range(20_000)}
    return json_bytes(index)


def spoil_fields(value: dict[str, Json], hostile: dict[str, tuple[Json, ...]]) -> Spoil:
    """Return what spoils a table: at any place, or by what is `hostile` under a name."""

    def spoil(random: Random) -> bytes:
        how = random.randrange(8)
        if how == 0:
            return spoiled(json_bytes(value), random)
        if how < 3:
            return json_bytes(spoiled_json(value, random))
        changed = deepcopy(value)
        for name in random.sample(list(hostile), random.randint(1, 2)):
            changed[name] = random.choice(hostile[name])
        return json_bytes(changed)

    return spoil


Spoil = Callable[[Random], bytes]

_NUMBERS = tuple(name for name, item in seeds.CONFIG.items() if type(item) is int)
CONFIG: dict[str, tuple[Json, ...]] = {
    **dict.fromkeys(_NUMBERS, HUGE),
    "model_type": ("gpt2", "mamba", "t5", "../evil", "zzz", "", "x" * 5_000, "llama\x00", 7),
    "architectures": (["Evil"], [], None, [None], "LlamaForCausalLM", ["os.system"]),
    "auto_map": (
        {"AutoModelForCausalLM": "modeling_evil.Evil", "AutoConfig": "modeling_evil.EvilConfig"},
        {"AutoConfig": "some-org/some-repo--evil.Evil"},
    ),
    "quantization_config": (
        {"quant_method": "gptq", "bits": 4, "group_size": 10**12},
        {"quant_method": "bitsandbytes", "load_in_4bit": True},
        {"quant_method": "fp8"},
        {"quant_method": "mxfp4"},
        {"quant_method": "torchao", "quant_type": {"default": {"_type": "Evil"}}},
        {"quant_method": None},
        "x",
    ),
    "text_config": ({"num_hidden_layers": 10**9}, {"vocab_size": 10**12}, {}, "x", [[]]),
    "rope_parameters": (
        None,
        {},
        {"rope_type": "yarn"},
        {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 0},
        {"rope_type": "linear", "rope_theta": float("nan"), "factor": -1},
        {"rope_type": "longrope", "short_factor": [1] * 9, "long_factor": "x"},
        {"full_attention": {"rope_type": "default"}},
        [1],
    ),
    "rope_scaling": ({"type": "x"}, {"factor": 10**400}, 7),
    "attn_implementation": ("some-org/some-kernel", "eager", "flash_attention_2", {"": "a/b"}, 7),
    "transformers_weights": ("../x.bin", "pytorch_model.bin"),
    "dtype": ("float16", "nope", "int8", 7, None),
    "hidden_act": ("gelu", "nope", "__class__", None),
    "layer_types": (["full_attention"] * 2, ["x"], [None] * 2, "full_attention"),
    "num_labels": HUGE,
    "id2label": ({"0": "x"}, {"x": 1}, [1]),
    "tokenizer_class": ("LlamaTokenizer", "RagTokenizer", "os", 7),
    "rms_norm_eps": (float("nan"), "x", -1, 1e300),
    "tie_word_embeddings": (True, "x", None),
    "_name_or_path": ("../../etc", "\x1b[2J", 7),
}

ADAPTER: dict[str, tuple[Json, ...]] = {
    "r": (*HUGE, "x"),
    "lora_alpha": (*HUGE, "x"),
    "peft_type": ("LOHA", "IA3", "VERA", "BOFT", "ADALORA", "PREFIX_TUNING", "EVIL", "", None),
    "task_type": ("SEQ_CLS", None, "x", 7),
    "base_model_name_or_path": ("../../..", "/etc", "~root", "some-org/some-model", "\x00", 7, ""),
    "auto_mapping": (
        {"base_model_class": "Popen", "parent_library": "subprocess"},
        {"base_model_class": "X", "parent_library": "modeling_evil"},
    ),
    "megatron_config": ({"x": 1},),
    "megatron_core": ("modeling_evil", None),
    "target_modules": ("(.+)+x", "(", "all-linear", [], ["q_proj", "lm_head"], None, 7, [""]),
    "exclude_modules": ("(.*.*)*x", "(", ["q_proj"], 7),
    "alpha_pattern": ({"(.+)+x": 1.0}, {"(.*)*.*(.*)*y": 2.0}, {"(": 1.0}, {"q_proj": 10**400}, 7),
    "rank_pattern": ({"(.+)+x": 4}, {"q_proj": 10**9}, {"(": 1}, {"q_proj": "x"}),
    "modules_to_save": (["(.+)+x"], ["lm_head"], [""], "x", [7]),
    "layers_to_transform": ([10**9], -1, [0], "x"),
    "layers_pattern": ("(.+)+x", ["("], 7),
    "layer_replication": ([[0, 10**9]], [[0, 2]] * 5_000, [[1, 0]], "x"),
    "init_lora_weights": ("pissa_niter_1000000000", "loftq", "eva", "corda", "olora", "x", 7),
    "loftq_config": ({"loftq_bits": 4, "loftq_iter": 10**9}, 7),
    "corda_config": ({"cache_file": "evil.bin", "covariance_file": "evil.bin"},),
    "eva_config": ({"rho": 1}, 7),
    "bias": ("all", "lora_only", "x", 7),
    "use_dora": (True, "x"),
    "use_rslora": (True, "x"),
    "fan_in_fan_out": (True, "x"),
    "trainable_token_indices": ([10**12], [0], {"embed_tokens": [1]}, "x"),
    "target_parameters": (["x"], "x"),
    "lora_dropout": (2, float("nan"), "x"),
    "revision": ("../..", 7),
}

FORMATS: tuple[Format, ...] = (
    Format(
        "safetensors",
        _spoil_header(_HEADER, _DATA),
        read_model,
        "model.safetensors",
        REFUSALS,
        around_model,
    ),
    Format(
        "weight-index",
        _spoil_index,
        read_model,
        "model.safetensors.index.json",
        REFUSALS,
        _around_shards,
    ),
    Format(
        "model-config",
        spoil_fields(seeds.CONFIG, CONFIG),
        read_model,
        "config.json",
        REFUSALS,
        around_model,
    ),
    Format(
        "adapter-config",
        spoil_fields(seeds.ADAPTER_CONFIG, ADAPTER),
        read_model,
        "adapter_config.json",
        REFUSALS,
        around_adapter,
    ),
    Format(
        "adapter-weights",
        _spoil_header(_ADAPTER, _ADAPTER_DATA),
        read_model,
        "adapter_model.safetensors",
        REFUSALS,
        around_adapter,
    ),
)


def put_a_pipe(folder: Path, name: str = "pipe.safetensors") -> None:
    """Put a pipe that nobody writes to into a folder."""
    os.mkfifo(folder / name)
