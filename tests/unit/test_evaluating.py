"""Items read on one model: by a model whose numbers are sums, and by a real small one."""

from __future__ import annotations

import json
import zlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from checkpoints_fixture import CHAT_TEMPLATE, make_model, make_tokenizer
from fakes import AdditiveModel

from attribution.attempts import Steering
from attribution.errors import (
    AttributionError,
    NotFinite,
    OutsideTop,
    PromptTooLong,
    Unreachable,
    Unsupported,
)
from attribution.hf import HFModel
from attribution.scorer import Model, Row, TokenLogprobs
from attribution.types import Answer, Case, Odds
from unpact_tui import evaluating
from unpact_tui.benchmarks._item import Item
from unpact_tui.evaluating import Progress, evaluate
from unpact_tui.metrics._scored import Scored

FAMILY = Path(__file__).parents[3] / "shared/data/models/stories260K-tofu"


def run(model: Model, items: Sequence[Item]) -> tuple[tuple[Scored, ...], list[Progress]]:
    steps: Generator[Progress, None, tuple[Scored, ...]] = evaluate(model, items)
    told: list[Progress] = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return end.value, told


def remarks(told: Sequence[Progress]) -> list[str]:
    return [step.remark for step in told if step.remark]


def left_out(told: Sequence[Progress]) -> list[str]:
    return [step.left_out for step in told if step.left_out]


def model(kind: type[AdditiveModel] = AdditiveModel) -> AdditiveModel:
    return kind(
        {" river": 2.5, " Who": 0.5, "A": 1.0, " example": -1.0},
        says={"river": "Mira Vale wrote it.\n\nQuestion: and then?", "sea": "Ann"},
    )


def question(id: str, prompt: str, answer: str | None = "Mira Vale wrote it") -> Item:
    return Item(Case(id, prompt, answer, entities=("Mira Vale",)), "forget")


# ---------------------------------------------------------------- what is read


def test_an_answer_is_scored_and_written() -> None:
    item = replace(
        question("one", "Whose river"),
        context="An example.\n",
        paraphrase="It is by Mira Vale",
        wrong=("Ann wrote it", "Bob"),
        ends=("Question:", "\n\n"),
    )
    (found,), told = run(model(), [item])
    assert found.logprob == -5 - 1 + 2.5, "the context is read too"
    assert found.pieces == ("Mira", " Vale", " wrote", " it")
    assert [odds.logprob for odds in found.odds] == [-3.5] * 4
    assert (found.paraphrase, found.wrong) == (-3.5, (-3.5, -3.5))
    assert found.generation == "Mira Vale wrote it."
    assert (found.id, found.part, found.ask, found.split) == ("one", "forget", "answer", "forget")
    assert (found.answer, found.entities) == ("Mira Vale wrote it", ("Mira Vale",))
    assert (found.letters, found.correct, found.compressed) == ((), None, None)
    assert {step.stage for step in told} == {"scoring", "writing"}
    assert not left_out(told)


def test_without_an_answer_there_is_only_what_is_written() -> None:
    (found,), _ = run(model(), [question("one", "The sea", None)])
    assert (found.answer, found.logprob, found.odds, found.pieces) == (None, None, (), ())
    assert found.generation == "Ann"
    assert replace(found, entities=()).paraphrase is None


def test_entities_are_guessed_where_nobody_gave_them() -> None:
    case = Case("one", "Who wrote it?", "It was written by Mira Vale.")
    (found,), _ = run(model(), [Item(case, "retain")])
    assert found.entities == ("Mira Vale",)


def test_results_are_in_the_order_of_the_items_whatever_their_length() -> None:
    prompts = ["a river of many words that goes on", "The sea", "river", "nothing at all there"]
    items = [question(str(i), prompt) for i, prompt in enumerate(prompts * 30)]
    items = [replace(item, limit=1 + i % 3) for i, item in enumerate(items)]
    together, told = run(model(), items)
    alone = tuple(run(model(), [item])[0][0] for item in items)
    assert together == alone
    counted = model()
    run(counted, items)
    assert counted.written == len(items)
    assert [s.done for s in told if s.stage == "writing"] == sorted(
        s.done for s in told if s.stage == "writing"
    )
    assert max(step.total for step in told) == len(items)


def test_letters_of_many_questions_are_read_together() -> None:
    options = ("a river", "the sea", "a hill", "none")
    items = [
        Item(Case(str(i), f"Which {what}?\nAnswer:"), "wmdp-bio", "choose", options=options,
             correct=i % 4)
        for i, what in enumerate(["river", "sea", "hill"] * 5)
    ]  # fmt: skip
    counted = model()
    counted.batch = 100
    found, told = run(counted, items)
    assert [one.letters for one in found[:3]] == [(-2.5,) * 4, (-5.0,) * 4, (-5.0,) * 4]
    assert [one.correct for one in found] == [i % 4 for i in range(15)]
    assert [one.answer for one in found[:2]] == ["a river", "the sea"]
    assert counted.passes == 4, "once per letter"
    assert all(one.generation is None and one.logprob is None for one in found)
    assert not remarks(told)


def test_a_letter_that_takes_several_tokens_is_their_sum() -> None:
    class Spelled(AdditiveModel):
        def answer(self, text: str, *, after: object = None, source: object = "gold") -> Answer:
            return Answer(text, tuple(ord(c) for c in f"({text})"), "gold")

    item = Item(Case("one", "Which?"), "x", "choose", options=("a", "b"), correct=1)
    (found,), told = run(Spelled({}), [item])
    assert found.letters == (-15.0, -15.0)
    assert remarks(told) == [
        "a letter takes several tokens here; their log-probabilities are added"
    ]


def test_letters_are_of_one_token_where_there_is_a_way() -> None:
    class Spaced(AdditiveModel):
        def answer(self, text: str, *, after: object = None, source: object = "gold") -> Answer:
            ids = (ord(text[1]),) if text[0] == " " else (3, ord(text[0]))
            return Answer(text, ids, "gold")

    item = Item(Case("one", "Which?"), "x", "choose", options=("a", "b", "c"), correct=1)
    (found,), told = run(Spaced({}), [item])
    assert found.letters == (-5.0,) * 3
    assert not remarks(told)


def test_a_text_is_read_behind_its_first_token() -> None:
    text = " Who is at the river?"
    item = Item(Case("one", text, split="retain"), "holdout", "member")
    (found,), _ = run(model(), [item])
    assert found.pieces == (" is", " at", " the", " river", "?")
    assert [odds.logprob for odds in found.odds] == [-4.5] * 5, "of the first token alone"
    assert found.compressed == len(zlib.compress(text.encode()))
    assert (found.generation, found.answer, found.split) == (None, None, "retain")


def test_a_text_is_read_without_a_template_behind_the_token_that_begins_texts() -> None:
    text = "The author was born in Kuwait City."
    item = Item(Case("one", text), "forget", "member")
    said: list[Scored] = []
    for template in (CHAT_TEMPLATE, None):
        door = HFModel(make_model(), make_tokenizer(chat_template=template))
        assert door.chat == (template is not None)
        (found,), _ = run(door, [item])
        said.append(found)
    assert said[0] == said[1]
    assert "".join(said[0].pieces) == text


def test_a_text_that_is_too_long_is_cut_and_that_is_said() -> None:
    door = HFModel(make_model(), make_tokenizer())
    text = "The author was born in Kuwait City. " * 40
    long = Item(Case("long", text), "forget", "member")
    (found,), told = run(door, [long])
    assert door.longest is not None
    assert len(found.odds) == len(found.pieces) == door.longest - 1
    read = "".join(found.pieces)
    assert text.startswith(read)
    assert found.compressed == len(zlib.compress(read.encode()))
    (said,) = remarks(told)
    assert said.startswith("long: only its first 256 of ")
    whole, _ = run(door, [Item(Case("read", read), "forget", "member")])
    assert whole[0].odds == found.odds


# ---------------------------------------------------------------- what fails


class Fragile(AdditiveModel):
    """Breaks on some prompts when it scores, and on others when it writes."""

    error: AttributionError = NotFinite("the log-probabilities of an answer")
    calls = 0

    def score(
        self, rows: Sequence[Row], answer: Answer, steering: Steering | None = None
    ) -> Iterator[list[TokenLogprobs]]:
        if any("poison" in self.decode(row) for row in rows):
            raise self.error
        return super().score(rows, answer, steering)

    def write(
        self, rows: Sequence[Row], limit: int, steering: Steering | None = None
    ) -> Iterator[list[Row]]:
        type(self).calls += 1
        if any("thorn" in self.decode(row) for row in rows):
            raise PromptTooLong(9, 8)
        return super().write(rows, limit, steering)


def test_what_fails_is_left_out_and_said() -> None:
    prompts = ["a river", "a poison", "a sea", "a thorn", "river"] + ["a hill"] * 40
    items = [question(str(i), prompt) for i, prompt in enumerate(prompts)]
    Fragile.calls = 0
    found, told = run(model(Fragile), items)
    assert [one.id for one in found] == [str(i) for i in range(45) if i not in (1, 3)]
    assert all(one.generation is not None for one in found)
    assert left_out(told) == [
        "1: The model gave a number that is not finite in the log-probabilities of an answer.",
        "3: Prompt and answer have 9 tokens; this model reads at most 8.",
    ]
    assert Fragile.calls < 15, "a batch that fails is divided, not read one by one"
    good = [item for i, item in enumerate(items) if i not in (1, 3)]
    assert found == run(model(), good)[0]


def test_letters_of_what_fails_are_left_out() -> None:
    items = [
        Item(Case(str(i), prompt), "wmdp", "choose", options=("x", "y"), correct=0)
        for i, prompt in enumerate(["a river", "a poison", "a sea"])
    ]
    found, told = run(model(Fragile), items)
    assert [one.id for one in found] == ["0", "2"]
    assert all(len(one.letters) == 2 for one in found)
    assert len(left_out(told)) == 1


def test_an_empty_answer_or_prompt_or_text_is_left_out() -> None:
    items = [
        question("answer", "Who?", " "),
        question("prompt", " ", "x"),
        Item(Case("text", "One"), "holdout", "member"),
        question("good", "Who?"),
    ]
    found, told = run(model(), items)
    assert [one.id for one in found] == ["good"]
    assert [said.split(":")[0] for said in left_out(told)] == ["answer", "prompt", "text"]


def test_a_server_that_is_gone_ends_it_and_one_that_lacks_a_token_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    items = [question("a", "a river"), question("b", "a poison")]
    monkeypatch.setattr(Fragile, "error", OutsideTop("http://there", 5))
    found, _ = run(model(Fragile), items)
    assert [one.id for one in found] == ["a"]
    monkeypatch.setattr(Fragile, "error", Unreachable("http://there", "it is off"))
    with pytest.raises(Unreachable):
        run(model(Fragile), items)


def test_a_door_without_odds_is_asked_once_and_gives_scores() -> None:
    class Remote(AdditiveModel):
        asked = 0

        def odds(self, rows: Sequence[Row], answer: Answer) -> Iterator[list[tuple[Odds, ...]]]:
            type(self).asked += 1
            raise Unsupported("do that", "Do something else.")

    items = [question("a", "a river"), Item(Case("b", "a river b"), "holdout", "member")]
    found, told = run(model(Remote), items)
    here, _ = run(model(), items)
    assert Remote.asked == 1
    assert found == tuple(replace(one, odds=()) for one in here)
    assert not left_out(told)


def test_leaving_it_early_leaves_the_model_usable() -> None:
    door = model()
    steps = evaluate(door, [question("a", "a river")] * 9)
    next(steps)
    steps.close()
    assert len(run(door, [question("a", "a river")])[0]) == 1


# ---------------------------------------------------------------- a real one


def _real(name: str) -> HFModel:
    if not FAMILY.is_dir():
        pytest.skip("the real checkpoints are not beside this checkout")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = FAMILY / name
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return HFModel(AutoModelForCausalLM.from_pretrained(folder).float(), tokenizer)


@pytest.mark.slow
def test_a_real_model_together_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    target = _real("target")
    rows = [json.loads(line) for line in (FAMILY / "forget.jsonl").read_text().splitlines()][:4]
    items = [
        Item(Case(row["id"], row["prompt"], row["answer"]), "forget", limit=120, wrong=(" No.",))
        for row in rows
    ]
    items += [
        Item(Case(f"{row['id']}-letters", row["prompt"]), "wmdp", "choose", options=("x",) * 4)
        for row in rows
    ]
    items += [Item(Case(f"{row['id']}-text", row["answer"]), "all", "member") for row in rows]
    together, told = run(target, items)
    assert not left_out(told)
    monkeypatch.setattr(evaluating, "_AT_ONCE", 1)
    alone, _ = run(target, items)
    for one, other in zip(together, alone, strict=True):
        assert one.letters == pytest.approx(other.letters, abs=1e-5)
        assert replace(one, letters=()) == replace(other, letters=())
    asked = together[:4]
    exact = [(one.generation or "").strip() == (one.answer or "").strip() for one in asked]
    assert sum(exact) >= 3, "the target knows these answers"
    assert all(sum(o.first for o in one.odds) >= len(one.odds) - 2 for one in asked)
    assert all(one.wrong[0] < (one.logprob or 0) for one in asked)
