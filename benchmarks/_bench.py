"""A model, a prompt and an answer to measure on: of a given shape with random weights, or a real
checkpoint. Knows nothing of what is measured.
"""

# pyright: basic
# (what is measured brings annotations that do not stand strict mode)

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from attribution.hf import HFModel
from attribution.types import Answer, Prompt, Span

SPECIAL = ("<unk>", "<pad>", "</s>", "<s>")
"""The first ids; prompts are drawn from the others."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A Llama, and how long prompt and answer are."""

    layers: int = 8
    width: int = 512
    prompt: int = 128
    answer: int = 16
    vocabulary: int = 8000
    inner: int = 0
    """Width of the feed-forward layers; 0 is three times the width."""
    heads: int = 0
    """0 is one for every 64 of the width."""
    groups: int = 0
    """Heads of keys and values; 0 is as many as of queries."""

    def __str__(self) -> str:
        return (
            f"{self.layers} layers, width {self.width}, vocabulary {self.vocabulary:,}, "
            f"n = {self.prompt:,}, T = {self.answer}"
        )


_CHARACTERS = 12
"""Of a text for every token wanted of it: more than enough of any language."""

ONE_BILLION = Shape(16, 2048, vocabulary=128_256, inner=8192, heads=32, groups=8)
"""As Llama 3.2 1B."""
EIGHT_BILLION = Shape(32, 4096, vocabulary=128_256, inner=14_336, heads=32, groups=8)
"""As Llama 3.1 8B."""
LONG = Shape(layers=4, width=256, prompt=8000)
"""A small model that reads a long prompt."""


@dataclass(frozen=True, eq=False)
class Bench:
    """What every scheme measures on."""

    model: Any
    tokenizer: Any
    prompt: Prompt
    answer: Answer
    batch_tokens: int | None = None
    """Rows x length of a pass, for every scheme that batches; None is our own default."""
    sampled: int | None = None
    """Removed tokens on which the slow schemes are timed; None: all."""

    @cached_property
    def door(self) -> HFModel:
        """Ours."""
        return HFModel(self.model, self.tokenizer, batch_tokens=self.batch_tokens)

    @cached_property
    def plain_door(self) -> HFModel:
        """Ours, with nothing shared between rows."""
        return HFModel(self.model, self.tokenizer, batch_tokens=self.batch_tokens, share=False)

    @property
    def lengths(self) -> str:
        """How long prompt and answer are, for a heading."""
        return f"n = {len(self.prompt.tokens):,}, T = {len(self.answer.ids)}"

    @property
    def device(self) -> torch.device:
        """Where the ids go."""
        return self.door.device

    def shorter(self, prompt: int, answer: int) -> Bench:
        """Return the same with the beginning of the prompt and of the answer, as a warm-up."""
        ids = self.answer.ids[:answer]
        return replace(
            self,
            prompt=cut(self.prompt, prompt),
            answer=Answer(self.door.decode(ids), ids, self.answer.source),
        )


def cut(prompt: Prompt, tokens: int) -> Prompt:
    """Return the first tokens of a prompt."""
    kept = prompt.tokens[:tokens]
    end = kept[-1].end
    return Prompt(prompt.text[:end], kept, Span(0, end))


def word_tokenizer(vocabulary: int) -> Any:
    """Return a tokenizer whose ids are written w0, w1, ...: any ids are a text that gives them
    back, which is what the peers must be handed."""
    known = {f"w{i}": i for i in range(len(SPECIAL), vocabulary)}
    known |= {name: i for i, name in enumerate(SPECIAL)}
    backend = Tokenizer(models.WordLevel(known, unk_token=SPECIAL[0]))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    named = ("unk_token", "pad_token", "eos_token", "bos_token")
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, **dict(zip(named, SPECIAL, strict=True))
    )


def random_model(shape: Shape, device: str, dtype: torch.dtype) -> LlamaForCausalLM:
    """Return a Llama of that shape, its weights drawn on the device in the dtype they are held."""
    heads = shape.heads or max(1, shape.width // 64)
    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.inner or 3 * shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=heads,
        num_key_value_heads=shape.groups or heads,
        max_position_embeddings=max(4096, shape.prompt + shape.answer + 1),
        bos_token_id=3,
        eos_token_id=2,
        pad_token_id=1,
    )
    before = torch.get_default_dtype()
    torch.manual_seed(0)
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            return LlamaForCausalLM(config).eval()
    finally:
        torch.set_default_dtype(before)


def random_bench(
    shape: Shape,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    *,
    model: Any = None,
    sampled: int | None = None,
) -> Bench:
    """Return a bench of random weights and random ids; `model` saves drawing the weights again."""
    tokenizer = word_tokenizer(shape.vocabulary)
    draw = torch.Generator().manual_seed(0)
    count = shape.prompt + shape.answer
    ids = torch.randint(len(SPECIAL), shape.vocabulary, (count,), generator=draw).tolist()
    words = [f"w{id}" for id in ids]
    built = model or random_model(shape, device, dtype)
    reader = HFModel(built, tokenizer)
    prompt = reader.encode(" ".join(words[: shape.prompt]))
    answer = reader.answer(" ".join(words[shape.prompt :]))
    return Bench(built, tokenizer, prompt, answer, sampled=sampled)


def real_bench(
    folder: Path,
    text: str,
    shape: Shape,
    device: str,
    dtype: torch.dtype,
    sampled: int | None = None,
) -> Bench:
    """Return a bench of a checkpoint and the beginning of a text; the answer is what the model
    itself writes next."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    model.to(torch.device(device))
    reader = HFModel(model, tokenizer, chat=False)
    prompt = cut(reader.encode(text[: _CHARACTERS * shape.prompt]), shape.prompt)
    if len(prompt.tokens) < shape.prompt:
        raise SystemExit(f"The text has {len(prompt.tokens)} tokens, not {shape.prompt}.")
    *_, (written,) = reader.write([prompt.ids], shape.answer)
    answer = Answer(reader.decode(written), written, "own")
    return Bench(model, tokenizer, prompt, answer, sampled=sampled)


def edited_copy(model: Any, layers: tuple[int, ...]) -> Any:
    """Return a model that differs in one matrix of each of these layers and shares the rest."""
    memo = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    other = copy.deepcopy(model, memo)  # what is in the memo is taken, not copied
    for layer in layers:
        matrix = other.model.layers[layer].mlp.down_proj
        changed = matrix.weight.detach() * 1.01
        matrix.weight = torch.nn.Parameter(changed, requires_grad=False)
    return other
