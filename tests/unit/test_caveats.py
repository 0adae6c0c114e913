"""Every form of a result says what is not sure about its contributions, and else nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import msgspec
import pytest
from result_fixture import example, loaded

from attribution.types import Interval
from unpact_tui import caveats, run, shared_words
from unpact_tui.app import marks
from unpact_tui.caveats import within
from unpact_tui.document import Document
from unpact_tui.html import as_html
from unpact_tui.html_tokens import GUESS_DARK, GUESS_LIGHT, MEANING_OF_GUESSES
from unpact_tui.output import as_markdown, plain_table
from unpact_tui.result_schema import ApproximationEntry, ModelEntry, SharedEntry
from unpact_tui.worker.events import Opened

replace = msgspec.structs.replace
GUESSED = ApproximationEntry(
    (None, 0.2, 0.1, -0.4, 1.0, -1.0),
    "2 of 5 tokens were measured; the others [guessed] by \x1b[2J hiding",
    2,
    5,
    Interval(0.91, 0.8, 0.97, 16),
)


def of(base: ModelEntry, unlearned: ModelEntry, belongs: tuple[float | None, ...]) -> Document:
    found = example()
    case = replace(found.cases[0], base=base, unlearned=unlearned, belongs=belongs)
    return replace(found, cases=(case,))


def model(
    role: str,
    contributions: tuple[float | None, ...] = (),
    noise: float | None = None,
    approximation: ApproximationEntry | None = None,
) -> ModelEntry:
    found = example().cases[0]
    entry = found.base if role == "base" else found.unlearned
    values = contributions or entry.contributions
    return replace(entry, contributions=values, noise=noise, approximation=approximation)


@cache
def exact(noise: float | None = None) -> Document:
    return of(model("base", noise=noise), model("unlearned", noise=noise), ())


@cache
def noisy() -> Document:
    values = (None, 0.003, 0.0, 1.5, 0.004, -0.1)
    return of(model("base", contributions=values, noise=0.0041), model("unlearned"), ())


@cache
def guessed() -> Document:
    values = (None, None, None, 1.5, 0.5, None)
    base = model("base", contributions=values, approximation=GUESSED)
    return of(base, model("unlearned"), (None, 0.1, 0.1, 0.98, 0.5, 0.1))


Form = Callable[[Document], str]
FORMS: list[Form] = [plain_table, as_markdown, as_html]


@pytest.mark.parametrize("form", FORMS)
def test_of_exact_and_precise_results_nothing_is_said(form: Form) -> None:
    text = form(exact())
    assert form(exact(1e-7)) == text
    for word in ("noise", "estimated", "rank agreement", "shares", "within"):
        assert word not in text.replace("scale ±", "")


@pytest.mark.parametrize("form", FORMS)
def test_noise_is_told_with_its_size(form: Form) -> None:
    text = " ".join(form(noisy()).replace("\\", "").split())
    assert "base: 2 of 5 contributions are nearer to zero than ±0.004" in text
    assert "within noise (±0.004 at most)" in text
    assert "unlearned: 0" not in text


@pytest.mark.parametrize("form", FORMS)
def test_guesses_are_told_with_how_good_they_are(form: Form) -> None:
    text = " ".join(form(guessed()).replace("\\", "").split())
    assert "base: 2 of 5 tokens were measured; the others [guessed] by ␛[2J hiding" in text
    assert "rank agreement 0.91 (0.80 to 0.97, n 16)" in text
    assert "In 1 of 1 cases contributions are estimated, at least in part." in text
    assert "\x1b" not in text


def test_key_tokens_say_what_is_not_sure_about_them() -> None:
    assert [caveats.key_token(exact().cases[0], i) for i in (3, 4)] == ["Ann", "born"]
    assert [caveats.key_token(noisy().cases[0], i) for i in (3, 4)] == [
        "Ann",
        "born (within noise)",
    ]
    assert caveats.key_token(guessed().cases[0], 3) == "Ann (p 0.98)"
    only = replace(GUESSED, estimates=(None, 0.25, 0.0, 1.5, 0.5, -0.1))
    surrogate = of(model("base", approximation=only), model("unlearned"), ())
    assert caveats.key_token(surrogate.cases[0], 3) == "Ann (estimated)"
    assert "Ann (p 0.98)" in plain_table(guessed())
    assert "Ann (p 0.98)" in as_markdown(guessed())


@pytest.mark.parametrize(
    ("value", "noise", "hidden"),
    [
        (0.003, 0.004, True),
        (-0.003, 0.004, True),
        (0.004, 0.004, False),
        (0.0, 0.004, False),
        (None, 0.004, False),
        (0.003, None, False),
        (5e-8, 1e-7, False),
    ],
)
def test_within_noise(value: float | None, noise: float | None, hidden: bool) -> None:
    assert within(value, noise) is hidden


# ---------------------------------------------------------------- the page


def test_the_page_draws_noise_as_nothing_and_guesses_as_guesses() -> None:
    page = as_html(noisy())
    assert '<i class="z" title="+0.003, within noise ±0.004">' in page
    assert "text-decoration:line-through dotted" not in page
    assert MEANING_OF_GUESSES not in page
    page = as_html(guessed())
    assert '<i class="gu1" title="not measured, estimated +0.200">' in page
    assert '<i class="gd2" title="not measured, estimated -1.000">' in page
    assert '<em class="u5" title="+1.500, KeyToken">' in page
    assert "text-decoration:line-through dotted" in page
    assert MEANING_OF_GUESSES in page
    assert '<td class="r">0.98</td>' in page


def test_the_pages_guesses_have_the_inspectors_colours() -> None:
    assert (GUESS_DARK, GUESS_LIGHT) == (marks._DARK, marks._LIGHT)


# ---------------------------------------------------------------- what two models share


@pytest.mark.parametrize(
    ("shared", "said"),
    [
        (None, ""),
        (
            SharedEntry(15_200_000_000, 15_300_000_000, 5),
            "shares 99 % of its weights with the base (15.2 GB not loaded twice);"
            " first 5 layers computed once",
        ),
        (
            SharedEntry(4_000_000, 4_000_000, 0),
            "shares 100 % of its weights with the base (4 MB not loaded twice)",
        ),
        (
            SharedEntry(9_999, 10_000, 0),
            "shares 99 % of its weights with the base (10 kB not loaded twice)",
        ),
        (SharedEntry(0, 10_000, 1), "first layer computed once"),
    ],
)
def test_what_is_shared_is_a_sentence(shared: SharedEntry | None, said: str) -> None:
    assert shared_words.sentence(shared) == said


def test_a_run_tells_what_is_shared() -> None:
    together = replace(loaded("unlearned", "npo"), shared_bytes=3960)
    told = list(run._shared(Opened((loaded("base", "base"), together), False, ())))
    assert [step.stage for step in told] == [
        "npo shares 99 % of its weights with the base (4 kB not loaded twice)"
    ]


def test_a_model_that_shares_nothing_has_no_entry() -> None:
    alone = loaded("unlearned", "npo")
    assert shared_words.entry(alone) is None
    together = replace(alone, shared_bytes=3960, shared_layers=2)
    assert shared_words.entry(together) == SharedEntry(3960, 4000, 2)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_shared_stands_with_the_checkpoints(form: Form) -> None:
    found = exact()
    found = replace(found, unlearned=replace(found.unlearned, shared=SharedEntry(3960, 4000, 2)))
    text = form(found)
    words = "unlearned shares 99 % of its weights with the base (4 kB not loaded twice)"
    assert words in text
    assert text.index(words) < text.lower().index("evidence")
