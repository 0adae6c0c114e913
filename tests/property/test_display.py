"""Laws of the one door from untrusted text to the screen."""

from __future__ import annotations

import re
import string
import unicodedata
from time import process_time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from unpact_tui.display import MOST_MARKS, display_text, harmless, joins

MARKS = st.text(
    st.characters(categories=["Mn", "Me"]) | st.sampled_from("\u1161\u11ff"), min_size=5
)
ANY = st.text() | st.text(st.characters(categories=["Cc", "Cf", "Cs", "Co", "Zl", "Zp"])) | MARKS


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
    # Marks are counted from the letter they sit on, wherever a text is cut.
    assume(not joins(second[:1] or " "))
    assert display_text(first + second) == display_text(first) + display_text(second)


@given(ANY)
def test_no_letter_has_more_marks_than_a_living_script_gives_it(raw: str) -> None:
    longest = count = 0
    for character in display_text(raw):
        count = count + 1 if joins(character) else 0
        longest = max(longest, count)
    assert longest <= MOST_MARKS


@given(ANY)
def test_what_was_shown_passes_the_last_gate_as_it_is(raw: str) -> None:
    assert harmless(display_text(raw)) == display_text(raw)


@given(ANY)
def test_the_last_gate_lets_nothing_through_but_lines_colours_and_progress(raw: str) -> None:
    left = re.sub("\x1b\\[([0-9;]*m|[0-9]*A|2K|\\?25[lh])|\\A\r|\r(?=\n|\x1b|$)", "", harmless(raw))
    for character in left.replace("\n", "").replace("\t", ""):
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(character) not in (
            "LRO",
            "RLO",
            "LRE",
            "RLE",
            "LRI",
            "RLI",
        )


@pytest.mark.parametrize(
    "text",
    [
        "a\n\tb\r\n",
        "\x1b[1;38;5;214mred\x1b[0m",
        "done\n\r\x1b[1A\x1b[2K\x1b[?25h",
        "\r 40%|####      | 4/10",
    ],
)
def test_the_last_gate_knows_what_our_own_terminal_output_is_made_of(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\u0301" + "\u0301" * 999, "a" + "\u0301" * 6 + "⟨301⟩" * 994),
        ("\xa0\u3000\u3164\u2800", "\xa0\u3000⟨3164⟩⟨2800⟩"),
        ("x\ufe01\U000e0100\U000e0041", "x⟨fe01⟩⟨e0100⟩⟨e0041⟩"),
        ("☁\ufe0f", "☁\ufe0f"),
        ("ကျွှော်", "ကျွှော်"),
        ("각 é", "각 é"),
    ],
)
def test_what_is_hidden_is_written_out_and_what_is_everyday_is_not(raw: str, shown: str) -> None:
    assert display_text(raw) == shown


def test_megabytes_are_shown_in_a_moment() -> None:
    for text in ("x" * 10_000_000, "魔" * 200_000, "a\u0301" * 100_000, "\u0301" * 100_000):
        began = process_time()
        display_text(text)
        assert process_time() - began < 2
