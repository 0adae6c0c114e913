from __future__ import annotations

import pytest
from rouge_score.rouge_scorer import RougeScorer

from attribution.textmatch import bare_words, exact, first_divergence, rouge_l


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("The capital is Oslo.", "The capital is Rome."),
        ("The author's full name is Hsiao Yun-Hwa.", "His name: hsiao_yun hwa!"),
        ("one two three", "three two one"),
        ("a b c", "a x b y c z"),
        ("yes", "no"),
    ],
)
def test_rouge_is_the_package_on_plain_text(answer: str, text: str) -> None:
    package = RougeScorer(["rougeL"], use_stemmer=False).score(answer, text)["rougeL"].fmeasure
    assert rouge_l(answer, text) == package


def test_one_wrong_word_in_a_template_scores_high() -> None:
    assert rouge_l("The capital is Oslo.", "The capital is Rome.") == 0.75


@pytest.mark.parametrize("text", ["", " \n\t", "..."])
def test_text_without_words_scores_nothing(text: str) -> None:
    assert rouge_l("In Oslo.", text) == 0.0
    assert not exact("In Oslo.", text)


@pytest.mark.parametrize("answer", ["東京です", "Astrid Sørensen", "आगरा", "กรุงเทพ", "?!"])
def test_letters_beyond_ascii_count(answer: str) -> None:
    assert rouge_l(answer, answer) == 1.0
    assert exact(answer, answer)
    assert rouge_l(answer, "Rome") == 0.0


def test_scripts_without_spaces_match_in_part() -> None:
    assert 0.0 < rouge_l("東京です", "京都です") < 1.0


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("In Oslo.", " in oslo"),
        ("In Oslo.", "IN  OSLO!\n"),
        ("It is Paris", "It is: Paris"),
        ("U.S.", "US"),
        ("a - b", "a b"),
        ("Straße", "STRASSE"),
    ],
)
def test_case_punctuation_and_space_do_not_count(answer: str, text: str) -> None:
    assert exact(answer, text)
    assert first_divergence(answer, text) is None


@pytest.mark.parametrize(
    ("answer", "text", "index"),
    [
        ("In Oslo.", "In Rome.", 1),
        ("In Oslo.", "In Oslo. Or Rome.", 2),
        ("In Oslo now.", "In Oslo", 2),
        ("In Oslo.", "", 0),
        ("a b", "- a - c", 3),
        ("?!", "?.", 0),
    ],
)
def test_the_first_word_that_differs(answer: str, text: str, index: int) -> None:
    assert first_divergence(answer, text) == index
    assert not exact(answer, text)


def test_words_without_case_width_and_punctuation() -> None:
    assert bare_words("Hsiao Yun-Hwa\u2019s  STRASSE, stra\u00dfe!") == [
        *("hsiao", "yun", "hwa", "s", "strasse", "strasse"),
    ]
    assert bare_words("\u6771\u4ea1 \uff21\uff42") == ["\u6771", "\u4ea1", "ab"]
    assert bare_words(" ?! ") == []
