"""What must hold of checkpoints that are compared, and what is to be said of them loudly.

Knows descriptions and tokenizers, not where a model is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from unpact_tui import checkpoints, tokenizer_difference
from unpact_tui.checkpoints import Checkpoint
from unpact_tui.errors import BadUsage, TokenizersDiffer
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Role
from unpact_tui.worker.protocol import Open

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from attribution.tokens import Tokenizer


def paths(order: Open) -> Iterator[tuple[Role, str]]:
    """Yield the folders to be opened, the base first; what is remote has none."""
    yield "base", order.base
    if not order.remote:
        yield "unlearned", order.second
    if order.reference is not None:
        yield "reference", order.reference


def require_same_tokenizer(
    base: tuple[Checkpoint, PreTrainedTokenizerBase],
    other: tuple[Checkpoint, PreTrainedTokenizerBase],
) -> None:
    """Raise `TokenizersDiffer` unless both read text the same."""
    found = tokenizer_difference.difference(base[1], other[1])
    if found is not None:
        raise TokenizersDiffer(str(base[0].path), str(other[0].path), found)


def wraps_in_chat(settings: Settings, base: Checkpoint, tokenizer: PreTrainedTokenizerBase) -> bool:
    """Tell whether prompts are wrapped in the base's chat template. Raises `BadUsage`."""
    return wraps(settings, base.path, tokenizer)


def wraps(settings: Settings, folder: Path, tokenizer: PreTrainedTokenizerBase) -> bool:
    """Tell the same of the tokenizer in a folder. Raises `BadUsage`."""
    has_template = bool(cast("Tokenizer", tokenizer).chat_template)
    if settings.chat and not has_template:
        raise BadUsage(f"{folder} has no chat template.", "Leave out --chat.")
    return has_template if settings.chat is None else settings.chat


def identity(
    order: Open, found: Mapping[Role, Checkpoint], changed: frozenset[str] | None
) -> Iterator[str]:
    """Warn of a pair that is no pair; `changed` are the tensors that differ, where that is known.

    Raises `Unreadable`.
    """
    if "unlearned" not in found:
        return
    if changed is None:
        same = checkpoints.identical(found["base"], found["unlearned"])
    else:
        same = not changed
    if same and order.whp is None:
        yield "These two checkpoints are byte-identical: nothing was unlearned."
    elif same:
        yield "The reinforced model and the base are byte-identical: WHP changes nothing."
    elif order.whp is not None and not order.settings.whp_alpha:
        yield "whp_alpha is 0: WHP changes nothing."


def notes(
    checkpoint: Checkpoint,
    own: tuple[str, ...],
    base: PreTrainedTokenizerBase,
    tokenizer: PreTrainedTokenizerBase,
) -> Iterator[str]:
    """Yield what is to be said of one checkpoint: its `own`, and how its tokenizer differs."""
    differences = tokenizer_difference.warnings(base, tokenizer)
    yield from (f"{checkpoint.name}: {note}." for note in (*own, *differences))
