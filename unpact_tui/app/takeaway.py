"""What can be taken out of a comparison: texts to copy, and the result in a form to keep.

Pure. Texts are raw, as the models gave them; whoever puts them on a screen makes them safe.
"""

from __future__ import annotations

from typing import Literal

from unpact_tui.app.clipboard import Choice
from unpact_tui.app.state import CompareState
from unpact_tui.destination import Text
from unpact_tui.document import Document, Written
from unpact_tui.html import as_html
from unpact_tui.markdown import as_markdown

TextForm = Literal["md", "json", "html"]


def choices(state: CompareState, whole: Document | None) -> list[Choice]:
    """Return what of the current prompt can be copied."""
    page = state.page
    tokens = state.prompt.tokens if state.prompt else ()
    keys = " ".join(tokens[i].text.strip() for i in sorted(state.key_tokens))
    emphasised = page.edited.prompt.content_text if page.edited else ""
    return [
        Choice("p", "prompt", state.case.prompt),
        Choice("t", "answer under test", page.answer.text if page.answer else ""),
        Choice("b", "what the base says", page.base.text or ""),
        Choice("u", "what the unlearned model says", page.unlearned.text or ""),
        Choice("e", "emphasised prompt", emphasised),
        Choice("a", "what it says to that", page.unlearned.emphasised or ""),
        Choice("k", "KeyTokens", keys),
        Choice(
            "j", "everything about this prompt, as JSON", "".join(Written(whole)) if whole else ""
        ),
    ]


def written(document: Document, form: TextForm) -> Text:
    """Return a result as a file holds it."""
    match form:
        case "md":
            return as_markdown(document)
        case "html":
            return as_html(document)
        case "json":
            return Written(document)
