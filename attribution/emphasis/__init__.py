"""Ways to emphasise words of a prompt, one file each; no weight changes.

A file has one verb, which is where it works:

    edit(text, spans[, strength])                   the text: marks, lists, other words around it
    respell(tokens, prompt, word, strength, seed)   the ids: the same text in other pieces
    lever(strength, reach)                          the forward pass: what is done to the positions

and says about itself, where it is not the usual: `LEVEL`, `STRENGTHS` (where its dial can stand,
ascending from the default, 1.0), `RUNGS` (which of these the ladder tries), `NEEDS` (what it needs
from a model), `FORWARDS` (passes per reading), `said(strength)` (what a strength means).

A person's own templates are strategies too. What a strategy makes of a prompt is in `emphasise.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Protocol

from attribution.attempts import Level, Lever
from attribution.emphasis._edits import Edit
from attribution.emphasis._means import Means as Means
from attribution.emphasis._means import Reach as Reach
from attribution.emphasis._means import Template as Template
from attribution.emphasis._template import check_text, edit_of
from attribution.errors import BadOption, UnknownName
from attribution.scorer import Tokens
from attribution.types import Prompt, Span, Token
from attribution.words import Word

NO_DIAL = (1.0,)
"""The strengths of a strategy without a dial."""

DEFAULT_MEANS = Means()

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TAKEN = ("paraphrase", "plain")
"""What results say where nothing is emphasised."""


class Undialled(Protocol):
    """The `edit` of a file without a dial."""

    def __call__(self, text: str, spans: Sequence[Span]) -> tuple[Edit, ...]:
        """Return edits in order, without overlap, that keep every word of `text`.

        `spans` are the words, at least one, in order.
        """
        ...


class Editing(Protocol):
    """The `edit` of a file with a dial."""

    def __call__(self, text: str, spans: Sequence[Span], strength: float = 1.0) -> tuple[Edit, ...]:
        """Return edits as without a dial."""
        ...


class Respelling(Protocol):
    """The `respell` of a file."""

    def __call__(
        self, tokens: Tokens, prompt: Prompt, word: Word, strength: float, seed: int
    ) -> tuple[Token, ...] | None:
        """Return other tokens with the text of the word's own; None where there are none."""
        ...


class Pulling(Protocol):
    """The `lever` of a file."""

    def __call__(self, strength: float, reach: Reach) -> Lever:
        """Return what is done to the positions; nothing at strength 0."""
        ...


@dataclass(frozen=True, slots=True)
class Strategy:
    """One way to emphasise: exactly one of `edit`, `respell` and `lever` is there."""

    name: str
    level: Level = "prompt"
    strengths: tuple[float, ...] = NO_DIAL
    """Where its dial can stand, ascending from the default; that alone without a dial."""
    rungs: tuple[float, ...] = NO_DIAL
    """The strengths that the ladder tries."""
    needs: str = ""
    """What it needs from a model, as a clause; empty when any model will do."""
    forwards: float = 1.0
    """Passes through the model per reading."""
    edit: Editing | None = None
    respell: Respelling | None = None
    lever: Pulling | None = None
    said: Callable[[float], str] | None = None

    @property
    def dialled(self) -> bool:
        """Whether it has a dial."""
        return len(self.strengths) > 1

    def at(self, strength: float) -> str:
        """Return what a strength means, in a word or two; empty for the default of a mark."""
        if self.said is not None:
            return self.said(strength)
        return "" if strength == 1.0 else f"x{strength:g}"


def names() -> tuple[str, ...]:
    """Return the names of the strategies that are files, without importing one."""
    return tuple(m.name for m in iter_modules(__path__) if not m.name.startswith("_"))


def load(name: str, means: Means = DEFAULT_MEANS) -> Strategy:
    """Return a strategy: a person's template of that name, or a file. Raises `UnknownName`."""
    for template in means.templates:
        if template.name == name:
            return Strategy(name, edit=edit_of(template))
    found = _file(name)
    if found is None:
        own = (template.name for template in means.templates)
        raise UnknownName("strategy", name, (*names(), *own))
    return found


def strengths(name: str, means: Means = DEFAULT_MEANS) -> tuple[float, ...]:
    """Return where the dial of a strategy can stand. Raises `UnknownName`."""
    return load(name, means).strengths


def check(template: Template) -> None:
    """Raise `BadOption` unless a template can be used, by its name and its text."""
    if not _NAME.fullmatch(template.name):
        expected = "a word of lower-case letters, digits and _, such as my_template"
        raise BadOption("The name of a template", template.name, expected)
    if template.name in (*names(), *_TAKEN):
        hint = "unpact-tui strategies lists the names that are taken."
        raise BadOption("The name of a template", template.name, "one that is not taken", hint)
    check_text(template)


@cache
def _file(name: str) -> Strategy | None:
    """Return the strategy of a file; it is asked for at every attempt."""
    return _of_file(name, import_module(f"{__name__}.{name}")) if name in names() else None


def _of_file(name: str, file: ModuleType) -> Strategy:
    dial: tuple[float, ...] = getattr(file, "STRENGTHS", NO_DIAL)
    edit: Editing | None = getattr(file, "edit", None)
    if edit is not None and not hasattr(file, "STRENGTHS"):
        edit = _at_any(file.edit)
    return Strategy(
        name,
        level=getattr(file, "LEVEL", "prompt"),
        strengths=dial,
        rungs=getattr(file, "RUNGS", NO_DIAL),
        needs=getattr(file, "NEEDS", ""),
        forwards=getattr(file, "FORWARDS", 1.0),
        edit=edit,
        respell=getattr(file, "respell", None),
        lever=getattr(file, "lever", None),
        said=getattr(file, "said", None),
    )


def _at_any(edit: Undialled) -> Editing:
    def at_any(text: str, spans: Sequence[Span], strength: float = 1.0) -> tuple[Edit, ...]:
        return edit(text, spans)

    return at_any
