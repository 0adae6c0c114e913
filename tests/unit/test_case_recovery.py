"""Which words a case's ladder is on, and what stands beside them, on models that add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from fakes import AdditiveModel

from attribution.attempts import Recovery, Selection
from attribution.compare import shift
from attribution.estimators.leave_one_out import measure
from attribution.evidence import of_case
from attribution.keytokens import key_tokens
from attribution.recover import Trio, reading
from attribution.scorer import score_all
from attribution.types import Case
from attribution.words import find_words
from unpact_tui.case_reading import CaseState
from unpact_tui.case_recovery import climb
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Ladder, Working

CASE = Case(
    "1",
    "Where was Basil Mahfouz born in spring?",
    "In Kuwait City",
    paraphrases=("In which town was Basil born?",),
)
SETTINGS = Settings(strategies=("bold_each",))


def model(like: AdditiveModel | None, weights: Mapping[str, float]) -> AdditiveModel:
    made = AdditiveModel({}, bias=-6.0)
    if like is not None:
        made._ids = like._ids
    made.weights = {made.id_of(text): weight for text, weight in weights.items()}
    return made


def known(
    marked: Mapping[str, float], reference: Mapping[str, float] | None = None
) -> tuple[CaseState, Trio]:
    """The base knows by Basil; `marked` is what words weigh on the other once they are bold."""
    bold = dict.fromkeys(("Basil", "Mahfouz", "born", "spring"), 5.0)
    base = model(None, {" Basil": 5.0, " born": 0.1, **bold})
    unlearned = model(base, {" Basil": -0.1, " spring": -0.5, **marked})
    third = None if reference is None else model(base, reference)
    trio = Trio(base, unlearned, third)
    prompt = base.encode(CASE.prompt)
    answer = base.answer(CASE.answer or "", after=prompt)
    state = CaseState(CASE, "token", prompt, answer)
    for role, one in (("base", base), ("unlearned", unlearned), ("reference", third)):
        if one is not None:
            (logprob,) = score_all(one, [prompt.ids], answer)
            state.readings[role] = reading(logprob, answer, "I do not know")
    for role, one in (("base", base), ("unlearned", unlearned)):
        *_, state.attributions[role] = measure(one, prompt, answer)
    found = state.attributions
    state.keys = key_tokens(found["base"], SETTINGS.rule)
    theirs = key_tokens(found["unlearned"], SETTINGS.rule)
    state.shift = shift(found["base"], found["unlearned"], state.keys, theirs)
    return state, trio


def ladder(state: CaseState, trio: Trio, settings: Settings) -> Recovery:
    steps = list(climb(state, trio, settings, ()))
    assert isinstance(steps[0], Working)
    assert isinstance(steps[-1], Ladder)
    assert state.recovery is not None
    assert state.recovery.complete
    return state.recovery


def named(state: CaseState, positions: tuple[int, ...]) -> set[str]:
    return {
        state.prompt.text[word.span.start : word.span.end]
        for word in find_words(state.prompt)
        if set(word.positions) <= set(positions)
    }


@pytest.mark.parametrize(("selection", "word"), [("base", "Basil"), ("shift", "Basil")])
def test_the_words_are_those_that_the_settings_choose(selection: Selection, word: str) -> None:
    state, trio = known({"Basil": 4.0})
    found = ladder(state, trio, replace(SETTINGS, selection=selection))
    assert named(state, found.attempts[0].positions) == {word}
    assert (found.selection, found.search) == (selection, None)
    assert len([c for c in found.controls if c.kind == "random"]) == 3


def test_what_a_search_found_stands_beside_a_search_as_large() -> None:
    state, trio = known({"born": 4.0, "spring": 3.0}, {"Mahfouz": 1.0})
    found = ladder(state, trio, replace(SETTINGS, selection="greedy", most_words=1))
    assert named(state, found.attempts[0].positions) == {"born"}
    assert found.selection == "greedy"
    search = found.search
    assert search is not None
    assert search.path[0][1] == pytest.approx(found.attempts[0].recovered)
    (random,) = [c for c in found.controls if c.kind == "random"]
    assert named(state, random.positions) == {"spring"}
    assert random.recovered == pytest.approx(search.random)
    assert found.control == pytest.approx(search.random)
    assert {c.kind for c in found.controls} >= {"random", "id_preserving", "paraphrase"}
    assert state.shift is not None
    numbers = of_case(state.answer, found, state.shift)
    assert numbers["reference_recovered"].estimate == pytest.approx(search.reference)
    assert numbers["held_out"].estimate == pytest.approx(search.held_out)
    assert numbers["searched"].estimate == search.read


def test_a_search_that_finds_nothing_leaves_the_words_to_the_base() -> None:
    state, trio = known({"Basil": -4.0, "born": -4.0, "spring": -4.0})
    found = ladder(state, trio, replace(SETTINGS, selection="greedy"))
    assert named(state, found.attempts[0].positions) == {"Basil"}
    assert (found.selection, found.search) == ("base", None)


def test_without_draws_a_search_has_no_random_control() -> None:
    state, trio = known({"born": 4.0})
    found = ladder(state, trio, replace(SETTINGS, selection="greedy", most_words=1, draws=0))
    assert {c.kind for c in found.controls}.isdisjoint({"random", "paraphrase"})
    assert found.lift is None
