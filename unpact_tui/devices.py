"""Where a model goes and in which precision. torch is imported when a function is called.

Does not know what a checkpoint is.
"""
# torch's annotations are incomplete in places.
# pyright: basic

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from unpact_tui.errors import NoDevice
from unpact_tui.settings import Dtype

if TYPE_CHECKING:
    import torch

_CUDA = re.compile(r"cuda(?::(\d{1,4}))?")


def is_device(name: str) -> bool:
    """Tell whether `name` is the name of a device, on this machine or on another."""
    return name in ("auto", "cpu", "mps") or _CUDA.fullmatch(name) is not None


def choose_device(wanted: str) -> torch.device:
    """Return the device for auto, cpu, cuda, cuda:N or mps. Raises `NoDevice`."""
    import torch

    cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    mps = torch.backends.mps.is_available()
    if wanted == "auto":
        wanted = "cuda" if cuda else "mps" if mps else "cpu"
    if wanted == "cpu" or (wanted == "mps" and mps):
        return torch.device(wanted)
    match = _CUDA.fullmatch(wanted)
    if match is None or int(match[1] or 0) >= cuda:
        raise NoDevice(wanted)
    return torch.device("cuda", int(match[1]) if match[1] else torch.cuda.current_device())


def choose_dtype(wanted: Dtype, stored: Sequence[str]) -> torch.dtype | None:
    """Return the precision to load in; None leaves it to the configuration.

    auto is what most of the stored bytes have: a configuration may say something else.
    """
    import torch

    names = {
        "float32": torch.float32,
        "bfloat16": torch.bfloat16,
        "float16": torch.float16,
    }
    return names.get(stored[0] if wanted == "auto" and stored else wanted)


def fits(device: torch.device, needed: int) -> bool:
    """Tell whether `needed` bytes are free on a CUDA device; on others nobody can tell."""
    import torch

    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return needed <= free
