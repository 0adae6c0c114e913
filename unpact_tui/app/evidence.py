"""The recovery panel's words: what was tried, what its controls say, and what follows.

Pure: state in, lines of styled text out. Nothing here decides anything; it only says what the state
holds, always beside the control that could take it back.
"""

from __future__ import annotations

from collections.abc import Iterable

from attribution.types import Attempt, Label, Prompt
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.state import CompareState, word_at
from unpact_tui.display import display_text

Piece = tuple[str, str]
"""A text, already fit for the screen, and its style."""
Line = tuple[Piece, ...]

LABEL = "$text-muted"
STRONG = "bold"
MARKED = "bold underline"
BAR = "$accent"
WARN = "bold $text-warning"

MEANING: dict[Label, str] = {
    "RETAINED": "it still answers",
    "SUPPRESSED": "hidden, not gone",
    "UNRECOVERED": "no probe brought it back",
    "COLLAPSED": "the model is broken",
    "UNKNOWN": "the evidence does not say",
}

_WIDTH = 16
_LONGEST = 400


def shown(raw: str, most: int = _LONGEST, ellipsis: str = "…") -> str:
    """Return text from outside, fit for the screen and not longer than `most` characters."""
    return display_text(raw if len(raw) <= most else raw[: most - 1]) + (
        ellipsis if len(raw) > most else ""
    )


def words_of(state: CompareState, positions: Iterable[int]) -> str:
    """Return the words at some tokens as text, each once, in order of the prompt."""
    if state.prompt is None:
        return ""
    wanted = frozenset(positions)
    starts = [word_at(state, position) or (position,) for position in sorted(wanted)]
    tokens = state.prompt.tokens
    texts = [
        state.prompt.text[tokens[word[0]].start : tokens[word[-1]].end].strip()
        for word in dict.fromkeys(starts)
        if word[-1] < len(tokens)
    ]
    return shown(" ".join(text for text in texts if text), 60)


def _heading(title: str, detail: str, note: str = "") -> Line:
    return ((title, STRONG), ("  " + detail, ""), ("  " + note, LABEL))


# ---------------------------------------------------------------- this emphasis


def attempt_lines(state: CompareState, glyphs: Glyphs) -> list[Line]:
    """Say what the emphasis that is on does."""
    if not state.emphasis:
        return [
            _heading("This emphasis", "none"),
            (),
            (("space", STRONG), ("  emphasises the word under the cursor", LABEL)),
            (("    K", STRONG), ("  takes the words that hold KeyTokens", LABEL)),
            (("    s", STRONG), (f"  changes the strategy, now {state.strategy}", LABEL)),
        ]
    head = _heading("This emphasis", state.strategy, words_of(state, state.emphasis))
    if state.tried is None:
        waiting = ((f"asking the unlearned model{glyphs.ellipsis}", LABEL),)
        trouble = ((shown(state.trouble), WARN),)
        return [head, (), trouble if state.trouble else waiting, *_edited_prompt(state)]
    attempt = state.tried.attempt
    twin = next((a for a in state.tried.controls if a.kind == "id_preserving"), None)
    draws = sum(a.kind == "random" for a in state.tried.controls)
    return [
        head,
        (),
        *_recovered(attempt, glyphs),
        _measure("random words", state.tried.control, f"mean of {draws} draws", glyphs, LABEL),
        _twin(twin, glyphs),
        (),
        *_before_after(state, attempt, glyphs),
        (),
        _token_ids(attempt),
        *_edited_prompt(state),
        (("without it   ", LABEL), (shown(state.unlearned.text or "", 200), "")),
        (("base with it ", LABEL), (shown(state.tried.base_text, 200), "")),
    ]


def _measure(name: str, value: float | None, note: str, glyphs: Glyphs, style: str = BAR) -> Line:
    share = glyphs.share(value)
    bar = glyphs.bar(value, _WIDTH)
    return (
        (f"{name:<13}", LABEL),
        (f"{share:>5}  ", STRONG if style == BAR else ""),
        (f"{bar:<{_WIDTH}}", style),
        ("  " + note, LABEL),
    )


def _recovered(attempt: Attempt, glyphs: Glyphs) -> list[Line]:
    if attempt.recovered is not None:
        return [_measure("recovered", attempt.recovered, "of what was lost", glyphs)]
    why = (
        "the base itself breaks under this edit"
        if attempt.base_breaks
        else "the unlearned model lost nothing"
    )
    return [(*_measure("recovered", None, "", glyphs)[:2], ("no reading: " + why, WARN))]


def _twin(twin: Attempt | None, glyphs: Glyphs) -> Line:
    if twin is None:
        return (("same ids     ", LABEL), (f"{glyphs.dash:>5}  ", ""), ("no such twin", LABEL))
    return _measure("same ids", twin.recovered, "the marks alone", glyphs, LABEL)


def _before_after(state: CompareState, attempt: Attempt, glyphs: Glyphs) -> list[Line]:
    def row(name: str, before: float | None, after: float | None, note: Piece) -> Line:
        numbers = f"{glyphs.number(before):>6} {glyphs.arrow} {glyphs.number(after):>6}  "
        return ((f"{name:<13}", LABEL), (numbers, ""), note)

    holds = ("breaks: this edit says nothing", WARN) if attempt.base_breaks else ("holds", LABEL)
    unit = ("nats per answer token", LABEL)
    rows = [
        row("unlearned", state.unlearned.logprob, attempt.unlearned.logprob, unit),
        row("base", state.base.logprob, attempt.base_logprob, holds),
    ]
    if attempt.reference_logprob is not None:
        plain = state.recovery.reference if state.recovery else None
        before = plain.logprob if plain else None
        note = ("never learned it", LABEL)
        rows.append(row("reference", before, attempt.reference_logprob, note))
    return rows


def _token_ids(attempt: Attempt) -> Line:
    if attempt.ids_changed:
        return (
            ("other token ids", WARN),
            (": re-tokenised, not re-attended", ""),
        )
    return (("same token ids", STRONG), (": only the text around the words changed", LABEL))


def _edited_prompt(state: CompareState) -> list[Line]:
    if state.edited is None:
        return []
    return [(("prompt       ", LABEL), *marked(state.edited.prompt, state.edited.moved))]


def marked(prompt: Prompt, positions: Iterable[int]) -> Line:
    """Return the part of a prompt that was written by hand, some of its tokens marked."""
    wanted = frozenset(positions)
    pieces: list[Piece] = []
    length = 0
    for i, token in enumerate(prompt.tokens):
        text = prompt.text[max(token.start, prompt.content.start) : token.end]
        if token.fixed or not text:
            continue
        if length > _LONGEST:
            pieces.append(("…", LABEL))
            break
        length += len(text)
        pieces.append((shown(text, 80), MARKED if i in wanted else ""))
    return tuple(pieces)


# ---------------------------------------------------------------- all strategies


def ladder_lines(state: CompareState, glyphs: Glyphs) -> list[Line]:
    """Say what every strategy does, and what follows from all of it."""
    if state.ladder is None:
        waiting = state.running.recovery or state.running.analysis or not state.recover_asked
        note = f"reading{glyphs.ellipsis}" if waiting else "not run: r runs them"
        return [_heading("All strategies", "", note)]
    on = words_of(state, state.ladder_positions) or "KeyTokens"
    done, total = state.ladder.done, state.ladder.total
    note = "" if state.ladder.recovery.complete else f"{done} of {total}"
    return [
        _heading("All strategies", f"on {on}", note),
        _verdict(state, glyphs),
        *_table(state, glyphs),
        *_summary(state, glyphs),
        *_reasons(state, glyphs),
    ]


def _verdict(state: CompareState, glyphs: Glyphs) -> Line:
    if state.judged is None:
        return ((f"no verdict yet{glyphs.ellipsis}", LABEL),)
    label = state.judged.verdict.label
    return ((f" {label} ", "bold reverse"), (f"  {MEANING[label]}", STRONG))


def _control(state: CompareState, strategy: str) -> float | None:
    """Return the mean recovery of one strategy on random words."""
    recovery = state.recovery
    read = [
        control.recovered
        for control in (recovery.controls if recovery else ())
        if control.kind == "random"
        and control.strategy == strategy
        and control.recovered is not None
    ]
    return sum(read) / len(read) if read else None


def _table(state: CompareState, glyphs: Glyphs) -> list[Line]:
    recovery = state.recovery
    if recovery is None:
        return []
    head = f"{'strategy':<11} {'recovered':<{_WIDTH + 6}}{'random':>7}{'same ids':>10}{'lift':>6}"
    ranked = sorted(recovery.attempts, key=_rank)
    return [(), ((head, LABEL),), *(_row(state, attempt, glyphs) for attempt in ranked)]


def _rank(attempt: Attempt) -> tuple[bool, float]:
    return attempt.recovered is None, -(attempt.recovered or 0.0)


def _row(state: CompareState, attempt: Attempt, glyphs: Glyphs) -> Line:
    recovery = state.recovery
    best = recovery is not None and recovery.best is not None
    best = best and recovery is not None and recovery.best == attempt
    name = shown(attempt.strategy, 11)
    if attempt.recovered is None:
        why = "base breaks" if attempt.base_breaks else "no gap"
        return ((f"{name:<11} {glyphs.dash:>5} ", LABEL), (f"{why:<{_WIDTH}}", LABEL))
    control = _control(state, attempt.strategy)
    twin = next(
        (
            c.recovered
            for c in (recovery.controls if recovery else ())
            if c.kind == "id_preserving" and c.strategy == attempt.strategy
        ),
        None,
    )
    lift = None if control is None else attempt.recovered - control
    return (
        (f"{name:<11} ", STRONG if best else ""),
        (f"{glyphs.share(attempt.recovered):>5} ", STRONG if best else ""),
        (f"{glyphs.bar(attempt.recovered, _WIDTH):<{_WIDTH}}", BAR),
        (f"{glyphs.share(control):>7}{glyphs.share(twin):>10}{glyphs.points(lift):>6}", ""),
    )


def _summary(state: CompareState, glyphs: Glyphs) -> list[Line]:
    recovery = state.recovery
    if recovery is None or recovery.best is None:
        return []
    best = glyphs.share(recovery.best.recovered)
    control, lift = glyphs.share(recovery.control), glyphs.points(recovery.lift)
    text = f"best of all {best} {glyphs.dot} on random words {control} {glyphs.dot} lift {lift}"
    return [(), ((text, LABEL),)]


def _reasons(state: CompareState, glyphs: Glyphs) -> list[Line]:
    if state.judged is None:
        return []
    reasons = state.judged.verdict.reasons
    return [(), *(((f"{glyphs.dot} {shown(reason)}", ""),) for reason in reasons)]
