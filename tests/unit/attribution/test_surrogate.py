from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from fakes import AdditiveModel

from attribution.effort import Effort
from attribution.errors import BadOption
from attribution.estimators.surrogate import measure
from attribution.scorer import Row, TokenLogprobs
from attribution.types import Answer, Attribution, Prompt, Span, Token

WORDS = tuple(f" w{i}" for i in range(30))
WEIGHTS = {" w3": 2.0, " w11": -0.5, " w20": 1.0}


class Watched(AdditiveModel):
    """Remembers every row that it was given; with `both`, two words count only together."""

    def __init__(self, weights: dict[str, float], *, both: float = 0.0, batch: int = 4) -> None:
        super().__init__(weights, batch=batch)
        self.rows: list[Row] = []
        self.both = both

    def score(self, rows: Sequence[Row], answer: Answer) -> Iterator[list[TokenLogprobs]]:
        self.rows += rows
        pair = {self.id_of("a"), self.id_of(" b")}
        done = 0
        for batch in super().score(rows, answer):
            here = rows[done : done + len(batch)]
            done += len(batch)
            yield [
                tuple(logprob + self.both * (pair <= set(row)) for logprob in logprobs)
                for row, logprobs in zip(here, batch, strict=True)
            ]


def _measure(
    model: AdditiveModel, text: str, effort: Effort, *, seed: int = 0
) -> list[Attribution]:
    prompt = model.encode(text)
    answer = model.answer("x y", after=prompt)
    return list(measure(model, prompt, answer, effort=effort, seed=seed))


def test_few_ablations_find_the_few_words_that_count() -> None:
    *_, last = _measure(AdditiveModel(WEIGHTS), "".join(WORDS), Effort(samples=32))
    assert last.contributions[0] is None
    assert last.contributions[1:] == pytest.approx([WEIGHTS.get(w, 0.0) for w in WORDS], abs=1e-9)
    made = last.approximation
    assert made is not None
    assert made.estimates == last.contributions
    assert made.units == 30
    assert made.r_squared is not None
    assert made.r_squared.estimate > 0.9, "less, where a word was kept in all that it was fitted to"
    assert made.r_squared.n == 32
    assert made.agreement is None
    assert made.how == "LASSO on 32 of 32 random ablations of 30 units"
    assert len(made.draws) == 64
    strongest = [draw[4] for draw in made.draws]
    assert strongest == pytest.approx([2.0] * 64, abs=0.5), "a lesser word may be missed in a draw"


def test_no_more_is_read_than_the_samples_allow_and_nothing_twice() -> None:
    model = Watched(WEIGHTS)
    *_, last = _measure(model, "".join(WORDS), Effort(samples=40, keep=0.5))
    whole = last.prompt.ids
    removed = [row for row in model.rows if row != whole]
    assert len(removed) == len(set(removed)) == 40
    kept = sum(len(row) - 1 for row in removed) / (40 * 30)
    assert kept == pytest.approx(0.5, abs=0.05)
    assert all(row[0] == whole[0] for row in removed), "what is fixed stays"


def test_the_seed_decides_which() -> None:
    def rows(seed: int) -> list[Row]:
        model = Watched(WEIGHTS)
        _measure(model, "".join(WORDS), Effort(samples=16), seed=seed)
        return model.rows

    assert rows(1) == rows(1)
    assert rows(1) != rows(2)


def test_of_few_units_every_subset_is_read() -> None:
    model = Watched({"a": 1.0, " c": 0.5}, both=2.0)
    *_, last = _measure(model, "a b c", Effort(samples=7))
    assert len(set(model.rows)) == 8
    # Half of the subsets without "a" have " b": what "a" adds on average is 1 + 2 / 2.
    assert last.contributions == pytest.approx([None, 2.0, 1.0, 0.5])
    made = last.approximation
    assert made is not None
    assert made.how == "least squares on all 7 ways to remove some of 3 units"
    assert made.measured == 3, "each was removed alone, too"
    assert made.r_squared is None, "too few to leave some out"


def test_what_interacts_shows_in_r_squared() -> None:
    text = "a b c d e f"
    plain = _measure(Watched({"a": 1.0}), text, Effort(samples=63))[-1].approximation
    mixed = _measure(Watched({"a": 1.0}, both=4.0), text, Effort(samples=63))[-1].approximation
    assert plain is not None
    assert plain.r_squared is not None
    assert mixed is not None
    assert mixed.r_squared is not None
    assert mixed.r_squared.estimate < 0.9 < plain.r_squared.estimate
    assert len(set(mixed.draws)) == len(mixed.draws), "and the draws differ"


def test_without_a_fixed_token_something_is_always_left() -> None:
    model = Watched({"a": 1.0, "b": 0.5})
    texts = ("a", "b", "c", "d")
    tokens = tuple(Token(model.id_of(t), t, i, i + 1) for i, t in enumerate(texts))
    prompt = Prompt("abcd", tokens, Span(0, 4))
    *_, last = measure(model, prompt, model.answer("x", after=prompt), effort=Effort(samples=14))
    assert len(set(model.rows)) == 15
    assert () not in model.rows
    assert last.contributions == pytest.approx([1.0, 0.5, 0.0, 0.0], abs=1e-9)


def test_it_tells_more_and_more_and_is_complete_once() -> None:
    made = _measure(AdditiveModel(WEIGHTS, batch=3), "".join(WORDS), Effort(samples=32))
    assert [a.complete for a in made] == [False] * (len(made) - 1) + [True]
    known = [sum(c is not None for c in a.contributions) for a in made]
    assert known[0] == 0
    assert known == sorted(known)
    assert known[-2] > 0
    fits = {a.contributions for a in made}
    assert len(fits) <= 5, "fitting anew after each batch would cost more than reading"
    assert all(a.approximation is not None for a in made), "a guess is never shown as measured"
    assert [bool(a.by_answer_token) for a in made] == [a.complete for a in made]


@pytest.mark.parametrize(
    ("effort", "option"),
    [
        (Effort(samples=7), "samples"),
        (Effort(samples=-1), "samples"),
        (Effort(keep=1.0), "keep"),
        (Effort(keep=0.0), "keep"),
    ],
)
def test_what_cannot_be_asked_is_said(effort: Effort, option: str) -> None:
    with pytest.raises(BadOption, match=option):
        _measure(AdditiveModel({}), "".join(WORDS), effort)
