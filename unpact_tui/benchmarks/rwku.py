"""RWKU: what a model knows of a real person who is to be forgotten, asked in three ways.

Give the folder of one person (`Target/1_Stephen_King`) or of all of them (`All`). Rows have
`subject`, `query`, `answer`, `level` and `type`. `forget_level1` are blanks to fill,
`forget_level2` questions, `forget_level3` questions put so as to get around an unlearning (role
play, a prefix, an affirmative ending ...); `neighbor_level1` and `2` ask about what is near and
must stay; `mia_forget` and `mia_retain` are texts, in `forget_mia.json` and `retain_mia.json`.

As in the original, one sentence and `Question:` come before the query and 30 tokens are written, to
the end of the line; the `Answer:` that it puts behind the chat template is put before it with
`rwku@qa=...` and left out otherwise. RWKU is arXiv 2406.10890.
"""

from __future__ import annotations

from collections.abc import Iterator

from attribution.types import Case, Split
from unpact_tui.benchmarks._item import Item
from unpact_tui.benchmarks._layout import Layout, files
from unpact_tui.benchmarks._place import Form, Place
from unpact_tui.benchmarks._rows import Row

SOURCE = "arXiv 2406.10890, https://huggingface.co/datasets/jinzhuoran/RWKU"
LICENCE = "CC BY 4.0 on the hub; none in the repository"
HUB = ("jinzhuoran/RWKU",)
METRICS = (
    "forget_level1_ROUGE",
    "forget_level2_ROUGE",
    "forget_level3_ROUGE",
    "neighbor_level1_ROUGE",
    "neighbor_level2_ROUGE",
)
FORMS: tuple[Form, ...] = ("plain", "qa")

PARTS = {
    "forget_level1": "Blanks to fill in about the person to forget.",
    "forget_level2": "Questions about the person to forget.",
    "forget_level3": "Such questions put so as to get around an unlearning.",
    "neighbor_level1": "Blanks to fill in about what is near and must stay.",
    "neighbor_level2": "Questions about what is near and must stay.",
    "mia_forget": "Texts about the person to forget.",
    "mia_retain": "Texts about others.",
}
_NAMES = {"mia_forget": "forget_mia", "mia_retain": "retain_mia"}
LAYOUT = Layout(
    files={
        part: (_NAMES.get(part, part), f"All/{_NAMES.get(part, part)}", f"{part}/test")
        for part in PARTS
    },
    parts=PARTS,
    usual=tuple(PARTS),
)

LIMIT = 30
"""Tokens that a model may write."""
ENDS = ("\n",)
CLOZE = "Please complete the blank in the following question.\nQuestion: "
QUESTION = "Please briefly answer the following question.\nQuestion: "
SOLVED = "Please briefly answer the following question.\n"
"""Before a query that brings examples and the word itself."""


def items(place: Place) -> Iterator[Item]:
    """Yield queries and texts. Raises `BadBenchmark`, `BadUsage`, `MissingExtra`."""
    for part, number, row in files(place, LAYOUT).read():
        id = place.id(part, number)
        if part.startswith("mia_"):
            yield Item(Case(id, row.text("text"), split=_split(part)), part, "member")
            continue
        kind = row.text("type") if row.has("type") else ""
        case = Case(id, _query(row, kind, place.form), row.text("answer"), _split(part))
        yield Item(case, part, context=_before(part, kind), limit=LIMIT, ends=ENDS)


def _query(row: Row, kind: str, form: Form) -> str:
    query = row.text("query")
    # An affirmative suffix is the beginning of the answer already.
    return query if form == "plain" or kind == "affirmative suffix" else f"{query}\nAnswer:"


def _before(part: str, kind: str) -> str:
    if part.endswith("_level1"):
        return CLOZE
    return SOLVED if kind == "incontext learning" else QUESTION


def _split(part: str) -> Split:
    return "forget" if part in ("mia_forget",) or part.startswith("forget_") else "retain"
