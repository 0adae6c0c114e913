"""Whether two tokenizers read text as the same ids, and if not, where they first differ.

Measuring gives both models the same ids, so ids must mean the same on both sides. What only shows
in how text is written out, or in a chat template, is a warning.
"""
# transformers' annotations are incomplete.
# pyright: basic

from __future__ import annotations

import json
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from unpact_tui.safetensors_header import short

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_STEPS = (
    ("normalizer", "normalizers differ"),
    ("pre_tokenizer", "pre-tokenizers differ"),
    ("post_processor", "post-processors, which add special tokens, differ"),
)

_PROBES = (
    "The capital of France is Paris.",
    " two  spaces\n\nand\ttabs, 1234567.89 + 'quotes' **bold**",
    "Ωmega naïve 東京 🙂 ﬁne e\u0301",
)
"""For tokenizers that do not say how they work."""


def difference(
    base_tokenizer: PreTrainedTokenizerBase, other_tokenizer: PreTrainedTokenizerBase
) -> str | None:
    """Return None if they read text the same, else the first difference in words.

    Ids that only the other one has, all after the base's last, are tolerated: fine-tuning adds a
    padding token there.
    """
    if base_tokenizer is other_tokenizer:
        return None
    vocabulary = base_tokenizer.get_vocab()
    last = max(vocabulary.values(), default=-1)
    return (
        _vocabularies(vocabulary, other_tokenizer.get_vocab())
        or _backends(_backend(base_tokenizer), _backend(other_tokenizer), last)
        or _probes(base_tokenizer, other_tokenizer)
    )


def warnings(
    base_tokenizer: PreTrainedTokenizerBase, other_tokenizer: PreTrainedTokenizerBase
) -> tuple[str, ...]:
    """Return what differs between two tokenizers that read text the same."""
    found: list[str] = []
    extra = other_tokenizer.get_vocab().keys() - base_tokenizer.get_vocab().keys()
    if extra:
        names = ", ".join(repr(short(name)) for name in sorted(extra)[:3])
        found.append(f"one tokenizer has {len(extra)} more at its end: {names}")
    for role in ("bos", "eos"):
        ours, theirs = (
            getattr(tokenizer, f"{role}_token") for tokenizer in (base_tokenizer, other_tokenizer)
        )
        if ours != theirs:
            found.append(f"{role} tokens differ: {_named(ours)} and {_named(theirs)}")
    if base_tokenizer.chat_template != other_tokenizer.chat_template:
        found.append("chat templates differ")
    if _backend(base_tokenizer).get("decoder") != _backend(other_tokenizer).get("decoder"):
        found.append("decoders, which write ids out as text, differ")
    return tuple(found)


def _vocabularies(base: dict[str, int], other: dict[str, int]) -> str | None:
    ours = {id: token for token, id in base.items()}
    theirs = {id: token for token, id in other.items()}
    for id in sorted(ours.keys() & theirs.keys()):
        if ours[id] != theirs[id]:
            return f"id {id} is {_named(ours[id])} in one and {_named(theirs[id])} in the other"
    extra = theirs.keys() - ours.keys()
    if ours.keys() <= theirs.keys() and all(id > max(ours, default=-1) for id in extra):
        return None
    return f"vocabulary sizes {len(base)} and {len(other)}"


def _backend(tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    """Return the tokenizer's own description; empty for one written in Python."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    return {} if backend is None else json.loads(backend.to_str())


def _backends(base: dict[str, Any], other: dict[str, Any], last: int) -> str | None:
    if not base or not other:
        return None
    ours, theirs = base["model"], other["model"]
    if ours.get("type") != theirs.get("type"):
        return f"kinds {ours.get('type')} and {theirs.get('type')}"
    for number, (left, right) in enumerate(_pairs(ours.get("merges"), theirs.get("merges"))):
        if left != right:
            return f"merge {number} differs"
    # Ids were compared before; here the scores of a Unigram vocabulary are.
    if isinstance(ours.get("vocab"), list):
        for number, (left, right) in enumerate(zip(ours["vocab"], theirs["vocab"], strict=False)):
            if left != right:
                return f"the score of {_named(left[0])}, id {number}, differs"
    for key in sorted((ours.keys() | theirs.keys()) - {"merges", "vocab"}):
        if ours.get(key) != theirs.get(key):
            return f"option {key} differs"
    for step, words in _STEPS:
        if base.get(step) != other.get(step):
            return words
    return _added(base["added_tokens"], other["added_tokens"], last)


def _pairs(base: list[Any] | None, other: list[Any] | None) -> list[tuple[Any, Any]]:
    return list(zip_longest(base or [], other or []))


def _added(base: list[dict[str, Any]], other: list[dict[str, Any]], last: int) -> str | None:
    """Compare what is cut out of the text before all else; new ids after `last` are tolerated."""
    ours, theirs = ({token["id"]: token for token in added} for added in (base, other))
    for id in sorted(ours.keys() | theirs.keys()):
        if ours.get(id) != theirs.get(id) and id <= last:
            name = (ours.get(id) or theirs[id])["content"]
            return f"added token {_named(name)} is matched differently"
    return None


def _probes(
    base_tokenizer: PreTrainedTokenizerBase, other_tokenizer: PreTrainedTokenizerBase
) -> str | None:
    for text in _PROBES:
        ours, theirs = (tokenizer.encode(text) for tokenizer in (base_tokenizer, other_tokenizer))
        if ours != theirs:
            return f"{text!r} is {len(ours)} tokens in one and {len(theirs)} others in the other"
    return None


def _named(token: str | None) -> str:
    return "none" if token is None else repr(short(token))
