"""One case on the HTML page: the prompt on both models, what was said, what marks brought back.

Knows nothing of the page around it. Text is hostile: it is escaped by `html_parts`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attribution.attempts import AttemptKind
from unpact_tui import caveats
from unpact_tui.html_parts import items, share, table, text, told
from unpact_tui.html_tokens import emphasised_html, joint_scale, signed, tokens_html
from unpact_tui.html_tokens import told as contribution
from unpact_tui.result_schema import AttemptEntry, CaseEntry, ModelEntry
from unpact_tui.strategy_lines import described
from unpact_tui.summary import LEAKS, number, said, spelled

ATTEMPTS = (
    "Each attempt stands beside its controls. Recovered: the share of the lost log-probability"
    " that comes back when the chosen words are emphasised; random words: the same on other words,"
    " on average over the draws (and in the least and the most of them); same ids: the same marks,"
    " set so that the words keep their token ids; ids alone: the same ids without the marks. LP:"
    " with the emphasis. Token ids: whether the words were read as other tokens. It says: the"
    " unlearned model does. What was read: the prompt with its marks; where the text stays as it"
    " is, the emphasised words in boxes, in the pieces they were cut into."
)
"""What the tables of attempts say."""


CONTROLS: dict[AttemptKind, str] = {
    "random": "random words",
    "id_preserving": "same ids",
    "ids_only": "ids alone",
}
"""What stands beside an attempt, and the columns it stands in."""


def case_html(case: CaseEntry, place: str, *, closed: bool) -> Iterator[str]:
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
    yield from _recovery(case)
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


def _recovery(case: CaseEntry) -> Iterator[str]:
    recovery = case.recovery
    ranked = sorted(recovery.attempts, key=lambda a: (a.recovered is None, -(a.recovered or 0.0)))
    if not ranked:
        yield "<p>No strategy was tried.</p>"
    else:
        tried = [(attempt, text(described(attempt)), recovery.controls) for attempt in ranked]
        others = [
            (attempt, f"no emphasis: {told(attempt.prompt_text)}", ())
            for attempt in recovery.controls
            if attempt.kind == "paraphrase"
        ]
        yield from _attempts(case, tried, others)
        best = None if recovery.best is None else recovery.best.recovered
        yield (
            f'<p class="quiet">Best of all strategies {share(best)}, of random words, over all'
            f" strategies, {share(recovery.control)}, lift {share(recovery.lift)}, best of the"
            f" paraphrases {share(recovery.paraphrase)}.</p>"
        )
    yield from items(f"{left.strategy} was left out: {left.why}" for left in recovery.left_out)


def _by_hand(case: CaseEntry) -> Iterator[str]:
    """Show what a person emphasised, where somebody did."""
    starts = [i for i, attempt in enumerate(case.tried) if attempt.kind == "key"]
    if not starts:
        return
    ends = [*starts[1:], len(case.tried)]
    yield "<p>Emphasised by hand</p>"
    yield from _attempts(
        case,
        [
            (
                first := case.tried[start],
                text(f"{described(first)}: {spelled(case, first)}"),
                case.tried[start + 1 : end],
            )
            for start, end in zip(starts, ends, strict=True)
        ],
    )


Row = tuple[AttemptEntry, str, Sequence[AttemptEntry]]
"""An attempt with its name and, among others, its controls."""


def _attempts(case: CaseEntry, rows: Sequence[Row], others: Sequence[Row] = ()) -> Iterator[str]:
    """Yield a table of attempts, `others` below them, and what was read in each attempt."""
    models = ("LP unl.", "LP base", *(("LP ref.",) if case.recovery.reference else ()))
    head = ("strategy", "recovered", *CONTROLS.values(), *models, "token ids", "it says")
    cells = (_attempt(*row, models=len(models)) for row in (*rows, *others))
    yield from table(head, cells, right=1, until=len(head) - 2)
    yield '<dl class="read">'
    for attempt, name, _ in rows:
        yield f"<dt>{name}</dt><dd>{_read(case, attempt)}</dd>"
    yield "</dl>"


def _read(case: CaseEntry, attempt: AttemptEntry) -> str:
    if attempt.level == "prompt":
        return told(attempt.prompt_text)
    pieces = attempt.pieces if attempt.level == "tokens" else ()
    return emphasised_html(case.prompt.tokens, frozenset(attempt.positions), pieces)


def _attempt(
    attempt: AttemptEntry, name: str, controls: Sequence[AttemptEntry], *, models: int
) -> tuple[str, ...]:
    mine = (attempt.strategy, attempt.strength)
    beside = [control for control in controls if (control.strategy, control.strength) == mine]
    logprobs = (attempt.logprob, attempt.base_logprob, attempt.reference_logprob)
    return (
        name,
        _unread(attempt) if attempt.recovered is None else share(attempt.recovered),
        *(_control(beside, kind) for kind in CONTROLS),
        *("-" if nats is None else number(nats) for nats in logprobs[:models]),
        "other" if attempt.ids_changed else "the same",
        "-" if attempt.generation is None else told(attempt.generation),
    )


def _unread(attempt: AttemptEntry) -> str:
    if attempt.leaks:
        return f"no reading: {LEAKS}"
    return "no reading: the base breaks too" if attempt.base_breaks else "nothing was lost"


def _control(controls: Sequence[AttemptEntry], kind: AttemptKind) -> str:
    """Return the mean of the controls of a kind, and between what they lie."""
    read = [c.recovered for c in controls if c.kind == kind and c.recovered is not None]
    if not read:
        return "-"
    mean = share(sum(read) / len(read))
    return mean if len(read) == 1 else f"{mean} ({share(min(read))} to {share(max(read))})"
