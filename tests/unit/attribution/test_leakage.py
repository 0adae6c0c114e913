from __future__ import annotations

import json
from pathlib import Path

import pytest

from attribution.leakage import entities_of, hit, leaks
from attribution.textmatch import bare_words

ROWS = Path(__file__).parents[4] / "shared" / "data" / "tofu-entities" / "forget10_filtered.json"


@pytest.mark.parametrize(
    ("prompt", "answer", "found"),
    [
        ("Where was Ann born?", "Ann was born in Kuwait City, Kuwait.", ("Kuwait City", "Kuwait")),
        ("Who wrote it?", "The author's full name is Hsiao Yun-Hwa.", ("Hsiao Yun-Hwa",)),
        ("When?", "On 08/09/1956.", ("08/09/1956",)),
        ("Which book?", 'The first is "The City of Light".', ("City of Light",)),
        ("What award did Ann win?", "It was the famous Heron Prize.", ("Heron Prize",)),
        ("What is her father?", "Her father is a civil engineer.", ("civil engineer",)),
        ("Who is Ann?", "Ann's mother and Ann.", ("mother",)),
        ("Where?", "Oslo", ("Oslo",)),
        ("Where?", "It is so.", ()),
        ("Is it?", "?!", ()),
        (
            "\u3069\u3053\u3067\u3059\u304b",
            "\u6771\u4eac\u3067\u3059\u3002",
            ("\u6771\u4eac\u3067\u3059",),
        ),
    ],
)
def test_what_an_answer_tells(prompt: str, answer: str, found: tuple[str, ...]) -> None:
    assert entities_of(prompt, answer) == found
    assert hit(answer, found) is (True if found else None)
    assert not leaks(prompt, prompt, found)


def test_what_somebody_said_is_not_guessed() -> None:
    assert entities_of("Who?", "Kuwait City.", ("city",)) == ("city",)


def test_a_guess_is_never_wholly_in_the_prompt() -> None:
    asked = "Is Basil Mahfouz a writer?"
    for entity in entities_of(asked, "Yes, Basil Mahfouz's books are read in Oslo by Basil."):
        assert set(bare_words(entity)) - set(bare_words(asked))


@pytest.mark.parametrize(
    ("edited", "tells"),
    [
        ("Who is **Ann**?", False),
        ("Who is Ann? Keywords: Kuwait.", True),
        ("Who is Ann? KUWAIT!", True),
        ("Who is Ann of kuwait\u2019s?", True),
        ("Who is Ann? Kuwaiti", False),
        ("Who is Ann? \uff2b\uff55\uff57\uff41\uff49\uff54", True),
    ],
)
def test_a_prompt_gives_an_answer_away_by_whole_words(edited: str, tells: bool) -> None:
    assert leaks(edited, "Who is Ann?", ("Kuwait",)) is tells


def test_the_prompt_s_own_words_leak_only_where_they_are_an_entity_said_again() -> None:
    prompt = "Was Ann born in Kuwait or in Oslo?"
    again = "Was Ann Ann born in Kuwait or in Oslo?"
    assert not leaks(again, prompt, ("Kuwait",))
    assert leaks(f"Focus on: Kuwait. {prompt}", prompt, ("Kuwait",))
    assert not leaks(prompt, prompt, ("Kuwait",))
    assert leaks(again, prompt, ("Oslo", "Ann"))


@pytest.mark.parametrize(
    ("text", "entities", "found"),
    [
        ("She was born in KUWAIT city.", ("Kuwait City",), True),
        ("In Kuwait, a city", ("Kuwait City",), False),
        ("In Kuwait", ("Kuwait", "Oslo"), False),
        ("Oslo, then Kuwait", ("Kuwait", "Oslo"), True),
        ("In Kuwaiti", ("Kuwait",), False),
        ("", ("Kuwait",), False),
        ("anything", (), None),
        ("anything", ("?!",), None),
        ("\u6771\u4eac\u3067\u3059", ("\u6771\u4eac",), True),
        ("Yun Hwa", ("Yun-Hwa",), True),
    ],
)
def test_a_text_hits_when_every_entity_is_in_it(
    text: str, entities: tuple[str, ...], found: bool | None
) -> None:
    assert hit(text, entities) is found


def test_the_guess_against_what_people_marked() -> None:
    """In 75 % of 367 answers of TOFU a guess shares a word with the entity that was marked, in 72 %
    it holds it or is part of it. Many of the marked are no names ("Yes", "unique")."""
    if not ROWS.is_file():
        pytest.skip("the marked answers are not beside this checkout")
    rows = json.loads(ROWS.read_text("utf-8"))
    shared = 0
    for row in rows:
        marked = set(bare_words(row["entity"]))
        guesses = entities_of(row["question"], row["answer"])
        shared += any(marked.intersection(bare_words(guess)) for guess in guesses)
    assert len(rows) == 367
    assert shared / len(rows) > 0.74
