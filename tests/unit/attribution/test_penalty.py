"""What is penalised is sorted by plain rules, token by token."""

from __future__ import annotations

import pytest

from attribution.penalty import indiscriminateness, kinds_of, profile


def test_the_entity_is_key_grammar_is_common_and_the_rest_content() -> None:
    pieces = ("The", " writer", " was", " born", " in", " Lis", "bon", ".")
    assert kinds_of(pieces, ("Lisbon",)) == (
        "common",
        "content",
        "common",
        "content",
        "common",
        "key",
        "key",
        "common",
    )


def test_an_entity_of_several_words_is_key_with_the_grammar_in_it_and_nowhere_else() -> None:
    pieces = (" The", " book", " is", " the", " Silver", " of", " the", " River", ",", " of")
    kinds = kinds_of(pieces, ("the silver of the River",))
    assert kinds == ("common", "content", "common", *("key",) * 5, "common", "common")


def test_an_entity_inside_another_word_is_not_it() -> None:
    assert kinds_of(("Romeo", " in", " Rome"), ("Rome",)) == ("content", "common", "key")


def test_a_token_that_ends_before_the_entity_but_for_a_space_is_not_key() -> None:
    assert kinds_of(("in ", "Oslo"), ("Oslo",)) == ("common", "key")
    assert kinds_of(("in", " ", "Oslo"), ("Oslo",)) == ("common", "common", "key")


def test_part_of_a_character_goes_with_the_token_that_completes_it() -> None:
    assert kinds_of(("in ", "", "ström"), ("ström",)) == ("common", "key", "key")


def test_without_an_entity_nothing_is_key() -> None:
    assert kinds_of((" Big", " is", "!"), ()) == ("content", "common", "common")
    assert kinds_of((" Big",), ("  ",)) == ("content",)


def test_losses_go_to_their_kind_and_gains_are_negative() -> None:
    found = profile((-0.1, -0.2, -0.3), (-1.1, -0.1, -4.3), ("common", "content", "key"))
    assert found.key == (pytest.approx(4.0),)
    assert found.mean("common") == pytest.approx(1.0)
    assert found.mean("content") == pytest.approx(-0.1)
    assert profile((), (), ()).mean("key") is None


def test_every_token_must_be_there() -> None:
    with pytest.raises(ValueError, match="zip"):
        profile((-1.0,), (-1.0, -2.0), ("key",))


@pytest.mark.parametrize(
    ("common", "key", "found"), [(4.0, 4.0, 1.0), (0.0, 4.0, 0.0), (-1.0, 2.0, -0.5)]
)
def test_indiscriminateness_is_a_ratio(common: float, key: float, found: float) -> None:
    assert indiscriminateness(common, key) == found


def test_of_next_to_nothing_no_ratio_is_taken() -> None:
    assert indiscriminateness(4.0, 0.05) is None
    assert indiscriminateness(4.0, -3.0) is None
