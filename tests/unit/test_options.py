from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from attribution.effort import Effort
from attribution.emphasis import Template
from attribution.errors import BadOption, UnknownName
from attribution.types import KeyTokenRule
from attribution.verdict import Thresholds
from unpact_tui import setting_words
from unpact_tui.catalogue import fields
from unpact_tui.errors import BadUsage
from unpact_tui.options import (
    Chosen,
    choose_cases,
    command_words,
    measuring_pairs,
    prompt_file,
    second_side,
    setting_names,
    settle,
)
from unpact_tui.settings import DEFAULT_STRATEGIES, Settings


def chosen(**given: str | None) -> Chosen:
    blank: dict[str, str | None] = {"reference": None, "prompts": None, "prompt": None}
    return Chosen(**({"base": "a", "unlearned": "b", "answer": None} | blank | given))  # pyright: ignore[reportArgumentType]


def test_settings_are_set_by_name_wherever_they_are() -> None:
    settled = settle(
        Settings(),
        ["alpha=0.3", "normalisation=sum", "collapse=1.5", "draws=5", "granularity=word"],
    )
    assert settled.rule == KeyTokenRule(alpha=0.3, normalisation="sum")
    assert settled.thresholds.collapse == 1.5
    assert settled.draws == 5
    assert settled.granularity == "word"


def test_strategies_are_a_list_without_repeats() -> None:
    assert settle(Settings(), ["strategies=quote, bold,quote"]).strategies == ("quote", "bold")


@pytest.mark.parametrize(
    ("pair", "sentence", "hint"),
    [
        ("alpha", "not of the form", "alpha=0.2"),
        ("alhpa=1", "no setting named 'alhpa'", "alpha"),
        ("zzz=1", "no setting named 'zzz'", "unpact-tui settings"),
        ("draws=many", "draws cannot be 'many'", ""),
        ("draws=", "draws cannot be ''", ""),
        ("granularity=letter", "granularity cannot be 'letter'", ""),
        ("strategies=,", "No strategy", "bold"),
        ("one_at_a_time=maybe", "one_at_a_time cannot be 'maybe'", ""),
        ("screen=shown", "screen cannot be 'shown'", ""),
        ("budget=soon", "budget cannot be 'soon'", ""),
    ],
)
def test_what_cannot_be_set(pair: str, sentence: str, hint: str) -> None:
    with pytest.raises(BadUsage) as error:
        settle(Settings(), [pair])
    assert sentence in str(error.value)
    assert hint in error.value.hint


@pytest.mark.parametrize(
    ("pair", "allowed"),
    [
        ("draws=-1", "from 0 to 1000"),
        ("draws=1001", "from 0 to 1000"),
        ("seed=-1", "from 0 to 4294967295"),
        ("max_new_tokens=0", "from 1 to"),
        ("alpha=5", "at least 0 and below 1"),
        ("alpha=1", "at least 0 and below 1"),
        ("alpha=nan", "at least 0 and below 1"),
        ("beta=-1", "from 0 to"),
        ("whp_alpha=-0.5", "from 0 to 1000000"),
        ("whp_alpha=inf", "from 0 to 1000000"),
        ("whp_alpha=nan", "from 0 to 1000000"),
        ("budget=-1", "a finite number, 0 or more"),
        ("budget=inf", "a finite number, 0 or more"),
        ("top_k=0", "from 1 to 1000000"),
        ("checked=-1", "from 0 to 1000000"),
        ("samples=1", "from 2 to 1000000"),
        ("keep=0", "above 0 and below 1"),
        ("keep=1", "above 0 and below 1"),
        ("keep=nan", "above 0 and below 1"),
        ("baseline=", "pad, mask, unk or a text of one token"),
        ("known=1.01", "from 0 to 1"),
        ("share=-0.1", "from 0 to 1"),
        ("collapse=inf", "a finite number, 0 or more"),
        ("lift=-1", "a finite number, 0 or more"),
    ],
)
def test_numbers_that_cannot_be_measured_with(pair: str, allowed: str) -> None:
    with pytest.raises(BadOption, match=allowed):
        settle(Settings(), [pair])


LEAST = {
    "search": "1",
    "most_words": "1",
    "max_new_tokens": "1",
    "top_k": "1",
    "samples": "2",
    "keep": "5e-324",
}
"""Where that is not 0."""


def test_every_number_has_a_range_and_its_ends_are_in_it() -> None:
    numbers = {
        field.name: field.type
        for kind in (Settings, Effort, KeyTokenRule, Thresholds)
        for field in dataclasses.fields(kind)
        if field.type in ("int", "float")
    }
    for name in numbers:
        with pytest.raises(BadOption):
            settle(Settings(), [f"{name}=-1"])
        if numbers[name] == "float":
            with pytest.raises(BadOption):
                settle(Settings(), [f"{name}=nan"])
        settle(Settings(), [f"{name}={LEAST.get(name, '0')}"])


@pytest.mark.parametrize("name", ["tpu", "", "CPU", "cuda:", "cuda:-1", "cpu\n"])
def test_what_is_no_device(name: str) -> None:
    with pytest.raises(BadUsage, match="no device named"):
        settle(Settings(device=name), [])


def test_a_device_may_be_on_another_machine() -> None:
    for name in ("auto", "cpu", "cuda", "cuda:3", "mps"):
        assert settle(Settings(), [f"device={name}"]).device == name


@pytest.mark.parametrize(
    ("text", "numbers", "again"),
    [
        ("0-3,7", (0, 1, 2, 3, 7), "0-3,7"),
        ("7, 1 - 2,2", (1, 2, 7), "1-2,7"),
        ("", (), ""),
        ("5", (5,), "5"),
    ],
)
def test_layers_are_ranges_and_are_written_as_such(
    text: str, numbers: tuple[int, ...], again: str
) -> None:
    settled = settle(Settings(), [f"layers={text}", f"heads={text}"])
    assert (settled.layers, settled.heads) == (numbers, numbers)
    assert setting_words.written("layers", numbers) == again
    assert settle(Settings(), typed(command_words(settled))) == settled


@pytest.mark.parametrize("text", ["a", "3-1", "-1", "1--2", "10000", "0-99999", "1.5", "²"])
def test_what_are_no_layers(text: str) -> None:
    with pytest.raises(BadOption, match="0-3,7"):
        settle(Settings(), [f"layers={text}"])


def test_words_of_ones_own_are_pointed_at_not_set() -> None:
    assert settle(Settings(), ["selection=greedy"]).selection == "greedy"
    for name in ("own", "Base", ""):
        with pytest.raises(BadOption, match="base, unlearned, shift, greedy"):
            settle(Settings(), [f"selection={name}"])


LOOK = 'templates={"look": "Mind \\"{keywords}\\": {prompt}"}'


def test_templates_come_after_the_strategies_unless_these_are_named() -> None:
    settled = settle(Settings(), [LOOK])
    assert settled.templates == (Template("look", 'Mind "{keywords}": {prompt}'),)
    assert settled.strategies == (*DEFAULT_STRATEGIES, "look")
    assert settle(settled, ["templates={}"]) == Settings()
    assert settle(Settings(), ["strategies=look,bold", LOOK]).strategies == ("look", "bold")
    assert settle(settled, ["strategies=bold"]).strategies == ("bold",)
    with pytest.raises(UnknownName) as error:
        settle(settled, ["strategies=lok"])
    assert error.value.hint == "Did you mean 'look'?"


def test_templates_can_be_typed_again() -> None:
    for pairs in ([LOOK], [LOOK, "strategies=look"], [LOOK, "strategies=bold"]):
        settled = settle(Settings(), pairs)
        words = command_words(settled)
        assert len(words) == 2 * len(pairs)
        assert settle(Settings(), typed(words)) == settled


@pytest.mark.parametrize(
    "text",
    [
        "look",
        "[]",
        '{"bold": "{prompt}"}',
        '{"paraphrase": "{prompt}"}',
        '{"a,b": "{prompt}"}',
        '{"a": "no prompt"}',
        '{"a": "{prompt} {prompt}"}',
        '{"a": 1}',
        '{"A": "{prompt}"}',
    ],
)
def test_what_is_no_template(text: str) -> None:
    with pytest.raises((BadUsage, BadOption)):
        settle(Settings(), [f"templates={text}"])


def test_defaults_need_no_words() -> None:
    assert command_words(Settings()) == []


@pytest.mark.parametrize("chat", [True, False, None])
def test_words_give_the_same_settings_again(chat: bool | None) -> None:
    pairs = ["alpha=0.3", "strategies=quote,bold", "draws=5", "known=0.123456789012345", "seed=7"]
    pairs += ["granularity=word", "normalisation=sum", "whp_alpha=256"]
    given = Settings(device="cuda:1", dtype="bfloat16", chat=chat, trust_remote_code=True)
    wanted = settle(given, pairs)
    words = command_words(wanted)
    options, rest = set(words), words[words.index("--set") :]
    assert {"--device", "cuda:1", "--dtype", "bfloat16", "--trust-remote-code"} <= options
    assert ("--chat" in options, "--no-chat" in options) == (chat is True, chat is False)
    assert settle(given, rest[1::2]) == wanted


SWITCHES = {
    "--chat": "chat=true",
    "--no-chat": "chat=false",
    "--one-at-a-time": "one_at_a_time=true",
}


def typed(words: list[str]) -> list[str]:
    """Return what `settle` is told when somebody types these words."""
    rest = iter(words)
    return [
        SWITCHES.get(word) or (next(rest) if word == "--set" else f"{word[2:]}={next(rest)}")
        for word in rest
    ]


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (["budget=2.5", "one_at_a_time=true"], ["--budget", "2.5", "--one-at-a-time"]),
        (["estimator=leave_one_out", "top_k=32"], ["--top-k", "32"]),
        (["checked=0", "keep=0.5"], ["--set", "checked=0", "--set", "keep=0.5"]),
        (["samples=9", "screen=gradient"], ["--set", "samples=9", "--set", "screen=gradient"]),
        (["baseline=a=b", "chat=false"], ["--no-chat", "--set", "baseline=a=b"]),
    ],
)
def test_how_to_measure_is_typed_as_its_options(pairs: list[str], words: list[str]) -> None:
    wanted = settle(Settings(), pairs)
    assert command_words(wanted) == words
    assert settle(Settings(), typed(words)) == wanted


def test_flags_of_measuring_are_pairs() -> None:
    assert measuring_pairs(None, None, None) == ()
    pairs = measuring_pairs("leave_one_out", 4, 0.0, one_at_a_time=True)
    settled = settle(Settings(), pairs)
    assert settled == Settings(effort=Effort(top_k=4), one_at_a_time=True)
    settled = settle(Settings(), [*measuring_pairs(None, 4, 3.0), "budget=1"])
    assert settled.budget == 1.0, "--set comes after"


def test_a_budget_chooses_the_estimator_by_itself() -> None:
    assert settle(Settings(), ["estimator=leave_one_out", "budget=1"]).budget == 1.0
    assert settle(Settings(), ["estimator=screened", "budget=0"]).estimator == "screened"
    with pytest.raises(BadUsage, match="'screened' was chosen too") as error:
        settle(Settings(), ["estimator=screened", "budget=1"])
    assert "--budget or --estimator, not both" in error.value.hint


def test_unknown_plug_ins_are_refused_before_anything_is_loaded() -> None:
    for pair in ("strategies=bold,loud", "estimator=guess"):
        with pytest.raises(UnknownName):
            settle(Settings(), [pair])
    with pytest.raises(UnknownName) as error:
        settle(Settings(), ["estimator=leave_one_in"])
    assert error.value.hint == "Did you mean 'leave_one_out'?"


def test_every_setting_can_be_set_and_is_documented() -> None:
    documented = {
        field.name
        for module, kind in (
            ("unpact_tui.settings", "Settings"),
            ("attribution.effort", "Effort"),
            ("attribution.types", "KeyTokenRule"),
            ("attribution.thresholds", "Thresholds"),
        )
        for field in fields(module, kind)
    }
    assert documented == set(setting_names())


def test_names_of_groups_do_not_collide() -> None:
    names = [
        f.name for kind in (Effort, KeyTokenRule, Thresholds) for f in dataclasses.fields(kind)
    ]
    assert len(names) == len(set(names))
    assert not set(names) & {f.name for f in dataclasses.fields(Settings)}


def test_one_prompt_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    file.write_text('{"prompt": "Who?", "answer": "Me"}\n')
    (case,) = choose_cases(chosen(prompts=str(file)))
    assert (case.prompt, case.answer) == ("Who?", "Me")
    (case,) = choose_cases(chosen(prompt="What?", answer="That"))
    assert (case.prompt, case.answer) == ("What?", "That")
    assert list(choose_cases(chosen())) == []


def test_prompts_are_named_once() -> None:
    assert prompt_file("a", None) == prompt_file(None, "a") == "a"
    assert prompt_file(None, None) is None
    with pytest.raises(BadUsage, match="not both"):
        prompt_file("a", "a")


def test_the_unlearned_side_is_a_checkpoint_or_made_by_whp(tmp_path: Path) -> None:
    assert second_side("b", None, None) == ("b", None)
    assert second_side("b", "p.jsonl", None) == ("b", "p.jsonl")
    assert second_side(None, None, "r") == (None, None)
    assert second_side("p.jsonl", None, "r") == (None, "p.jsonl")
    assert second_side("-", None, "r") == (None, "-")
    with pytest.raises(BadUsage, match="nothing to compare BASE with"):
        second_side(None, None, None)
    for unlearned, prompts in (("b", "p.jsonl"), (str(tmp_path), None)):
        with pytest.raises(BadUsage, match="UNLEARNED or --whp, not both"):
            second_side(unlearned, prompts, "r")


def test_what_does_not_fit_together() -> None:
    for given in (
        {"prompt": "a", "prompts": "b"},
        {"answer": "a"},
        {"answer": "a", "prompts": "b"},
    ):
        with pytest.raises(BadUsage):
            list(choose_cases(chosen(**given)))
