"""What the demo says before anything is pressed: whom it asks about, which keys, what to watch.

Plain text, and no outcome: whether an answer comes back is for the reader to see. Keys stand here
by their ids, so that the screen writes them as they are bound.
"""

from __future__ import annotations

import methods
from unpact_tui import catalogue
from unpact_tui.demo.recipe import DEFAULT, Recipe

Text = tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]]
"""A title, paragraphs, and keys by id with what they are for."""

_STEPS = (
    ("take_key_tokens", "Emphasise what carries the answer; watch the unlearned side."),
    (
        "",
        "Then the controls in Recovery: 'random words', other words marked; 'same ids', the marks "
        "without new token ids; 'reference', which can only guess. What marks bring back here, new "
        "token ids bring back, not attention.",
    ),
    ("next_strategy", "The next way to emphasise it. Look at the controls again."),
    ("undo", "Take it back: the plain question."),
    ("next_prompt", "The next prompt: a verdict is about one only."),
    ("cycle_view", "Colour the words by what moved between the two models."),
    ("flip_pane", "The other model, where only one fits."),
    ("help", "All keys, and how to read the screen."),
    ("show_guide", "This text again."),
    ("quit", "Leave."),
)


def guide(method: str, summary: str, regime: str | None = None, recipe: Recipe = DEFAULT) -> Text:
    """Return the text for the checkpoint that `method` unlearned.

    `summary` says in a sentence what the method does. `regime` is a sentence on its settings here.
    """
    people, forgotten = recipe.people, recipe.forgotten
    lines = (
        f"{people} made-up writers and three tiny models. The base knows all of them. The "
        f"unlearned one is the base after {method} was to make it forget {forgotten}. The "
        f"reference never saw those {forgotten}.",
        f"{method} in a sentence: {_inside(summary, method)}",
        *(() if regime is None else (regime,)),
    )
    return "The demo: gone, hidden, or broken?", lines, _STEPS


def guide_of(method: str, regime: str | None = None) -> Text:
    """Return the text for a method of `methods/`, by any of its names, in its own words."""
    name, _ = methods.resolve(method)
    ((_, summary),) = catalogue.summaries("methods", (name,))
    return guide(method, summary, regime)


def _inside(sentence: str, method: str) -> str:
    """Return a sentence after "METHOD in a sentence:"; an abbreviation keeps its capitals."""
    once = sentence.replace(f" ({method})", "")
    return once if once[1:2].isupper() else once[:1].lower() + once[1:]
