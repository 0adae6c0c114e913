from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import cast

import pytest
from fakes import WordTokens

from attribution.errors import BadOption
from attribution.keytokens import belongs, key_tokens, units
from attribution.types import Answer, Approximation, Attribution, KeyTokenRule, Prompt, Span, Token

ANSWER = Answer("yes", (9,), "gold")


def attribution(*contributions: float | None) -> Attribution:
    tokens = tuple(Token(i, "a", i, i + 1) for i in range(len(contributions)))
    prompt = Prompt("a" * len(tokens), tokens, Span(0, len(tokens)))
    return Attribution(prompt, ANSWER, -1.0, contributions, "leave_one_out")


def positions(rule: KeyTokenRule, *contributions: float | None) -> tuple[int, ...]:
    return key_tokens(attribution(*contributions), rule).positions


def test_few_positive_contributions_are_all_key() -> None:
    rule = KeyTokenRule(alpha=0.9, beta=3)
    assert positions(rule, 1.0, None, 0.001, -2.0, 0.0) == (0, 2)


def test_with_beta_of_them_the_threshold_decides() -> None:
    rule = KeyTokenRule(alpha=0.9, beta=2)
    assert positions(rule, 1.0, None, 0.001, -2.0, 0.0) == (0,)


@pytest.mark.parametrize(
    ("normalisation", "alpha", "expected"),
    [
        ("max", 0.5, (0,)),  # 1, .5, .25: strictly above
        ("max", 0.4, (0, 1)),
        ("sum", 0.28, (0, 1)),  # .571, .286, .143
        ("sum", 0.3, (0,)),
        ("minmax", 0.0, (0, 1)),  # 1, 1/3, 0
        ("minmax", 0.4, (0,)),
    ],
)
def test_each_normalisation(normalisation: str, alpha: float, expected: tuple[int, ...]) -> None:
    assert normalisation in ("max", "sum", "minmax")
    rule = KeyTokenRule(alpha, 0, normalisation)
    assert positions(rule, 4.0, 2.0, 1.0, -8.0, None) == expected


def test_equal_contributions_all_stand_out_alike() -> None:
    assert positions(KeyTokenRule(0.5, 0, "minmax"), 2.0, 2.0, 2.0) == (0, 1, 2)


def test_nothing_positive_no_key_tokens() -> None:
    assert positions(KeyTokenRule(), -1.0, 0.0, None) == ()
    assert positions(KeyTokenRule(beta=0)) == ()


def test_the_rule_is_kept() -> None:
    rule = KeyTokenRule(0.3, 1, "sum")
    assert key_tokens(attribution(1.0), rule).rule is rule


@pytest.mark.parametrize(
    "rule",
    [
        KeyTokenRule(alpha=-0.1),
        KeyTokenRule(alpha=1.0),
        KeyTokenRule(alpha=nan),
        KeyTokenRule(alpha=inf),
        KeyTokenRule(beta=-1),
        KeyTokenRule(normalisation=cast("str", "median")),  # pyright: ignore[reportArgumentType]
    ],
)
def test_options_out_of_range_are_refused(rule: KeyTokenRule) -> None:
    with pytest.raises(BadOption, match=r"alpha|beta|normalisation"):
        key_tokens(attribution(1.0), rule)


def test_a_word_of_several_tokens_counts_once() -> None:
    prompt = Prompt(
        "Weswick, who",
        (
            Token(1, "Wes", 0, 3),
            Token(2, "wick", 3, 7),
            Token(3, ",", 7, 8),
            Token(4, " who", 8, 12),
        ),
        Span(0, 12),
    )
    found = Attribution(prompt, ANSWER, -1.0, (2.0, 2.0, 0.5, 0.1), "leave_one_out", "word")
    assert units(found) == ((0, 1), (2,), (3,))
    # Three positive units, not four.
    assert key_tokens(found, KeyTokenRule(0.9, 4)).positions == (0, 1, 2, 3)
    assert key_tokens(found, KeyTokenRule(0.15, 3)).positions == (0, 1, 2)
    # The sum has the word once: 2 / 2.6, not 2 / 4.6.
    assert key_tokens(found, KeyTokenRule(0.7, 0, "sum")).positions == (0, 1)


def test_a_sentence_counts_once() -> None:
    prompt = WordTokens(chat=True).encode("Who is Ann? Who is Bo? No.")
    found = Attribution(
        prompt, ANSWER, -1.0, (None, *[2.0] * 4, *[0.5] * 4, *[0.1] * 2, None), "x", "sentence"
    )
    assert units(found) == ((0,), (1, 2, 3, 4), (5, 6, 7, 8), (9, 10), (11,))
    # Three positive units, not ten.
    assert key_tokens(found, KeyTokenRule(0.9, 4)).positions == tuple(range(1, 11))
    assert key_tokens(found, KeyTokenRule(0.15, 3)).positions == tuple(range(1, 9))
    # The sum has the sentence once: 2 / 2.6, not 2 / 10.2.
    assert key_tokens(found, KeyTokenRule(0.7, 0, "sum")).positions == (1, 2, 3, 4)


def test_template_tokens_are_units_of_their_own() -> None:
    prompt = WordTokens(chat=True).encode("Who is Ann?")
    found = Attribution(
        prompt, ANSWER, -1.0, (None, *[1.0] * (len(prompt.tokens) - 2), None), "x", "word"
    )
    assert sorted(i for unit in units(found) for i in unit) == list(range(len(prompt.tokens)))
    assert 0 not in key_tokens(found, KeyTokenRule()).positions


def approximate(
    measured: tuple[float | None, ...], *draws: tuple[float | None, ...]
) -> Attribution:
    return replace(
        attribution(*measured), approximation=Approximation(measured, "?", 1, 2, draws=draws)
    )


def test_of_an_exact_attribution_it_is_certain_what_belongs() -> None:
    found = attribution(1.0, None, 0.001, -2.0, 0.0)
    assert belongs(found, KeyTokenRule()) == (1.0, None, 0.0, 0.0, 0.0)


def test_a_token_belongs_as_often_as_the_rule_picks_it() -> None:
    found = approximate(
        (None, 1.0, 0.2, -1.0, None),
        (None, 1.0, 0.2, -1.0, 0.0),
        (None, 1.0, 0.2, -1.0, 0.5),
        (None, 1.0, 0.2, -1.0, 4.0),  # beside which 0.2 is little
        (None, 1.0, 0.2, -1.0, -4.0),
    )
    expected = (None, 5 / 6, 4 / 6, 0.0, 3 / 6)
    assert belongs(found, KeyTokenRule()) == pytest.approx(expected)


def test_draws_make_nothing_certain_but_what_the_rule_never_picks() -> None:
    found = approximate((1.0, None, 0.0), *[(1.0, 0.001 * k, 0.0) for k in range(8)])
    assert belongs(found, KeyTokenRule()) == pytest.approx((0.9, 0.1, 0.0))


def test_without_draws_nothing_is_known_of_an_approximate_one() -> None:
    assert belongs(approximate((1.0, None)), KeyTokenRule()) == (None, None)


def test_what_belongs_needs_a_rule_that_can_be() -> None:
    with pytest.raises(BadOption):
        belongs(approximate((1.0, None)), KeyTokenRule(alpha=2.0))


def test_the_tokens_of_a_word_belong_together() -> None:
    prompt = WordTokens().encode("Al-K? No")
    one, other = (None, 2.0, 2.0, 2.0, 0.0, 1.0), (None, 2.0, 2.0, 2.0, 0.0, 0.1)
    made = Approximation(one, "?", 1, 3, draws=(one, other))
    found = Attribution(prompt, ANSWER, -1.0, one, "x", "word", approximation=made)
    assert belongs(found, KeyTokenRule()) == pytest.approx((None, *[0.75] * 3, 0.0, 0.5))
