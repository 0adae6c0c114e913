"""Where a benchmark's files are, which of its parts are asked for, and in what form.

    tofu=data/tofu                         a folder in the original layout
    tofu:forget10+retain_perturbed=...     of it, these parts
    tofu@qa=...                            questions as `Question: ...`, a line below `Answer:`
    wmdp=cais/wmdp                         a dataset on the Hugging Face hub, or a folder in one
    rwku=sample                            a few rows that we wrote, to try things out

Reads no file and knows no benchmark.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from unpact_tui.errors import BadUsage

Form = Literal["plain", "qa"]
"""How a question is put: as it is, for the chat template to wrap, or as `Question: ...` with
`Answer:` on the line below, for models that were trained on this."""

SAMPLE = "sample"
_SPEC = re.compile(
    r"(?P<name>[\w-]+)(@(?P<form>[\w-]+))?(:(?P<parts>[\w.+-]+))?=(?P<where>.+)", re.ASCII
)
_HINT = "Write NAME=PLACE or NAME:PART+PART=PLACE, for example: tofu:forget01=data/tofu"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wrote."""

    name: str
    where: str
    """A file, a folder, a name on the hub, or "sample"."""
    parts: tuple[str, ...] = ()
    """Empty for the usual ones."""
    form: Form = "plain"


@dataclass(frozen=True, slots=True)
class Place:
    """Files on this machine that a benchmark is to be read from."""

    benchmark: str
    root: Path
    """A file, or the folder that the layout begins in."""
    parts: tuple[str, ...] = ()
    """Empty for the usual ones."""
    form: Form = "plain"
    sample: bool = False
    """The few rows that we wrote: what is measured on them says nothing about a benchmark."""

    def id(self, file: str, number: int) -> str:
        """Return the id of a row of a file, counted from 0; no other row of any benchmark has it.

        It says where the row is from a sample.
        """
        first = f"{self.benchmark}-{SAMPLE}" if self.sample else self.benchmark
        return f"{first}-{file}-{number}"

    def prompt(self, question: str) -> str:
        """Return a question in the form asked for."""
        return question if self.form == "plain" else as_question(question)


def as_question(question: str) -> str:
    """Return a question as base models are asked. The space before the answer is the answer's."""
    return f"Question: {question}\nAnswer:"


def asked(spec: str) -> Asked:
    """Take apart what a person wrote. Raises `BadUsage`."""
    found = _SPEC.fullmatch(spec.strip())
    if found is None:
        raise BadUsage(f"{spec!r} does not say which benchmark is read from where.", _HINT)
    form = found["form"] or "plain"
    if form not in get_args(Form):
        raise BadUsage(
            f"There is no form {form!r} of a question.",
            f"There are: {', '.join(get_args(Form))}. Write NAME@qa=PLACE.",
        )
    parts = tuple(dict.fromkeys(part for part in (found["parts"] or "").split("+") if part))
    return Asked(found["name"], found["where"], parts, cast("Form", form))
