from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from checkpoints_fixture import CHAT_TEMPLATE, make_tokenizer
from fakes import WordTokens
from real_tokenizers import gpt2, sentence_pieces

from attribution.attempts import Emphasis
from attribution.emphasis import load, names
from attribution.emphasise import emphasise
from attribution.tokens import HFTokens
from attribution.twins import id_preserving_twin, ids_only_twin
from attribution.types import Prompt
from attribution.words import find_words

TEXT = "Question: Who is Basil Mahfouz, the father of Basil?\nAnswer:"
EDITS = [name for name in names() if load(name).level == "prompt"]


def positions(prompt: Prompt, *wanted: str) -> tuple[int, ...]:
    return tuple(
        i
        for word in find_words(prompt)
        if prompt.text[word.span.start : word.span.end] in wanted
        for i in word.positions
    )


def pieces(prompt: Prompt, places: tuple[int, ...]) -> list[str]:
    return [prompt.tokens[i].text for i in places]


@pytest.mark.parametrize("strategy", ["bold", "bold_each", "quote", "repeat", "keywords", "focus"])
@pytest.mark.parametrize("chat", [False, True])
def test_the_twin_keeps_every_original_id_in_order(strategy: str, chat: bool) -> None:
    tokens = WordTokens(chat=chat)
    prompt = tokens.encode(TEXT)
    chosen = positions(prompt, "Basil", "Mahfouz")
    twin = id_preserving_twin(tokens, prompt, Emphasis(strategy, chosen))
    assert twin is not None
    rest = iter(twin.prompt.ids)
    assert all(i in rest for i in prompt.ids)
    assert [twin.prompt.ids[i] for i in twin.moved] == [prompt.ids[i] for i in chosen]
    assert len(twin.prompt.tokens) > len(prompt.tokens)
    joined = "".join(twin.prompt.text[t.start : t.end] for t in twin.prompt.tokens)
    assert joined == twin.prompt.text
    content = twin.prompt.content_text
    assert prompt.text.replace(prompt.content_text, content) == twin.prompt.text


def test_the_twin_puts_marks_around_whole_tokens() -> None:
    tokens = WordTokens()
    prompt = tokens.encode("Who is Basil?")
    twin = id_preserving_twin(tokens, prompt, Emphasis("bold", positions(prompt, "Basil")))
    assert twin is not None
    assert twin.prompt.text == "Who is** Basil**?"


def test_replacing_strategies_have_no_twin() -> None:
    tokens = WordTokens()
    prompt = tokens.encode(TEXT)
    assert id_preserving_twin(tokens, prompt, Emphasis("upper", positions(prompt, "Who"))) is None


# ---------------------------------------------------------------- other ids without the marks


def test_the_words_are_spelled_as_the_marks_spelled_them() -> None:
    tokens = WordTokens()
    prompt = tokens.encode("Who is Basil Mahfouz of Kuwait?")
    chosen = positions(prompt, "Basil", "Mahfouz", "Kuwait")
    twin = ids_only_twin(
        tokens, prompt, chosen, emphasise(tokens, prompt, Emphasis("bold", chosen))
    )
    assert twin is not None
    assert twin.prompt.text == prompt.text
    assert twin.ids_changed
    # Within the run, " Mahfouz" keeps its token, as it does in bold.
    assert pieces(twin.prompt, twin.moved) == [" ", "Basil", " Mahfouz", " ", "Kuwait"]
    each = emphasise(tokens, prompt, Emphasis("bold_each", chosen))
    alone = ids_only_twin(tokens, prompt, chosen, each)
    assert alone is not None
    assert pieces(alone.prompt, alone.moved) == [" ", "Basil", " ", "Mahfouz", " ", "Kuwait"]


def test_a_word_that_began_the_prompt_is_cut_where_the_marks_gave_it_a_space() -> None:
    tokens = WordTokens()
    prompt = tokens.encode("Basil who?")
    chosen = positions(prompt, "Basil")
    made = emphasise(tokens, prompt, Emphasis("focus", chosen))
    assert pieces(made.prompt, made.moved) == [" Basil"]
    twin = ids_only_twin(tokens, prompt, chosen, made)
    assert twin is not None
    assert twin.prompt.text == prompt.text
    assert "".join(pieces(twin.prompt, twin.moved)) == "Basil"
    assert len(twin.moved) == 2


@pytest.mark.parametrize("strategy", ["keywords", "upper", "restate"])
def test_without_other_ids_or_with_other_words_there_is_none(strategy: str) -> None:
    tokens = WordTokens()
    prompt = tokens.encode(TEXT)
    chosen = positions(prompt, "Basil", "father")
    made = emphasise(tokens, prompt, Emphasis(strategy, chosen))
    assert ids_only_twin(tokens, prompt, chosen, made) is None


def byte_level() -> Any:
    return make_tokenizer()


def with_a_template() -> Any:
    return make_tokenizer(chat_template=CHAT_TEMPLATE)


@pytest.mark.parametrize("tokenizer", [byte_level, with_a_template, gpt2, sentence_pieces])
def test_both_halves_of_every_mark_on_real_tokenizers(tokenizer: Callable[[], Any]) -> None:
    tokens = HFTokens(tokenizer())
    prompt = tokens.encode(
        "Weswick, who is Basil Al-Kuwaiti from \u6771\u4eac (a na\u00efve caf\u00e9)?"
    )
    chosen = positions(prompt, "Weswick", "Basil", "Al-Kuwaiti", "\u6771", "\u4eac", "na\u00efve")
    assert chosen
    told = 0
    for name in EDITS:
        made = emphasise(tokens, prompt, Emphasis(name, chosen))
        twin = ids_only_twin(tokens, prompt, chosen, made)
        if twin is None:
            continue
        told += 1
        assert made.ids_changed
        assert twin.prompt.text == prompt.text
        assert "".join(t.text for t in twin.prompt.tokens if t.start < t.end) == prompt.text
        assert tokens.decode(twin.prompt.ids) == tokens.decode(prompt.ids)
        assert twin.prompt.ids != prompt.ids
        rest = [prompt.ids[i] for i in range(len(prompt.ids)) if i not in chosen]
        now = [twin.prompt.ids[i] for i in range(len(twin.prompt.ids)) if i not in twin.moved]
        assert now == rest
        if (
            name != "focus"
        ):  # which changes the first word alone, by a space that is not in the text
            marked = {made.prompt.ids[i] for i in made.moved}
            assert marked & {twin.prompt.ids[i] for i in twin.moved} - set(prompt.ids)
    assert told >= 4
