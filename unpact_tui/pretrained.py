"""The door to transformers' `from_pretrained`: quiet, without the network, with errors of ours.

transformers fills tensors that a file lacks with random numbers and goes on; here that is an error.
Does not know adapters, devices or progress.
"""
# transformers' annotations are incomplete.
# pyright: basic

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from attribution.foreign import BROKEN as BROKEN
from attribution.foreign import MODULES as MODULES
from attribution.growing import grows
from attribution.plausible import built_within
from unpact_tui.descriptions import CONFIG
from unpact_tui.errors import ModelTooLarge, RemoteCode, UnpactError, Unreadable
from unpact_tui.foreign import Foreign, sentence
from unpact_tui.regular_files import is_file, read_json
from unpact_tui.safetensors_header import short
from unpact_tui.weight_files import model_headers

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_TOKENIZER = "tokenizer.json"
_PROBE = f"A word, and {30 * 'a'}! {30 * 'ab '}? {30 * '1'} {30 * ' '}."
_PATIENCE = 1.0
"""Seconds of processor time for that; it takes a millisecond, unless a pattern is hostile."""
_APART = "Its config.json and its weights do not belong together; copy both again."


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the weights go."""

    device: torch.device
    dtype: torch.dtype | None
    """None leaves it to the configuration."""
    spread: bool
    """Over all devices and the main memory, because one device is too small."""
    needed: int
    """Bytes, roughly."""


@contextmanager
def silenced() -> Iterator[None]:
    """Keep the libraries from writing to the terminal, and from asking the hub whatever a file may
    name; must not span a `yield` of a generator.

    Afterwards transformers says errors and nothing less: a tokenizer warns of every long prompt.
    """
    from huggingface_hub import constants
    from transformers.utils import logging as library

    verbosity, bars = library.get_verbosity(), library.is_progress_bar_enabled()
    library.set_verbosity(logging.CRITICAL)
    library.disable_progress_bar()
    offline, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True
    try:
        with warnings.catch_warnings(), _nothing_printed():
            warnings.simplefilter("ignore")
            yield
    finally:
        constants.HF_HUB_OFFLINE = offline
        library.set_verbosity(max(verbosity, logging.ERROR))
        if bars:
            library.enable_progress_bar()


@contextmanager
def _nothing_printed() -> Iterator[None]:
    """Keep standard output clean: tokenizers prints the names of fields that it does not know, past
    Python and as they stand in the file, control sequences included."""
    try:
        kept = os.dup(1)
    except OSError:  # it is closed
        yield
        return
    out = cast("TextIO | None", sys.stdout)
    if out is not None:
        out.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
        if out is not None:
            out.flush()
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


class _Failed(Exception):
    """Raised by these libraries."""


@contextmanager
def attempt() -> Iterator[None]:
    """Leave the block quietly at whatever these libraries raise: there is another way."""
    with suppress(_Failed), Foreign(lambda _: _Failed(), BROKEN, MODULES):
        yield


def open_model(
    folder: Path, name: str, placement: Placement, *, trust_remote_code: bool
) -> PreTrainedModel:
    """Load the weights in `folder`. Raises `Unreadable`, `RemoteCode`, `ModelTooLarge`."""
    from transformers import AutoModelForCausalLM

    whole = {"": placement.device} if placement.device.type != "cpu" else None
    translated = Foreign(lambda error: failure(error, folder, name, placement), BROKEN, MODULES)
    with translated, plausible(folder):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            str(folder),
            dtype=placement.dtype or "auto",
            device_map="auto" if placement.spread else whole,
            trust_remote_code=trust_remote_code,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            # Not tolerated, but only this way are the tensors named.
            ignore_mismatched_sizes=True,
        )
    model, report = loaded
    _require_whole(folder, report)
    return model.eval().requires_grad_(False)


@contextmanager
def plausible(folder: Path) -> Iterator[None]:
    """Refuse to build what the weights in `folder` cannot be for. Raises `Unreadable`."""
    stored = [tensor.elements for header in model_headers(folder) for tensor in header.tensors]
    quantised = bool(read_json(folder / CONFIG).get("quantization_config"))
    with built_within(stored, lambda why: Unreadable(folder, why, _APART), quantised=quantised):
        yield


def write_as_in(folder: Path, model: PreTrainedModel, fields: Sequence[str]) -> None:
    """Have a model that was not loaded from `folder` write as one that was: stop, say, where it
    does.

    `fields` are those of its configuration that come from there.
    """
    from transformers import AutoConfig, GenerationConfig

    config = AutoConfig.from_pretrained(str(folder), local_files_only=True)
    for field in fields:
        setattr(model.config, field, getattr(config, field, None))
    try:
        habits = GenerationConfig.from_pretrained(str(folder), local_files_only=True)
    except OSError:
        habits = GenerationConfig.from_model_config(config)
    model.generation_config = habits
    model.config._name_or_path = model.name_or_path = str(folder)


def _require_whole(folder: Path, report: dict[str, set]) -> None:
    hint = _APART
    for name, stored, expected in sorted(report["mismatched_keys"]):
        why = f"tensor {short(name)} has the shape {tuple(stored)}, not {tuple(expected)}"
        raise Unreadable(folder, why, hint)
    for name in sorted(report["missing_keys"]):
        raise Unreadable(folder, f"tensor {short(name)} is missing", hint)
    for name in sorted(report["unexpected_keys"]):
        raise Unreadable(folder, f"tensor {short(name)} has no place in the model", hint)


def open_tokenizer(folder: Path, *, trust_remote_code: bool) -> PreTrainedTokenizerBase:
    """Load the tokenizer in `folder`. Raises `Unreadable`, `RemoteCode`."""
    from transformers import AutoTokenizer

    def translate(error: BaseException) -> UnpactError:
        if _wants_code(error):
            return RemoteCode(folder)
        return Unreadable(
            folder,
            f"its tokenizer is broken or of an unknown kind ({sentence(error)})",
            "Copy tokenizer.json and tokenizer_config.json from the base again.",
        )

    _require_steady(folder)
    with Foreign(translate, BROKEN, MODULES):
        found = AutoTokenizer.from_pretrained(
            str(folder), trust_remote_code=trust_remote_code, local_files_only=True
        )
        # Not every class of transformers reads and writes text.
        begun = time.process_time()
        found.decode(found.encode(_PROBE))
        if time.process_time() - begun > _PATIENCE:
            raise Unreadable(folder, "its tokenizer takes for ever over a few words")
        return found


def _require_steady(folder: Path) -> None:
    """Refuse a tokenizer that would make too much of a text; whether it is one is said later."""
    fields: dict[str, object] = {}
    if is_file(folder / _TOKENIZER):
        with suppress(Unreadable):
            fields = read_json(folder / _TOKENIZER)
    if why := grows(fields):
        raise Unreadable(folder, why)


def computing(folder: str) -> Foreign:
    """Return a context in which what a model raises when it is first asked is the fault of its
    folder: not before does it show whether a configuration can be computed with."""
    hint = "Its config.json may be damaged; copy it again, or try another transformers."

    def translate(error: BaseException) -> UnpactError:
        return Unreadable(Path(folder), f"its model cannot be computed ({sentence(error)})", hint)

    return Foreign(translate, BROKEN, MODULES)


def failure(error: BaseException, folder: Path, name: str, placement: Placement) -> UnpactError:
    """Translate what loading weights raised."""
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error):
        return ModelTooLarge(name, placement.needed, str(placement.device))
    if _wants_code(error):
        return RemoteCode(folder)
    if "Unrecognized configuration class" in str(error):
        return Unreadable(folder, "it is not a causal language model", "Only those are supported.")
    if "does not recognize this architecture" in str(error):
        return Unreadable(
            folder, "this transformers does not know its model_type", "Upgrade transformers."
        )
    return Unreadable(folder, sentence(error))


def _wants_code(error: BaseException) -> bool:
    return isinstance(error, ValueError) and "trust_remote_code" in str(error)
