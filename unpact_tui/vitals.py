"""What the engine's process uses: memory, and how fast models read.

torch is looked at only where it is already there.
"""

# torch's annotations are incomplete.
# pyright: basic

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from attribution.scorer import Model
from unpact_tui.remembered_model import bare


def tokens_read(models: Iterable[Model]) -> int:
    """Return how many tokens went through the models, all in all."""
    from attribution.hf import HFModel
    from unpact_tui.taking_turns import TurnModel

    doors = map(bare, models)
    return sum(door.tokens_read for door in doors if isinstance(door, HFModel | TurnModel))


def memory(models: Iterable[Model]) -> tuple[int, int, bool]:
    """Return bytes used and there are, and whether they are an accelerator's.

    On an accelerator what this process has reserved there; otherwise the process itself.
    """
    import torch

    from attribution.hf import HFModel
    from unpact_tui.taking_turns import TurnModel

    doors = list(map(bare, models))
    devices = {str(door.device) for door in doors if isinstance(door, HFModel)}
    devices |= {door.info.device for door in doors if isinstance(door, TurnModel)}
    cuda = [device for device in sorted(devices) if device.startswith("cuda") and "," not in device]
    if not cuda:
        return _resident(), _physical(), False
    used = sum(torch.cuda.memory_reserved(device) for device in cuda)
    total = sum(torch.cuda.mem_get_info(device)[1] for device in cuda)
    return used, total, True


def _resident() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
    return pages * os.sysconf("SC_PAGE_SIZE")


def _physical() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0
