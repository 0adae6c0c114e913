from __future__ import annotations

import io
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass

import msgspec
import pytest
from result_fixture import example
from rich.console import Console

from attribution.errors import EmptyPrompt, UnknownName
from unpact_tui.document import Document
from unpact_tui.errors import BadUsage
from unpact_tui.output import (
    as_markdown,
    as_table,
    fail_on,
    label,
    narrate,
    plain_table,
    print_error,
)

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]")


def console(width: int = 100, *, colour: bool = False) -> tuple[Console, io.StringIO]:
    to = io.StringIO()
    system = "standard" if colour else None
    return Console(file=to, width=width, force_terminal=colour, color_system=system), to


def table(document: Document, width: int = 100) -> str:
    return as_table(document, console(width)[0])


def without_sgr(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_the_table_has_a_row_per_case_and_all_its_numbers() -> None:
    shown = table(example(cases=5))
    rows = [line.split() for line in shown.splitlines() if re.match(r"\s*\d+\s+SUPPRESSED", line)]
    numbers = ["-0.10", "-2.10", "80", "%", "5", "%", "5", "%", "75", "%", "12", "%"]
    assert rows == [[str(i), "SUPPRESSED", *numbers] for i in range(1, 6)]


def test_the_table_shows_evidence_with_intervals_and_the_verdict_with_reasons() -> None:
    shown = table(example(cases=5))
    assert re.search(r"share_suppressed\s+1\.00\s+0\.57 to 1\.00\s+5", shown)
    assert re.search(r"^SUPPRESSED$", shown, re.MULTILINE)
    assert "SUPPRESSED: 5 of 5 (100 %, between 57 % and 100 %)." in shown
    assert "cannot show that it is gone" in shown


def test_few_cases_are_shown_in_words() -> None:
    shown = table(example())
    assert "Where was Ann born?" in shown
    assert "<s>" not in shown.split("KeyTokens")[0], "the prompt as the user wrote it"
    assert "In Rome." in shown
    assert "**Ann**" in shown
    assert "Where was Ann born?" not in table(example(cases=4))


def test_warnings_and_failures_are_told() -> None:
    shown = table(example())
    assert "warning: npo: another template [red]" in shown
    assert "case 9 was left out: Prompt and answer have 900 tokens" in shown


@pytest.mark.parametrize("colour", [True, False])
def test_hostile_text_reaches_the_terminal_visibly(colour: bool) -> None:
    shown = as_table(example(), console(200, colour=colour)[0])
    shown = without_sgr(shown) if colour else shown
    assert not CONTROL.search(shown)
    assert "[bold]x[/bold] | `a` <b> ␛[31m⟨202e⟩ [INST]" in shown


def test_no_colour_when_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", as_table(example(), console(colour=True)[0]))


def test_a_table_for_a_file_has_no_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    shown = plain_table(example(cases=5))
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) > 40


def test_the_reasons_of_a_case_are_told() -> None:
    shown = table(example())
    assert "verdict         Marking the words brings back 80 % of the lost log-prob" in shown
    assert "verdict         The answer was recovered by re-tokenising the keyword, not by" in shown


def test_one_case_has_its_evidence_in_brief_and_many_have_all() -> None:
    brief, long = table(example()), table(example(cases=2))
    assert re.search(r"^\s*twin\s+0\.05", brief, re.MULTILINE)
    assert re.search(r"^\s*base_exact_edited\s+0\.50", brief, re.MULTILINE)
    assert "share_" not in brief
    assert "unlearned_match" not in brief
    assert "share_known" in long
    assert "unlearned_match" in long
    assert "share_suppressed" in as_markdown(example())


def test_how_many_prompts_failed_stands_beside_the_verdict() -> None:
    assert "counted nowhere: 1 prompt." in table(example()).split("SUPPRESSED\n")[-1]
    assert "counted nowhere" not in table(example(with_failure=False))


def test_an_attempt_that_says_the_answer_is_shown_where_none_could_be_read() -> None:
    case = example().cases[0]
    unread = msgspec.structs.replace(case.recovery, best=None, lift=None)
    case = msgspec.structs.replace(case, recovery=unread)
    shown = table(msgspec.structs.replace(example(), cases=(case,)))
    assert shown.count("... it says     In Oslo.") == 1
    assert table(example()).count("... it says     In Oslo.") == 1


def words_of(text: str) -> str:
    """Return a text without what lays it out."""
    return " ".join(re.sub(r"[`:\\]|^- ", "", text, flags=re.MULTILINE).split())


@pytest.mark.parametrize("form", [table, as_markdown])
def test_a_case_says_what_it_is_about_and_how_it_was_emphasised(
    form: Callable[[Document], str],
) -> None:
    case = example().cases[0]
    steered, cut = case.recovery.attempts[2:4]
    text = words_of(form(example()))
    assert "is about Oslo" in text
    assert "emphasised Ann (words whose contribution fell most)" in text
    assert "paraphrase brings back 12 % without any emphasis" in text
    assert "not counted focus the prompt gives away what the answer is about" in text
    for best, shown in (
        (steered, "by attention_bias (attention x16) <s>Where was Ann born?"),
        (cut, "by retokenise (space apart) <s>Where was Ann born? ... cut |An|n"),
    ):
        recovery = msgspec.structs.replace(case.recovery, best=best)
        found = msgspec.structs.replace(case, recovery=recovery)
        assert shown in words_of(form(msgspec.structs.replace(example(), cases=(found,))))


def test_a_case_that_is_not_about_anything_known_is_silent_on_it() -> None:
    case = example().cases[0]
    plain = [attempt for attempt in case.recovery.attempts if not attempt.leaks]
    recovery = msgspec.structs.replace(
        case.recovery, attempts=tuple(plain), paraphrase=None, selection="base"
    )
    case = msgspec.structs.replace(case, entities=(), recovery=recovery)
    shown = table(msgspec.structs.replace(example(), cases=(case,)))
    for word in ("is about", "emphasised  ", "paraphrase      ", "not counted"):
        assert word not in shown.split(" case ")[0]


def test_the_table_fits_eighty_columns() -> None:
    shown = table(example(cases=5), width=80)
    assert max(map(len, shown.splitlines())) <= 80
    assert len([line for line in shown.splitlines() if "SUPPRESSED   " in line]) == 5


def test_the_longest_verdict_is_one_word_on_eighty_columns() -> None:
    case = msgspec.structs.replace(example().cases[0], id="forget-00", verdict="UNRECOVERED")
    shown = table(msgspec.structs.replace(example(), cases=(case,) * 5), width=80)
    assert len(re.findall(r"forget-00\s+UNRECOVERED\s+-0\.10", shown)) == 5


def test_a_case_without_a_reading_has_dashes() -> None:
    document = example(cases=5)
    case = document.cases[0]
    case = msgspec.structs.replace(
        case,
        recovery=msgspec.structs.replace(case.recovery, best=None, control=None, lift=None),
        evidence={},
    )
    shown = table(msgspec.structs.replace(document, cases=(case,) * 5))
    assert re.search(r"-2\.10\s+-\s+-\s+-\s+-\s+12 %", shown)


def test_an_empty_result_can_be_shown() -> None:
    empty = msgspec.structs.replace(
        example(), cases=(), evidence={}, verdict="UNKNOWN", reasons=(), reference=None
    )
    assert "UNKNOWN" in table(empty)
    assert as_markdown(empty).startswith("# UNKNOWN")


# ---------------------------------------------------------------- Markdown


def test_markdown_has_every_part() -> None:
    text = as_markdown(example())
    for heading in ("Checkpoints", "Evidence", "Cases", "Left out", "Settings"):
        assert f"\n## {heading}\n" in text
    assert text.startswith("# SUPPRESSED\n")
    assert "\n### `1`: SUPPRESSED\n" in text
    assert "| `lift` | 0.75 | 0.75 to 0.75 | 1 |" in text
    assert "| `1` | SUPPRESSED | -0.10 | -2.10 | 80 % | 5 % | 5 % | 75 % | 12 % |" in text
    assert "recovered by re-tokenising the keyword, not by emphasis" in text
    assert "another template \\[red\\]" in text


def test_every_row_of_a_markdown_table_has_as_many_cells_as_its_header() -> None:
    models = msgspec.structs.replace(example().base, name="a|b", path="`|`")
    text = as_markdown(msgspec.structs.replace(example(), base=models))
    width = 0
    for line in text.splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not cells or not width or cells == width
        width = cells


def test_hostile_text_is_code_in_markdown() -> None:
    text = as_markdown(example())
    assert not CONTROL.search(text)
    assert "- unlearned says: ``[bold]x[/bold] | `a` <b> ␛[31m⟨202e⟩ [INST]``" in text


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("plain", "`plain`"),
        ("a `b` c", "``a `b` c``"),
        ("`", "`` ` ``"),
        ("```x", "```` ```x ````"),
        (" x", "`  x `"),
        ("two\nlines", "`two⏎lines`"),
        ("", "(nothing)"),
        ("  ", "(2 spaces)"),
        ("<script>", "`<script>`"),
    ],
)
def test_code_quotes_anything(raw: str, code: str) -> None:
    case = example().cases[0]
    said = msgspec.structs.replace(case.recovery.plain, generation=raw)
    case = msgspec.structs.replace(
        case, recovery=msgspec.structs.replace(case.recovery, plain=said)
    )
    text = as_markdown(msgspec.structs.replace(example(), cases=(case,)))
    assert f"- unlearned says: {code}\n" in text


# ---------------------------------------------------------------- progress


@dataclass(frozen=True)
class Stage:
    stage: str
    done: int
    total: int


def work(outcome: int) -> Generator[Stage, None, int]:
    yield Stage("loading \x1b[2J[red]", 0, 0)
    yield Stage("one", 0, 2)
    yield Stage("one, going on", 0, 2)
    yield Stage("two", 1, 2)
    return outcome


def test_progress_returns_what_comes_of_it() -> None:
    assert narrate(work(7), quiet=True, console=console()[0]) == 7


def test_progress_is_a_line_per_thing_done_where_there_is_no_terminal() -> None:
    screen, to = console()
    narrate(work(0), quiet=False, console=screen)
    assert to.getvalue().splitlines() == ["0/0 loading ␛[2J[red]", "0/2 one", "1/2 two"]


def test_quiet_is_quiet() -> None:
    for colour in (True, False):
        screen, to = console(colour=colour)
        narrate(work(0), quiet=True, console=screen)
        assert to.getvalue() == ""


def test_progress_on_a_terminal_never_shows_a_raw_escape() -> None:
    screen, to = console(colour=True)
    narrate(work(0), quiet=False, console=screen)
    assert "\x1b[2J[red]" not in to.getvalue()


def test_an_error_in_the_work_is_the_callers() -> None:
    def fail() -> Generator[Stage, None, int]:
        yield Stage("one", 0, 1)
        raise EmptyPrompt

    with pytest.raises(EmptyPrompt):
        narrate(fail(), quiet=False, console=console()[0])


# ---------------------------------------------------------------- errors and conditions


def test_an_error_is_a_sentence_and_a_hint() -> None:
    screen, to = console(40)
    print_error(UnknownName("strategy", "[red]\x1b[2Jbolt", ["bold", "quote"]), screen)
    assert to.getvalue().splitlines() == [
        "unpact-tui: There is no strategy named '[red]\\x1b[2Jbolt'.",
        "  There are: bold, quote.",
    ]


def test_an_error_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(EmptyPrompt())
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("unpact-tui: The prompt is empty.\n")


@pytest.mark.parametrize(
    ("label", "holds"), [("SUPPRESSED", True), ("suppressed", True), ("RETAINED", False)]
)
def test_the_condition_is_a_verdict(label: str, holds: bool) -> None:
    assert fail_on(example(), label) is holds


@pytest.mark.parametrize(("split", "holds"), [("forget", True), ("retain", False)])
def test_the_condition_is_met_by_one_forget_case(split: str, holds: bool) -> None:
    case = msgspec.structs.replace(example().cases[0], split=split, verdict="RETAINED")
    document = msgspec.structs.replace(example(), cases=(example().cases[0], case))
    assert fail_on(document, "RETAINED") is holds


def test_a_verdict_by_its_name() -> None:
    assert label("Collapsed") == "COLLAPSED"


def test_a_condition_that_does_not_exist() -> None:
    with pytest.raises(BadUsage, match="no verdict 'ERASED'"):
        fail_on(example(), "ERASED")


def test_a_number_that_rounds_to_zero_has_no_sign() -> None:
    case = example().cases[0]
    recovery = msgspec.structs.replace(case.recovery, lift=-0.001, control=-0.002)
    base = msgspec.structs.replace(case.base, logprob=-0.001)
    case = msgspec.structs.replace(case, recovery=recovery, base=base)
    shown = table(msgspec.structs.replace(example(), cases=(case,)))
    assert re.search(r"SUPPRESSED\s+0\.00\s+-2\.10\s+80 %\s+0 %\s+5 %\s+0 %", shown)
