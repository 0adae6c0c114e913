from __future__ import annotations

from dataclasses import replace

import pytest

from attribution.compare import rank_correlation, shift
from attribution.errors import PromptMismatch
from attribution.types import Answer, Attribution, KeyTokenRule, KeyTokens, Prompt, Span, Token

PROMPT = Prompt(
    "Weswick, who is",
    (
        Token(1, "Wes", 0, 3),
        Token(2, "wick", 3, 7),
        Token(3, ",", 7, 8),
        Token(4, " who", 8, 12),
        Token(5, " is", 12, 15),
    ),
    Span(0, 15),
)
BASE = Attribution(PROMPT, Answer("yes", (9,), "gold"), -0.1, (2.0, 1.0, None, 0.5, -1.0), "loo")
UNLEARNED = replace(BASE, logprob=-1.1, contributions=(-1.0, 0.5, 0.1, None, -1.0))


def keys(*positions: int) -> KeyTokens:
    return KeyTokens(positions, KeyTokenRule())


def test_delta_is_unlearned_minus_base_where_both_are_measured() -> None:
    assert shift(BASE, UNLEARNED, keys(), keys()).delta == (-3.0, -0.5, None, None, 0.0)


@pytest.mark.parametrize(
    ("base", "unlearned", "expected"),
    [
        ((0, 1), (1, 4), 1 / 3),
        ((0,), (0,), 1.0),
        ((0,), (), 0.0),
        ((), (), None),
        # Position 3 was measured on the base alone, and 2 on the other: they say nothing.
        ((0, 1, 3), (1, 2), 1 / 2),
        ((3,), (2,), None),
    ],
)
def test_overlap_is_the_jaccard_index(
    base: tuple[int, ...], unlearned: tuple[int, ...], expected: float | None
) -> None:
    assert shift(BASE, UNLEARNED, keys(*base), keys(*unlearned)).overlap == expected


def test_focus_kept_counts_positive_contributions_at_the_base_keys() -> None:
    # (max(-1, 0) + 0.5) / (2 + 1)
    assert shift(BASE, UNLEARNED, keys(0, 1), keys()).focus_kept == pytest.approx(0.5 / 3)
    assert shift(BASE, UNLEARNED, keys(), keys(0)).focus_kept is None
    assert shift(BASE, UNLEARNED, keys(4), keys()).focus_kept is None, "nothing positive to keep"


def test_focus_kept_is_unknown_where_the_unlearned_model_was_not_measured() -> None:
    assert shift(BASE, UNLEARNED, keys(0, 3), keys()).focus_kept is None


def test_a_sentence_counts_once() -> None:
    text = "Hi there. Go! No?"
    tokens = tuple(
        Token(i, text[a:b], a, b)
        for i, (a, b) in enumerate(((0, 2), (2, 8), (8, 9), (9, 12), (12, 13), (13, 16), (16, 17)))
    )
    base = replace(
        BASE,
        prompt=Prompt(text, tokens, Span(0, len(text))),
        contributions=(2.0, 2.0, 2.0, 1.0, 1.0, 0.5, 0.5),
        granularity="sentence",
    )
    unlearned = replace(base, contributions=(0.5, 0.5, 0.5, 2.0, 2.0, 1.0, 1.0))
    found = shift(base, unlearned, keys(0, 1, 2, 3, 4), keys(3, 4, 5, 6))
    assert found.focus_kept == pytest.approx(2.5 / 3), "not 5.5 / 8"
    assert found.overlap == pytest.approx(1 / 3), "not 2 / 7"
    assert found.rank_correlation == pytest.approx(-0.5), "over three sentences"


def test_a_word_counts_once() -> None:
    base = replace(BASE, contributions=(2.0, 2.0, None, 1.0, 0.0), granularity="word")
    unlearned = replace(base, contributions=(0.5, 0.5, None, 1.0, 3.0))
    found = shift(base, unlearned, keys(0, 1, 3), keys(3, 4))
    assert found.focus_kept == pytest.approx(1.5 / 3)
    assert found.overlap == pytest.approx(1 / 3)
    # Words (2, 1, 0) against (.5, 1, 3): exactly reversed.
    assert found.rank_correlation == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (replace(UNLEARNED, prompt=replace(PROMPT, tokens=PROMPT.tokens[::-1])), "prompts"),
        (replace(UNLEARNED, answer=Answer("no", (8,), "gold")), "answers"),
        (replace(UNLEARNED, estimator="surrogate"), "estimators"),
        (replace(UNLEARNED, granularity="word"), "granularities"),
    ],
)
def test_only_like_is_compared_with_like(other: Attribution, what: str) -> None:
    with pytest.raises(PromptMismatch, match=what):
        shift(BASE, other, keys(), keys())


def test_spearman_agrees_with_the_closed_form_without_ties() -> None:
    # 1 - 6 sum d^2 / (n (n^2 - 1)); the ten pairs of IQ and television hours of the textbooks.
    iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
    hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
    assert rank_correlation(iq, hours) == pytest.approx(-29 / 165)


def test_spearman_gives_ties_their_average_rank() -> None:
    # Ranks (1, 2.5, 2.5, 4) and (1, 2, 3, 4): 4.5 / sqrt(4.5 * 5).
    assert rank_correlation([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(4.5 / 22.5**0.5)


@pytest.mark.parametrize(
    ("left", "right"), [([], []), ([1, 2], [2, 1]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [5, 5, 5])]
)
def test_spearman_is_undefined_for_few_or_constant_values(
    left: list[float], right: list[float]
) -> None:
    assert rank_correlation(left, right) is None
