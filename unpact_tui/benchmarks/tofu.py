"""TOFU: questions about authors that do not exist, with wrong answers to compare with.

Two hundred invented authors with twenty questions each. A model is fine-tuned on all of them
(`full`) and is then to forget 1, 5 or 10 percent and keep the rest; `real_authors` and
`world_facts` tell what else it lost. Rows have `question` and `answer`; the `_perturbed` files
also have the answer in other words (`paraphrased_answer`), five answers that are wrong
(`perturbed_answer`, three for real authors and world facts) and the question in other words
(`paraphrased_question`). Rows of several files that ask the same and answer the same become one
item, so `forget01` comes with what `forget01_perturbed` adds; the options of `real_authors.json`
count as wrong answers where nothing else gives any. Where a file of entities lies beside (the
format of the unlearning depth score, `forget10_filtered.json`), they are the case's.

Models that were trained with a chat template are asked the plain question; those without one, by
`Question: ...` and `Answer:` (`tofu@qa=...`). TOFU is arXiv 2401.06121.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from attribution.types import Case, Split
from unpact_tui.benchmarks._item import Item
from unpact_tui.benchmarks._layout import Files, Layout, files
from unpact_tui.benchmarks._place import Form, Place
from unpact_tui.benchmarks._rows import Row

SOURCE = "arXiv 2401.06121, https://huggingface.co/datasets/locuslab/TOFU"
LICENCE = "MIT"
HUB = ("locuslab/TOFU",)
"""With every file in JSON lines, so that it needs no extra."""
METRICS = (
    "forget_quality",
    "forget_truth_ratio",
    "forget_Q_A_Prob",
    "forget_Q_A_ROUGE",
    "extraction_strength",
    "exact_memorization",
    "model_utility",
)
FORMS: tuple[Form, ...] = ("plain", "qa")

_SHARES = {"01": "1", "05": "5", "10": "10"}

PARTS = {
    **{
        f"forget{n}": f"The {share}% to forget, with what forget{n}_perturbed adds."
        for n, share in _SHARES.items()
    },
    "retain_perturbed": "400 rows to keep, with wrong answers: what model utility is taken on.",
    "real_authors": "100 questions about real authors, with wrong answers.",
    "world_facts": "117 questions about the world, with wrong answers.",
    **{
        f"retain{100 - int(share)}": f"All that is kept when {share}% are forgotten."
        for share in _SHARES.values()
    },
    **{f"holdout{n}": f"What no model has seen, as much as forget{n}." for n in _SHARES},
    "full": "All that a model was trained on.",
    **{
        f"forget{n}_perturbed": f"The same rows as forget{n}, from that file alone."
        for n in _SHARES
    },
    "real_authors_perturbed": "The same questions, from that file alone.",
    "world_facts_perturbed": "The same questions, from that file alone.",
}
USUAL = ("forget01", "retain_perturbed", "real_authors", "world_facts")
_JOINED = ("forget01", "forget05", "forget10", "real_authors", "world_facts")
_ENTITIES = "entities"

LAYOUT = Layout(
    files={
        **{part: (part, f"{part}_dataset") for part in PARTS},
        "full": ("full", "all_dataset"),
        _ENTITIES: ("entities", "forget10_filtered", "forget05_filtered", "forget01_filtered"),
    },
    parts=PARTS,
    usual=USUAL,
    beside={part: (f"{part}_perturbed",) for part in _JOINED},
    instead={
        "forget01": ("forget05", "forget10"),
        "retain_perturbed": ("retain99", "retain95", "retain90"),
    },
)

LIMIT = 200
"""Tokens that a model may write."""
_GENERAL = ("real_authors", "world_facts", "holdout", "full")


def items(place: Place) -> Iterator[Item]:
    """Yield every question once. Raises `BadBenchmark`, `BadUsage`, `MissingExtra`."""
    found = files(place, LAYOUT)
    about = dict(_entities(found))
    made: dict[tuple[str, ...], Item] = {}
    for file, number, row in found.read():
        item = _item(row, file, place.id(file, number), place, about)
        key = (_split(file), *_said(row))
        made[key] = _joined(made[key], item) if key in made else item
    yield from made.values()


def _item(row: Row, file: str, id: str, place: Place, about: Mapping[str, str]) -> Item:
    question, answer = _said(row)
    entity = about.get(question)
    reworded = row.text("paraphrased_question") if row.has("paraphrased_question") else None
    case = Case(
        id,
        place.prompt(question),
        answer,
        _split(file),
        paraphrases=() if reworded is None else (place.prompt(reworded),),
        entities=() if entity is None or entity not in answer else (entity,),
    )
    return Item(
        case,
        file,
        paraphrase=row.text("paraphrased_answer") if row.has("paraphrased_answer") else None,
        wrong=_wrong(row, answer),
        limit=LIMIT,
    )


def _said(row: Row) -> tuple[str, str]:
    return row.text("question"), row.text("answer")


def _wrong(row: Row, answer: str) -> tuple[str, ...]:
    if row.has("perturbed_answer"):
        return row.texts("perturbed_answer")
    if not row.has("option1"):
        return ()
    options = tuple(row.text(f"option{i}") for i in range(1, 5))
    if answer not in options:
        raise row.wrong("its answer is none of its options")
    return tuple(option for option in options if option != answer)


def _joined(first: Item, second: Item) -> Item:
    """Return one item of two rows that ask the same; what the perturbed row says comes first."""
    perturbed = second.part.endswith("_perturbed")
    return replace(
        first,
        case=replace(first.case, paraphrases=first.case.paraphrases or second.case.paraphrases),
        paraphrase=first.paraphrase or second.paraphrase,
        wrong=second.wrong if perturbed and second.wrong else first.wrong or second.wrong,
    )


def _split(file: str) -> Split:
    if file.startswith(_GENERAL):
        return "general"
    return "retain" if file.startswith("retain") else "forget"


def _entities(found: Files) -> Iterator[tuple[str, str]]:
    """Yield the entity of each answer, by question."""
    for row in found.rows(_ENTITIES):
        yield row.text("question"), row.text("entity")
