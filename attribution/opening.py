"""From a folder to a model that can be asked: safetensors only, nothing run, nothing fetched.

torch and transformers are imported when a model is opened. Does not know what it is asked.
"""
# torch's and transformers' annotations are incomplete.
# pyright: basic

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from attribution.errors import BadOption, CannotOpen
from attribution.foreign import BROKEN, MODULES, Foreign, sentence
from attribution.plausible import built_within
from attribution.safe_folder import quantised, require_harmless, stored

if TYPE_CHECKING:
    import torch

    from attribution.hf import HFModel

Dtype = Literal["auto", "float32", "bfloat16", "float16"]

_DTYPES = ("auto", "float32", "bfloat16", "float16")


def open(
    path: str | PathLike[str],
    *,
    device: str = "auto",
    dtype: Dtype = "auto",
    chat: bool | None = None,
) -> HFModel:
    """Open the model in a folder of Hugging Face's format.

    `device` is auto, cpu, cuda, cuda:N or mps; `dtype` auto is the checkpoint's own; `chat` wraps
    prompts in the chat template, None means when there is one. Raises `CannotOpen`, `BadOption`,
    `NoOffsets`.
    """
    folder = Path(path)
    require_harmless(folder)
    if dtype not in _DTYPES:
        raise BadOption("dtype", dtype, f"one of {', '.join(_DTYPES)}")
    place = _device(device)
    with Foreign(lambda error: CannotOpen(folder, _why(error), _hint(error)), BROKEN, MODULES):
        sizes = stored(folder)
        with built_within(sizes, lambda why: CannotOpen(folder, why), quantised=quantised(folder)):
            model, report = _model(folder, place, dtype)
        tokenizer = _tokenizer(folder)
        _require_whole(folder, report)
        from attribution.hf import HFModel

        return HFModel(model.requires_grad_(False), tokenizer, chat=chat)


def _device(name: str) -> torch.device:
    import torch

    if name == "auto":
        mps = "mps" if torch.backends.mps.is_available() else "cpu"
        return torch.device("cuda" if torch.cuda.is_available() else mps)
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise BadOption("device", name, "auto, cpu, cuda, cuda:N or mps") from error
    there = {
        "cpu": True,
        "mps": torch.backends.mps.is_available(),
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
    }
    if not there.get(device.type):
        raise BadOption("device", name, "one that this machine has; try auto")
    return device


def _model(folder: Path, device: torch.device, dtype: Dtype) -> tuple[Any, dict[str, Any]]:
    from transformers import AutoModelForCausalLM

    loaded: Any = AutoModelForCausalLM.from_pretrained(
        str(folder),
        dtype=dtype,
        device_map=None if device.type == "cpu" else {"": device},
        trust_remote_code=False,
        use_safetensors=True,
        local_files_only=True,
        output_loading_info=True,
        # Not tolerated, but only this way are the tensors named.
        ignore_mismatched_sizes=True,
    )
    return loaded


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(
        str(folder), trust_remote_code=False, local_files_only=True
    )


def _require_whole(folder: Path, report: dict[str, Any]) -> None:
    """Refuse a model with random numbers in place of tensors that its files lack."""
    hint = "Its config.json and its weights do not belong together; copy both again."
    wrong = [name for name, *_ in sorted(report["mismatched_keys"])]
    for what, names in (
        ("has another shape", wrong),
        ("is missing", sorted(report["missing_keys"])),
        ("has no place in the model", sorted(report["unexpected_keys"])),
    ):
        if names:
            raise CannotOpen(folder, f"tensor {names[0]!r} {what}", hint)


def _why(error: BaseException) -> str:
    """Return the first line of a message, to be put into a sentence of ours."""
    if "trust_remote_code" in str(error):
        return "it needs Python code of its own, which is never run here"
    return sentence(error)


def _hint(error: BaseException) -> str:
    full = isinstance(error, MemoryError) or "out of memory" in str(error).lower()
    return "Try dtype='bfloat16', or device='cpu'." if full else ""
