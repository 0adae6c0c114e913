"""Laws of comparing two answers, for any texts."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from unpact_tui.app.worddiff import common, diff, key

WORDS = st.sampled_from(["the", "The,", "author", "—", "...", "魔法", "\x1b[2J", "a\tb", "31"])
ANSWERS = st.lists(WORDS | st.sampled_from([" ", "\n", "  "]), max_size=25).map(" ".join) | st.text(
    max_size=40
)


def recognised(text: str) -> list[str]:
    return [key(word) or word for word in re.findall(r"[^ \n]+", text)]


@given(ANSWERS, ANSWERS)
def test_every_word_of_both_stands_once_and_in_order(shown: str, base: str) -> None:
    runs = diff(shown, base)
    assert "".join(run.text for run in runs if run.kind != "missing") == shown
    kept = [word for run in runs if run.kind != "new" for word in recognised(run.text)]
    assert kept == recognised(base)


@given(ANSWERS, ANSWERS)
def test_until_both_are_whole_nothing_is_missing(shown: str, base: str) -> None:
    assert all(run.kind != "missing" for run in diff(shown, base, whole=False))


@given(ANSWERS)
def test_an_answer_differs_in_nothing_from_itself(text: str) -> None:
    new = [run.text for run in diff(text, text) if run.kind != "same"]
    assert not "".join(new).strip(" \n")


SEQUENCES = st.lists(st.sampled_from("abcd"), max_size=12)


@given(SEQUENCES, SEQUENCES)
def test_the_common_subsequence_is_a_longest(first: list[str], second: list[str]) -> None:
    pairs = common(first, second)
    assert all(first[i] == second[j] for i, j in pairs)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))
    lengths = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            lengths[i + 1][j + 1] = (
                lengths[i][j] + 1 if one == other else max(lengths[i][j + 1], lengths[i + 1][j])
            )
    assert len(pairs) == lengths[-1][-1]
