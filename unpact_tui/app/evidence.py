"""The recovery panel's words about the emphasis that is on: what it did, beside its controls.

Pure: state in, lines of styled text out. Nothing here decides anything; it only says what the state
holds, always beside the control that could take it back.
"""

from __future__ import annotations

from collections.abc import Iterable

from attribution.attempts import Attempt, AttemptKind, Recovery
from attribution.cause import EMPHASISED, RETOKENISED, cause_of
from attribution.counted import reference_share
from attribution.standing import Cause
from attribution.types import Label, Prompt
from unpact_tui.app.dial import STEERED, named
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import BAR, LABEL, LONGEST, MARKED, STRONG, WARN, Line, Piece, shown
from unpact_tui.app.state import CompareState, word_at
from unpact_tui.sparkline import sparkline
from unpact_tui.worker.events import Tried

_MOST_TRIED = 24

MEANING: dict[Label, str] = {
    "RETAINED": "it still answers",
    "SUPPRESSED": "hidden, not gone",
    "UNRECOVERED": "no probe brought it back",
    "COLLAPSED": "the model is broken",
    "UNKNOWN": "the evidence does not say",
}


def words_of(state: CompareState, positions: Iterable[int], glyphs: Glyphs, most: int = 60) -> str:
    """Return the words at some tokens as text, each once, in order of the prompt.

    Where `most` cells are too few, whole words are left out.
    """
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
    found, most = " ".join(text for text in texts if text), max(8, most)
    if len(found) <= most:
        return shown(found)
    kept = found[: most - len(glyphs.ellipsis)]
    return shown(kept.rpartition(" ")[0] + " " if " " in kept else kept) + "…"


def heading(title: str, detail: str, note: str = "") -> Line:
    """Return the first line of a text."""
    return ((title, STRONG), ("  " + detail, ""), ("  " + note, LABEL))


def _how(state: CompareState) -> str:
    """Name the strategy, and how strong it is where it has degrees."""
    return named(state.strategy, state.now.strength, state.means)


def why_not(attempt: Attempt) -> str:
    """Say why an attempt has no number."""
    if attempt.leaks:
        return "the prompt gives the answer away"
    return "the base breaks too" if attempt.base_breaks else "nothing was lost"


# ---------------------------------------------------------------- this emphasis


def attempt_lines(state: CompareState, glyphs: Glyphs, width: int) -> list[Line]:
    """Say what the emphasis that is on does, in lines for a column of `width` cells."""
    if not state.emphasis:
        return _invitation(state)
    how = _how(state)
    words = words_of(state, state.emphasis, glyphs, width - len(how) - 17)
    head = heading("This emphasis", how, words)
    if state.page.tried is None:
        waiting = ((f"asking the unlearned model{glyphs.ellipsis}", LABEL),)
        trouble = ((shown(state.page.trouble), WARN),)
        return [head, (), trouble if state.page.trouble else waiting, *_edited_prompt(state)]
    return [
        head,
        *what_did_it(state, state.page.tried),
        (),
        *_shares(state, state.page.tried, glyphs, width),
        *_history(state, glyphs),
        (),
        *_before_after(state, state.page.tried.attempt, glyphs, width),
        (),
        *_edited_prompt(state),
        (("without it   ", LABEL), (shown(state.page.unlearned.text or "", 200), "")),
        (("base with it ", LABEL), (shown(state.page.tried.base_text, 200), "")),
    ]


def _invitation(state: CompareState) -> list[Line]:
    return [
        heading("This emphasis", "none"),
        (),
        (("space", STRONG), ("  emphasises the word under the cursor", LABEL)),
        (("    K", STRONG), ("  takes the words that hold KeyTokens", LABEL)),
        (("    s", STRONG), (f"  changes the strategy, now {_how(state)}", LABEL)),
    ]


def _shares(state: CompareState, tried: Tried, glyphs: Glyphs, width: int) -> list[Line]:
    """Say what came back beside its controls: never the one without the others."""
    notes = width >= 46
    bar_width = max(6, min(24, width - 20 - (18 if notes else 0)))

    def row(name: str, value: float | None, note: str, style: str = LABEL) -> Line:
        bar = f"{glyphs.bar(value, bar_width):<{bar_width}}"
        tail = ("  " + note, LABEL) if notes else ("", "")
        number = (f"{glyphs.share(value):>5}  ", STRONG if style == BAR else "")
        return ((f"{name:<13}", LABEL), number, (bar, style), tail)

    attempt = tried.attempt
    draws = sum(a.kind == "random" for a in tried.controls)
    drawn = f"mean of {draws} draws" if draws > 1 else f"{draws} draw" if draws else "no draws"
    recovered = row("recovered", attempt.recovered, "of what was lost", BAR)
    if attempt.recovered is None:
        recovered = (*recovered[:2], ("no reading: " + why_not(attempt), WARN))
    found = [recovered, row("random words", tried.control, drawn)]
    if attempt.ids_changed and attempt.level == "prompt":
        for name, kind, note in _HALVES:
            half = of_kind(tried.controls, kind)
            line = row(name, half.recovered if half else None, note)
            found.append(line if half else (*line[:2], ("no such twin", LABEL)))
    said = [c.recovered for c in tried.controls if c.kind == "paraphrase"]
    best = max((share for share in said if share is not None), default=None)
    if best is not None:
        found.append(row("paraphrase", best, "no emphasis"))
    if (gain := reference_gain(state.recovery, attempt)) is not None:
        found.append(row("reference", gain, "gains by it"))
    return found


_HALVES: tuple[tuple[str, AttemptKind, str], ...] = (
    ("same ids", "id_preserving", "the marks alone"),
    ("other ids", "ids_only", "without marks"),
)


def of_kind(controls: Iterable[Attempt], kind: AttemptKind) -> Attempt | None:
    """Return the first control of a kind."""
    return next((control for control in controls if control.kind == kind), None)


def reference_gain(recovery: Recovery | None, attempt: Attempt) -> float | None:
    """Return what the reference gains under the same emphasis (`counted.reference_share`)."""
    if recovery is None or attempt.reference_logprob is None or attempt.recovered is None:
        return None
    return reference_share(recovery, attempt.reference_logprob)


def _history(state: CompareState, glyphs: Glyphs) -> list[Line]:
    """Say what was recovered by each emphasis that was tried on this prompt, the newest last."""
    tried = state.history[-_MOST_TRIED:]
    if len(tried) < 2:
        return []
    line = sparkline(tried, len(tried), ascii_only=glyphs.line == "=")
    return [((f"{'so far':<13}", LABEL), (line, BAR), (f"  {len(state.history)} tried", LABEL))]


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


def what_did_it(state: CompareState, tried: Tried) -> list[Line]:
    """Say what was done to the prompt, or to how it is read, and what brought the answer back."""
    attempt, thresholds = tried.attempt, state.now.thresholds
    if attempt.leaks:
        return [(("no reading", WARN), (": the prompt gives the answer away", ""))]
    share, control = attempt.recovered, tried.control
    back = share is not None and share >= thresholds.recovered
    if back and share is not None and control is not None and share - control < thresholds.lift:
        said: Line = (("not by these words", WARN), (": random words do as much", ""))
        return [_done(attempt), said]
    if attempt.level != "prompt" or not attempt.ids_changed:
        cause = RETOKENISED if attempt.level == "tokens" else EMPHASISED
        return [_done(attempt), ((cause, STRONG),)] if back else [_done(attempt)]
    same, other = (of_kind(tried.controls, kind) for _, kind, _ in _HALVES)
    found = cause_of(
        share, same.recovered if same else None, other.recovered if other else None, thresholds
    )
    sentence, style = _CAUSES[found]
    return [((sentence, style),)]


_CAUSES: dict[Cause, tuple[str, str]] = {
    "emphasis": (f"{EMPHASISED}: the marks alone do as much", STRONG),
    "other ids": (RETOKENISED, WARN),
    "either": ("recovered by the marks alone, and by other ids alone", STRONG),
    "both": ("recovered by marks and other ids together", STRONG),
    "neither": ("other token ids: the words were re-tokenised", LABEL),
    "unknown": ("other token ids: what brought it back is not known", WARN),
}


def _done(attempt: Attempt) -> Line:
    """Say what is not as it was."""
    if attempt.level in STEERED:
        what = STEERED[attempt.level]
        return (("prompt unchanged", STRONG), (f": in the forward pass, {what}", ""))
    if attempt.level == "tokens":
        return (("other token ids", WARN), (": the text stays as it is", ""))
    if attempt.ids_changed:
        return (("other token ids", WARN), (": the words were re-tokenised", ""))
    return (("same token ids", STRONG), (": only the text around the words changed", LABEL))


def _edited_prompt(state: CompareState) -> list[Line]:
    edited = state.page.edited
    if edited is None:
        return []
    line = marked(edited.prompt, edited.moved, pieces=edited.ids_changed)
    return [(("prompt       ", LABEL), *line)]


def marked(prompt: Prompt, positions: Iterable[int], *, pieces: bool = False) -> Line:
    """Return the part of a prompt that was written by hand, some of its tokens marked.

    With `pieces` it is seen where one of these ends and the next begins: ` |Wes|wick`.
    """
    wanted = frozenset(positions)
    found: list[Piece] = []
    length, before = 0, -1
    for i, token in enumerate(prompt.tokens):
        text = prompt.text[max(token.start, prompt.content.start) : token.end]
        if token.fixed or not text:
            continue
        if length > LONGEST:
            found.append(("…", LABEL))
            break
        length += len(text)
        if pieces and i in wanted:
            found += [("|", LABEL)] if before in wanted else []
        before = i
        found.append((shown(text, 80), MARKED if i in wanted else ""))
    return tuple(found)
