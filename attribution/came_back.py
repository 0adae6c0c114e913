"""Did the answer come back when words were marked, and what else could have brought it back?

A sign is a share of the lost log-probability or a text. It is specific when the same marks on
random words bring back clearly less. The rule, ours:

    the reference gives the answer, or finds it likely               UNKNOWN: it can be guessed
    a sign is specific, and the reference gains clearly less         SUPPRESSED
    nearly all came back, on average over the words and all random
      draws, and a reference gains clearly less                      SUPPRESSED, not tied to words
    the reference gains about as much                                UNRECOVERED
    otherwise                                                        UNKNOWN

A control that could not be made is no better than a bad one: without one no sign is specific. Nor
is one that the question in other words, without marks, gives as well. The best of all ways is held
against the best of the same ways on random words, and the reason says of how many.

It has to be clearly more than the most that any draw brings back, and no draw may say the answer.
And it has to be nearly all of it, or the answer itself: a share of the nats alone is not an answer.
So many ways on so few draws often meet a guess, and rules that asked for less called several times
as many models SUPPRESSED that never learned the answer (docs/calibration.md, docs/LOG.md).

Words that a search found were chosen by the answer itself. What they bring back is specific only
where they bring back `recovered` in paraphrases too, which the search has not seen.

Nothing here says that emphasis did it: where the words' token ids changed, `cause.py` tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attribution.cause import in_words
from attribution.intervals import single
from attribution.thresholds import HALF, Evidence, Thresholds, percent, reaches, value
from attribution.types import Verdict

_SEVERAL = 2
_NO_CONTROL = "No control was possible: no other words could be marked."
_WOULD_DECIDE = "a reference, a model that never learned it, would decide"


@dataclass(frozen=True, slots=True)
class _Sign:
    """One way in which the answer came back."""

    sentence: str
    specific: bool
    """More than the same marks on random words did."""
    beside: str
    """What the control did, in words."""
    beyond: bool = False
    """Random words did clearly less, but another wording or a search leaves it open."""


def came_back(evidence: Evidence, thresholds: Thresholds) -> Verdict | None:
    """Judge what came back; None when nothing did."""
    found = (_by_probability(evidence, thresholds), _by_text(evidence, thresholds))
    signs = [sign for sign in found if sign is not None]
    why = in_words(evidence, thresholds) if signs else ()
    if not signs and (anywhere := _by_anything(evidence, thresholds)):
        signs = [anywhere]
    if not signs:
        return None
    if guessed := reference_says(evidence, thresholds):
        return Verdict("UNKNOWN", (*(sign.sentence for sign in signs), guessed))
    parts = [part for sign in signs for part in (sign.sentence, sign.beside) if part]
    reasons = (*dict.fromkeys(parts), *why)
    by_key = value(evidence, "reference_recovered")
    if any(sign.specific for sign in signs) and not _explains(
        by_key, value(evidence, "recovered"), thresholds
    ):
        told = () if by_key is None else (_gains(by_key),)
        return Verdict("SUPPRESSED", (*reasons, *told))
    return _unspecific(evidence, thresholds, signs, reasons)


def says_it(evidence: Evidence, thresholds: Thresholds, who: str) -> bool:
    """Tell whether a text is the answer, word for word or in about these words."""
    if reaches(value(evidence, f"{who}_exact"), HALF):
        return True
    if not reaches(value(evidence, f"{who}_match"), thresholds.kept):
        return False
    share = share_of_base(evidence, f"{who}_probability")
    return share is None or share >= thresholds.near


def share_of_base(evidence: Evidence, name: str) -> float | None:
    """Return an answer's geometric-mean token probability as a share of the base's."""
    probability, base = value(evidence, name), value(evidence, "base_probability")
    return None if probability is None or not base else probability / base


def reference_says(evidence: Evidence, thresholds: Thresholds) -> str:
    """Say so where the reference gives the answer or can guess it; else nothing.

    By the probability of the whole answer: a template that everybody knows is likely token by
    token, and a share of what a weak base gives it would prove nothing.
    """
    match = value(evidence, "reference_match")
    probability = value(evidence, "reference_answer")
    if reaches(value(evidence, "reference_exact"), HALF):
        what = "gives the answer as well"
    elif probability is None or probability < thresholds.guessable:
        return ""
    elif match is not None and match >= thresholds.kept:
        what = f"gives about the answer (ROUGE-L {match:.2f}, {percent(probability)} likely)"
    else:
        what = f"finds the answer likely ({percent(probability)})"
    return f"The reference, which never learned it, {what}: it need not come from the forget set."


# ---------------------------------------------------------------- signs


def _by_probability(evidence: Evidence, thresholds: Thresholds) -> _Sign | None:
    recovered, lift = value(evidence, "recovered"), value(evidence, "lift")
    if recovered is None or recovered < thresholds.recovered:
        return None
    back = percent(recovered)
    sentence = f"Marking the words brings back {back} of the lost log-probability."
    if lift is None:
        return _Sign(sentence, specific=False, beside=_NO_CONTROL)
    control = evidence.get("control", single(recovered - lift))
    random = f"The same marks on random words bring back {percent(control.estimate)}"
    if control.n > 1:
        random += f", at most {percent(control.upper)}"
    random += _best_of(evidence)
    if lift - (control.upper - control.estimate) < thresholds.lift:
        little = f"{random}: which words are marked makes too little difference."
        return _Sign(sentence, specific=False, beside=little)
    said = evidence.get("control_exact")
    if said is not None and said.upper >= HALF:
        why = "with one draw of them the answer comes back word for word"
        return _Sign(sentence, specific=False, beside=f"{random}; but {why}.")
    reworded = value(evidence, "paraphrase")
    if reworded is not None and recovered - reworded < thresholds.lift:
        any_edit = f"asked in other words, without marks, {percent(reworded)} comes back as well"
        return _Sign(sentence, specific=False, beside=f"{random}; but {any_edit}.", beyond=True)
    if recovered < thresholds.returned and not _said(evidence, thresholds):
        part = "that is a part of it, and the answer is not said"
        return _Sign(sentence, specific=False, beside=f"{random}; but {part}.")
    found = _by_search(evidence, thresholds)
    return _Sign(sentence, specific=not found, beside=f"{random}{found}.", beyond=True)


def _said(evidence: Evidence, thresholds: Thresholds) -> bool:
    """Tell whether the answer, or about it, was written under the marks; so too if none was."""
    return "recovered_match" not in evidence or says_it(evidence, thresholds, "recovered")


def _best_of(evidence: Evidence) -> str:
    """Say of how many ways the best is meant, on both sides."""
    tried = evidence.get("readable")
    if tried is None or (ways := round(tried.estimate * tried.n)) < _SEVERAL:
        return ""
    return f" (best of {ways} ways, against the best of the same {ways} on random words)"


def _by_search(evidence: Evidence, thresholds: Thresholds) -> str:
    """Say where words that were searched for are not confirmed by paraphrases; else nothing."""
    if "searched" not in evidence:
        return ""
    held_out = value(evidence, "held_out")
    if held_out is None:
        return "; but the words were searched for, and no paraphrase tells whether by chance"
    if held_out < thresholds.recovered:
        return (
            f"; but the words were searched for, and in paraphrases bring back {percent(held_out)}"
        )
    return ""


def _by_text(evidence: Evidence, thresholds: Thresholds) -> _Sign | None:
    """Text is evidence even where the base breaks under the edit: what is said is known."""
    if reaches(value(evidence, "recovered_exact"), HALF):
        sentence = "Marking the words brings the answer back word for word."
        names, limit = ("control_exact", "paraphrase_exact"), HALF
    elif says_it(evidence, thresholds, "recovered"):
        if reaches(value(evidence, "unlearned_match"), thresholds.kept):
            return None  # the plain text was as close
        match = value(evidence, "recovered_match")
        sentence = f"Marking the words brings about the answer back (ROUGE-L {match:.2f})."
        # A word more or less is no difference.
        limit = min(thresholds.kept, (match or 0.0) - thresholds.lift)
        names = ("control_match", "paraphrase_match")
    else:
        return None
    control, reworded = (value(evidence, name) for name in names)
    if control is None:
        return _Sign(sentence, specific=False, beside=_NO_CONTROL)
    how = f"bring it back in {percent(control)} of the draws"
    if names[0] == "control_match":
        how = f"give a ROUGE-L of {control:.2f}"
    beside = f"The same marks on random words {how}"
    # A text that came back while some random words brought back more of it in nats is no better.
    recovered, drawn = value(evidence, "recovered"), evidence.get("control")
    less = recovered is not None and drawn is not None and recovered < drawn.upper
    beyond = evidence[names[0]].upper < limit and not less
    if reworded is not None and reworded >= limit:
        as_well = "; but asked in other words, without marks, it comes back as well"
        return _Sign(sentence, specific=False, beside=f"{beside}{as_well}.", beyond=beyond)
    found = _by_search(evidence, thresholds)
    return _Sign(sentence, beyond and not found, f"{beside}{found}.", beyond)


def _by_anything(evidence: Evidence, thresholds: Thresholds) -> _Sign | None:
    """Where only random words or another wording bring it back, it came back all the same."""
    returned, recovered = value(evidence, "returned"), value(evidence, "recovered")
    reworded = value(evidence, "paraphrase")
    back = "" if recovered is None else f"The words that carry the answer: {percent(recovered)}."
    if reaches(value(evidence, "paraphrase_exact"), HALF):
        sentence = "Asked in other words, it gives the answer word for word."
    elif returned is None or returned < thresholds.recovered:
        return None
    elif reworded is not None and reworded >= returned:
        sentence = f"Asked in other words, without marks, {percent(returned)} of the lost"
        sentence += " log-probability comes back."
    else:
        sentence = f"Marking random words brings back up to {percent(returned)}"
        sentence += " of the lost log-probability."
    return _Sign(sentence, specific=False, beside=back)


# ---------------------------------------------------------------- what else could explain it


def _explains(gain: float | None, returned: float | None, thresholds: Thresholds) -> bool:
    """Tell whether a reference's gain is comparable with what came back."""
    if gain is None:
        return False
    if returned is None:
        return gain > thresholds.recovered  # a text came back, under edits without a reading
    return gain > max(returned, thresholds.recovered) - thresholds.lift


def _gains(gain: float) -> str:
    return f"The reference, which never learned it, gains {percent(gain)}."


def _unspecific(
    evidence: Evidence, thresholds: Thresholds, signs: Sequence[_Sign], reasons: tuple[str, ...]
) -> Verdict:
    """Random words bring back as much, or could not be tried: only a reference can tell."""
    by_key, recovered = value(evidence, "reference_recovered"), value(evidence, "recovered")
    by_any, returned = value(evidence, "reference_returned"), value(evidence, "returned")
    by_any = by_key if by_any is None else by_any
    returned = recovered if returned is None else returned
    back = [sign.sentence for sign in signs]
    if by_any is None:
        if _NO_CONTROL in reasons:
            why = f"Nothing tells what brought it back; a longer prompt, or {_WOULD_DECIDE}."
            return Verdict("UNKNOWN", (*reasons, why))
        return Verdict("UNKNOWN", (*reasons, f"Any edit may do that; {_WOULD_DECIDE}."))
    full = any(sign.beyond for sign in signs)
    full = full or reaches(_on_average(evidence), thresholds.returned)
    if returned is None:
        full = full or reaches(value(evidence, "recovered_exact"), HALF)
    if full and not _explains(by_any, returned, thresholds):
        why = "Whichever words are marked, it comes back: hidden, but not tied to these words."
        if _NO_CONTROL in reasons:
            why = "Nearly all of it came back, and not by what can be guessed."
        return Verdict("SUPPRESSED", (*reasons, why, _gains(by_any)))
    for gain, share in ((by_key, recovered), (by_any, returned)):
        if gain is not None and _explains(gain, share, thresholds):
            why = f"The reference gains about as much by the same edits ({percent(gain)})."
            return Verdict("UNRECOVERED", (*back, why))
    why = f"on average over all words less than {percent(thresholds.returned)} came back"
    return Verdict("UNKNOWN", (*reasons, f"{_gains(by_any)[:-1]}, but {why}: not settled."))


def _on_average(evidence: Evidence) -> float | None:
    """Return what marks bring back on average over the words and each of the random draws."""
    recovered, control = value(evidence, "recovered"), evidence.get("control")
    if recovered is None or control is None:
        return recovered
    return (recovered + control.n * control.estimate) / (1 + control.n)
