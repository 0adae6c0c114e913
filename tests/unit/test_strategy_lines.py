"""How strategies stand, in rows and sentences, in every form of a result."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache

import msgspec
import pytest
from result_fixture import example
from rich.console import Console

from attribution.attempts import Level
from attribution.standing import HeldOut, Standing
from attribution.types import Interval
from unpact_tui.document import Document
from unpact_tui.html import as_html
from unpact_tui.output import as_markdown, as_table, plain_table
from unpact_tui.recovery_schema import LeftOutEntry
from unpact_tui.strategy_lines import (
    CAUSES,
    brief_table,
    causes,
    described,
    sentences,
    share,
    whole_table,
)

replace = msgspec.structs.replace
one = cache(example)

Form = Callable[[Document], str]
FORMS: list[Form] = [plain_table, as_markdown, as_html]


def bare(found: Document) -> Document:
    """Return a result from before strategies stood in it."""
    cases = tuple(
        replace(case, recovery=replace(case.recovery, left_out=())) for case in found.cases
    )
    return replace(found, cases=cases, strategies=(), held_out=None)


def flat(text: str) -> str:
    return " ".join(text.replace("\\", "").split())


def test_a_strategy_is_a_row_with_its_controls_and_its_cause() -> None:
    columns, rows = brief_table(one())
    assert columns == ("strategy", "recov.", "random", "lift", "excess", "exact", "cause", "n")
    assert rows[0] == ("bold", "80 [70, 90]", "5", "75 [60, 90]", "78", "50", "other ids", "30")
    assert rows[2] == ("focus", "25 [25, 25]", "-", "-", "-", "-", "-", "1")


def test_with_room_every_number_has_its_interval() -> None:
    columns, rows = whole_table(one())
    told = dict(zip(columns, rows[0], strict=True))
    assert told["lift"] == "75 [60, 90]", "of all strategies at once"
    assert told["excess"] == "78 [70, 85]"
    assert told["exact by random"] == "0 [0, 11]"
    assert told["cause"] == "re-tokenising the keyword"


def test_what_no_strategy_has_is_no_column() -> None:
    without = tuple(
        Standing(s.strategy, s.recovered, s.random, s.lift, None, None, None, None, s.cause)
        for s in one().strategies
    )
    found = replace(one(), strategies=without)
    assert brief_table(found)[0] == ("strategy", "recov.", "random", "lift", "cause", "n")
    assert brief_table(found)[1][0][3] == "75 [65, 85]", "the lift's own interval"
    assert "excess" not in whole_table(found)[0]


def test_every_cause_has_words() -> None:
    assert len(set(CAUSES.values())) == len(CAUSES) == 6


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_how_strategies_stand(form: Form) -> None:
    text = flat(form(one()))
    assert "re-tokenising" in text
    assert "The intervals of lift hold for all 2 strategies at once" in text
    assert "best of as many controls" in text
    assert "anchor was left out: its logits are not [known]." in text
    assert (
        "Chosen on one half of the prompts and read on the other"
        " (bold on KeyTokens of the base, then quote on words whose contribution fell most)" in text
    )
    assert "lift 60 % (50 % to 70 %), n 30." in text


@pytest.mark.parametrize("form", FORMS)
def test_of_strategies_that_do_not_stand_nothing_is_said(form: Form) -> None:
    text = flat(form(bare(one())))
    assert "all at once" not in text
    assert "hold for all" not in text
    assert ">Strategies<" not in text
    assert "## Strategies" not in text


def test_what_random_words_bring_back_as_well_is_not_called_specific() -> None:
    bold, steered, focus = one().strategies
    assert list(causes(one())) == ["Brought back by re-tokenising the keyword: bold."]
    rows = tuple(dataclasses.replace(each, cause="emphasis") for each in (bold, steered, focus))
    assert list(causes(replace(one(), strategies=rows))) == [
        "Brought back by emphasis: bold.",
        "Brought back by emphasis, and not clearly less on random words: attention_bias.",
        "Brought back by emphasis, without a control: focus.",
    ]


def test_what_could_not_be_read_has_no_numbers() -> None:
    nothing = Interval(0.0, 0.0, 0.0, 0)
    row = Standing("upper", nothing, None, None, None, None, None, None, "unknown")
    found = replace(one(), strategies=(one().strategies[0], row))
    columns, (_, told) = brief_table(found)
    assert dict(zip(columns, told, strict=True))["recov."] == "-"
    assert told[-1] == "0"
    assert whole_table(found)[1][1][1] == "-"


def test_one_strategy_needs_no_correction() -> None:
    alone = replace(bare(one()), strategies=one().strategies[:1])
    assert list(sentences(alone)) == []


def test_few_prompts_say_nothing_of_all_strategies_at_once() -> None:
    few = tuple(dataclasses.replace(each, simultaneous=None) for each in one().strategies)
    (told,) = sentences(replace(bare(one()), strategies=few))
    assert told.startswith("On so few prompts no interval holds for all strategies at once; per")


def test_a_strategy_that_was_left_out_somewhere_says_where() -> None:
    found = example(cases=3)
    first, *rest = found.cases
    first = replace(
        first, recovery=replace(first.recovery, left_out=(LeftOutEntry("retokenise", "None."),))
    )
    told = list(sentences(replace(found, cases=(first, *rest))))
    assert "retokenise was left out (on 1 of 3): None." in told
    assert "anchor was left out (on 2 of 3): its logits are not [known]." in told


def test_the_same_half_twice_is_one_choice() -> None:
    held_out = one().held_out
    assert held_out is not None
    same = HeldOut((("bold", "base"), ("bold", "base")), held_out.recovered, None, None, None)
    (_, told, _) = sentences(replace(one(), held_out=same))
    assert told.count("bold on KeyTokens of the base") == 1
    assert told.endswith("): recovered 70 % (60 % to 80 %), n 30.")


def test_the_narrow_table_fits_a_terminal_with_the_longest_names() -> None:
    usual = Interval(0.87, 0.75, 0.99, 400)
    rows = tuple(
        Standing(name, usual, usual, usual, usual, usual, usual, usual, "other ids")
        for name in ("attention_share", "embedding_scale")
    )

    shown = as_table(
        replace(one(), strategies=rows), Console(width=80, color_system=None, file=None)
    )
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("87 [75, 99]" in line for line in lines) == 2
    assert any(line.startswith(" embedding_scale ") for line in lines)
    assert "Brought back by re-tokenising the keyword: attention_share, embedding_scale." in flat(
        shown
    )


@pytest.mark.parametrize(
    ("strategy", "strength", "level", "words"),
    [
        ("bold", 1.0, "prompt", "bold"),
        ("repeat", 2.0, "prompt", "repeat (x2)"),
        ("attention_bias", 2.0, "attention", "attention_bias (attention x16)"),
        ("attention_share", 1.0, "attention", "attention_share (attention: at least 30%)"),
        ("anchor", 1.0, "decoding", "anchor (decoding: anchored x1)"),
        ("unheard_of", 1.0, "embedding", "unheard_of (embedding)"),
        ("attention_bias", 2000.0, "attention", "attention_bias (attention: x2000)"),
        ("_edits", 3.0, "prompt", "_edits (x3)"),
    ],
)
def test_an_attempt_is_described_by_level_and_strength(
    strategy: str, strength: float, level: Level, words: str
) -> None:
    attempt = replace(
        one().cases[0].recovery.attempts[0], strategy=strategy, strength=strength, level=level
    )
    assert described(attempt) == words


def test_what_is_missing_is_a_dash() -> None:
    assert share(None) == "-"
