"""From a folder to a model that can be asked: safetensors only, nothing run, nothing fetched.

torch and transformers are imported when a model is opened. Does not know what it is asked.
"""
# torch's and transformers' annotations are incomplete.
# pyright: basic

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from attribution.errors import BadOption, CannotOpen

if TYPE_CHECKING:
    import torch

    from attribution.hf import HFModel

Dtype = Literal["auto", "float32", "bfloat16", "float16"]

_DTYPES = ("auto", "float32", "bfloat16", "float16")

_BROKEN = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    ImportError,
    RuntimeError,
    MemoryError,
)
"""What these libraries raise over files that hold nonsense: they check little before using it."""
_MODULES = ("huggingface_hub", "jinja2", "pyo3_runtime", "safetensors", "safetensors_rust")
"""Libraries below them whose exceptions come through."""


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
    _require_weights(folder)
    if dtype not in _DTYPES:
        raise BadOption("dtype", dtype, f"one of {', '.join(_DTYPES)}")
    place = _device(device)
    with _Translated(folder):
        model, report = _model(folder, place, dtype)
        tokenizer = _tokenizer(folder)
    _require_whole(folder, report)
    from attribution.hf import HFModel

    return HFModel(model.requires_grad_(False), tokenizer, chat=chat)


def _require_weights(folder: Path) -> None:
    """Refuse what could run code or fetch something when transformers looks at it."""
    if not folder.is_dir():
        raise CannotOpen(folder, "there is no such folder", "Models are not fetched; give a path.")
    if (folder / "adapter_config.json").exists():
        hint = "Merge it into its base first: PeftModel.merge_and_unload, then save_pretrained."
        raise CannotOpen(folder, "it is an adapter", hint)
    if not (folder / "config.json").is_file():
        raise CannotOpen(folder, "it has no config.json")
    if not any(folder.glob("*.safetensors")):
        hint = "Convert it where you trust it: save_pretrained(folder, safe_serialization=True)."
        raise CannotOpen(folder, "it has no *.safetensors files", hint)
    config = _config(folder / "config.json")
    if not isinstance(config, dict):
        raise CannotOpen(folder, "its config.json is not a JSON object")
    if config.get("transformers_weights") is not None:
        raise CannotOpen(folder, "its config.json names a weight file of its own choice")


def _config(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise CannotOpen(file.parent, f"its config.json cannot be read ({error})") from error


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


class _Translated:
    """A context: what other libraries raise over a folder comes out as `CannotOpen`.

    Not a clause by type: extensions written in Rust raise plain `Exception`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Raise the translation of what is not a bug of ours."""
        if kind is None or error is None:
            return
        foreign = kind.__module__.partition(".")[0] in _MODULES
        if kind is Exception or issubclass(kind, _BROKEN) or foreign:
            raise CannotOpen(self._folder, _why(error), _hint(error)) from error


def _why(error: BaseException) -> str:
    """Return the first line of a message, to be put into a sentence of ours."""
    lines = str(error).strip().splitlines()
    text = lines[0].strip().rstrip(".:") if lines else type(error).__name__
    if "trust_remote_code" in str(error):
        return "it needs Python code of its own, which is never run here"
    return text if len(text) <= 200 else f"{text[:199]}…"


def _hint(error: BaseException) -> str:
    full = isinstance(error, MemoryError) or "out of memory" in str(error).lower()
    return "Try dtype='bfloat16', or device='cpu'." if full else ""
