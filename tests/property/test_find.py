"""Finding a text is what a loop over all its parts would find, whatever case folding does."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from attribution.types import Prompt, Span, Token
from unpact_tui.app.find import answer_hits, hits, minds_case
from unpact_tui.display import display_text

LETTERS = "aAsSßẞİiıIﬁfΣσς ̇ǅx\n\x1b\u202e⏎é🙂界"
texts = st.text(alphabet=LETTERS, max_size=24)
needles = st.text(alphabet=LETTERS, max_size=4)


def seen(text: str, case: bool) -> str:
    return display_text(text) if case else display_text(text).casefold()


def naive(text: str, needle: str) -> tuple[Span, ...]:
    """Try every part of the text, from the left, the shortest first."""
    case = minds_case(needle)
    wanted = seen(needle, case)
    found: list[Span] = []
    start = 0
    while wanted and start < len(text):
        ends = range(start + 1, len(text) + 1)
        end = next((e for e in ends if seen(text[start:e], case) == wanted), None)
        if end is not None:
            found.append(Span(start, end))
        start = start + 1 if end is None else end
    return tuple(found)


@given(texts, needles)
def test_as_a_naive_loop_finds_it(text: str, needle: str) -> None:
    assert answer_hits(text, needle) == naive(text, needle)


@given(texts, st.integers(0, 23), st.integers(1, 4))
def test_a_part_of_the_text_is_found(text: str, start: int, length: int) -> None:
    part = text[start : start + length]
    found = answer_hits(text, part)
    assert bool(found) == bool(part)
    case = minds_case(part)
    assert all(seen(text[s.start : s.end], case) == seen(part, case) for s in found)


@st.composite
def prompts(draw: st.DrawFn) -> Prompt:
    """Tokens that tile a text, some with nothing of it."""
    text = draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    edges = [0, *cuts, len(text)]
    tokens = tuple(Token(i, text[a:b], a, b) for i, (a, b) in enumerate(pairwise(edges)))
    return Prompt(text, tokens, Span(0, len(text)))


@given(prompts(), needles)
def test_tokens_of_a_match_are_those_that_overlap(prompt: Prompt, needle: str) -> None:
    expected = tuple(
        tuple(
            i
            for i, token in enumerate(prompt.tokens)
            if max(token.start, span.start) < min(token.end, span.end)
        )
        for span in naive(prompt.text, needle)
    )
    assert hits(prompt, needle) == expected
    assert all(expected)
