"""JSON lines: your own questions, as prompt files have them, with what metrics need besides.

A row has `prompt` (or `question`) and may have `answer`, `id`, `split` ("forget", "retain" or
"general"; without one "forget"), `paraphrases` and `entities`, all as in the file that --prompts
takes; and `paraphrased_answer`, the answer in other words, and `perturbed_answer`, a list of
answers that are wrong, as in TOFU. Parts are the splits. The format is ours.

Questions are put as they are written.
"""

from __future__ import annotations

from collections.abc import Iterator

from unpact_tui.benchmarks._item import Item
from unpact_tui.benchmarks._layout import Layout
from unpact_tui.benchmarks._place import Place
from unpact_tui.benchmarks._rows import Row, rows
from unpact_tui.cases import case_of
from unpact_tui.errors import BadBenchmark, BadUsage

SOURCE = "ours"
LICENCE = "that of your file"
METRICS = (
    "forget_Q_A_Prob",
    "forget_Q_A_ROUGE",
    "forget_truth_ratio",
    "forget_quality",
    "retain_Q_A_Prob",
    "retain_Q_A_ROUGE",
)

PARTS = {
    "forget": "Rows to forget: those without a split.",
    "retain": "Rows to retain.",
    "general": "Rows about neither.",
}
LAYOUT = Layout(files={"rows": ("rows",)}, parts=PARTS, usual=tuple(PARTS))
"""One file of any name holds all parts."""

LIMIT = 200
"""Tokens that a model may write."""


def items(place: Place) -> Iterator[Item]:
    """Yield the rows of the parts asked for. Raises `BadBenchmark`, `BadUsage`, `MissingExtra`."""
    for part in place.parts:
        if part not in PARTS:
            raise BadUsage(
                f"{place.benchmark} has no part {part!r}.", f"Parts: {', '.join(PARTS)}."
            )
    if place.root.is_dir():
        hint = "Give the file in it."
        raise BadBenchmark(str(place.root), None, "it is a folder, not a file of rows", hint)
    seen: dict[str, int] = {}
    for number, row in enumerate(rows(place.root)):
        item = _item(row, place.id("rows", number))
        if item.case.id in seen:
            raise row.wrong(f"the id {item.case.id!r} is that of line {seen[item.case.id]}")
        seen[item.case.id] = row.number
        if not place.parts or item.part in place.parts:
            yield item
    if not seen:
        raise BadBenchmark(str(place.root), 1, "there is no row in it")


def _item(row: Row, id: str) -> Item:
    case = case_of(row.value, id, "forget", row.complain, row.number)
    return Item(
        case,
        case.split,
        paraphrase=row.text("paraphrased_answer") if row.has("paraphrased_answer") else None,
        wrong=row.texts("perturbed_answer") if row.has("perturbed_answer") else (),
        limit=LIMIT,
    )
