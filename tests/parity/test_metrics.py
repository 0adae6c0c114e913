"""Metrics against independent ways to the same number."""

from __future__ import annotations

import re
from itertools import combinations
from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from unpact_tui.metrics import forget_quality, membership, model_utility, probability, truth_ratio
from unpact_tui.metrics.rouge import rouge_l

few = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=4)
words = st.lists(st.sampled_from(["the", "author", "was", "born", "in", "Porto"]), max_size=12)


def gap(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Return the largest distance of the two cumulative distributions."""
    return max(
        abs(
            sum(one <= at for one in first) / len(first)
            - sum(one <= at for one in second) / len(second)
        )
        for at in (*first, *second)
    )


@settings(max_examples=25)
@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=8, unique=True), st.data())
def test_forget_quality_is_the_share_of_permutations(
    values: list[int], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, len(values) - 1))
    every = [float(value) for value in values]
    own = gap(tuple(every[:cut]), tuple(every[cut:]))
    as_far = []
    for chosen in combinations(range(len(every)), cut):
        one = tuple(every[place] for place in chosen)
        two = tuple(every[place] for place in range(len(every)) if place not in chosen)
        as_far.append(gap(one, two) >= own - 1e-12)
    assert forget_quality.p_value(every[:cut], every[cut:]) == pytest.approx(np.mean(as_far))


def common(first: list[str], second: list[str]) -> int:
    """Return the length of the longest common subsequence."""
    lengths = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for row, one in enumerate(first):
        for column, two in enumerate(second):
            lengths[row + 1][column + 1] = (
                lengths[row][column] + 1
                if one == two
                else max(lengths[row][column + 1], lengths[row + 1][column])
            )
    return lengths[-1][-1]


@settings(max_examples=40)
@given(words, words)
def test_rouge_is_the_longest_common_subsequence(answer: list[str], text: list[str]) -> None:
    found = rouge_l(" ".join(answer), ", ".join(text), stemmer=False)
    lowered = [[word.lower() for word in side] for side in (answer, text)]
    shared = common(*lowered)
    recall, precision = shared / max(1, len(answer)), shared / max(1, len(text))
    assert found.recall == pytest.approx(recall)
    both = 2 * recall * precision / (recall + precision) if shared else 0
    assert found.fmeasure == pytest.approx(both)


def test_rouge_stems_words_when_asked() -> None:
    assert rouge_l("authors writing", "author writes", stemmer=True).recall == 1
    assert rouge_l("authors writing", "author writes", stemmer=False).recall == 0
    assert rouge_l("日本語", "日本語", stemmer=True).recall == 0


@settings(max_examples=20)
@given(few, few)
def test_auc_is_the_share_of_pairs(forget: list[float], holdout: list[float]) -> None:
    pairs = [
        1.0 if learned < unseen else 0.5 if learned == unseen else 0.0
        for learned in forget
        for unseen in holdout
    ]
    assert membership.auc(forget, holdout) == pytest.approx(np.mean(pairs))


def test_auc_is_the_statistic_of_mann_and_whitney() -> None:
    generator = np.random.default_rng(5)
    forget, holdout = generator.normal(0, 1, 60).round(1), generator.normal(0.3, 1, 45).round(1)
    u = stats.mannwhitneyu(holdout, forget).statistic
    assert membership.auc(forget.tolist(), holdout.tolist()) == pytest.approx(u / (60 * 45))


def test_harmonic_mean_is_that_of_scipy() -> None:
    values = np.random.default_rng(2).uniform(0.01, 1, 9)
    assert model_utility.harmonic_mean(values.tolist()) == pytest.approx(stats.hmean(values))


@settings(max_examples=20)
@given(st.floats(-8, 0), st.lists(st.floats(-8, 0), min_size=3, max_size=3))
def test_probabilities_are_as_the_losses_say(right: float, wrong: list[float]) -> None:
    geometric = np.prod(np.exp(wrong)) ** (1 / 3)
    assert truth_ratio.ratio(right, wrong) == pytest.approx(geometric / (exp(right) + 1e-10))
    share = exp(right) / (exp(right) + sum(map(exp, wrong)) + 1e-10)
    assert probability.normalised(right, wrong) == pytest.approx(share)


def test_the_words_of_rouge_are_runs_of_ascii_letters_and_digits() -> None:
    text = "It's Mira-Vale, born 1956 in Kuwait!"
    parts = re.findall("[a-z0-9]+", text.lower())
    assert rouge_l(" ".join(parts), text, stemmer=False).fmeasure == 1
