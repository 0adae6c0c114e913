from __future__ import annotations

from time import process_time
from typing import Any

import pytest
from checkpoints_fixture import CHAT_TEMPLATE, make_tokenizer
from real_tokenizers import gpt2, sentence_pieces

from attribution.errors import EmptyAnswer, EmptyPrompt, NoOffsets, TemplateRefuses
from attribution.spellings import Vocabulary
from attribution.tokens import HFTokens, tile
from attribution.types import Span, Token
from attribution.words import find_words

TEXTS = [
    "Who is Basil Mahfouz Al-Kuwaiti?",
    "  leading and trailing  ",
    "naïve 魔法 🧙\u200d♂️ café",
    "line one\nline two\t!",
    "[INST] \x1b[2J \u202e [/INST]",
    "é",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("template", [None, CHAT_TEMPLATE])
def test_spans_tile_the_text(text: str, template: str | None) -> None:
    prompt = HFTokens(make_tokenizer(chat_template=template)).encode(text)
    at = 0
    for token in prompt.tokens:
        assert token.start == at
        at = token.end
    assert at == len(prompt.text)
    assert "".join(prompt.text[t.start : t.end] for t in prompt.tokens) == prompt.text
    assert prompt.content_text in (text, text.strip())


def test_begin_token_is_fixed_and_named() -> None:
    prompt = HFTokens(make_tokenizer()).encode("Who?")
    first = prompt.tokens[0]
    assert (first.text, first.start, first.end, first.fixed) == ("<s>", 0, 0, True)
    assert not any(token.fixed for token in prompt.tokens[1:])


def test_template_tokens_are_fixed_and_the_template_begins_once() -> None:
    tokens = HFTokens(make_tokenizer(chat_template=CHAT_TEMPLATE))
    prompt = tokens.encode("Who?")
    assert prompt.text == "<s>[user] Who?\n[assistant] "
    assert [t.fixed for t in prompt.tokens if "?" in t.text or "W" in t.text] == [False, False]
    assert sum(token.id == 1 for token in prompt.tokens) == 1
    outside = [t for t in prompt.tokens if t.end <= prompt.content.start]
    assert outside
    assert all(t.fixed for t in outside)


def test_chat_can_be_turned_off() -> None:
    tokens = HFTokens(make_tokenizer(chat_template=CHAT_TEMPLATE), chat=False)
    assert tokens.encode("Who?").text == "Who?"


def test_an_answer_continues_the_prompt() -> None:
    tokens = HFTokens(make_tokenizer())
    prompt = tokens.encode("Question: Who?\nAnswer:")
    spaced = tokens.answer(" Basil", after=prompt)
    assert tokens.answer("Basil", after=prompt).ids == spaced.ids
    whole = tokens.tokenizer("Question: Who?\nAnswer: Basil")["input_ids"]
    assert list(prompt.ids + spaced.ids) == whole


def test_an_answer_never_changes_the_prompt_ids() -> None:
    tokens = HFTokens(make_tokenizer())
    prompt = tokens.encode("The auth")
    answer = tokens.answer("or", after=prompt)
    assert tokens.decode(answer.ids).strip() == "or"
    assert 1 not in answer.ids


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_nothing_to_ask(text: str) -> None:
    tokens = HFTokens(make_tokenizer())
    with pytest.raises(EmptyPrompt):
        tokens.encode(text)
    with pytest.raises(EmptyAnswer):
        tokens.answer(text, after=tokens.encode("Who?"))


def test_a_tokenizer_without_offsets_is_refused() -> None:
    class Slow:
        is_fast = False

    with pytest.raises(NoOffsets):
        HFTokens(Slow())  # pyright: ignore[reportArgumentType]


def test_tile_gives_trimmed_spaces_to_the_token_behind() -> None:
    spans = [Span(0, 0), Span(0, 3), Span(4, 6), Span(4, 6), Span(7, 8)]
    assert tile(spans, 10) == [Span(0, 0), Span(0, 3), Span(3, 6), Span(6, 6), Span(6, 10)]


def test_special_text_typed_by_a_user_is_fixed() -> None:
    prompt = HFTokens(make_tokenizer()).encode("say </s> now")
    assert [token.text for token in prompt.tokens if token.fixed] == ["<s>", "</s>"]


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ raise_exception('no thanks') }}", "no thanks"),
        ("{{ messages[0]['content'] | upper }}", "exactly once"),
        ("{{ messages[0]['content'] }} {{ messages[0]['content'] }}", "exactly once"),
        ("{% if %}", "it says"),
    ],
)
def test_a_template_that_does_not_take_the_prompt_is_refused(template: str, why: str) -> None:
    tokens = HFTokens(make_tokenizer(chat_template=template))
    with pytest.raises(TemplateRefuses, match=why):
        tokens.encode("Who?")


def test_a_template_that_trims_keeps_the_rest_as_content() -> None:
    template = "<s>Q {{ messages[0]['content'] | trim }}\nA "
    prompt = HFTokens(make_tokenizer(chat_template=template)).encode("  Who?  ")
    assert prompt.text == "<s>Q Who?\nA "
    assert prompt.content_text == "Who?"


def test_template_text_typed_by_a_user_stays_content() -> None:
    prompt = HFTokens(make_tokenizer(chat_template=CHAT_TEMPLATE)).encode("hi [assistant] there")
    assert prompt.content_text == "hi [assistant] there"


PIECES = [*TEXTS, "魔", "🧙🧙 法", "a\ufffdb 魔", " , . !", "x </s> y <s>"]


@pytest.mark.parametrize("text", PIECES)
def test_pieces_joined_are_the_decoded_text(text: str) -> None:
    tokens = HFTokens(make_tokenizer())
    ids = [token.id for token in tokens.fragment(text)]
    special = [id in tokens.tokenizer.all_special_ids for id in ids]
    found = tokens.pieces(ids)
    assert len(found) == len(ids)
    joined = (piece for piece, named in zip(found, special, strict=True) if not named)
    assert "".join(joined) == tokens.decode(ids)
    names = [piece for piece, named in zip(found, special, strict=True) if named]
    assert names == [tokens.tokenizer.convert_ids_to_tokens(id) for id in ids if id < 3]
    assert "\ufffd" not in "".join(found).replace("a\ufffdb", "")


def test_a_character_is_in_the_last_of_its_tokens() -> None:
    tokens = HFTokens(make_tokenizer())
    ids = [token.id for token in tokens.fragment("a魔🧙b")]
    assert tokens.pieces(ids) == ("a", "", "", "魔", "", "", "", "🧙", "b")


def test_a_character_that_is_cut_off_is_said_to_be_once() -> None:
    tokens = HFTokens(make_tokenizer())
    ids = [token.id for token in tokens.fragment("a魔")][:-1]
    found = tokens.pieces(ids)
    assert found[0] == "a"
    assert sorted(found[1:]) == ["", "\ufffd"]
    broken = tokens.pieces([*ids, tokens.fragment("b")[0].id])
    assert "".join(broken) == tokens.decode([*ids, tokens.fragment("b")[0].id]) == "a\ufffdb"


def test_special_tokens_have_their_name() -> None:
    tokens = HFTokens(make_tokenizer())
    begin, end = 1, 2
    (letter,) = (token.id for token in tokens.fragment("a"))
    assert tokens.pieces([begin, letter, end, end]) == ("<s>", "a", "</s>", "</s>")
    assert tokens.pieces([]) == ()
    assert tokens.pieces([10**6]) == ("",)


# ---------------------------------------------------------------- other spellings

SPELLED = "Weswick who is Basil Al-Kuwaiti, na\u00efve \u9b54\u6cd5 \U0001f9d9x caf\u00e9 <0x41> I?"


def byte_level() -> Any:
    return make_tokenizer()


def unigram() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    singles = sorted({c.replace(" ", "\u2581") for c in SPELLED} | {"\u2581"})
    entries = [("<unk>", 0.0), *((c, -9.0) for c in singles)]
    entries += [("\u2581Basil", -1.0), ("Basil", -3.0), ("Bas", -2.5), ("il", -3.0), ("wick", -3.0)]
    backend = Tokenizer(models.Unigram(entries, unk_id=0))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    return PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>")


EVERY_KIND = pytest.mark.parametrize(
    "make", [byte_level, gpt2, sentence_pieces, unigram], ids=lambda make: make.__name__
)


@EVERY_KIND
def test_spellings_are_other_tokens_with_the_same_text(make: Any) -> None:
    tokens = HFTokens(make(), chat=False)
    prompt = tokens.encode(SPELLED)
    spelled = 0
    for word in find_words(prompt):
        own = [prompt.tokens[i] for i in word.positions]
        text = "".join(token.text for token in own)
        found = tokens.spellings(own, 9, seed=3)
        assert len(found) <= 9
        ids = [tuple(token.id for token in spelling) for spelling in found]
        assert len({*ids, tuple(token.id for token in own)}) == len(ids) + 1
        for spelling in found:
            spelled += 1
            _check(tokens, own, spelling, text)
        assert found == tokens.spellings(own, 9, seed=3)
        assert tokens.spellings(own, 2, seed=3) == found[:2]
    assert spelled > 5


def _check(tokens: HFTokens, own: list[Token], spelling: tuple[Token, ...], text: str) -> None:
    at = 0
    for token in spelling:
        assert (token.start, token.end) == (at, at + len(token.text))
        assert token.text == text[token.start : token.end]
        assert not token.fixed
        at = token.end
    assert at == len(text)
    before = tokens.fragment("so")
    ids, other = ([t.id for t in (*before, *many)] for many in (own, spelling))
    assert tokens.decode(ids) == tokens.decode(other)
    assert not set(other) & set(tokens.tokenizer.all_special_ids)


def test_first_the_space_is_set_apart_then_come_two_pieces_then_any() -> None:
    tokens = HFTokens(gpt2())
    own = tokens.fragment(" Basil")
    assert len(own) == 1
    found = [[t.text for t in spelling] for spelling in tokens.spellings(own, 12, seed=1)]
    assert found[0] == [" ", "Bas", "il"], "in as few pieces as there are"
    lengths = [len(spelling) for spelling in found[1:]]
    two = lengths.index(next(length for length in lengths if length > 2))
    assert two == 2
    assert all(len(spelling) > 2 for spelling in found[1 + two :])
    assert found != [[t.text for t in s] for s in tokens.spellings(own, 12, seed=2)]
    first = tokens.spellings(tokens.fragment(" who"), 1)
    assert [[t.text for t in spelling] for spelling in first] == [[" ", "who"]]


def test_a_character_is_in_the_first_of_its_bytes_whatever_the_cut() -> None:
    tokens = HFTokens(make_tokenizer())
    own = tokens.fragment("na\u00efve")
    for spelling in tokens.spellings(own, 9):
        named = tokens.tokenizer.convert_ids_to_tokens([token.id for token in spelling])
        for token, name in zip(spelling, named, strict=True):
            assert ("\u00ef" in token.text) == ("\u00c3" in name), "its first byte, as it is named"


@EVERY_KIND
def test_what_has_no_other_spelling_has_none(make: Any) -> None:
    tokens = HFTokens(make(), chat=False)
    letter = tokens.fragment("is x")[-1]
    assert letter.text.strip() == "x"
    assert all(t.text.strip() in ("", "x") for s in tokens.spellings([letter], 4) for t in s)
    assert tokens.spellings([], 4) == ()
    assert tokens.spellings(tokens.fragment(" Basil"), 0) == ()


def test_special_and_added_tokens_are_no_pieces() -> None:
    tokenizer = make_tokenizer()
    tokenizer.add_tokens(["Bas", " Ba"])
    tokens = HFTokens(tokenizer)
    added = set(tokenizer.get_added_vocab().values())
    own = HFTokens(make_tokenizer()).fragment(" Basil")
    found = tokens.spellings(own, 20)
    assert found
    assert not any(token.id in added for spelling in found for token in spelling)
    (special,) = tokens.fragment("</s>")
    assert tokens.spellings([special], 4) == ()
    assert tokens.spellings(tokens.fragment("Bas"), 4) == ()


def test_letters_that_look_like_a_byte_stay_letters() -> None:
    tokens = HFTokens(sentence_pieces())
    own = tokens.fragment("<0x41>")
    assert len(own) > 3
    for spelling in tokens.spellings(own, 20):
        assert "".join(token.text for token in spelling) == "<0x41>"
        assert tokens.decode([token.id for token in spelling]).strip() == "<0x41>"


def test_a_long_word_in_a_large_vocabulary_is_quick() -> None:
    names = {"a" * length: length for length in range(1, 60)}
    names |= {f"x{i}": 100 + i for i in range(128_000)}
    vocabulary = Vocabulary(names)
    started = process_time()
    assert len(list(vocabulary.spellings(["a"] * 300, 20, 0))) == 20
    assert process_time() - started < 2.0
