"""Prompt files: from lines of untrusted text to cases.

    {"prompt": "Where was Ann born?", "answer": "In Oslo.", "id": "ann-1", "split": "forget"}

JSON lines as above, where `question` may stand for `prompt` and only the prompt must be there; or
one JSON list of such objects; or plain text, every line a prompt. The same question in other words
may come as `paraphrase`, `paraphrases` (a list) or TOFU's `paraphrased_question`, and what the
answer is about as `entity` or `entities` (a list). Other fields are ignored. Knows nothing of
models or of what becomes of a case.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from attribution.types import Case, Split
from unpact_tui.errors import BadPromptFile, BadUsage, Unreadable
from unpact_tui.json_rows import LONGEST_LINE as LONGEST_LINE
from unpact_tui.json_rows import (
    Complain,
    JsonRow,
    Line,
    fields,
    rows,
    text_field,
    texts_field,
    unfit,
)
from unpact_tui.regular_files import opened

MOST = 200_000
"""Prompts; a pipe may never end."""
_STANDARD_INPUT = "-"
_PARAPHRASES = ("paraphrase", "paraphrased_question"), "paraphrases"
_ENTITIES = ("entity",), "entities"
_SPLITS: tuple[Split, ...] = ("forget", "retain", "general")


def read(path: Path | str, *, default_split: Split = "forget") -> Iterator[Case]:
    """Yield the cases of a file, "-" for standard input. Raises `BadPromptFile`, `BadUsage`."""
    if str(path) == _STANDARD_INPUT:
        yield from _cases(sys.stdin.buffer, "standard input", default_split)
        return
    try:
        with opened(Path(path), pipes=True) as raw, BufferedReader(raw) as stream:
            yield from _cases(stream, str(path), default_split)
    except Unreadable as error:
        raise BadUsage(f"{path} cannot be read: {error.why}.", "Check --prompts.") from error


def one(prompt: str, answer: str | None = None) -> Case:
    """Return the case of a prompt given on the command line. Raises `BadUsage`."""
    for what, text in (("prompt", prompt), ("answer", answer)):
        if text is not None and (why := unfit(text)):
            raise BadUsage(f"The {what} {why}.", f'Give it as --{what} "...".')
    return Case("1", prompt, answer)


def _cases(stream: BinaryIO, file: str, default_split: Split) -> Iterator[Case]:
    complain = partial(BadPromptFile, file)
    seen: dict[str, int] = {}
    for number, value in rows(stream, complain, _prompts):
        case = case_of(value, str(len(seen) + 1), default_split, complain, number)
        if case.id in seen:
            raise complain(number, f"the id {case.id!r} is that of line {seen[case.id]}")
        seen[case.id] = number
        if len(seen) > MOST:
            raise complain(number, f"it has more than {MOST:,} prompts")
        yield case
    if not seen:
        raise complain(1, "there is no prompt in it")


def _prompts(lines: Iterable[Line]) -> Iterator[JsonRow]:
    for number, text in lines:
        if text.strip():
            yield number, {"prompt": text}


def case_of(
    value: object, default_id: str, default_split: Split, complain: Complain, number: int
) -> Case:
    """Return the case of a row. Raises what `complain` makes.

    Every field that is used is checked; what is not used may be anything.
    """
    row = fields(value, complain, number)
    name = "prompt" if "prompt" in row else "question"
    if name not in row:
        raise complain(number, 'it has neither "prompt" nor "question"')
    answer = None if row.get("answer") is None else text_field(row, "answer", complain, number)
    split = default_split if row.get("split") is None else row["split"]
    if split not in _SPLITS:
        raise complain(number, f"its split is not one of {', '.join(_SPLITS)}")
    return Case(
        id=default_id if row.get("id") is None else _identity(row, complain, number),
        prompt=text_field(row, name, complain, number),
        answer=answer,
        split=split,
        paraphrases=_texts(row, *_PARAPHRASES, complain, number),
        entities=_texts(row, *_ENTITIES, complain, number),
    )


def _texts(
    row: dict[str, object], single: Iterable[str], several: str, complain: Complain, number: int
) -> tuple[str, ...]:
    """Return the texts of some fields, each once; a field that is null is not there."""
    found = [text_field(row, n, complain, number) for n in single if row.get(n) is not None]
    if row.get(several) is not None:
        found += texts_field(row, several, complain, number)
    return tuple(dict.fromkeys(found))


def _identity(row: dict[str, object], complain: Complain, number: int) -> str:
    found = row["id"]
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return text_field(row, "id", complain, number)
