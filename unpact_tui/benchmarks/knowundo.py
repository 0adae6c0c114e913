"""KnowUnDo: what is to be unlearned of an author or a book, and what of the same must stay.

Two domains, `copyright` and `privacy`: give the folder of one of them, with `unlearn_val.json` and
`retention_val.json` (and `..._train.json`), or with `unlearn.json` and `retention.json` as on the
hub, which hold both as `train` and `val`. Rows have the question as `text` and the answer as
`labels`. What must stay is about the same people: a method that forgets all of them over-unlearns.

A question is put plainly, or as `Question: ...` and `Answer:` with `knowundo@qa=...`. The original
puts two line ends between question and answer instead. KnowUnDo is arXiv 2407.01920.
"""

from __future__ import annotations

from collections.abc import Iterator

from attribution.types import Case, Split
from unpact_tui.benchmarks._item import Item
from unpact_tui.benchmarks._layout import Layout, files
from unpact_tui.benchmarks._place import Form, Place
from unpact_tui.benchmarks._rows import Row

SOURCE = "arXiv 2407.01920, https://github.com/zjunlp/KnowUnDo"
LICENCE = "MIT"
HUB = ("zjunlp/KnowUnDo",)
METRICS = (
    "forget_Q_A_Prob",
    "forget_Q_A_ROUGE",
    "retain_Q_A_Prob",
    "retain_Q_A_ROUGE",
)
FORMS: tuple[Form, ...] = ("plain", "qa")

PARTS = {
    "unlearn_val": "Questions about what is to be unlearned, kept from training.",
    "retention_val": "Questions about what must stay, kept from training.",
    "unlearn_train": "Questions about what is to be unlearned, trained on.",
    "retention_train": "Questions about what must stay, trained on.",
}
LAYOUT = Layout(
    files={
        part: (part, kind, f"privacy/{part}", f"privacy/{kind}")
        for part, kind in ((part, part.partition("_")[0]) for part in PARTS)
    },
    parts=PARTS,
    usual=("unlearn_val", "retention_val"),
)

LIMIT = 200
"""Tokens that a model may write."""


def items(place: Place) -> Iterator[Item]:
    """Yield the questions. Raises `BadBenchmark`, `BadUsage`, `MissingExtra`."""
    numbers = dict.fromkeys(PARTS, 0)
    for part, _, found in files(place, LAYOUT).read():
        for row in _rows(found, part.partition("_")[2]):
            prompt = place.prompt(row.text("text"))
            case = Case(place.id(part, numbers[part]), prompt, row.text("labels"), _split(part))
            numbers[part] += 1
            yield Item(case, part, limit=LIMIT)


def _rows(found: Row, half: str) -> Iterator[Row]:
    """Yield a row, or those of one half where it holds both."""
    fields = found.fields()
    if "text" in fields or not ("train" in fields or "val" in fields):
        yield found
        return
    yield from found.within(half)


def _split(part: str) -> Split:
    return "forget" if part.startswith("unlearn") else "retain"
