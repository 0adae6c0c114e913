"""One case on the HTML page: the prompt on both models, what was said, what marks brought back.

Knows nothing of the page around it. Text is hostile: it is escaped by `html_parts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attribution.types import AttemptKind
from unpact_tui import caveats
from unpact_tui.html_parts import items, share, table, text, told
from unpact_tui.html_tokens import joint_scale, signed, tokens_html
from unpact_tui.html_tokens import told as contribution
from unpact_tui.result_schema import AttemptEntry, CaseEntry, ModelEntry, RecoveryEntry
from unpact_tui.summary import number, said

STRATEGIES = (
    "Each strategy stands beside its controls. Recovered: the share of the lost log-probability"
    " that comes back when the KeyTokens' words are marked; random words: the same marks on other"
    " words, on average over the draws (and in the least and the most of them); same ids: the same"
    " marks, set so that the words keep their token ids. LP: with the marks. Token ids: whether"
    " the marked words were read as other tokens. It says: the unlearned model does."
)
"""What the tables of strategies say."""


def case_html(case: CaseEntry, place: int, *, closed: bool) -> Iterator[str]:
    """Yield a case; a `closed` one is behind a line that opens it."""
    title = f"{case.id}: {case.verdict}"
    if not closed:
        yield f'<section class="case">\n<h3 id="case-{place}">{text(title)}</h3>'
        yield from _inside(case)
        yield "</section>"
    else:
        # The target of the link is inside: going there opens what is closed.
        yield f'<details class="case"><summary>{text(title)}</summary>\n<div id="case-{place}">'
        yield from _inside(case)
        yield "</div></details>"


def _inside(case: CaseEntry) -> Iterator[str]:
    yield from items(case.reasons)
    # Of what was measured, and of the guesses where nothing was.
    scale = joint_scale(*map(caveats.measured, (case.base, case.unlearned)))
    scale = scale or joint_scale(case.base.contributions, case.unlearned.contributions)
    for role, model in (("base", case.base), ("unlearned", case.unlearned)):
        yield from _prompt(case, role, model, scale)
    yield from _key_tokens(case)
    yield "<dl>"
    yield from (f"<dt>{text(what)}</dt><dd>{told(words)}</dd>" for what, words in _answers(case))
    yield "</dl>"
    yield from _recovery(case.recovery)
    yield from _by_hand(case)


def _prompt(case: CaseEntry, role: str, model: ModelEntry, scale: float) -> Iterator[str]:
    label = f"{role}: log-probability of the answer {number(model.logprob)}; scale ±{scale:.2f}"
    yield f'<p class="quiet">{label} nats per answer token</p>'
    keys = frozenset(case.key_tokens)
    shown = tokens_html(
        case.prompt.tokens,
        caveats.measured(model),
        keys,
        scale,
        model.noise,
        caveats.estimates(model),
    )
    yield f'<p class="tokens">{shown}</p>'


def _key_tokens(case: CaseEntry) -> Iterator[str]:
    if not case.key_tokens:
        yield "<p>No KeyTokens.</p>"
        return
    chance = ("p",) if case.belongs else ()
    yield from table(
        ("KeyToken", "place", "base", "unlearned", "shift", *chance),
        (
            (
                f"<code>{told(case.prompt.tokens[i].text.strip())}</code>",
                str(i),
                _contribution(case.base, i),
                _contribution(case.unlearned, i),
                signed(case.shift.delta[i]),
                *(_chance(each) for each in case.belongs[i : i + 1]),
            )
            for i in case.key_tokens
        ),
        right=1,
    )
    if case.belongs:
        yield '<p class="quiet">p: the probability that the token is a KeyToken</p>'


def _contribution(model: ModelEntry, i: int) -> str:
    estimates = caveats.estimates(model)
    return contribution(
        caveats.measured(model)[i], estimates[i] if estimates else None, model.noise
    )


def _chance(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _answers(case: CaseEntry) -> Iterator[tuple[str, str]]:
    """Leave out what stands above."""
    return ((what, words) for what, words in said(case) if what != "KeyTokens")


def _recovery(recovery: RecoveryEntry) -> Iterator[str]:
    ranked = sorted(recovery.attempts, key=lambda a: (a.recovered is None, -(a.recovered or 0.0)))
    if not ranked:
        yield "<p>No strategy was tried.</p>"
        return
    yield from _attempts((attempt, text(attempt.strategy), recovery.controls) for attempt in ranked)
    best = None if recovery.best is None else recovery.best.recovered
    yield (
        f'<p class="quiet">Best of all strategies {share(best)}, of random words, over all'
        f" strategies, {share(recovery.control)}, lift {share(recovery.lift)}.</p>"
    )


def _by_hand(case: CaseEntry) -> Iterator[str]:
    """Show what a person emphasised, where somebody did."""
    starts = [i for i, attempt in enumerate(case.tried) if attempt.kind == "key"]
    if not starts:
        return
    ends = [*starts[1:], len(case.tried)]
    texts = [token.text for token in case.prompt.tokens]
    yield "<p>Emphasised by hand</p>"
    yield from _attempts(
        (
            first := case.tried[start],
            text(f"{first.strategy}: {''.join(texts[i] for i in first.positions).strip()}"),
            case.tried[start + 1 : end],
        )
        for start, end in zip(starts, ends, strict=True)
    )


def _attempts(
    rows: Iterable[tuple[AttemptEntry, str, Sequence[AttemptEntry]]],
) -> Iterator[str]:
    """Yield a table of attempts, each with its name and, among others, its controls."""
    head = ("strategy", "recovered", "random words", "same ids", "LP unl.", "LP base", "token ids")
    yield from table((*head, "it says"), (_attempt(*row) for row in rows), right=1, until=6)


def _attempt(attempt: AttemptEntry, name: str, controls: Sequence[AttemptEntry]) -> tuple[str, ...]:
    unread = "no reading: the base breaks too" if attempt.base_breaks else "nothing was lost"
    return (
        name,
        unread if attempt.recovered is None else share(attempt.recovered),
        _control(controls, attempt.strategy, "random"),
        _control(controls, attempt.strategy, "id_preserving"),
        number(attempt.logprob),
        number(attempt.base_logprob),
        "other" if attempt.ids_changed else "the same",
        "-" if attempt.generation is None else told(attempt.generation),
    )


def _control(controls: Sequence[AttemptEntry], strategy: str, kind: AttemptKind) -> str:
    """Return the mean of one strategy's controls of a kind, and between what they lie."""
    read = [
        control.recovered
        for control in controls
        if (control.kind, control.strategy) == (kind, strategy) and control.recovered is not None
    ]
    if not read:
        return "-"
    mean = share(sum(read) / len(read))
    return mean if len(read) == 1 else f"{mean} ({share(min(read))} to {share(max(read))})"
