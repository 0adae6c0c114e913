from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.paraphrase import rewordings


def test_the_given_ones_are_left_as_they_are() -> None:
    given = ("Where is Ann from?", " odd\n", "Where is Ann from?")
    prompt = "Question: Where was Ann born?\nAnswer:"
    assert rewordings(prompt, given) == ("Where is Ann from?", " odd\n")


def test_one_that_is_the_prompt_is_no_paraphrase() -> None:
    assert rewordings("Who is it?", ("Who  is it?", "Who?")) == ("Who?",)
    assert len(rewordings("Who is it?", ("Who is it? ",))) == 3


@pytest.mark.parametrize(
    ("prompt", "first", "last"),
    [
        ("Who is it?", "Please answer this question. Who is it?", "Who is it? Please answer."),
        (
            "Question: Who is it?\nAnswer:",
            "Question: Please answer this question. Who is it?\nAnswer:",
            "Question: Who is it? Please answer.\nAnswer:",
        ),
        (
            "Question: Who is it? Answer:",
            "Question: Please answer this question. Who is it? Answer:",
            "Question: Who is it? Please answer. Answer:",
        ),
        (
            "Q: a?\nA: b\n\nQ: c?\nA: It is ",
            "Q: a?\nA: b\n\nQ: Please answer this question. c?\nA: It is ",
            "Q: a?\nA: b\n\nQ: c? Please answer.\nA: It is ",
        ),
        (
            "Ann was born in",
            "Here is the next one. Ann was born in",
            "Now to this one. Ann was born in",
        ),
        ("Answer:", "Here is the next one. Answer:", "Now to this one. Answer:"),
    ],
)
def test_frames_go_around_what_is_asked(prompt: str, first: str, last: str) -> None:
    found = rewordings(prompt)
    assert (len(found), found[0], found[-1]) == (3, first, last)


@given(st.text(st.sampled_from("aB?:. \n\t\u6771")) | st.text(max_size=60))
def test_frames_differ_and_only_add(prompt: str) -> None:
    found = rewordings(prompt)
    assert len(set(found)) == len(found) == (3 if prompt.strip() else 0)
    for frame in found:
        assert frame != prompt
        rest = iter(frame)
        assert all(character in rest for character in prompt)


def test_frames_emphasise_nothing() -> None:
    for prompt in ("Who is it?", "It is"):
        for frame in rewordings(prompt):
            assert not set("*\"'_#<>[]").intersection(frame)
            assert not any(word.isupper() and len(word) > 1 for word in frame.split())
