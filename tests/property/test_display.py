"""Laws of the one door from untrusted text to the screen."""

from __future__ import annotations

import string
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from unpact_tui.display import display_text

ANY = st.text() | st.text(st.characters(categories=["Cc", "Cf", "Cs", "Co", "Zl", "Zp"]))


@given(ANY)
def test_nothing_that_a_terminal_obeys_survives(raw: str) -> None:
    for character in display_text(raw):
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


@given(ANY)
def test_showing_twice_is_showing_once(raw: str) -> None:
    assert display_text(display_text(raw)) == display_text(raw)


@given(ANY)
def test_every_character_leaves_something(raw: str) -> None:
    assert len(display_text(raw)) >= len(raw)


@given(st.text(alphabet=string.ascii_letters + string.digits + string.punctuation + " "))
def test_plain_text_stays_as_it_is(raw: str) -> None:
    assert display_text(raw) == raw


@given(ANY, ANY)
def test_texts_are_shown_one_after_the_other(first: str, second: str) -> None:
    assert display_text(first + second) == display_text(first) + display_text(second)
