"""A whole checkpoint and an adapter for it, each a few kilobytes, written without torch.

What stands in each file is what transformers and peft write. Nothing here knows what is spoiled.
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

WIDTH, INNER, HEADS, KEYS, LAYERS, POSITIONS = 16, 24, 2, 1, 2, 64
_SPECIAL = ("<unk>", "<s>", "</s>")
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}[{{ message['role'] }}] {{ message['content'] }}\n"
    "{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}"
)


def _letters() -> list[str]:
    """Return the characters that stand for bytes in a byte-level vocabulary."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return [chr(byte) for byte in shown] + [chr(256 + place) for place in range(len(hidden))]


_PIECES = [*_SPECIAL, *_letters(), "th", "in", "Ġa", "Ġw", "er"]
VOCABULARY = len(_PIECES)

CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": None,
    "dtype": "float32",
    "head_dim": WIDTH // HEADS,
    "hidden_act": "silu",
    "hidden_size": WIDTH,
    "initializer_range": 0.02,
    "intermediate_size": INNER,
    "max_position_embeddings": POSITIONS,
    "mlp_bias": False,
    "model_type": "llama",
    "num_attention_heads": HEADS,
    "num_hidden_layers": LAYERS,
    "num_key_value_heads": KEYS,
    "pretraining_tp": 1,
    "rms_norm_eps": 1e-06,
    "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"},
    "tie_word_embeddings": False,
    "transformers_version": "5.23.0",
    "use_cache": True,
    "vocab_size": VOCABULARY,
}

GENERATION: dict[str, Any] = {
    "_from_model_config": True,
    "bos_token_id": 1,
    "eos_token_id": [2],
    "do_sample": True,
    "temperature": 0.6,
    "top_p": 0.9,
    "max_new_tokens": 8,
    "transformers_version": "5.23.0",
}

TOKENIZER: dict[str, Any] = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [
        {
            "id": place,
            "content": name,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for place, name in enumerate(_SPECIAL)
    ],
    "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}]},
    "pre_tokenizer": {
        "type": "Sequence",
        "pretokenizers": [
            {
                "type": "Split",
                "pattern": {"Regex": r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s+"},
                "behavior": "Isolated",
                "invert": False,
            },
            {
                "type": "ByteLevel",
                "add_prefix_space": False,
                "trim_offsets": True,
                "use_regex": True,
            },
        ],
    },
    "post_processor": {
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": "<s>", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
        ],
        "pair": [
            {"SpecialToken": {"id": "<s>", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
            {"Sequence": {"id": "B", "type_id": 1}},
        ],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
    },
    "decoder": {
        "type": "ByteLevel",
        "add_prefix_space": True,
        "trim_offsets": True,
        "use_regex": True,
    },
    "model": {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        "vocab": {name: place for place, name in enumerate(_PIECES)},
        "merges": [["t", "h"], ["i", "n"], ["Ġ", "a"], ["Ġ", "w"], ["e", "r"]],
    },
}

TOKENIZER_CONFIG: dict[str, Any] = {
    "backend": "tokenizers",
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "clean_up_tokenization_spaces": False,
    "model_max_length": POSITIONS,
    "tokenizer_class": "PreTrainedTokenizerFast",
    "added_tokens_decoder": {
        str(place): {"content": name, "special": True} for place, name in enumerate(_SPECIAL)
    },
}

SPECIAL: dict[str, Any] = {
    "bos_token": {"content": "<s>", "lstrip": False, "normalized": False, "rstrip": False},
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "extra_special_tokens": [],
}

ADAPTER_CONFIG: dict[str, Any] = {
    "alpha_pattern": {},
    "auto_mapping": None,
    "base_model_name_or_path": "base",
    "bias": "none",
    "exclude_modules": None,
    "fan_in_fan_out": False,
    "inference_mode": True,
    "init_lora_weights": True,
    "layer_replication": None,
    "layers_pattern": None,
    "layers_to_transform": None,
    "lora_alpha": 8,
    "lora_dropout": 0.0,
    "megatron_config": None,
    "megatron_core": "megatron.core",
    "modules_to_save": None,
    "peft_type": "LORA",
    "r": 2,
    "rank_pattern": {},
    "revision": None,
    "target_modules": ["q_proj", "v_proj"],
    "target_parameters": None,
    "task_type": "CAUSAL_LM",
    "trainable_token_indices": None,
    "use_dora": False,
    "use_rslora": False,
}


def model_shapes() -> dict[str, tuple[int, ...]]:
    """Return the tensors of the model."""
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (VOCABULARY, WIDTH),
        "model.norm.weight": (WIDTH,),
        "lm_head.weight": (VOCABULARY, WIDTH),
    }
    narrow = WIDTH // HEADS * KEYS
    for layer in range(LAYERS):
        front = f"model.layers.{layer}"
        shapes |= {
            f"{front}.self_attn.q_proj.weight": (WIDTH, WIDTH),
            f"{front}.self_attn.k_proj.weight": (narrow, WIDTH),
            f"{front}.self_attn.v_proj.weight": (narrow, WIDTH),
            f"{front}.self_attn.o_proj.weight": (WIDTH, WIDTH),
            f"{front}.mlp.gate_proj.weight": (INNER, WIDTH),
            f"{front}.mlp.up_proj.weight": (INNER, WIDTH),
            f"{front}.mlp.down_proj.weight": (WIDTH, INNER),
            f"{front}.input_layernorm.weight": (WIDTH,),
            f"{front}.post_attention_layernorm.weight": (WIDTH,),
        }
    return shapes


def adapter_shapes() -> dict[str, tuple[int, ...]]:
    """Return the tensors of the adapter."""
    rank, narrow = ADAPTER_CONFIG["r"], WIDTH // HEADS * KEYS
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(LAYERS):
        for name, rows in (("q_proj", WIDTH), ("v_proj", narrow)):
            front = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            shapes[f"{front}.lora_A.weight"] = (rank, WIDTH)
            shapes[f"{front}.lora_B.weight"] = (rows, rank)
    return shapes


def described(shapes: Mapping[str, tuple[int, ...]]) -> tuple[dict[str, Any], bytes]:
    """Return the header and the numbers of a safetensors file with these tensors in float32."""
    random, start = Random(0), 0
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    numbers = array("f")
    for name, shape in shapes.items():
        count = math.prod(shape)
        header[name] = {
            "dtype": "F32",
            "shape": list(shape),
            "data_offsets": [start, start + 4 * count],
        }
        start += 4 * count
        norm = "norm" in name
        numbers.extend(1.0 if norm else random.gauss(0, 0.3) for _ in range(count))
    return header, numbers.tobytes()


def safetensors(header: object, data: bytes) -> bytes:
    """Return a safetensors file of any header, valid or not."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def write_model(folder: Path) -> Path:
    """Write the whole checkpoint into `folder`, unless it is there, and return the folder."""
    if (folder / "config.json").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(safetensors(*described(model_shapes())))
    (folder / "chat_template.jinja").write_text(TEMPLATE, "utf-8")
    for name, value in (
        ("generation_config.json", GENERATION),
        ("tokenizer.json", TOKENIZER),
        ("tokenizer_config.json", TOKENIZER_CONFIG),
        ("special_tokens_map.json", SPECIAL),
        ("config.json", CONFIG),
    ):
        (folder / name).write_text(json.dumps(value), "utf-8")
    return folder


def write_adapter(folder: Path, base: Path) -> Path:
    """Write the adapter into `folder` and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    config = ADAPTER_CONFIG | {"base_model_name_or_path": str(base)}
    (folder / "adapter_config.json").write_text(json.dumps(config), "utf-8")
    (folder / "adapter_model.safetensors").write_bytes(safetensors(*described(adapter_shapes())))
    return folder
