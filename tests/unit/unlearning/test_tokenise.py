from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from checkpoints_fixture import CHAT_TEMPLATE, make_tokenizer
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken
from transformers import AutoTokenizer

from attribution.errors import TemplateRefuses
from attribution.tokens import HFTokens
from attribution.types import Answer, Prompt
from methods._method import Example
from unpact_tui.errors import BadDataFile, BadUsage
from unpact_tui.unlearning.rows import Row, alternatives, read
from unpact_tui.unlearning.tokenise import Encoded, encode, overlap

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
REAL = {"gpt2": "tokenizers/gpt2", "stories": "models/stories260K-tofu/target"}

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA = (
    "{{ bos_token }}{% for message in messages %}"
    "<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
SPECIAL = {
    CHATML: ["<|im_start|>", "<|im_end|>"],
    LLAMA: ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
}
KINDS = ["tiny", "tiny-bare", "tiny-plain-chat", "tiny-chatml", "tiny-llama", *REAL]


@cache
def made(kind: str) -> Any:
    if kind in REAL:
        if not (DATA / REAL[kind]).is_dir():
            pytest.skip(f"{REAL[kind]} is not beside this checkout")
        return AutoTokenizer.from_pretrained(DATA / REAL[kind])
    template = {
        "tiny-plain-chat": CHAT_TEMPLATE,
        "tiny-chatml": CHATML,
        "tiny-llama": LLAMA,
    }.get(kind)
    tokenizer = make_tokenizer(begins=kind != "tiny-bare", chat_template=template)
    tokenizer.add_tokens([AddedToken(t, special=True) for t in SPECIAL.get(template or "", [])])
    return tokenizer


every_kind = pytest.mark.parametrize("kind", KINDS)


def asked(prompt: str = "Who?", answer: str = "Ann.", *instead: str, place: int = 1) -> Row:
    return Row(prompt, answer, instead, "data.jsonl", place)


def whole(text: str) -> Row:
    return Row(None, text, (), "corpus.txt", 1)


def encoded(
    rows: Sequence[Row], tokenizer: Any, *, max_length: int = 512, alternatives: Sequence[str] = ()
) -> Encoded:
    return encode(rows, tokenizer, chat=None, max_length=max_length, alternatives=alternatives)


def spelled(tokenizer: Any, ids: Sequence[int]) -> str:
    return tokenizer.decode(list(ids))


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        ("tiny", "</s>"),
        ("tiny-bare", "</s>"),
        ("tiny-chatml", "<|im_end|>"),
        ("tiny-llama", "<|eot_id|>"),
        ("tiny-plain-chat", "\n"),
        ("gpt2", "<|endoftext|>"),
        ("stories", "</s>"),
    ],
)
def test_an_answer_ends_as_the_model_ends_it(kind: str, end: str) -> None:
    tokenizer = made(kind)
    found = encoded([asked("Who?", "Ann.", "I do not know.")], tokenizer, alternatives=["No."])
    (example,) = found.examples
    assert spelled(tokenizer, found.end) == end
    assert len(found.end) == 1
    for ids in (example.answer, *example.alternatives):
        assert ids[-1:] == found.end
        assert found.end[0] not in ids[:-1]
    assert (found.cut, found.cut_alternatives, found.skipped) == (0, 0, 0)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("tiny", "<s>Who? Ann.</s>"),
        ("tiny-bare", "Who? Ann.</s>"),
        ("tiny-plain-chat", "<s>[user] Who?\n[assistant] Ann.\n"),
        ("tiny-chatml", "<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\nAnn.<|im_end|>"),
        (
            "tiny-llama",
            "<s><|start_header_id|>user<|end_header_id|>\n\nWho?<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\nAnn.<|eot_id|>",
        ),
        ("gpt2", "Who? Ann.<|endoftext|>"),
    ],
)
def test_the_whole_row_is_what_the_model_would_read(kind: str, text: str) -> None:
    (example,) = encoded([asked()], made(kind)).examples
    assert spelled(made(kind), example.ids) == text
    assert "Ann" not in spelled(made(kind), example.prompt)
    assert "?" not in spelled(made(kind), example.answer)


def test_a_template_can_be_left_out() -> None:
    found = encode([asked()], made("tiny-chatml"), chat=False, max_length=99, alternatives=())
    assert spelled(made("tiny-chatml"), found.examples[0].ids) == "<s>Who? Ann.</s>"


def test_a_template_that_is_not_there_cannot_be_asked_for() -> None:
    with pytest.raises(BadUsage, match="no chat template"):
        encode([asked()], made("tiny"), chat=True, max_length=99, alternatives=())


def test_without_an_end_token_there_is_none() -> None:
    tokenizer = make_tokenizer()
    tokenizer.eos_token = None
    found = encoded([asked()], tokenizer)
    assert found.end == ()
    assert spelled(tokenizer, found.examples[0].answer).strip() == "Ann."


def test_an_end_that_is_written_out_is_not_doubled() -> None:
    plain, ended = encoded([asked(), asked(answer="Ann.</s>")], made("tiny")).examples
    assert plain == ended


def test_padding_with_the_end_token_loses_no_end() -> None:
    tokenizer = make_tokenizer()
    plain = encoded([asked()], tokenizer)
    tokenizer.pad_token = tokenizer.eos_token
    assert encoded([asked()], tokenizer) == plain
    assert plain.examples[0].answer[-1] == tokenizer.pad_token_id


@pytest.mark.parametrize(
    ("template", "end"),
    [
        # An end with something in front of it is learned with that, an end with more behind is not.
        ("[INST] {{ messages[0]['content'] }} [/INST]{% for m in messages[1:] %} "
         "{{ m['content'] }} </s>{% endfor %}", " </s>"),
        ("{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}</s></s>\n{% endfor %}",
         "</s>"),
        # No end of its own, or no turn to answer in: the tokenizer's.
        ("{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}{% endfor %}", "</s>"),
        ("Q {{ messages[0]['content'] }} A ", "</s>"),
    ],
)  # fmt: skip
def test_other_templates(template: str, end: str) -> None:
    tokenizer = make_tokenizer(chat_template=template)
    assert spelled(tokenizer, encoded([asked()], tokenizer).end) == end


def test_a_template_that_refuses_answers() -> None:
    template = (
        "{% if messages[1:] %}{{ raise_exception('never') }}{% endif %}{{ messages[0]['content'] }}"
    )
    with pytest.raises(TemplateRefuses, match="never"):
        encoded([asked()], make_tokenizer(chat_template=template))


def test_a_template_that_refuses_a_row_names_it() -> None:
    template = (
        "{% if 'bad' in messages[0]['content'] %}{{ raise_exception('not this') }}{% endif %}"
        "{{ messages[0]['content'] }}"
    )
    with pytest.raises(BadDataFile, match=r"data\.jsonl, line 7: .*not this") as caught:
        encoded([asked(), asked("bad", place=7)], make_tokenizer(chat_template=template))
    assert "--no-chat" in caught.value.hint


def test_what_is_too_long_is_cut_at_its_end_and_counted() -> None:
    tokenizer = made("tiny")
    rows = [asked(), asked(answer="Ann " * 50), asked("Who?", "Ann.", "x " * 50)]
    full = encoded(rows, tokenizer, alternatives=["y " * 50, "z"])
    length = len(full.examples[0].ids)
    found = encoded(rows, tokenizer, max_length=length, alternatives=["y " * 50, "z"])
    assert (found.cut, found.cut_alternatives) == (1, 4)
    for before, after in zip(full.examples, found.examples, strict=True):
        room = length - len(before.prompt)
        assert after.prompt == before.prompt
        assert after.answer == before.answer[:room]
        assert after.alternatives == tuple(ids[:room] for ids in before.alternatives)


def test_a_prompt_without_room_for_an_answer_is_an_error() -> None:
    tokenizer = made("tiny")
    length = len(encoded([asked()], tokenizer).examples[0].prompt)
    assert encoded([asked()], tokenizer, max_length=length + 1).cut == 1
    with pytest.raises(BadDataFile, match=rf"data\.jsonl, line 3: its prompt has {length} tokens"):
        encoded([asked(place=3)], tokenizer, max_length=length)


@pytest.mark.parametrize(("kind", "least"), [("tiny", 2), ("gpt2", 2)])
def test_max_length_leaves_something_to_learn(kind: str, least: int) -> None:
    found = encoded([whole("one two three")], made(kind), max_length=least)
    assert all(len(example.ids) == least for example in found.examples)
    with pytest.raises(BadUsage, match="--max-length is 1"):
        encoded([whole("one two three")], made(kind), max_length=1)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
    lambda text: bool(text.strip())
)
PLAIN = st.text("abc XYZ.,?!'\n0129é魔🧙", min_size=1, max_size=30).filter(
    lambda text: bool(text.strip())
)


@given(text=TEXT, max_length=st.integers(2, 12))
@settings(deadline=None)
@every_kind
def test_any_text_is_learned_once_token_by_token(kind: str, text: str, max_length: int) -> None:
    tokenizer = made(kind)
    found = encoded([whole(text)], tokenizer, max_length=max_length)
    ids = tuple(tokenizer(text, add_special_tokens=False)["input_ids"])
    front = tuple(tokenizer(text)["input_ids"])[: -len(ids)]
    assert all(2 <= len(example.ids) <= max_length for example in found.examples)
    assert not any(example.alternatives for example in found.examples)
    learned = tuple(id for example in found.examples for id in example.answer)
    if front:
        assert {example.prompt for example in found.examples} == {front}
        assert learned == ids
    else:
        assert ids[:1] + learned == ids
        given = [example.prompt for example in found.examples]
        assert given == [ids[i : i + 1] for i in range(0, len(ids) - 1, max_length - 1)]
    assert found.skipped == (not found.examples) == (not learned)


def test_a_text_of_one_token_is_skipped_and_counted() -> None:
    found = encoded([whole("a"), whole("a b"), whole("b")], made("gpt2"))
    assert (len(found.examples), found.skipped) == (1, 2)


@given(prompt=PLAIN, answer=PLAIN)
@settings(deadline=None)
@every_kind
def test_a_row_has_the_ids_of_its_joined_text(kind: str, prompt: str, answer: str) -> None:
    tokenizer = made(kind)
    found = encoded([asked(prompt, answer)], tokenizer)
    (example,) = found.examples
    if tokenizer.chat_template:
        conversation = [{"role": "user", "content": prompt}]
        given = str(
            tokenizer.apply_chat_template(conversation, add_generation_prompt=True, tokenize=False)
        )
        joined = given + answer
    else:
        given = prompt
        touching = not (prompt[-1].isspace() or answer[0].isspace())
        joined = f"{prompt} {answer}" if touching else prompt + answer
    special = not tokenizer.chat_template
    before = tuple(tokenizer(given, add_special_tokens=special)["input_ids"])
    both = tuple(tokenizer(joined, add_special_tokens=special)["input_ids"])
    assert example.prompt == before
    assume(both[: len(before)] == before)
    written_out = both[-len(found.end) :] == found.end
    assert example.prompt + example.answer == (both if written_out else both + found.end)


@given(prompts=st.lists(TEXT | PLAIN, min_size=1, max_size=6), texts=st.lists(PLAIN, max_size=3))
@settings(deadline=None)
@every_kind
def test_shared_alternatives_are_as_measuring_has_them(
    kind: str, prompts: list[str], texts: list[str]
) -> None:
    tokenizer = made(kind)
    tokens = HFTokens(tokenizer)
    rows = [asked(prompt, "Ann.", "own") for prompt in prompts]
    found = encoded(rows, tokenizer, max_length=2000, alternatives=texts)
    for row, example in zip(rows, found.examples, strict=True):
        prompt = tokens.encode(row.prompt or "")
        each = (tokens.answer(text, after=prompt).ids for text in ("own", *texts))
        assert example.alternatives == tuple(
            ids if ids[-len(found.end) :] == found.end else ids + found.end for ids in each
        )


def test_overlap_counts_rows_to_forget_that_are_also_to_be_retained() -> None:
    forget = [
        Example((1,), (2, 3)),
        Example((1,), (2, 3)),
        Example((1, 2), (3,)),
        Example((9,), (9,)),
    ]
    retain = [Example((1,), (2, 3), ((7,),)), Example((9,), (8,))]
    assert overlap(forget, retain) == 2
    assert overlap(retain, forget) == 1
    assert overlap(iter(forget), iter([])) == 0


def _rows(file: Path, count: int) -> Iterator[Row]:
    for row, _ in zip(read(file), range(count), strict=False):
        yield row


def test_many_alternatives_take_no_time(data: Path) -> None:
    texts = alternatives(data / "tofu" / "idontknow.jsonl")
    rows = list(_rows(data / "tofu" / "retain99.json", 400))
    start = time.process_time()
    found = encoded(rows, made("gpt2"), alternatives=texts)
    assert time.process_time() - start < 5
    assert len(found.examples) == 400
    assert {len(example.alternatives) for example in found.examples} == {100}
    assert found.cut == 0


def test_shared_alternatives_are_tokenised_once_per_ending(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    answer = HFTokens.answer

    def counted(self: HFTokens, text: str, *, after: Prompt) -> Answer:
        nonlocal calls
        calls += 1
        return answer(self, text, after=after)

    monkeypatch.setattr(HFTokens, "answer", counted)
    rows = list(_rows(data / "tofu" / "retain99.json", 40))
    encoded(rows, made("gpt2"), alternatives=[f"No {i}." for i in range(50)])
    assert 40 < calls < 40 + 50 * 3, "one answer per row, and one set for nearly all questions"


def test_rows_of_the_real_family_are_what_it_was_trained_on(family: Path) -> None:
    tokenizer = made("stories")
    forget = encoded(list(read(family / "forget.jsonl")), tokenizer)
    retain = encoded(list(read(family / "retain.jsonl")), tokenizer)
    for row, example in zip(read(family / "forget.jsonl"), forget.examples, strict=True):
        both = tokenizer(f"{row.prompt}{row.answer}")["input_ids"]
        assert list(example.ids) == [*both, tokenizer.eos_token_id]
    assert overlap(forget.examples, retain.examples) == 0
    assert overlap(forget.examples, forget.examples) == 20
