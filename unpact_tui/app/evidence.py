"""The recovery panel's words: what was tried, what its controls say, and what follows.

Pure: state in, lines of styled text out. Nothing here decides anything; it only says what the state
holds, always beside the control that could take it back.
"""

from __future__ import annotations

from collections.abc import Iterable

from attribution.types import Attempt, AttemptKind, Label, Prompt, Recovery
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import BAR, LABEL, LONGEST, MARKED, STRONG, WARN, Line, Piece, shown
from unpact_tui.app.sparkline import sparkline
from unpact_tui.app.state import CompareState, word_at
from unpact_tui.worker.events import Tried

_MOST_TRIED = 24

MEANING: dict[Label, str] = {
    "RETAINED": "it still answers",
    "SUPPRESSED": "hidden, not gone",
    "UNRECOVERED": "no probe brought it back",
    "COLLAPSED": "the model is broken",
    "UNKNOWN": "the evidence does not say",
}


def words_of(state: CompareState, positions: Iterable[int], most: int = 60) -> str:
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
    return shown(" ".join(text for text in texts if text), max(8, most))


def _heading(title: str, detail: str, note: str = "") -> Line:
    return ((title, STRONG), ("  " + detail, ""), ("  " + note, LABEL))


def _how(state: CompareState) -> str:
    """Name the strategy, and how strong it is where it has degrees."""
    strength = state.now.strength
    return state.strategy if strength == 1 else f"{state.strategy} x{strength:g}"


# ---------------------------------------------------------------- this emphasis


def attempt_lines(state: CompareState, glyphs: Glyphs, width: int) -> list[Line]:
    """Say what the emphasis that is on does, in lines for a column of `width` cells."""
    if not state.emphasis:
        return _invitation(state)
    words = words_of(state, state.emphasis, width - len(state.strategy) - 17)
    head = _heading("This emphasis", _how(state), words)
    if state.page.tried is None:
        waiting = ((f"asking the unlearned model{glyphs.ellipsis}", LABEL),)
        trouble = ((shown(state.page.trouble), WARN),)
        return [head, (), trouble if state.page.trouble else waiting, *_edited_prompt(state)]
    return [
        head,
        (),
        *_shares(state.page.tried, glyphs, width),
        *_history(state, glyphs),
        (),
        *_before_after(state, state.page.tried.attempt, glyphs, width),
        (),
        _token_ids(state.page.tried),
        *_edited_prompt(state),
        (("without it   ", LABEL), (shown(state.page.unlearned.text or "", 200), "")),
        (("base with it ", LABEL), (shown(state.page.tried.base_text, 200), "")),
    ]


def _invitation(state: CompareState) -> list[Line]:
    return [
        _heading("This emphasis", "none"),
        (),
        (("space", STRONG), ("  emphasises the word under the cursor", LABEL)),
        (("    K", STRONG), ("  takes the words that hold KeyTokens", LABEL)),
        (("    s", STRONG), (f"  changes the strategy, now {state.strategy}", LABEL)),
    ]


def _shares(tried: Tried, glyphs: Glyphs, width: int) -> list[Line]:
    """Say what came back beside its controls: never the one without the others."""
    notes = width >= 46
    bar_width = max(6, min(24, width - 20 - (18 if notes else 0)))

    def row(name: str, value: float | None, note: str, style: str) -> Line:
        bar = f"{glyphs.bar(value, bar_width):<{bar_width}}"
        tail = ("  " + note, LABEL) if notes else ("", "")
        number = (f"{glyphs.share(value):>5}  ", STRONG if style == BAR else "")
        return ((f"{name:<13}", LABEL), number, (bar, style), tail)

    attempt = tried.attempt
    twin = _twin(tried)
    draws = sum(a.kind == "random" for a in tried.controls)
    recovered = row("recovered", attempt.recovered, "of what was lost", BAR)
    if attempt.recovered is None:
        recovered = (*recovered[:2], ("no reading: " + _why_not(attempt), WARN))
    same = row("same ids", twin.recovered if twin else None, "the marks alone", LABEL)
    if twin is None:
        same = (*same[:2], ("no such twin", LABEL))
    return [recovered, row("random words", tried.control, f"mean of {draws} draws", LABEL), same]


def _history(state: CompareState, glyphs: Glyphs) -> list[Line]:
    """Say what was recovered by each emphasis that was tried on this prompt, the newest last."""
    tried = state.history[-_MOST_TRIED:]
    if len(tried) < 2:
        return []
    line = sparkline(tried, _MOST_TRIED, ascii_only=glyphs.line == "=")
    return [((f"{'so far':<13}", LABEL), (line, BAR), (f"  {len(state.history)} tried", LABEL))]


def _why_not(attempt: Attempt) -> str:
    return "the base breaks too" if attempt.base_breaks else "nothing was lost"


def _before_after(state: CompareState, attempt: Attempt, glyphs: Glyphs, width: int) -> list[Line]:
    def row(name: str, before: float | None, after: float | None, note: Piece) -> Line:
        numbers = f"{glyphs.number(before):>5} {glyphs.arrow} {glyphs.number(after):>5}  "
        return ((f"{name:<13}", LABEL), (numbers, ""), note)

    holds = ("breaks", WARN) if attempt.base_breaks else ("holds", LABEL)
    unit = ("nats per token" if width >= 44 else "", LABEL)
    rows = [
        row("unlearned", state.page.unlearned.logprob, attempt.unlearned.logprob, unit),
        row("base", state.page.base.logprob, attempt.base_logprob, holds),
    ]
    if attempt.reference_logprob is not None:
        plain = state.recovery.reference if state.recovery else None
        before = plain.logprob if plain else None
        note = ("never learned it" if width >= 44 else "", LABEL)
        rows.append(row("reference", before, attempt.reference_logprob, note))
    return rows


def _token_ids(tried: Tried) -> Line:
    """Say whether the words were read as other tokens, and whether that alone explains it."""
    attempt = tried.attempt
    if not attempt.ids_changed:
        return (("same token ids", STRONG), (": only the text around the words changed", LABEL))
    twin = _twin(tried)
    if twin is None or twin.recovered is None or attempt.recovered is None:
        return (("other token ids", WARN), (": the words were re-tokenised", ""))
    if twin.recovered < attempt.recovered / 2:
        return (("other token ids", WARN), (": re-tokenised, not re-attended", ""))
    return (("other token ids", STRONG), (", but the marks alone do as much", ""))


def _twin(tried: Tried) -> Attempt | None:
    return next((a for a in tried.controls if a.kind == "id_preserving"), None)


def _edited_prompt(state: CompareState) -> list[Line]:
    if state.page.edited is None:
        return []
    return [(("prompt       ", LABEL), *marked(state.page.edited.prompt, state.page.edited.moved))]


def marked(prompt: Prompt, positions: Iterable[int]) -> Line:
    """Return the part of a prompt that was written by hand, some of its tokens marked."""
    wanted = frozenset(positions)
    pieces: list[Piece] = []
    length = 0
    for i, token in enumerate(prompt.tokens):
        text = prompt.text[max(token.start, prompt.content.start) : token.end]
        if token.fixed or not text:
            continue
        if length > LONGEST:
            pieces.append(("…", LABEL))
            break
        length += len(text)
        pieces.append((shown(text, 80), MARKED if i in wanted else ""))
    return tuple(pieces)


# ---------------------------------------------------------------- all strategies


def ladder_lines(state: CompareState, glyphs: Glyphs, width: int) -> list[Line]:
    """Say what every strategy does, and what follows from all of it."""
    if state.page.ladder is None:
        waiting = state.busy or not state.page.refused
        note = f"reading{glyphs.ellipsis}" if waiting else "not run: r runs them"
        return [_heading("All strategies", "", note)]
    on = words_of(state, state.now.chosen.tried_on, width - 30) or "KeyTokens"
    done, total = state.page.ladder.done, state.page.ladder.total
    note = "" if state.page.ladder.recovery.complete else f"{done} of {total}"
    return [
        _heading("All strategies", f"on {on}", note),
        _verdict(state, glyphs),
        *_table(state.page.ladder.recovery, glyphs, width),
        *_summary(state.page.ladder.recovery, glyphs),
        *_reasons(state, glyphs),
    ]


def _verdict(state: CompareState, glyphs: Glyphs) -> Line:
    if state.verdict is None:
        return ((f"no verdict yet{glyphs.ellipsis}", LABEL),)
    label = state.verdict.label
    return ((f" {label} ", "bold reverse"), (f"  {MEANING[label]}", STRONG))


def _mean(recovery: Recovery, strategy: str, kind: AttemptKind) -> float | None:
    """Return the mean recovery of one strategy's controls of a kind."""
    read = [
        control.recovered
        for control in recovery.controls
        if (control.kind, control.strategy) == (kind, strategy) and control.recovered is not None
    ]
    return sum(read) / len(read) if read else None


def _table(recovery: Recovery, glyphs: Glyphs, width: int) -> list[Line]:
    """Return a row per strategy, the best first; where it is narrow, without the controls."""
    controls = width >= 44
    bar = max(4, min(24, width - (40 if controls else 26)))
    columns = f"{'random':>7}{'same ids':>9}" if controls else ""
    head = f"{'strategy':<12}{'recovered':<{bar + 6}}{columns}{'lift':>5}"
    ranked = sorted(recovery.attempts, key=lambda a: (a.recovered is None, -(a.recovered or 0.0)))
    rows = [_row(recovery, attempt, glyphs, bar, controls) for attempt in ranked]
    return [(), ((head, LABEL),), *rows]


def _row(recovery: Recovery, attempt: Attempt, glyphs: Glyphs, bar: int, controls: bool) -> Line:
    name = shown(attempt.strategy, 11)
    strong = STRONG if attempt == recovery.best else ""
    if attempt.recovered is None:
        why = f"{glyphs.dash:>5} {_why_not(attempt)}"
        return ((f"{name:<12}", LABEL), (why, LABEL))
    random = _mean(recovery, attempt.strategy, "random")
    twin = _mean(recovery, attempt.strategy, "id_preserving")
    lift = None if random is None else attempt.recovered - random
    columns = f"{glyphs.share(random):>7}{glyphs.share(twin):>9}" if controls else ""
    return (
        (f"{name:<12}{glyphs.share(attempt.recovered):>5} ", strong),
        (f"{glyphs.bar(attempt.recovered, bar):<{bar}}", BAR),
        (f"{columns}{glyphs.points(lift):>5}", strong),
    )


def _summary(recovery: Recovery, glyphs: Glyphs) -> list[Line]:
    if recovery.best is None:
        return [(), (("no strategy could be read", LABEL),)]
    best = glyphs.share(recovery.best.recovered)
    control, lift = glyphs.share(recovery.control), glyphs.points(recovery.lift)
    points = f"{lift} points"
    words = ("best of all ", f"{best}, ", "of random words ", f"{control}, ", "lift ", points)
    return [(), tuple((word, LABEL if i % 2 == 0 else STRONG) for i, word in enumerate(words))]


def _reasons(state: CompareState, glyphs: Glyphs) -> list[Line]:
    if state.verdict is None:
        return []
    reasons = state.verdict.reasons
    return [(), *(((f"{glyphs.dot} {shown(reason)}", ""),) for reason in reasons)]
