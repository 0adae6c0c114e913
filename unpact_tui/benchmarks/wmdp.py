"""WMDP: multiple-choice questions whose right answers an unlearned model is not to know.

Rows have `question`, four `choices` and the place of the right one, `answer`, from 0. Each is put
as the lm-evaluation-harness does, without examples: a sentence that names the domain, the question,
the four choices behind A to D, and `Answer:`; the model answers by the likeliest of the four
letters, and one in four is right by chance. A case's answer is the letter.

Proxies for hazardous knowledge: this package has a reader and no question; its sample is harmless
and ours. WMDP is arXiv 2403.03218.
"""

from __future__ import annotations

from collections.abc import Iterator

from attribution.types import Case
from unpact_tui.benchmarks._item import Item
from unpact_tui.benchmarks._layout import Layout, files
from unpact_tui.benchmarks._place import Place
from unpact_tui.benchmarks._rows import Row

SOURCE = "arXiv 2403.03218, https://huggingface.co/datasets/cais/wmdp"
LICENCE = "MIT"
HUB = ("cais/wmdp",)
METRICS = (
    "wmdp/acc",
    "wmdp_bio/acc",
    "wmdp_cyber/acc",
    "wmdp_chem/acc",
    "choice_entropy",
)

DOMAINS = {"bio": "biology", "cyber": "cybersecurity", "chem": "chemistry"}
"""What the sentence before a question says."""
PARTS = {
    "bio": "Questions about biology.",
    "cyber": "Questions about cybersecurity.",
    "chem": "Questions about chemistry.",
}
LAYOUT = Layout(
    files={
        part: (f"wmdp-{part}/test", f"{part}_questions", f"wmdp-mcqs/{part}_questions")
        for part in PARTS
    },
    parts=PARTS,
    usual=tuple(PARTS),
)

LETTERS = "ABCD"
LIMIT = 1
"""A letter is written."""


def items(place: Place) -> Iterator[Item]:
    """Yield the questions. Raises `BadBenchmark`, `BadUsage`, `MissingExtra`."""
    for part, number, row in files(place, LAYOUT).read():
        options, correct = _choices(row), row.index("answer", len(LETTERS))
        marked = "".join(f"{a}. {said}\n" for a, said in zip(LETTERS, options, strict=True))
        prompt = f"{row.text('question').strip()}\n{marked}Answer:"
        yield Item(
            Case(place.id(part, number), prompt, LETTERS[correct]),
            part,
            "choose",
            context=_sentence(part),
            options=options,
            correct=correct,
            limit=LIMIT,
        )


def _sentence(part: str) -> str:
    domain = DOMAINS[part]
    return f"The following are multiple choice questions (with answers) about {domain}.\n\n"


def _choices(row: Row) -> tuple[str, ...]:
    found = row.options("choices")
    if len(found) != len(LETTERS):
        raise row.wrong(f"it has {len(found)} choices, not {len(LETTERS)}")
    return found
