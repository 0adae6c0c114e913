"""`attribute`: one model's contributions, as a document and as text."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Generator, Sequence
from pathlib import Path

import msgspec
import pytest
from checkpoints_fixture import make_checkpoint
from fakes import AdditiveModel
from jsonschema import Draft202012Validator
from rich.console import Console
from typer.testing import CliRunner, Result

from attribution.errors import AttributionError, EmptyAnswer, EmptyPrompt
from attribution.scorer import Row
from attribution.types import Answer, Approximation, Case, Interval, Prompt, Span, Token
from unpact_tui import attribute_lines, attribute_report, attributing
from unpact_tui.attribute_document import AttributedCase, AttributionDocument, encode
from unpact_tui.attributing import Asked, Subject, attribute, attribute_with, limit
from unpact_tui.cli import app
from unpact_tui.entries import approximation_entry
from unpact_tui.errors import BadUsage, ExitCode
from unpact_tui.options import settle
from unpact_tui.output import as_attribution, plain_attribution
from unpact_tui.result_schema import PromptEntry
from unpact_tui.run import Progress
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Loaded

ROOT = Path(__file__).parents[2]
HOSTILE = "[bold]x[/bold] \x1b[31m\u202e [INST]"
WHO = Case("1", "Where was Ann born?", " In Oslo.")


class Counting(AdditiveModel):
    """Counts ids as a real model does."""

    @property
    def tokens_read(self) -> int:
        return self.scored


def subject(model: Counting | None = None) -> Subject:
    model = model or Counting({" Ann": 2.0, " born": 0.5, "Where": -0.25}, says={"Ann": "Ok ok"})
    info = Loaded("base", "m", "models/m", None, 1000, 4000, "float32", "cpu", "m-1")
    return Subject(model, model, info, chat=False, warnings=[])


def measured(
    *cases: Case, settings: Settings | None = None, by_token: bool = False
) -> tuple[AttributionDocument, list[Progress]]:
    asked = Asked("models/m", settings or Settings(), cases, by_token=by_token)
    return ended(attribute_with(subject(), asked))


def ended(
    steps: Generator[Progress, None, AttributionDocument],
) -> tuple[AttributionDocument, list[Progress]]:
    told: list[Progress] = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return end.value, told


# ---------------------------------------------------------------- what is measured


def test_every_token_and_the_answer_that_is_given() -> None:
    document, told = measured(WHO, by_token=True)
    (case,) = document.cases
    assert case.contributions == pytest.approx((None, -0.25, 0.0, 2.0, 0.5, 0.0))
    assert case.key_tokens == (3, 4)
    assert (case.answer.text, case.answer.source) == (" In Oslo.", "gold")
    assert "".join(case.answer_tokens) == " In Oslo."
    assert len(case.answer_logprobs) == len(case.answer.ids)
    assert case.by_answer_token is not None
    assert len(case.by_answer_token) == len(case.answer.ids)
    assert (case.approximation, case.belongs) == (None, ())
    assert (case.estimator, case.granularity) == ("leave_one_out", "token")
    assert case.token_forwards == 6, "the whole prompt, and without each of five tokens"
    assert told[0].stage == "1: 3 of 5 tokens"
    assert (told[-1].done, told[-1].total) == (1, 1)


def test_that_it_takes_long_is_said_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attributing, "_MUCH", 5)
    _, told = measured(WHO)
    assert told[0].stage.endswith("tokens to read; less with --budget SECONDS")
    assert told[1].stage == "1: 3 of 5 tokens"


def test_without_an_answer_the_model_says_its_own() -> None:
    (case,) = measured(Case("1", "Where was Ann born?"))[0].cases
    assert (case.answer.text, case.answer.source) == ("Ok ok", "own")
    (case,) = measured(Case("1", "Where was Ann born?"), settings=Settings(max_new_tokens=1))[
        0
    ].cases
    assert case.answer.text == "Ok"


def test_answer_tokens_are_left_out_unless_asked_for() -> None:
    assert measured(WHO)[0].cases[0].by_answer_token is None


def test_a_word_at_a_time() -> None:
    document, _ = measured(WHO, settings=Settings(granularity="word"))
    assert document.settings.granularity == document.cases[0].granularity == "word"


@pytest.mark.parametrize("text", [HOSTILE, "Where was Ann born, and where did Ann die, and when?"])
def test_an_approximation_says_so(text: str) -> None:
    settings = settle(Settings(), ["estimator=screened", "top_k=2", "checked=1", "seed=3"])
    document, _ = measured(Case("1", text, "In Oslo."), settings=settings)
    (case,) = document.cases
    assert case.approximation is not None
    assert case.approximation.measured == 3
    assert len(case.belongs) == len(case.contributions)
    assert set(case.contributions) >= {None}
    assert document.settings.effort.top_k == 2


def test_a_budget_chooses() -> None:
    (case,) = measured(WHO, settings=Settings(budget=1000.0))[0].cases
    assert case.estimator == "leave_one_out"
    many = " ".join(f"w{i}" for i in range(60))
    (case,) = measured(Case("1", many, "x"), settings=Settings(budget=1e-9))[0].cases
    assert case.estimator != "leave_one_out"
    assert case.approximation is not None


def test_what_fails_is_left_out_and_the_rest_go_on() -> None:
    document, told = measured(Case("a", " ", "x"), WHO, Case("b", "Who?", " "))
    assert [case.id for case in document.cases] == ["1"]
    assert [(failure.id, failure.split) for failure in document.failures] == [
        ("a", "forget"),
        ("b", "forget"),
    ]
    failures = [step.failure for step in told if step.failure is not None]
    assert list(map(type, failures)) == [EmptyPrompt, EmptyAnswer]
    with pytest.raises(EmptyPrompt):
        measured(Case("a", " ", "x"))


def test_a_model_that_says_nothing_is_no_answer() -> None:
    class Silent(Counting):
        def write(self, rows: Sequence[Row], limit: int) -> Generator[list[Row], None, None]:
            yield [()]

    asked = Asked("m", Settings(), (Case("1", "Who?"),))
    with pytest.raises(EmptyAnswer):
        ended(attribute_with(subject(Silent({})), asked))


def test_without_a_prompt_nothing_is_opened() -> None:
    with pytest.raises(BadUsage, match="no prompt"):
        next(attribute(Asked("nowhere", Settings(), ())))


def by_hand(length: int, said: int, removed: Sequence[tuple[int, ...]]) -> int:
    """Count what cannot have been read before, id by id."""
    ids = [("p", i) for i in range(length)] + [("a", i) for i in range(said - 1)]
    read = len(ids)
    for unit in removed:
        left = [id for i, id in enumerate(ids) if i not in unit]
        again = len(left) - unit[0]
        read += max(again, said)
    return read


@pytest.mark.parametrize(
    "removed",
    [[(i,) for i in range(1, 6)], [(1, 2), (3,), (4, 5)], [(1, 3), (2, 5)], [(5,)], [(2, 3, 4, 5)]],
)
@pytest.mark.parametrize("said", [1, 4])
def test_the_limit_counts_what_is_behind(removed: list[tuple[int, ...]], said: int) -> None:
    tokens = tuple(Token(i, "x", i, i + 1) for i in range(6))
    prompt = Prompt("x" * 6, tokens, Span(0, 6))
    answer = Answer("y" * said, tuple(range(said)), "gold")
    assert limit(prompt, answer, removed) == by_hand(6, said, removed)


# ---------------------------------------------------------------- the document


def test_it_is_what_its_schema_says() -> None:
    schema = json.loads((ROOT / "docs" / "attribution.schema.json").read_text("utf-8"))
    settings = settle(Settings(), ["estimator=screened", "top_k=1", "checked=1"])
    long = Case("1", "Where was Ann born, and where did Ann die, and when?", "In Oslo.")
    document, _ = measured(long, Case("a", " "), settings=settings, by_token=True)
    result = json.loads(encode(document))
    Draft202012Validator(schema).validate(result)
    assert (result["schema"], result["kind"]) == (1, "attribution")
    assert {
        "id", "split", "prompt", "answer", "logprob", "answer_logprobs", "contributions",
        "by_answer_token", "noise", "approximation", "key_tokens", "belongs", "estimator",
        "granularity", "token_forwards", "limit_token_forwards", "seconds",
    } <= set(result["cases"][0])  # fmt: skip
    assert set(result["model"]) >= {"name", "path", "fingerprint", "dtype", "device"}
    assert "draws" not in result["cases"][0]["approximation"]
    assert msgspec.json.decode(encode(document), type=AttributionDocument) == document


def test_text_stays_raw_there() -> None:
    document, _ = measured(Case("1", f"Ann {HOSTILE}", HOSTILE))
    case = json.loads(encode(document))["cases"][0]
    assert HOSTILE in case["prompt"]["text"]
    assert case["answer"]["text"] == HOSTILE


# ---------------------------------------------------------------- the text


def case_of(
    *,
    contributions: tuple[float | None, ...] = (None, 0.5, -0.5, 0.001, None, 0.0),
    approximation: Approximation | None = None,
    belongs: tuple[float | None, ...] = (),
    forwards: int = 50,
) -> AttributedCase:
    texts = ("<s>", "Where", " was", " Ann", "\x1b]0;", "?")
    at = [sum(map(len, texts[:i])) for i in range(len(texts) + 1)]
    tokens = tuple(Token(i, text, at[i], at[i + 1], fixed=i == 0) for i, text in enumerate(texts))
    return AttributedCase(
        id="1",
        split="forget",
        prompt=PromptEntry("".join(texts), tokens, Span(3, at[-1])),
        answer=Answer(HOSTILE, (1, 2), "own"),
        answer_tokens=("In", HOSTILE),
        logprob=-0.25,
        answer_logprobs=(-0.5, 0.0),
        contributions=contributions,
        by_answer_token=((None, 1.5, -0.5, 0.002, None, 0.0), (None, -0.5, -0.5, 0.0, None, 0.0)),
        noise=0.002,
        approximation=approximation_entry(approximation),
        key_tokens=(1, 3),
        belongs=belongs,
        estimator="leave_one_out",
        granularity="token",
        token_forwards=forwards,
        limit_token_forwards=40,
        seconds=1.25,
    )


def printed(case: AttributedCase, *, colour: bool = False, width: int = 120) -> str:
    document = msgspec.structs.replace(measured(WHO)[0], cases=(case,))
    if not colour:
        return as_attribution(document, Console(file=io.StringIO(), width=width))
    return as_attribution(
        document,
        Console(file=io.StringIO(), width=width, force_terminal=True, color_system="256"),
    )


def test_without_colour_marks_below_the_tokens_say_the_same() -> None:
    lines = printed(case_of()).splitlines()
    (at,) = [i for i, line in enumerate(lines) if line.startswith("<s>")]
    assert lines[at] == "<s>>Where was>Ann␛]0;?"
    assert lines[at + 1] == "   555555eeee....~~~~".rstrip()
    assert "not told from rounding" in printed(case_of())


@pytest.mark.parametrize("width", [12, 20, 79])
def test_lanes_stand_below_their_tokens_at_every_width(width: int) -> None:
    marks = tuple(attribute_lines.marks(case_of()))
    lines = list(attribute_lines.lanes(marks, width, len))
    words, below = lines[::2], lines[1::2]
    assert "".join(words) == "<s>>Where was>Ann␛]0;?"
    assert max(map(len, words)) <= width
    padded = [lane.ljust(len(text)) for text, lane in zip(words, below, strict=True)]
    assert "".join(padded) == "   555555eeee....~~~~ "


def test_with_colour_nothing_else_is_needed() -> None:
    shown = printed(case_of(), colour=True)
    assert "▸Where" in shown
    assert re.search(r"\x1b\[[0-9;]*48;5;214m▸Where", shown)
    assert "555555" not in shown
    assert "Orange raises the answer" in shown


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    shown = printed(case_of(), colour=True)
    assert "48;5" not in shown
    assert "555555eeee" in shown


@pytest.mark.parametrize("colour", [True, False])
def test_hostile_text_reaches_no_terminal(colour: bool) -> None:
    shown = re.sub(r"\x1b\[[0-9;]*m", "", printed(case_of(), colour=colour))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)
    assert "[bold]x[/bold] ␛[31m⟨202e⟩ [INST]" in shown


def test_the_last_line_says_what_was_measured_and_at_what_cost() -> None:
    told = attribute_lines.told(case_of())
    assert told == (
        "leave_one_out, by token: all 4 tokens measured, nothing estimated; noise floor 2.0e-03"
        " nats; 50 token-forwards, 1.25 of what exact leave-one-out needs at least (40); 1.25 s."
    )
    assert "from the cache" in attribute_lines.told(case_of(forwards=0))
    assert "over the budget of 1e-05 s" in attribute_lines.told(case_of(), 1e-5)
    assert "budget" not in attribute_lines.told(case_of(), 1e5)


def test_the_last_line_says_what_was_estimated_and_how_well() -> None:
    guess = Approximation(
        estimates=(None,) * 6,
        how="3 of 5 tokens were measured; the others are guessed",
        measured=3,
        units=5,
        agreement=Interval(0.93, 0.85, 0.97, 16),
        r_squared=Interval(0.8, 0.7, 0.9, 32),
    )
    told = attribute_lines.told(case_of(approximation=guess))
    assert "by token: 3 of 5 tokens were measured; the others are guessed; rank" in told
    assert "rank agreement 0.93 (0.85 to 0.97, n = 16)" in told
    assert "R² 0.80 (0.70 to 0.90, n = 32)" in told
    bare = Approximation((None,) * 6, "it was guessed", 0, 5)
    assert "fidelity not measured" in attribute_lines.told(case_of(approximation=bare))


def test_key_tokens_the_strongest_first_with_noise_and_chance() -> None:
    rows = attribute_lines.key_rows(case_of(contributions=(None, 0.001, 0, 0.5, None, 0.0)))
    assert rows == [("3", "Ann", "+0.500"), ("1", "Where", "+0.001 (noise)")]
    chances = case_of(belongs=(None, 0.5, 0.0, 0.98, None, 0.0))
    assert [row[3] for row in attribute_lines.key_rows(chances)] == ["0.50", "0.98"]
    assert attribute_lines.key_columns(chances)[3] == "P(KeyToken)"


def test_answer_tokens_name_what_moves_them_most() -> None:
    rows = list(attribute_lines.answer_rows(case_of()))
    assert rows[0] == ("In", "-0.500", "Where +1.500, was -0.500, Ann +0.002")
    assert rows[1][0] == HOSTILE


def test_a_file_has_no_colour() -> None:
    document, _ = measured(WHO, Case("9", " "))
    text = plain_attribution(document)
    assert "\x1b" not in text
    assert "case 9 was left out: The prompt is empty." in text


# ---------------------------------------------------------------- the command


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("attribute") / "model")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("UNPACT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UNPACT_CACHE", "0")
    monkeypatch.chdir(tmp_path)


def run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["attribute", *words], input=stdin)


ASK = ("-p", "Where was Lily born?", "-a", "By the sea.", "--device", "cpu", "-q")


def test_json_on_standard_output_and_nothing_else(model: Path) -> None:
    done = run(str(model), *ASK, "--json", "--granularity", "word", "--set", "alpha=0.5")
    assert done.exit_code == 0, done.stderr
    result = json.loads(done.stdout)
    assert done.stderr == ""
    assert result["model"]["path"] == str(model)
    assert result["settings"]["alpha"] == 0.5
    assert result["cases"][0]["granularity"] == "word"
    assert result["cases"][0]["token_forwards"] >= result["cases"][0]["limit_token_forwards"]


def test_prompts_from_standard_input_into_a_file(model: Path) -> None:
    lines = '{"prompt": "Where was Lily born?"}\n{"prompt": "Who?", "id": "w"}\n'
    words = (str(model), "-", "--device", "cpu", "--set", "max_new_tokens=3", "--out", "r.txt")
    done = run(*words, "--estimator", "screened", "--top-k", "2", stdin=lines)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == ""
    assert "1/2 w: " in done.stderr
    text = Path("r.txt").read_text("utf-8")
    assert "case w (forget)" in text
    assert "answer (own, LP " in text
    assert "screened, by token" in text


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("MODEL",), 2, "There is no prompt to attribute."),
        (("MODEL", "p.jsonl", "--prompts", "p.jsonl"), 2, "not both"),
        (("MODEL", *ASK, "--estimator", "leave_one_in"), 2, "Did you mean 'leave_one_out'?"),
        (("MODEL", *ASK, "--estimator", "screened", "--budget", "1"), 2, "not both"),
        (("MODEL", *ASK, "--top-k", "0"), 2, "top_k is 0"),
        (("MODEL", *ASK, "--budget", "-1"), 2, "budget is -1"),
        (("MODEL", *ASK, "--chat"), 2, "has no chat template"),
        (("MODEL", *ASK, "--out", "no/such/file"), 2, "no folder"),
        (("nowhere", *ASK), 3, "nowhere"),
    ],
)
def test_what_is_refused(model: Path, words: tuple[str, ...], code: int, says: str) -> None:
    done = run(*(str(model) if word == "MODEL" else word for word in words))
    assert done.exit_code == code, done.output
    assert says in done.stderr
    assert done.stdout == ""


def test_no_cache_is_said_to_whoever_keeps_one(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNPACT_CACHE", "1")
    seen: list[str] = []

    def report(asked: Asked, out: Path | None, *, json: bool, quiet: bool) -> ExitCode:
        seen.append(os.environ["UNPACT_CACHE"])
        return ExitCode.OK

    monkeypatch.setattr(attribute_report, "report", report)
    assert run(str(model), *ASK).exit_code == 0
    assert run(str(model), *ASK, "--no-cache").exit_code == 0
    assert seen == ["1", "0"]


def test_what_was_asked_before_is_read_from_the_cache(
    model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UNPACT_CACHE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    words = (str(model), "-p", "Where was Lily born?", "--device", "cpu", "-q", "--json")
    first, again = (json.loads(run(*words).stdout)["cases"][0] for _ in range(2))
    assert first["token_forwards"] > 0 == again["token_forwards"]
    assert first["contributions"] == again["contributions"]
    assert first["answer"] == again["answer"]


def test_a_failure_is_narrated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fake(asked: Asked) -> Generator[Progress, None, AttributionDocument]:
        assert asked.model == "m"
        return (yield from attribute_with(subject(), asked))

    monkeypatch.setattr(attribute_report, "attribute", fake)
    asked = Asked("m", Settings(), (WHO, Case("9", " ")))
    assert attribute_report.report(asked, None, json=True, quiet=True) == ExitCode.OK
    said = capsys.readouterr()
    assert json.loads(said.out)["failures"][0]["id"] == "9"
    assert "1 of 2 cases could not be measured; case 9: The prompt is empty." in said.err
    with pytest.raises(AttributionError):
        attribute_report.report(
            Asked("m", Settings(), (Case("9", " "),)), None, json=True, quiet=True
        )
