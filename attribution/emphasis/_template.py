"""A person's own way to emphasise: a text around the prompt that names the words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attribution.emphasis._edits import Edit, insert, listed
from attribution.emphasis._means import Template
from attribution.errors import BadOption
from attribution.types import Span

PROMPT, KEYWORDS = "{prompt}", "{keywords}"


def edit_of(template: Template) -> Callable[..., tuple[Edit, ...]]:
    """Return the `edit` of a template. Raises `BadOption` unless {prompt} is in it once."""
    before, found, behind = template.text.partition(PROMPT)
    if not found or PROMPT in behind:
        expected = "a text with {prompt} in it, once"
        raise BadOption(f"The template {template.name}", template.text, expected)

    def edit(text: str, spans: Sequence[Span], strength: float = 1.0) -> tuple[Edit, ...]:
        named = listed(text, spans)
        edits = (
            insert(0, before.replace(KEYWORDS, named)),
            insert(len(text), behind.replace(KEYWORDS, named)),
        )
        return tuple(edit for edit in edits if edit.replacement)

    return edit
