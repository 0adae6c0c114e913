"""Which forgotten fact to show first, chosen by rule from what the trained models do.

Knows models only through `attribution`'s doors, so it sees what the inspector will see. The choice
orders the prompt file and is written into the manifest; no row is dropped for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from attribution.attempts import Emphasis
from attribution.emphasise import emphasise
from attribution.estimators.leave_one_out import measure
from attribution.keytokens import key_tokens
from attribution.recover import Trio
from attribution.scorer import Model, write_all
from attribution.textmatch import exact
from attribution.types import KeyTokenRule, Prompt
from unpact_tui.demo.corpus import Fact

STRATEGY = "bold_each"
RULE = (
    "the first fact of the forget set with a last name that is a single token after a space, which "
    "the base answers exactly with and without its KeyTokens in bold (bold_each, default rule), "
    "the unlearned model with and not without, and the reference with neither"
)
_LIMIT = 32
"""Tokens to write; no answer here is longer."""


def choose(facts: Sequence[Fact], trio: Trio) -> int | None:
    """Return the number of the first fact that meets `RULE`, or None."""
    for number, fact in enumerate(facts):
        if len(trio.base.fragment(f" {fact.last_name}")) == 1 and _shows(fact, trio):
            return number
    return None


def _shows(fact: Fact, trio: Trio) -> bool:
    exchange = fact.ask()
    prompt = trio.base.encode(exchange.question)
    marked = _marked(trio.base, prompt, exchange.answer)
    if marked is None:
        return False
    base, unlearned = (
        _answers(model, (prompt, marked), exchange.answer) for model in (trio.base, trio.unlearned)
    )
    reference = trio.reference
    return (
        base == [True, True]
        and unlearned == [False, True]
        and (reference is None or not any(_answers(reference, (prompt, marked), exchange.answer)))
    )


def _marked(base: Model, prompt: Prompt, text: str) -> Prompt | None:
    """Put the KeyTokens in bold; None when there are none."""
    *_, attribution = measure(base, prompt, base.answer(text, after=prompt))
    positions = key_tokens(attribution, KeyTokenRule()).positions
    if not positions:
        return None
    return emphasise(base, prompt, Emphasis(STRATEGY, positions)).prompt


def _answers(model: Model, prompts: Sequence[Prompt], answer: str) -> list[bool]:
    """Return to which prompts the model writes the answer."""
    written = write_all(model, [prompt.ids for prompt in prompts], _LIMIT)
    return [exact(answer, model.decode(ids)) for ids in written]
