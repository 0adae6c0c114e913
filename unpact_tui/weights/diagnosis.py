"""What a change of the weights looks like, in one sentence; nothing where no rule speaks.

All rules are ours, and are looked at in the order in which they stand here; the first that holds
speaks. Each says "looks like": several ways of training leave the same trace, and a trace says
nothing of what a model forgot. What is multiplied or subtracted as a whole (task vectors) cannot be
told from training without the vector, so no rule names it. Reads nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from unpact_tui.weights.change import Rank, TensorChange, WeightChange, cosine
from unpact_tui.weights.places import Places, layers_in_words, places
from unpact_tui.weights.rounding import formats, rounding
from unpact_tui.weights.summary import summary

_WINDOW = 4
"""Ours: misdirection trains a few blocks in a row; the published one trains three."""
_LOW = 0.25
"""Ours: the share of the shorter side up to which a rank is low."""
_APART = 0.5
"""Ours: a cosine below which two models are hardly one changed from the other."""
_BYTES = frozenset({"I8", "U8", "F8_E4M3", "F8_E5M2"})
_WHOLE_NUMBERS = frozenset({"I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64", "BOOL"})
_TO_RESIDUAL = frozenset({"down_proj", "w2", "fc2", "fc_out", "dense_4h_to_h"})
"""What the matrix from an MLP back to the residual stream is called."""

_Rule = Callable[[WeightChange, Places], str]


def in_words(change: WeightChange) -> str:
    """Return the summary, and after it the diagnosis where there is one."""
    return " ".join(filter(None, (summary(change), diagnosis(change))))


def diagnosis(change: WeightChange, ranks: Sequence[Rank] | None = None) -> str:
    """Return the sentence for a change that is read; empty where no rule speaks.

    `ranks` are those of the change itself unless others are given.
    """
    if not change.complete or not change.tensors:
        return ""
    moved = [tensor for tensor in change.tensors if not _only_rounded(tensor)]
    found = places(change, moved, change.ranks if ranks is None else ranks)
    return next(filter(None, (rule(change, found) for rule in _RULES)), "")


def _only_rounded(tensor: TensorChange) -> bool:
    """Tell whether two formats explain the change; of one and the same nothing is excused."""
    if tensor.distance == 0:
        return True
    first, second = formats(tensor.dtype)
    norm = tensor.norm_after
    return first != second and tensor.distance <= 2 * max(
        rounding(tensor.dtype, norm), rounding(first, norm)
    )


def _nothing(change: WeightChange, found: Places) -> str:
    if found.moved:
        return ""
    if change.squared == 0:
        besides = " of what could be compared" if change.missing else ""
        return f"Nothing{besides} differs: looks like a copy of the base."
    stored = {formats(tensor.dtype)[1] for tensor in change.tensors if tensor.distance > 0}
    names = " and ".join(sorted(stored))
    what = "a quantised copy" if stored <= _BYTES else "a change of precision alone"
    return f"Nothing moved beyond what rounding to {names} explains: looks like {what}."


def _quantised(change: WeightChange, found: Places) -> str:
    whole = [t for t in found.moved if formats(t.dtype)[1] in _WHOLE_NUMBERS]
    before = any(formats(tensor.dtype)[0] in _WHOLE_NUMBERS for tensor in whole)
    if before or 2 * len(whole) < len(found.moved):
        return ""
    return "Stored as whole numbers without their scale: looks quantised, by how much is not known."


def _adapter(change: WeightChange, found: Places) -> str:
    if not all(tensor.changed is None for tensor in found.moved):
        return ""
    return f"Only {found.where} moved, by low-rank additions{_most(found)}: a LoRA adapter."


def _one_edit(change: WeightChange, found: Places) -> str:
    if len(found.moved) != 1 or not found.ranks or found.ranks[0].rank != 1:
        return ""
    return f"Only {found.where} moved, by exactly one direction: looks like a rank-one edit (ROME)."


def _misdirection(change: WeightChange, found: Places) -> str:
    """Only the matrices back to the residual stream, of a few blocks in a row and not of all.

    The place speaks, whatever the rank: a large retain term makes many directions of one.
    """
    layers = found.layers
    few = layers is not None and len(layers) <= min(_WINDOW, found.depth - 1)
    if not few or found.outside or len(found.modules) != 1 or not _leads_back(found.modules[0]):
        return ""
    how = _directions(found)
    return f"Only {found.where} moved{how}: looks like representation misdirection (RMU)."


def _directions(found: Places) -> str:
    """Say how many directions the change has, of all matrices that were looked at."""
    if not found.ranks:
        return ""
    if all(rank.like_one for rank in found.ranks):
        return ", rank-1-like"
    counts = [rank.directions for rank in found.ranks if rank.directions is not None]
    if len(counts) < len(found.ranks):
        return ", in many directions"
    return f", 90% of it in at most {max(counts)} directions of each matrix"


def _below(change: WeightChange, found: Places) -> str:
    """Everything up to a block and nothing above: what a loss on that block's output trains."""
    layers = found.layers
    if layers is None or layers[0] != 0 or len(layers) >= found.depth or found.after:
        return ""
    if not found.whole_layers or len(found.modules) < 3:
        return ""
    last = layers_in_words(range(layers[-1], layers[-1] + 1))
    return (
        f"Everything up to {last} moved and nothing above it: looks like a loss on hidden states, "
        "as representation misdirection (RMU) with all weights below trained."
    )


def _merged(change: WeightChange, found: Places) -> str:
    matrices = all(len(tensor.shape) == 2 for tensor in found.moved)
    if not matrices or not found.ranked or found.outside or found.all_kinds:
        return ""
    if not all(_is_low(rank, found) for rank in found.ranks):
        return ""
    return f"Only {found.where} moved{_most(found)}: looks like a merged LoRA adapter."


def _beside(change: WeightChange, found: Places) -> str:
    if found.layers is not None:
        return ""
    return f"Only {found.where} moved: looks like training of what is outside the layers alone."


def _vectors(change: WeightChange, found: Places) -> str:
    if any(len(tensor.shape) > 1 for tensor in found.moved):
        return ""
    return "Only vectors moved: looks like training of norms or biases alone."


def _apart(change: WeightChange, found: Places) -> str:
    product = sum((t.cosine or 0.0) * t.norm * t.norm_after for t in change.tensors)
    norm = math.hypot(*(tensor.norm for tensor in change.tensors))
    after = math.hypot(*(tensor.norm_after for tensor in change.tensors))
    both = cosine(product, norm, after)
    if both is None or both >= _APART or not found.whole_layers:
        return ""
    return (
        f"The cosine of both sides is {both:.2f}: looks like a model trained apart from the base."
    )


def _everywhere(change: WeightChange, found: Places) -> str:
    every = found.layers is not None and len(found.layers) == found.depth and found.whole_layers
    if not every or not found.ranked or not all(_is_wide(rank, found) for rank in found.ranks):
        return ""
    return (
        "Every layer moved, in many directions: looks like training of the whole model, "
        "and does not say by which method."
    )


_RULES: tuple[_Rule, ...] = (
    _nothing, _quantised, _adapter, _one_edit, _misdirection, _below, _merged, _beside, _vectors,
    _apart, _everywhere,
)  # fmt: skip


def _leads_back(module: str) -> bool:
    group, _, name = module.rpartition(".")
    return name in _TO_RESIDUAL or (name == "c_proj" and group.endswith("mlp"))


def _is_low(rank: Rank, found: Places) -> bool:
    return rank.rank is not None and rank.rank <= _LOW * found.sides[rank.name]


def _is_wide(rank: Rank, found: Places) -> bool:
    return rank.rank is None or rank.rank > _LOW * found.sides[rank.name]


def _most(found: Places) -> str:
    known = [rank.rank for rank in found.ranks if rank.rank is not None]
    if not known:
        return ""
    of = f" in the {len(found.ranks)} largest" if len(found.ranks) < len(found.moved) else ""
    return f", with rank {max(known)} at most{of}"
