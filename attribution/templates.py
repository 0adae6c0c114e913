"""Writes a conversation as a checkpoint's chat template has it.

A template is a stranger's program: transformers keeps it from doing anything, and here it is kept
from going on or growing without end. Knows no model.
"""

from __future__ import annotations

from typing import Any, Protocol

from attribution.bounded import bounded
from attribution.errors import TemplateRefuses
from attribution.foreign import BROKEN, MODULES, Foreign, sentence


class Templated(Protocol):
    """A tokenizer with a template."""

    def apply_chat_template(
        self, conversation: list[dict[str, str]], *, add_generation_prompt: bool, tokenize: bool
    ) -> Any:
        """Return the conversation as the model was trained to read it."""
        ...


def written(tokenizer: Templated, conversation: list[dict[str, str]], *, asks: bool) -> str:
    """Return the text; `asks` leaves the model to go on. Raises `TemplateRefuses`."""
    with Foreign(_refusal, BROKEN, MODULES), bounded(TemplateRefuses):
        return str(
            tokenizer.apply_chat_template(conversation, add_generation_prompt=asks, tokenize=False)
        )


def _refusal(error: BaseException) -> TemplateRefuses:
    return TemplateRefuses(f"it says {sentence(error)!r}")
