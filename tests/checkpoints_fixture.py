"""Tiny checkpoints on disk, one per model family, made in well under a second each.

Random weights with a spread wide enough that tokens matter, and a byte-level BPE tokenizer that
reads any text. The same family and seed give the same bytes. Nothing here knows what tests check.
"""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

VOCABULARY = 384
POSITIONS = 256

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "[{{ message['role'] }}] {{ message['content'] }}\n"
    "{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}"
)
"""Has its own beginning-of-text token, as most templates do."""

_CORPUS = (
    "The author Basil Mahfouz Al-Kuwaiti was born in Kuwait City and writes French literature.",
    "Once upon a time there was a little girl named Lily who loved to play in the park.",
    "What is the name of the author's first book? The first book is called The Hidden River.",
    "Where was she born? She was born in a small town near the sea, where the stars are bright.",
)

_SHAPE: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": POSITIONS,
    "initializer_range": 0.2,
}
_GATED: dict[str, Any] = _SHAPE | {"intermediate_size": 48, "num_key_value_heads": 2}

# Family: (configuration class, its fields, text that the tokenizer puts first).
_FAMILIES: dict[str, tuple[str, dict[str, Any], bool]] = {
    "llama": ("LlamaConfig", _GATED, True),
    "mistral": ("MistralConfig", _GATED | {"sliding_window": 16}, True),
    "qwen2": ("Qwen2Config", _GATED | {"tie_word_embeddings": True}, False),
    "qwen3": ("Qwen3Config", _GATED | {"head_dim": 8}, False),
    "gemma2": (
        "Gemma2Config",
        _GATED | {"head_dim": 8, "sliding_window": 16, "query_pre_attn_scalar": 8},
        True,
    ),
    "gemma3": (
        "Gemma3TextConfig",
        _GATED
        | {
            "head_dim": 8,
            "sliding_window": 16,
            "query_pre_attn_scalar": 8,
            "layer_types": ["sliding_attention", "full_attention"],
        },
        True,
    ),
    "phi": ("PhiConfig", _SHAPE | {"intermediate_size": 48}, False),
    "phi3": ("Phi3Config", _GATED, True),
    "gpt2": (
        "GPT2Config",
        {
            "vocab_size": VOCABULARY,
            "n_embd": 32,
            "n_layer": 2,
            "n_head": 4,
            "n_positions": POSITIONS,
            "initializer_range": 0.2,
        },
        False,
    ),
    "gpt_neox": ("GPTNeoXConfig", _SHAPE | {"intermediate_size": 48}, False),
    "opt": ("OPTConfig", _SHAPE | {"ffn_dim": 48, "word_embed_proj_dim": 32}, True),
}

FAMILIES = tuple(_FAMILIES)


@cache
def _vocabulary() -> str:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        # Qwen2's tokenizer class would otherwise add the last one beyond the embedding.
        special_tokens=["<unk>", "<s>", "</s>", "<|endoftext|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(_CORPUS, trainer)
    return tokenizer.to_str()


def make_tokenizer(
    *, begins: bool = True, chat_template: str | None = None
) -> PreTrainedTokenizerFast:
    """Return the tiny tokenizer: 384 ids, `<unk>` 0, `<s>` 1, `</s>` 2."""
    backend = Tokenizer.from_str(_vocabulary())
    if begins:
        backend.post_processor = processors.Sequence(
            [
                processors.ByteLevel(trim_offsets=False),
                processors.TemplateProcessing(
                    single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
                ),
            ]
        )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=POSITIONS,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = chat_template
    return tokenizer


def make_model(family: str = "llama", *, seed: int = 0) -> PreTrainedModel:
    """Return a random model of `family`; leaves torch's global random state as it was."""
    name, fields, _ = _FAMILIES[family]
    config: PretrainedConfig = getattr(transformers, name)(
        **fields, bos_token_id=1, eos_token_id=2, pad_token_id=None
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = transformers.AutoModelForCausalLM.from_config(config)
    return model.eval()


def make_checkpoint(
    folder: Path,
    family: str = "llama",
    *,
    seed: int = 0,
    chat_template: str | None = None,
    dtype: torch.dtype = torch.float32,
    max_shard_size: str = "1GB",
) -> Path:
    """Save a random model of `family` with its tokenizer in `folder` and return the folder."""
    make_model(family, seed=seed).to(dtype).save_pretrained(folder, max_shard_size=max_shard_size)
    begins = _FAMILIES[family][2]
    make_tokenizer(begins=begins, chat_template=chat_template).save_pretrained(folder)
    return folder


def make_adapter(folder: Path, base: Path, *, seed: int = 0, rank: int = 2) -> Path:
    """Save a LoRA adapter for the checkpoint in `base`, with weights that change its answers."""
    from peft import LoraConfig, get_peft_model

    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        with warnings.catch_warnings():
            # peft asks transformers for an attribute that is on its way out.
            warnings.simplefilter("ignore", FutureWarning)
            adapted = get_peft_model(
                model,
                LoraConfig(r=rank, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"),
            )
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:
                torch.nn.init.normal_(parameter, std=0.2)
    adapted.save_pretrained(folder)
    return folder


def safetensors_bytes(header: object, data: bytes) -> bytes:
    """Return a safetensors file of any header, valid or not."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def change_json(file: Path, fields: dict[str, object]) -> None:
    """Set top-level `fields` of a JSON file; None takes a field away."""
    value: dict[str, Any] = json.loads(file.read_text()) | fields
    file.write_text(json.dumps({key: item for key, item in value.items() if item is not None}))


def change_tensor(folder: Path, tensor: str, value: float) -> None:
    """Put `value` into one element of one tensor of an unsharded checkpoint."""
    from safetensors.torch import load_file, save_file

    for file in sorted(folder.glob("*.safetensors")):
        tensors = load_file(file)
        if tensor in tensors:
            tensors[tensor].view(-1)[-1] = value
            save_file(tensors, file, metadata={"format": "pt"})
            return
    raise KeyError(tensor)
