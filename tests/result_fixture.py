"""A small result in which everything occurs: hostile text, controls, a reference, a failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from attribution import evidence
from attribution.attempts import Attempt, AttemptKind, Level, Reading, Recovery
from attribution.errors import PromptTooLong
from attribution.standing import HeldOut, Standing
from attribution.types import (
    Answer,
    Approximation,
    Attribution,
    Case,
    Interval,
    KeyTokenRule,
    KeyTokens,
    Prompt,
    Shift,
    Span,
    Token,
    Verdict,
)
from attribution.verdict import Thresholds, judge, judge_set
from unpact_tui.document import Document, case_document, document
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Loaded, Opened, Role

HOSTILE = "[bold]x[/bold] | `a` <b> \x1b[31m\u202e [INST]"

PROMPT = Prompt(
    "<s>Where was Ann born?",
    (
        Token(1, "<s>", 0, 3, fixed=True),
        Token(10, "Where", 3, 8),
        Token(11, " was", 8, 12),
        Token(12, " Ann", 12, 16),
        Token(13, " born", 16, 21),
        Token(14, "?", 21, 22),
    ),
    Span(3, 22),
)
ANSWER = Answer("In Oslo.", (20, 21, 22), "gold")


APPROXIMATION = Approximation(
    estimates=(None, 0.2, 0.1, -0.4, None, -0.2),
    how="3 of 5 tokens were measured by removal; the others are estimated [by] hiding them",
    measured=3,
    units=5,
    agreement=Interval(0.5, -0.2, 0.9, 3),
    r_squared=Interval(0.8, 0.7, 0.9, 32),
    draws=((None, 0.2, 0.1, -0.4, 0.3, -0.2),),
)
BELONGS = (None, 0.5, 0.0, 0.98, 0.75, 0.0)
"""How likely each token is a KeyToken."""


@dataclass
class MeasuredCase:
    case: Case
    recovery: Recovery | None
    prompt: Prompt = PROMPT
    answer: Answer = ANSWER
    attributions: Mapping[Role, Attribution] = field(default_factory=dict)
    keys: KeyTokens | None = None
    belongs: tuple[float | None, ...] = ()
    shift: Shift | None = None
    verdict: Verdict | None = None
    evidence: Mapping[str, Interval] = field(default_factory=dict)


def attempt(
    recovered: float | None,
    *,
    kind: AttemptKind = "key",
    draw: int = 0,
    text: str | None = None,
    rouge_l: float | None = None,
    exact: bool | None = None,
    logprob: float = -0.5,
    reference_logprob: float | None = None,
    strategy: str = "bold",
    ids_changed: bool = True,
    base_exact: bool | None = None,
    level: Level = "prompt",
    leaks: bool = False,
    strength: float = 1.0,
    pieces: tuple[str, ...] = ("Ann",),
) -> Attempt:
    steered = level != "prompt"
    return Attempt(
        strategy=strategy,
        kind=kind,
        draw=draw,
        positions=(3,),
        strength=strength,
        prompt_text=PROMPT.text if steered else "<s>Where was **Ann** born?",
        moved=tuple(range(3, 3 + len(pieces))) if steered else (4,),
        ids_changed=ids_changed,
        unlearned=Reading(
            logprob, text, rouge_l, exact, entity_hit=None if text is None else "Oslo" in text
        ),
        base_logprob=-0.1,
        reference_logprob=reference_logprob,
        recovered=recovered,
        base_breaks=recovered is None and not leaks,
        base_generation=None if base_exact is None else "In Oslo." if base_exact else "In Bern.",
        base_exact=base_exact,
        level=level,
        leaks=leaks,
        pieces=pieces,
    )


def recovery() -> Recovery:
    best = attempt(
        0.8, text="In Oslo.", rouge_l=1.0, exact=True, reference_logprob=-1.9, base_exact=True
    )
    unread = attempt(None, strategy="upper", text="", rouge_l=0.0, exact=False, base_exact=False)
    steered = attempt(
        0.0, strategy="attention_bias", level="attention", strength=2.0, ids_changed=False
    )
    cut = attempt(0.75, strategy="retokenise", level="tokens", pieces=(" ", "An", "n"))
    leaking = attempt(None, strategy="focus", leaks=True)
    return Recovery(
        plain=Reading(-2.1, HOSTILE, 0.0, exact=False, entity_hit=False),
        base=Reading(-0.1, "In Oslo.", 1.0, exact=True, entity_hit=True),
        reference=Reading(-2.0, "In Rome.", 0.5, exact=False, entity_hit=False),
        attempts=(best, unread, steered, cut, leaking),
        controls=(
            attempt(0.1, kind="random", text="no", rouge_l=0.0, exact=False),
            attempt(0.0, kind="random", draw=1, text="In", rouge_l=0.5, exact=False),
            attempt(0.05, kind="id_preserving"),
            attempt(0.7, kind="ids_only"),
            paraphrased(),
        ),
        best=best,
        control=0.05,
        lift=0.75,
        paraphrase=0.125,
        left_out=(("anchor", "its logits are not [known]."),),
        selection="shift",
    )


def paraphrased() -> Attempt:
    return replace(
        attempt(0.125, kind="paraphrase", strategy="paraphrase", ids_changed=False, pieces=()),
        positions=(),
        moved=(),
        prompt_text="<s>Tell me: where was Ann born?",
    )


STANDINGS = (
    Standing(
        "bold",
        recovered=Interval(0.8, 0.7, 0.9, 30),
        random=Interval(0.05, 0.0, 0.1, 30),
        lift=Interval(0.75, 0.65, 0.85, 30),
        simultaneous=Interval(0.75, 0.6, 0.9, 30),
        excess=Interval(0.775, 0.7, 0.85, 30),
        exact=Interval(0.5, 0.332, 0.668, 30),
        random_exact=Interval(0.0, 0.0, 0.114, 30),
        cause="other ids",
    ),
    Standing(
        "attention_bias",
        recovered=Interval(-0.125, -1.5, 0.05, 28),
        random=Interval(0.25, 0.0, 0.5, 28),
        lift=Interval(-0.375, -1.5, 0.1, 28),
        simultaneous=Interval(-0.375, -1.75, 0.2, 28),
        excess=None,
        exact=None,
        random_exact=None,
        cause="neither",
    ),
    Standing("focus", Interval(0.25, 0.25, 0.25, 1), None, None, None, None, None, None, "unknown"),
)
HELD_OUT = HeldOut(
    (("bold", "base"), ("quote", "shift")),
    recovered=Interval(0.7, 0.6, 0.8, 30),
    random=Interval(0.1, 0.0, 0.2, 30),
    lift=Interval(0.6, 0.5, 0.7, 30),
    excess=None,
)


def measured(case: Case) -> MeasuredCase:
    base = Attribution(
        PROMPT, ANSWER, -0.1, (None, 0.25, 0.0, 1.5, 0.5, -0.1), "leave_one_out", noise=0.001
    )
    unlearned = Attribution(
        PROMPT,
        ANSWER,
        -2.1,
        (None, 0.25, 0.0, -0.5, 0.25, -0.1),
        "leave_one_out",
        approximation=APPROXIMATION,
    )
    shift = Shift((None, 0.0, 0.0, -2.0, -0.25, 0.0), 0.5, 0.1, 0.125)
    numbers = evidence.of_case(ANSWER, recovery(), shift, neutral_loss=[0.1, 0.2])
    return MeasuredCase(
        case,
        recovery(),
        attributions={"base": base, "unlearned": unlearned},
        keys=KeyTokens((3, 4), KeyTokenRule()),
        belongs=BELONGS,
        shift=shift,
        verdict=judge(numbers, Thresholds()),
        evidence=numbers,
    )


def loaded(role: Role, name: str) -> Loaded:
    return Loaded(role, name, f"models/{name}", None, 1000, 4000, "float32", "cpu", f"{name}-1")


def example(*, cases: int = 1, with_failure: bool = True) -> Document:
    asked = Case(
        "1",
        "Where was Ann born?",
        paraphrases=("Tell me: where was Ann born?",),
        entities=("Oslo",),
    )
    states = [measured(replace(asked, id=str(number))) for number in range(1, cases + 1)]
    judged = [
        evidence.CaseEvidence(state.case.split, state.evidence, state.verdict.label)
        for state in states
        if state.verdict is not None
    ]
    found = evidence.of_set(judged, Thresholds())
    models = (loaded("base", "base"), loaded("unlearned", "npo"), loaded("reference", "retrain"))
    return document(
        Opened(models, chat=False, warnings=("npo: another template [red]",)),
        Settings(),
        [case_document(state) for state in states],
        found,
        judge_set(found, Thresholds()),
        failures=[(Case("9", "long"), PromptTooLong(900, 512))] if with_failure else (),
        strategies=STANDINGS,
        held_out=HELD_OUT,
    )
