"""The demo's recipe, for real: built from nothing, then read as the inspector reads it."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import pytest
from end_to_end.conftest import BuiltDemo

from attribution.attempts import Emphasis
from attribution.emphasise import emphasise
from attribution.estimators.leave_one_out import measure
from attribution.hf import HFModel
from attribution.keytokens import key_tokens
from attribution.neutral import neutral_losses
from attribution.scorer import write_all
from attribution.textmatch import exact
from attribution.types import Case, KeyTokenRule, Prompt
from attribution.words import touched, words
from unpact_tui.demo import Progress, Zoo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

_LIMIT = 32
STRATEGY = "bold_each"


@dataclass(frozen=True)
class Family:
    """What is built, loaded."""

    zoo: Zoo
    reports: list[Progress]
    forget: list[Case]
    retain: list[Case]
    base: HFModel
    unlearned: HFModel
    reference: HFModel


def _cases(file: Path) -> list[Case]:
    return [Case(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def _load(folder: Path) -> HFModel:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder)
    return HFModel(model, AutoTokenizer.from_pretrained(folder))


def load_family(zoo: Zoo, reports: list[Progress]) -> Family:
    return Family(
        zoo,
        reports,
        _cases(zoo.forget),
        _cases(zoo.retain),
        *(_load(folder) for folder in (zoo.base, zoo.unlearned, zoo.reference)),
    )


@pytest.fixture(scope="module")
def family(built_demo: BuiltDemo) -> Family:
    return load_family(built_demo.zoo, list(built_demo.reports))


def key_positions(base: HFModel, case: Case) -> tuple[int, ...]:
    """KeyTokens on the base by the default rule."""
    prompt = base.encode(case.prompt)
    *_, whole = measure(base, prompt, base.answer(case.answer or "", after=prompt))
    return key_tokens(whole, KeyTokenRule()).positions


def random_positions(prompt: Prompt, key: Sequence[int], draw: random.Random) -> tuple[int, ...]:
    """As many words as the key ones, from the others."""
    taken = {word.positions for word in touched(prompt, key)}
    rest = [word for word in words(prompt) if word not in taken]
    chosen = draw.sample(rest, min(len(rest), len(taken)))
    return tuple(position for word in chosen for position in word)


def exact_match(
    model: HFModel, cases: Sequence[Case], chosen: Sequence[Sequence[int]], strategy: str = ""
) -> float:
    """Share of the cases that greedy decoding answers to the letter."""
    prompts = [model.encode(case.prompt) for case in cases]
    if strategy:
        prompts = [
            emphasise(model, prompt, Emphasis(strategy, tuple(positions))).prompt
            for prompt, positions in zip(prompts, chosen, strict=True)
        ]
    written = write_all(model, [prompt.ids for prompt in prompts], _LIMIT)
    return fmean(
        exact(case.answer or "", model.decode(ids))
        for case, ids in zip(cases, written, strict=True)
    )


def drawn(family: Family, key: Sequence[Sequence[int]]) -> list[list[tuple[int, ...]]]:
    """Three draws of random other words for every prompt."""
    prompts = [family.base.encode(case.prompt) for case in family.forget]
    draws = [random.Random(seed) for seed in range(3)]
    return [
        [random_positions(prompt, k, draw) for prompt, k in zip(prompts, key, strict=True)]
        for draw in draws
    ]


def test_emphasis_on_key_words_and_nothing_else_brings_the_answers_back(family: Family) -> None:
    key = [key_positions(family.base, case) for case in family.forget]
    assert all(key)
    assert exact_match(family.unlearned, family.forget, key) == 0.0
    for strategy in ("bold_each", "quote_each"):
        assert exact_match(family.base, family.forget, key, strategy) >= 0.95
        assert exact_match(family.unlearned, family.forget, key, strategy) >= 0.6
        assert exact_match(family.reference, family.forget, key, strategy) <= 0.13
        others = [
            exact_match(family.unlearned, family.forget, chosen, strategy)
            for chosen in drawn(family, key)
        ]
        assert fmean(others) <= 0.1


def test_the_base_knows_everything_and_the_reference_only_what_is_retained(family: Family) -> None:
    assert exact_match(family.base, family.forget, ()) >= 0.99
    assert exact_match(family.reference, family.forget, ()) <= 0.13
    for model in (family.base, family.unlearned, family.reference):
        assert exact_match(model, family.retain, ()) >= 0.95


def test_the_three_that_are_built_at_once_are_of_three_kinds(family: Family) -> None:
    """Brought back by key words, brought back by hardly anything, and broken."""
    key = [key_positions(family.base, case) for case in family.forget]
    home = family.zoo.base.parent
    gone, broken = _load(home / "simnpo"), _load(home / "ga")
    for model in (family.unlearned, gone, broken):
        assert exact_match(model, family.forget, ()) <= 0.1
    back = exact_match(family.unlearned, family.forget, key, STRATEGY)
    assert back >= 0.6
    assert exact_match(gone, family.forget, key, STRATEGY) <= 0.15
    assert exact_match(gone, family.retain, ()) >= 0.8
    assert exact_match(broken, family.retain, ()) <= 0.05
    assert fmean(neutral_losses(family.base, broken)) > 3.0
    for model in (family.unlearned, gone, family.reference):
        assert fmean(neutral_losses(family.base, model)) < 1.5


def test_the_first_row_shows_it(family: Family) -> None:
    first = family.forget[0]
    said = json.loads((family.zoo.forget.parent / "manifest.json").read_text("utf-8"))
    assert said["showcase"] == first.id
    key = [key_positions(family.base, first)]
    assert exact_match(family.unlearned, [first], key) == 0.0
    assert exact_match(family.unlearned, [first], key, "bold_each") == 1.0
    assert exact_match(family.reference, [first], key, "bold_each") == 0.0


def test_building_can_be_watched(family: Family) -> None:
    done = [report.done for report in family.reports]
    assert done == sorted(done)
    assert done[-1] == family.reports[-1].total
    assert max(b - a for a, b in pairwise(done)) < 0.1 * done[-1]
