"""The ways to emphasise, in words: a line for each of them, or everything about one.

What is said is read from their files. An example is made without a tokenizer, so that only edits of
the text can be shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from attribution import emphasis
from attribution.attempts import Level
from attribution.emphasis import Means, Strategy, Template
from attribution.types import Span
from unpact_tui.catalogue import below, docstring
from unpact_tui.display import display_text

EXAMPLE = "Where was Basil Mahfouz Al-Kuwaiti born?"
_WORDS = re.compile(r"Basil|Mahfouz|Al-Kuwaiti")

WHERE: dict[Level, str] = {
    "prompt": "the text",
    "tokens": "how the text is cut into tokens; the text stays as it is",
    "attention": "the attention inside the forward pass; the prompt stays as it is",
    "embedding": "the embeddings inside the forward pass; the prompt stays as it is",
    "decoding": "the next token's probabilities; the prompt stays as it is",
}
"""What a strategy of each level changes."""

Row = dict[str, object]


def lines(means: Means) -> str:
    """Return a line per strategy, a person's own last."""
    return "".join(
        f"{name:<16} {level:<10} {sentence}\n"
        for name, level, sentence in ((r["name"], r["level"], r["sentence"]) for r in rows(means))
    )


def rows(means: Means) -> list[Row]:
    """Return everything about every strategy, as JSON takes it."""
    own = [template.name for template in means.templates]
    return [row(name, means) for name in (*emphasis.names(), *own)]


def row(name: str, means: Means) -> Row:
    """Return everything about one. Raises `UnknownName`, `BadOption`."""
    strategy = emphasis.load(name, means)
    words = _docstring(strategy, means.templates)
    return {
        "name": name,
        "level": strategy.level,
        "own": _template(name, means.templates) is not None,
        "sentence": _sentence(words),
        "description": words,
        "dial": [
            {
                "strength": strength,
                "means": strategy.at(strength) or "as it is",
                "ladder": strength in strategy.rungs,
            }
            for strength in strategy.strengths
        ]
        if strategy.dialled
        else [],
        "needs": strategy.needs,
        "forwards": strategy.forwards,
        "examples": list(_examples(strategy)),
    }


def page(name: str, means: Means) -> str:
    """Return everything about one strategy as text. Raises `UnknownName`, `BadOption`."""
    strategy = emphasis.load(name, means)
    words = _docstring(strategy, means.templates)
    return "\n".join([*_about(strategy, words), "", *_shown(strategy)]) + "\n"


def _about(strategy: Strategy, words: str) -> Iterator[str]:
    yield f"{display_text(strategy.name)}   {strategy.level}"
    yield ""
    yield from map(display_text, words.split("\n"))
    yield ""
    yield f"{'changes':<9} {WHERE[strategy.level]}"
    yield f"{'needs':<9} {strategy.needs or 'nothing: any model will do'}"
    passes = f"{strategy.forwards:g} pass{'' if strategy.forwards == 1 else 'es'}"
    yield f"{'costs':<9} {passes} through the model per reading"
    if not strategy.dialled:
        yield f"{'dial':<9} none: it is on or off"
        return
    title = "dial"
    if said := below(f"attribution.emphasis.{strategy.name}", "STRENGTHS"):
        yield f"{title:<9} {said}"
        title = ""
    for strength in strategy.strengths:
        rung = "   run on the ladder" if strength in strategy.rungs else ""
        yield f"{title:<9} {strength:<4g} {strategy.at(strength) or 'as it is'}{rung}"
        title = ""


def _shown(strategy: Strategy) -> Iterator[str]:
    if strategy.edit is None:
        yield f"{'example':<9} {EXAMPLE}"
        yield f"{'':<9} reads the same: {WHERE[strategy.level]}"
        return
    title = "example"
    for text in _examples(strategy):
        for line in text.split("\n"):
            yield f"{title:<9} {display_text(line)}"
            title = ""


def _examples(strategy: Strategy) -> Iterator[str]:
    """Yield what it makes of a prompt at each strength; nothing where the text stays."""
    if strategy.edit is None:
        return
    spans = [Span(found.start(), found.end()) for found in _WORDS.finditer(EXAMPLE)]
    for strength in strategy.strengths:
        text = EXAMPLE
        for edit in reversed(strategy.edit(EXAMPLE, spans, strength)):
            text = text[: edit.start] + edit.replacement + text[edit.end :]
        yield text


def _template(name: str, templates: Sequence[Template]) -> Template | None:
    return next((template for template in templates if template.name == name), None)


def _docstring(strategy: Strategy, templates: Sequence[Template]) -> str:
    own = _template(strategy.name, templates)
    if own is None:
        return docstring(f"attribution.emphasis.{strategy.name}")
    return f"Your own template: {own.text}"


def _sentence(words: str) -> str:
    return display_text(words.partition("\n")[0])
