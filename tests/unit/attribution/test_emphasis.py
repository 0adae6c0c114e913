from __future__ import annotations

import re

import pytest
from fakes import WordTokens

from attribution.attempts import Emphasis
from attribution.emphasis import Means, Template, check, load, names, strengths
from attribution.emphasise import emphasise
from attribution.errors import BadOption, NoOtherSpelling, NothingToEmphasise, UnknownName
from attribution.twins import id_preserving_twin
from attribution.types import Prompt
from attribution.words import find_words

TEXT = "Question: Who is Basil Mahfouz, the father of Basil?\nAnswer:"


def positions(prompt: Prompt, *wanted: str) -> tuple[int, ...]:
    return tuple(
        i
        for word in find_words(prompt)
        if prompt.text[word.span.start : word.span.end] in wanted
        for i in word.positions
    )


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("bold", "Question: Who is **Basil Mahfouz**, the **father** of **Basil**?\nAnswer:"),
        (
            "bold_each",
            "Question: Who is **Basil** **Mahfouz**, the **father** of **Basil**?\nAnswer:",
        ),
        ("quote", 'Question: Who is "Basil Mahfouz", the "father" of "Basil"?\nAnswer:'),
        ("quote_each", 'Question: Who is "Basil" "Mahfouz", the "father" of "Basil"?\nAnswer:'),
        ("upper", "Question: Who is BASIL MAHFOUZ, the FATHER of BASIL?\nAnswer:"),
        (
            "repeat",
            "Question: Who is Basil Mahfouz Basil Mahfouz, the father father of Basil Basil?"
            "\nAnswer:",
        ),
        (
            "keywords",
            "Question: Who is Basil Mahfouz, the father of Basil? "
            "Keywords: Basil Mahfouz, father, Basil.\nAnswer:",
        ),
        (
            "focus",
            "Focus on: Basil Mahfouz, father, Basil. "
            "Question: Who is Basil Mahfouz, the father of Basil?\nAnswer:",
        ),
        (
            "restate",
            "Question: Who is Basil Mahfouz, the father of Basil? In other words, about "
            "Basil Mahfouz, father, Basil: Who is Basil Mahfouz, the father of Basil?\nAnswer:",
        ),
    ],
)
@pytest.mark.parametrize("chat", [False, True])
def test_what_each_strategy_writes(strategy: str, expected: str, chat: bool) -> None:
    tokens = WordTokens(chat=chat)
    prompt = tokens.encode(TEXT)
    chosen = positions(prompt, "Basil", "Mahfouz", "father")
    edited = emphasise(tokens, prompt, Emphasis(strategy, chosen))
    assert edited.prompt.content_text == expected
    moved = [edited.prompt.tokens[i].text.strip().casefold() for i in edited.moved]
    assert moved == ["basil", "mahfouz", "father", "basil"]


@pytest.mark.parametrize(
    ("strategy", "strength", "expected"),
    [
        ("bold", 2.0, "Question: Who is ***Basil Mahfouz***, the father of ***Basil***?\nAnswer:"),
        (
            "bold_each",
            2.0,
            "Question: Who is ***Basil*** ***Mahfouz***, the father of ***Basil***?\nAnswer:",
        ),
        (
            "repeat",
            3.0,
            "Question: Who is Basil Mahfouz Basil Mahfouz Basil Mahfouz Basil Mahfouz, the father "
            "of Basil Basil Basil Basil?\nAnswer:",
        ),
        (
            "keywords",
            2.0,
            "Question: Who is Basil Mahfouz, the father of Basil? Keywords: Basil Mahfouz, Basil. "
            "Keywords: Basil Mahfouz, Basil.\nAnswer:",
        ),
    ],
)
def test_what_a_dial_does(strategy: str, strength: float, expected: str) -> None:
    tokens = WordTokens()
    prompt = tokens.encode(TEXT)
    chosen = positions(prompt, "Basil", "Mahfouz")
    edited = emphasise(tokens, prompt, Emphasis(strategy, chosen, strength))
    assert edited.prompt.content_text == expected
    moved = [edited.prompt.tokens[i].text.strip() for i in edited.moved]
    assert moved == ["Basil", "Mahfouz", "Basil"]


def test_where_each_dial_can_stand() -> None:
    at_prompt_level = [name for name in names() if load(name).level == "prompt"]
    assert {name: strengths(name) for name in at_prompt_level if load(name).dialled} == {
        "bold": (1.0, 2.0),
        "bold_each": (1.0, 2.0),
        "keywords": (1.0, 2.0, 3.0),
        "repeat": (1.0, 2.0, 3.0, 4.0),
    }
    with pytest.raises(UnknownName):
        strengths("blod")


@pytest.mark.parametrize("strength", [0.0, 1.5, 5.0, -1.0, float("nan"), float("inf")])
def test_a_dial_stands_nowhere_else(strength: float) -> None:
    tokens = WordTokens()
    prompt = tokens.encode(TEXT)
    emphasis = Emphasis("repeat", positions(prompt, "Basil"), strength)
    for make in (emphasise, id_preserving_twin):
        with pytest.raises(BadOption, match=r"strength of repeat .* one of 1, 2, 3, 4"):
            make(tokens, prompt, emphasis)


def test_every_strategy_is_named_here() -> None:
    assert set(names()) == {
        "anchor", "attention_bias", "attention_share", "bold", "bold_each", "embedding_scale",
        "focus", "keywords", "quote", "quote_each", "repeat", "restate", "retokenise", "upper",
    }  # fmt: skip


@pytest.mark.parametrize("strategy", ["keywords", "restate"])
def test_an_answer_that_is_waited_for_on_the_same_line_stays_last(strategy: str) -> None:
    tokens = WordTokens()
    prompt = tokens.encode("Question: Who is Basil? Answer:")
    edited = emphasise(tokens, prompt, Emphasis(strategy, positions(prompt, "Basil")))
    assert edited.prompt.text.startswith("Question: Who is Basil? ")
    assert edited.prompt.text.endswith(" Answer:")
    assert edited.prompt.text.count("Answer") == edited.prompt.text.count("Question") == 1


def test_what_is_left_open_stays_open_when_it_is_said_again() -> None:
    tokens = WordTokens()
    prompt = tokens.encode("Basil was born in")
    edited = emphasise(tokens, prompt, Emphasis("restate", positions(prompt, "Basil")))
    expected = "Basil was born in... In other words, about Basil: Basil was born in"
    assert edited.prompt.text == expected


def test_other_tokens_for_a_word_and_more_of_them_at_more_strength() -> None:
    tokens = WordTokens()
    prompt = tokens.encode(TEXT)
    chosen = positions(prompt, "Mahfouz")
    cut = {}
    for strength in strengths("retokenise"):
        edited = emphasise(tokens, prompt, Emphasis("retokenise", chosen, strength))
        assert edited.prompt.text == prompt.text
        cut[strength] = [edited.prompt.tokens[i].text for i in edited.moved]
    assert cut[1.0] == [" ", "Mahfouz"]
    assert len({tuple(pieces) for pieces in cut.values()}) == 3


def test_what_cannot_be_spelled_otherwise_is_refused() -> None:
    tokens = WordTokens()
    prompt = tokens.encode("I know x")
    with pytest.raises(NoOtherSpelling):
        emphasise(tokens, prompt, Emphasis("retokenise", positions(prompt, "I")))
    both = emphasise(tokens, prompt, Emphasis("retokenise", positions(prompt, "I", "know")))
    assert [both.prompt.tokens[i].text for i in both.moved] == ["I", " ", "know"]


# ---------------------------------------------------------------- a person's own


MINE = Template("mine", "About {keywords}: {prompt} {Think} of {keywords} {}.".replace("{T", "{ T"))


def test_a_template_goes_around_the_prompt() -> None:
    tokens = WordTokens(chat=True)
    prompt = tokens.encode("Who is Basil Mahfouz?")
    means = Means((MINE,))
    chosen = positions(prompt, "Basil", "Mahfouz")
    edited = emphasise(tokens, prompt, Emphasis("mine", chosen), means)
    assert edited.prompt.content_text == (
        "About Basil Mahfouz: Who is Basil Mahfouz? { Think} of Basil Mahfouz {}."
    )
    assert [edited.prompt.tokens[i].text for i in edited.moved] == [" Basil", " Mahfouz"]
    assert edited.prompt.text.startswith("<user>About")
    assert load("mine", means).level == "prompt"
    twin = id_preserving_twin(tokens, prompt, Emphasis("mine", chosen), means)
    assert twin is not None
    assert twin.prompt.content_text == edited.prompt.content_text


def test_what_a_keyword_says_is_not_taken_for_a_field() -> None:
    tokens = WordTokens()
    prompt = tokens.encode("What is {prompt} for?")
    means = Means((Template("mine", "{keywords}? {prompt}"),))
    edited = emphasise(tokens, prompt, Emphasis("mine", positions(prompt, "prompt")), means)
    assert edited.prompt.text == "prompt? What is {prompt} for?"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no field", r"{prompt} in it, once"),
        ("", r"{prompt} in it, once"),
        ("{prompt} and {prompt}", r"{prompt} in it, once"),
        ("{prompt}", "more than {prompt}"),
        (" {prompt}\n", "more than {prompt}"),
        ("{prompt} {keyword}", "without other fields"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused(text: str, why: str) -> None:
    template = Template("mine", text)
    for look in (check, lambda template: load("mine", Means((template,)))):
        with pytest.raises(BadOption, match=re.escape(why)) as caught:
            look(template)
        assert "{prompt}" in caught.value.hint


@pytest.mark.parametrize(
    "name",
    ["", "Mine", "my-own", "1st", "a b", "x" * 41, "bold", "anchor", "paraphrase", "\x1b[2J"],
)
def test_a_template_s_name_is_a_word_of_its_own(name: str) -> None:
    with pytest.raises(BadOption, match="name of a template"):
        check(Template(name, "{prompt}!"))


def test_templates_are_among_the_names_that_are_known() -> None:
    check(MINE)
    with pytest.raises(UnknownName) as caught:
        load("mien", Means((MINE,)))
    assert "mine" in caught.value.hint


def test_marks_attached_to_a_word_change_its_ids() -> None:
    tokens = WordTokens()
    prompt = tokens.encode(TEXT)
    chosen = positions(prompt, "father")
    assert emphasise(tokens, prompt, Emphasis("bold", chosen)).ids_changed
    assert not emphasise(tokens, prompt, Emphasis("keywords", chosen)).ids_changed


def test_punctuation_cannot_be_emphasised() -> None:
    tokens = WordTokens()
    prompt = tokens.encode("Who is Basil?")
    with pytest.raises(NothingToEmphasise):
        emphasise(tokens, prompt, Emphasis("bold", (len(prompt.tokens) - 1,)))


def test_unknown_strategy_suggests_a_name() -> None:
    with pytest.raises(UnknownName) as error:
        load("blod")
    assert "bold" in error.value.hint
