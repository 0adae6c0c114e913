"""What strategies may draw on besides the prompt: plain values, chosen by whoever asks."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reach:
    """Where attention is steered; empty is everywhere."""

    layers: tuple[int, ...] = ()
    heads: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """A person's own way to emphasise."""

    name: str
    text: str
    """With {prompt} once, and {keywords} where the emphasised words are to be named."""


@dataclass(frozen=True, slots=True)
class Means:
    """All of it. The same means give the same emphasis."""

    templates: tuple[Template, ...] = ()
    reach: Reach = field(default_factory=Reach)
    seed: int = 0
    """Of what is sampled."""
