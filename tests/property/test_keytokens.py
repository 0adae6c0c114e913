from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from attribution.keytokens import key_tokens
from attribution.types import Answer, Attribution, KeyTokenRule, Prompt, Span, Token

CONTRIBUTIONS = st.lists(st.none() | st.floats(-1e6, 1e6, width=32), max_size=30)
RULES = st.builds(
    KeyTokenRule,
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 6),
    st.sampled_from(["max", "sum", "minmax"]),
)


def chosen(contributions: list[float | None], rule: KeyTokenRule) -> tuple[int, ...]:
    tokens = tuple(Token(i, "a", i, i + 1) for i in range(len(contributions)))
    prompt = Prompt("a" * len(tokens), tokens, Span(0, len(tokens)))
    answer = Answer("yes", (9,), "gold")
    found = Attribution(prompt, answer, -1.0, tuple(contributions), "leave_one_out")
    return key_tokens(found, rule).positions


@given(CONTRIBUTIONS, RULES)
def test_key_tokens_are_positive_and_in_order(
    contributions: list[float | None], rule: KeyTokenRule
) -> None:
    positions = chosen(contributions, rule)
    assert list(positions) == sorted(set(positions))
    assert all((contributions[i] or 0) > 0 for i in positions)


@given(CONTRIBUTIONS, RULES)
def test_a_chosen_token_brings_every_larger_one(
    contributions: list[float | None], rule: KeyTokenRule
) -> None:
    positions = chosen(contributions, rule)
    if positions:
        least = min(contributions[i] or 0 for i in positions)
        assert all(i in positions for i, c in enumerate(contributions) if (c or 0) > least)


@given(CONTRIBUTIONS, RULES)
def test_the_largest_is_key_unless_the_sum_dilutes_it(
    contributions: list[float | None], rule: KeyTokenRule
) -> None:
    positive = [c for c in contributions if c is not None and c > 0]
    assume(positive and rule.normalisation != "sum")
    assert contributions.index(max(positive)) in chosen(contributions, rule)


@given(CONTRIBUTIONS, RULES, st.floats(0, 1, exclude_max=True))
def test_a_higher_threshold_only_drops(
    contributions: list[float | None], rule: KeyTokenRule, alpha: float
) -> None:
    low, high = sorted((rule.alpha, alpha))
    wide = chosen(contributions, KeyTokenRule(low, rule.beta, rule.normalisation))
    narrow = chosen(contributions, KeyTokenRule(high, rule.beta, rule.normalisation))
    assert set(narrow) <= set(wide)


@given(CONTRIBUTIONS, RULES, st.integers(-8, 8))
def test_the_unit_does_not_matter(
    contributions: list[float | None], rule: KeyTokenRule, power: int
) -> None:
    assume(all(c is None or c == 0 or abs(c) > 1e-30 for c in contributions))
    scaled = [None if c is None else c * 2.0**power for c in contributions]
    assert chosen(scaled, rule) == chosen(contributions, rule)


@given(CONTRIBUTIONS, RULES)
def test_what_is_not_positive_has_no_say(
    contributions: list[float | None], rule: KeyTokenRule
) -> None:
    bare = [c if c is not None and c > 0 else None for c in contributions]
    assert chosen(bare, rule) == chosen(contributions, rule)
