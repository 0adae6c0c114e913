"""MUSE: what a model can recite, what it knows, and whether it shows what it was trained on.

News (BBC articles) or Books (novels); give the folder of one of them, as in the repository
(`data/bbc`, `data/hp`) or as on the hub. `verbmem` has the beginning of a text to forget (`prompt`)
and how it goes on (`gt`): 128 tokens are written. `knowmem` has questions about what to forget and
about what to retain, asked after ten solved ones (`..._icl`) as `Question: ...`, `Answer: ...` and
a blank line, 32 tokens, up to the next blank line or question. `privleak` has texts that a model
was trained on and is to forget (`forget`) or keep (`retain`), and texts it never saw (`holdout`):
lists of texts, or rows with a `text`.

The probes of this product leave the ten examples out. MUSE is arXiv 2407.06460. The novels are
under copyright and the repository has no licence: nothing of it comes with this package.
"""

from __future__ import annotations

from collections.abc import Iterator

from attribution.types import Case, Split
from unpact_tui.benchmarks._item import Item
from unpact_tui.benchmarks._layout import Files, Layout, files
from unpact_tui.benchmarks._place import Place, as_question
from unpact_tui.benchmarks._rows import Row

SOURCE = "arXiv 2407.06460, https://github.com/jaechan-repo/muse_bench"
LICENCE = "none in the repository; CC BY 4.0 on the hub, where the novels are under copyright"
HUB = ("muse-bench/MUSE-News", "muse-bench/MUSE-Books")
METRICS = (
    "knowmem_f",
    "knowmem_r",
    "verbmem_f",
    "privleak",
    "privleak_auc",
    "mia_min_k",
    "mia_min_k_plus_plus",
)

PARTS = {
    "knowmem_forget": "100 questions about what to forget, after ten solved ones.",
    "knowmem_retain": "100 questions about what to retain, after ten solved ones.",
    "verbmem": "100 beginnings of texts to forget, to be continued.",
    "privleak_forget": "100 texts to forget.",
    "privleak_retain": "100 texts to retain.",
    "privleak_holdout": "100 texts that no model has seen.",
}
LAYOUT = Layout(
    files={
        "knowmem_forget": ("knowmem/forget_qa", "forget_qa"),
        "knowmem_retain": ("knowmem/retain_qa", "knowmem/retain2_qa", "retain_qa", "retain2_qa"),
        "verbmem": ("verbmem/forget",),
        "privleak_forget": ("privleak/forget",),
        "privleak_retain": ("privleak/retain", "privleak/retain2"),
        "privleak_holdout": ("privleak/holdout",),
        "solved_forget": ("knowmem/forget_qa_icl", "forget_qa_icl"),
        "solved_retain": (
            *("knowmem/retain_qa_icl", "knowmem/retain2_qa_icl"),
            *("retain_qa_icl", "retain2_qa_icl"),
        ),
    },
    parts=PARTS,
    usual=tuple(PARTS),
)

KNOWMEM_LIMIT = 32
"""Tokens of an answer."""
KNOWMEM_ENDS = ("\n\n", "\nQuestion", "Question:")
VERBMEM_LIMIT = 128
"""Tokens of a continuation."""


def items(place: Place) -> Iterator[Item]:
    """Yield questions, beginnings and texts. Raises `BadBenchmark`, `BadUsage`, `MissingExtra`."""
    found = files(place, LAYOUT)
    solved = {
        f"knowmem_{split}": _solved(found, f"solved_{split}")
        for split in ("forget", "retain")
        if f"knowmem_{split}" in found.parts
    }
    for file, number, row in found.read():
        id = place.id(file, number)
        if file in solved:
            yield _question(row, file, id, solved[file])
        elif file == "verbmem":
            case = Case(id, row.text("prompt"), row.text("gt"))
            yield Item(case, file, "continue", limit=VERBMEM_LIMIT)
        else:
            yield Item(Case(id, _text(row), split=_split(file)), file, "member")


def _question(row: Row, part: str, id: str, solved: str) -> Item:
    case = Case(id, as_question(row.text("question")), row.text("answer"), _split(part))
    return Item(case, part, context=solved, limit=KNOWMEM_LIMIT, ends=KNOWMEM_ENDS)


def _solved(found: Files, file: str) -> str:
    pairs = ((row.text("question"), row.text("answer")) for row in found.rows(file))
    return "".join(f"{as_question(question)} {answer}\n\n" for question, answer in pairs)


def _text(row: Row) -> str:
    return row.whole() if isinstance(row.value, str) else row.text("text")


def _split(part: str) -> Split:
    if part.endswith("_holdout"):
        return "general"
    return "retain" if part.endswith("_retain") else "forget"
