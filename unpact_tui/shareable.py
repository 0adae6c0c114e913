"""Whether the weights of two checkpoints may lie in memory once: decided by their descriptions.

In doubt they may not. Reads configurations and headers, no tensor; transformers reads the
configurations, so that what one version writes and another leaves out counts as the same.
"""
# transformers' annotations are incomplete.
# pyright: basic

from __future__ import annotations

from typing import Any

from unpact_tui.checkpoints import ADAPTER_CONFIG, Checkpoint
from unpact_tui.pretrained import attempt, silenced
from unpact_tui.regular_files import read_json

_STORED = frozenset({"float32", "bfloat16", "float16"})
"""Others are integers that need a scale, or are left to the configuration."""

_ORIGIN = frozenset({"_name_or_path", "name_or_path", "dtype", "torch_dtype"}) | {
    "transformers_version",
    "_commit_hash",
}
"""Where a checkpoint is from: no number depends on it. The precision is read from the files."""

WRITING = ("use_cache", "bos_token_id", "eos_token_id")
"""What matters to writing and not to log-probabilities: a training run often changes it."""

PADDING = "pad_token_id"
_PADDING_UNUSED = frozenset(
    (
        "llama",
        "mistral",
        "qwen2",
        "qwen3",
        "gemma",
        "gemma2",
        "gemma3_text",
        "phi",
        "phi3",
        "gpt2",
        "gpt_neox",
        "opt",
    )
)
"""Architectures that do not compute with the padding token; others place tokens by it."""

_PLAIN = frozenset(
    (
        "alpha_pattern",
        "auto_mapping",
        "base_model_name_or_path",
        "exclude_modules",
        "fan_in_fan_out",
        "inference_mode",
        "init_lora_weights",
        "layers_pattern",
        "layers_to_transform",
        "lora_alpha",
        "lora_bias",
        "lora_dropout",
        "megatron_core",
        "modules_to_save",
        "peft_type",
        "peft_version",
        "qalora_group_size",
        "r",
        "rank_pattern",
        "revision",
        "target_modules",
        "task_type",
        "use_dora",
        "use_rslora",
    )
)
"""Fields of a LoRA that leave the weights of its base alone, whatever they say."""


def alike(base: Checkpoint, other: Checkpoint, *, trust_remote_code: bool) -> bool:
    """Tell whether both are the same computation on tensors of the same types."""
    if base.adapter or other.adapter or base.model_type != other.model_type:
        return False
    if not {*base.dtypes, *other.dtypes} <= _STORED or base.dtypes != other.dtypes:
        return False
    ours, theirs = (_computing(side, trust=trust_remote_code) for side in (base, other))
    return ours is not None and ours == theirs


def _computing(checkpoint: Checkpoint, *, trust: bool) -> dict[str, Any] | None:
    """Return what a configuration says about computing; None where that is not known."""
    from transformers import AutoConfig

    fields: dict[str, Any] | None = None
    with silenced(), attempt():
        fields = AutoConfig.from_pretrained(
            str(checkpoint.path), local_files_only=True, trust_remote_code=False
        ).to_dict()
    if fields is None or fields.get("quantization_config") or (trust and "auto_map" in fields):
        return None
    free = _ORIGIN | set(WRITING)
    if checkpoint.model_type in _PADDING_UNUSED:
        free |= {PADDING}
    return {name: value for name, value in fields.items() if name not in free}


def leaves_its_base_alone(adapter: Checkpoint) -> bool:
    """Tell whether putting an adapter on changes no weight of the base: some begin with that."""
    fields = read_json(adapter.path / ADAPTER_CONFIG)
    if fields.get("peft_type") != "LORA" or fields.pop("bias", "none") != "none":
        return False
    if fields.get("init_lora_weights", True) not in (True, False, "gaussian", None):
        return False
    return not any(value for name, value in fields.items() if name not in _PLAIN)
