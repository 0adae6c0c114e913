"""A person's own way to emphasise: a text around the prompt, which may name the words.

{prompt} and {keywords} are put in; all other braces are text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from attribution.emphasis._edits import Edit, insert, listed
from attribution.emphasis._means import Template
from attribution.errors import BadOption
from attribution.types import Span

PROMPT, KEYWORDS = "{prompt}", "{keywords}"
_FIELD = re.compile(r"\{[A-Za-z_]\w*\}")
_HINT = 'Write it like this: "{prompt} Think of {keywords}."'


def check_text(template: Template) -> None:
    """Raise `BadOption` unless a template has {prompt} once, adds something to it and has no field
    that is not known."""
    text, wrong = template.text, ""
    if text.count(PROMPT) != 1:
        wrong = "a text with {prompt} in it, once"
    elif not text.replace(PROMPT, "").strip():
        wrong = "a text that says more than {prompt}"
    elif any(field not in (PROMPT, KEYWORDS) for field in _FIELD.findall(text)):
        wrong = "a text without other fields than {prompt} and {keywords}"
    if wrong:
        raise BadOption(f"The template {template.name}", text, wrong, _HINT)


def edit_of(template: Template) -> Callable[..., tuple[Edit, ...]]:
    """Return the `edit` of a template. Raises `BadOption` as `check_text` does."""
    check_text(template)
    before, _, behind = template.text.partition(PROMPT)

    def edit(text: str, spans: Sequence[Span], strength: float = 1.0) -> tuple[Edit, ...]:
        named = listed(text, spans)
        edits = (
            insert(0, before.replace(KEYWORDS, named)),
            insert(len(text), behind.replace(KEYWORDS, named)),
        )
        return tuple(edit for edit in edits if edit.replacement)

    return edit
