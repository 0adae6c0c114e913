"""What unlearning methods there are, read from their files: for people and, as JSON, for programs.

Imports the methods, which do not import torch.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import methods
from methods._method import Method, Needs, Training
from unpact_tui import catalogue
from unpact_tui.json_text import printed
from unpact_tui.unlearning.asked import option_places

_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that `--set` changes."""

    name: str
    default: object
    sentence: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A method, as its file describes it."""

    name: str
    aliases: tuple[str, ...]
    summary: str
    """One sentence."""
    needs: Needs
    """With its default options."""
    source: str


@dataclass(frozen=True, slots=True)
class Described:
    """A method with everything there is to say about it."""

    method: Listed
    meaning: dict[str, dict[str, str]]
    """By alias: the options it stands for."""
    description: str
    """The formula, where it is from, and how other implementations differ."""
    options: tuple[Option, ...]
    training: tuple[Option, ...]
    """Of the shared loop, with this method's defaults."""


def every() -> tuple[Listed, ...]:
    """Return all methods by name."""
    return tuple(_listed(name) for name in methods.names())


def one(name: str) -> Described:
    """Return a method by any of its names. Raises `UnknownName`."""
    own, _ = methods.resolve(name)
    method = methods.load(own)
    return Described(
        _listed(own),
        {alias: dict(options) for alias, options in method.aliases.items()},
        catalogue.docstring(f"methods.{own}"),
        tuple(_options(own, method)),
        tuple(_training(method.training)),
    )


def as_json(found: object) -> str:
    """Return it as indented JSON."""
    return printed(found)


def as_text(found: tuple[Listed, ...] | Described) -> str:
    """Return it for a person."""
    if isinstance(found, Described):
        return "\n".join(_page(found)) + "\n"
    lines = (f"{method.name:<13} {method.summary}\n{'':<13} {_facts(method)}\n" for method in found)
    return "".join(lines)


def needs_in_words(needs: Needs) -> str:
    """Return what a method needs besides examples to forget."""
    reference = {"none": "", "numbers": "one number per answer from the model before"}
    words = (
        "examples to retain" if needs.retain else "",
        reference.get(needs.reference, "the trained weights of the model before, kept beside"),
        "alternative answers" if needs.alternatives else "",
    )
    return "; ".join(word for word in words if word) or "nothing else"


def _listed(name: str) -> Listed:
    method = methods.load(name)
    ((_, summary),) = catalogue.summaries("methods", [name])
    needs = method.needs(method.options)
    return Listed(name, tuple(method.aliases), summary, needs, method.source)


def _facts(method: Listed) -> str:
    also = f"Also: {', '.join(method.aliases)}. " if method.aliases else ""
    return f"{also}Needs {needs_in_words(method.needs)}. {method.source}."


def _options(name: str, method: Method[Any]) -> Iterator[Option]:
    """Yield every option with the sentence below its field, wherever the field is."""
    for option, path in option_places(method.options).items():
        holder: object = method.options
        for step in path[:-1]:
            holder = getattr(holder, step)
        kind: type[object] = type(holder)
        sentences = {f.name: f.sentence for f in catalogue.fields(kind.__module__, kind.__name__)}
        yield Option(option, getattr(holder, option), sentences[option])


def _training(training: Training) -> Iterator[Option]:
    for field in catalogue.fields("methods._method", "Training"):
        yield Option(field.name, getattr(training, field.name), field.sentence)


def _page(found: Described) -> Iterator[str]:
    method = found.method
    yield f"{method.name}  {method.source}"
    for alias, options in found.meaning.items():
        meant = " ".join(f"--set {name}={value}" for name, value in options.items())
        yield f"  {alias} = {method.name} {meant}".rstrip()
    yield f"\n{found.description}\n"
    yield f"Needs {needs_in_words(method.needs)}."
    for title, options in (("Options", found.options), ("Training", found.training)):
        yield f"\n{title} (--set name=value)"
        for option in options:
            yield f"  {option.name} = {option.default}"
            yield textwrap.fill(
                option.sentence, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6
            )
