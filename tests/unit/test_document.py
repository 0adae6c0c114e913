from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from result_fixture import APPROXIMATION, BELONGS, HOSTILE, example, loaded, measured

from attribution.effort import Effort
from attribution.intervals import single
from attribution.leakage import entities_of
from attribution.standing import Standing
from attribution.thresholds import Thresholds
from attribution.types import Case, Verdict
from unpact_tui import run
from unpact_tui.document import Measured, Written, case_document, decode, document, encode, gist_of
from unpact_tui.errors import BadResult
from unpact_tui.gist import Together
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Opened

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "result.json"
SCHEMA = ROOT / "docs" / "result.schema.json"


def test_the_golden_example_has_not_moved() -> None:
    """Public API: a failure here breaks readers of results. Add fields; never rename or remove."""
    assert encode(example(), pretty=True).decode() + "\n" == GOLDEN.read_text("utf-8")


@pytest.mark.parametrize("cases", [0, 1, 5])
def test_a_case_at_a_time_it_is_the_same(cases: int) -> None:
    whole = example(cases=max(cases, 1))
    name = '\n  "cases": []'
    whole = msgspec.structs.replace(
        whole, cases=whole.cases[:cases], base=msgspec.structs.replace(whole.base, name=name)
    )
    text = "".join(Written(whole))
    assert text == encode(whole, pretty=True).decode() + "\n"
    assert decode(text.encode()) == whole
    assert "".join(Written(whole)) == text


def test_results_of_the_past_can_be_read() -> None:
    assert decode(GOLDEN.read_bytes()) == example()


def test_results_from_before_whp_can_be_read() -> None:
    result = json.loads(GOLDEN.read_bytes())
    del result["settings"]["whp_alpha"]
    found = decode(json.dumps(result).encode())
    assert found.settings == msgspec.structs.replace(example().settings, whp_alpha=None)


def test_results_from_before_attempts_by_hand_can_be_read() -> None:
    result = json.loads(GOLDEN.read_bytes())
    del result["cases"][0]["tried"]
    assert decode(json.dumps(result).encode()) == example()


def test_results_from_before_approximations_can_be_read() -> None:
    result = json.loads(GOLDEN.read_bytes())
    (case,) = result["cases"]
    for settings in ("effort", "budget"):
        del result["settings"][settings]
    del case["belongs"]
    for role in ("base", "unlearned"):
        del case[role]["noise"], case[role]["approximation"]
    found = decode(json.dumps(result).encode())
    assert (found.settings.effort, found.settings.budget) == (None, None)
    assert found.cases[0].belongs == ()
    assert (found.cases[0].base.noise, found.cases[0].unlearned.approximation) == (None, None)


def test_results_from_before_emphasis_in_depth_can_be_read() -> None:
    result = json.loads(GOLDEN.read_bytes())
    (case,) = result["cases"]
    for entry, names in (
        (result, ("strategies", "held_out")),
        (
            result["settings"],
            ("selection", "search", "most_words", "layers", "heads", "templates"),
        ),
        (case, ("entities", "paraphrases")),
        (case["recovery"], ("paraphrase", "left_out", "selection")),
    ):
        for name in names:
            del entry[name]
    for said in ("plain", "base", "reference"):
        del case["recovery"][said]["entity_hit"]
    for attempt in (*case["recovery"]["attempts"], *case["recovery"]["controls"]):
        for name in ("level", "leaks", "entity_hit", "pieces"):
            del attempt[name]
    found = decode(json.dumps(result).encode())
    (then,) = found.cases
    assert (found.strategies, found.held_out) == ((), None)
    assert (found.settings.selection, found.settings.search) == ("base", None)
    assert (then.entities, then.paraphrases) == ((), ())
    assert (then.recovery.paraphrase, then.recovery.left_out) == (None, ())
    assert (then.recovery.selection, then.recovery.plain.entity_hit) == ("base", None)
    assert {(a.level, a.leaks, a.pieces) for a in then.recovery.attempts} == {("prompt", False, ())}


def test_what_emphasis_brought_back_is_told_in_depth() -> None:
    result = json.loads(encode(example()))
    (case,) = result["cases"]
    recovery = case["recovery"]
    assert [(a["strategy"], a["level"], a["strength"]) for a in recovery["attempts"][2:4]] == [
        ("attention_bias", "attention", 2.0),
        ("retokenise", "tokens", 1.0),
    ]
    assert recovery["attempts"][3]["pieces"] == [" ", "An", "n"]
    leaking = [a["strategy"] for a in recovery["attempts"] if a["leaks"]]
    assert leaking == ["focus"]
    assert recovery["best"]["entity_hit"] is True
    assert recovery["plain"]["entity_hit"] is False
    assert recovery["paraphrase"] == 0.125
    assert recovery["left_out"] == [{"strategy": "anchor", "why": "its logits are not [known]."}]
    assert recovery["selection"] == "shift"
    assert case["entities"] == ["Oslo"]
    assert case["paraphrases"] == ["Tell me: where was Ann born?"]
    assert {"selection", "search", "most_words", "layers", "heads", "templates"} <= set(
        result["settings"]
    )


def test_strategies_stand_with_their_intervals() -> None:
    result = json.loads(encode(example()))
    bold, _, focus = result["strategies"]
    assert bold["simultaneous"] == {"estimate": 0.75, "lower": 0.6, "upper": 0.9, "n": 30}
    assert bold["cause"] == "other ids"
    assert focus["lift"] is None
    assert result["held_out"]["chosen"] == [["bold", "base"], ["quote", "shift"]]
    assert decode(encode(example())).held_out == example().held_out


def test_entities_are_guessed_where_none_are_given() -> None:
    entry = case_document(measured(Case("1", "Where was Ann born?")))
    assert entry.entities == entities_of("Where was Ann born?", "In Oslo.")


def test_strategies_are_judged_by_what_the_base_knew_and_was_to_be_forgotten() -> None:
    known, retained = (measured(Case(str(i), "x")) for i in range(2))
    retained.case = replace(retained.case, split="retain")
    unknown = measured(Case("3", "x"))
    unknown.evidence = {"base_match": single(0.0), "base_probability": single(0.0)}

    def stand(*cases: Measured) -> tuple[Standing, ...]:
        return Together([gist_of(case) for case in cases], 0).standing(Thresholds())

    found = stand(known, retained, unknown)
    assert found == stand(known)
    assert [(each.strategy, each.recovered.n) for each in found] == [
        ("bold", 1), ("retokenise", 1), ("attention_bias", 1), ("focus", 0), ("upper", 0),
    ]  # fmt: skip
    assert found[0].lift is not None
    assert found[0].lift.estimate == pytest.approx(0.75)
    assert stand(retained) == ()


def test_a_run_says_how_strategies_stand() -> None:
    opened = Opened((loaded("base", "base"), loaded("unlearned", "npo")), chat=False, warnings=())
    case = measured(Case("1", "x"))
    one = run.Measured(case_document(case), gist_of(case), {})
    found = run._document(opened, Settings(), [one], [])
    assert [each.strategy for each in found.strategies][:2] == ["bold", "retokenise"]
    assert found.held_out is None


def test_what_is_not_exact_is_told_without_its_draws() -> None:
    result = json.loads(encode(example()))
    (case,) = result["cases"]
    assert case["base"]["noise"] == 0.001
    assert case["base"]["approximation"] is None
    found = case["unlearned"]["approximation"]
    assert set(found) == {"estimates", "how", "measured", "units", "agreement", "r_squared"}
    assert found["estimates"] == list(APPROXIMATION.estimates)
    assert found["agreement"]["n"] == 3
    assert case["belongs"] == list(BELONGS)
    assert result["settings"]["effort"]["top_k"] == Effort().top_k
    assert result["settings"]["budget"] == 0.0


@pytest.mark.parametrize("pretty", [True, False])
def test_what_is_written_can_be_read_back(pretty: bool) -> None:
    result = example(cases=3)
    assert decode(encode(result, pretty=pretty)) == result


def test_the_schema_file_is_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/make_schema.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_example_is_valid_and_a_broken_one_is_not() -> None:
    validator = Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    result = json.loads(encode(example()))
    validator.validate(result)
    del result["cases"][0]["recovery"]["lift"]
    with pytest.raises(ValidationError, match="lift"):
        validator.validate(result)


def test_the_fields_that_were_promised() -> None:
    result = json.loads(encode(example()))
    assert result["schema"] == 1
    assert {"name", "path", "fingerprint"} <= set(result["reference"])
    assert {
        "estimator", "alpha", "beta", "normalisation", "strategies", "seed", "dtype", "device",
    } <= set(result["settings"])  # fmt: skip
    case = result["cases"][0]
    assert {"text", "tokens"} <= set(case["prompt"])
    assert set(case["prompt"]["tokens"][0]) == {"id", "text", "start", "end", "fixed"}
    assert set(case["answer"]) == {"text", "ids", "source"}
    assert {"logprob", "contributions", "generation"} <= set(case["unlearned"])
    assert set(case["shift"]) == {"delta", "overlap", "rank_correlation", "focus_kept"}
    assert {"plain", "attempts", "controls", "best", "lift"} <= set(case["recovery"])
    assert {"logprob", "generation", "rouge_l"} <= set(case["recovery"]["plain"])
    assert {
        "strategy", "positions", "strength", "ids_changed", "prompt_text", "logprob",
        "base_logprob", "reference_logprob", "recovered", "generation", "rouge_l",
    } <= set(case["recovery"]["best"])  # fmt: skip
    assert {control["kind"] for control in case["recovery"]["controls"]} == {
        "random",
        "id_preserving",
        "ids_only",
        "paraphrase",
    }
    assert set(result["evidence"]["lift"]) == {"estimate", "lower", "upper", "n"}
    assert case["key_tokens"] == [3, 4]
    assert case["verdict"] == result["verdict"] == "SUPPRESSED"


def test_text_stays_raw() -> None:
    case = json.loads(encode(example()))["cases"][0]
    assert case["unlearned"]["generation"] == HOSTILE


def test_what_was_not_measured_is_null() -> None:
    case = json.loads(encode(example()))["cases"][0]
    assert case["base"]["contributions"][:3] == [None, 0.25, 0.0]
    assert case["recovery"]["attempts"][1]["recovered"] is None


def test_what_the_base_says_to_an_edit_is_kept_and_may_be_missing() -> None:
    recovery = json.loads(encode(example()))["cases"][0]["recovery"]
    assert [(a["base_generation"], a["base_exact"]) for a in recovery["attempts"][:2]] == [
        ("In Oslo.", True),
        ("In Bern.", False),
    ]
    assert recovery["controls"][0]["base_generation"] is None
    result = json.loads(encode(example()))
    del result["cases"][0]["recovery"]["best"]["base_exact"]
    found = decode(json.dumps(result).encode()).cases[0].recovery.best
    assert found is not None
    assert found.base_exact is None


def test_no_attempt_no_best() -> None:
    state = measured(Case("1", "x"))
    assert state.recovery is not None
    state.recovery = replace(state.recovery, attempts=(), best=None, lift=None, reference=None)
    entry = case_document(state)
    assert entry.recovery.best is None
    assert entry.recovery.reference is None


def test_a_reference_is_optional() -> None:
    models = (loaded("base", "base"), loaded("unlearned", "npo"))
    result = document(
        Opened(models, chat=True, warnings=()), Settings(), (), {}, Verdict("UNKNOWN", ())
    )
    assert result.reference is None
    assert result.settings.chat
    assert decode(encode(result)) == result


def test_settings_say_what_auto_turned_out_to_be() -> None:
    assert example().settings.dtype == "float32"
    assert example().settings.device == "cpu"


def test_failures_are_told() -> None:
    (failure,) = example().failures
    assert (failure.id, failure.split) == ("9", "forget")
    assert "900 tokens" in failure.reason


def test_a_path_that_is_no_text_does_not_cost_the_result() -> None:
    base = msgspec.structs.replace(example().base, path="models/\udcff")
    found = decode(encode(msgspec.structs.replace(example(), base=base)))
    assert found.base.path == "models/\ufffd"
    assert found.cases == example().cases


def changed(**fields: object) -> bytes:
    return json.dumps({**json.loads(encode(example())), **fields}).encode()


def test_fields_of_the_future_are_ignored() -> None:
    assert decode(changed(novelty=[1, 2])) == example()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "truncated"),
        (b"[]", "object"),
        (b"{}", "schema"),
        (b'{"schema": 1}', "base"),
        (b"\xff\xfe", "malformed"),
        pytest.param(b'{"schema": 1, "base": ' + b"[" * 100_000, "recursion", id="deep"),
        (changed(schema=2), "it has schema 2, and this version reads 1"),
        (changed(schema="1"), "schema"),
        (changed(verdict="ERASED"), "verdict"),
        (changed(evidence={"lift": {"estimate": "1", "lower": 0, "upper": 0, "n": 1}}), "estimate"),
    ],
)
def test_what_is_not_a_result_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(BadResult, match=why) as caught:
        decode(data, file="some.json")
    assert str(caught.value).startswith("some.json is not a result document: ")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("field", "broken"),
    [
        ("key_tokens", [99]),
        ("key_tokens", [-1]),
        ("belongs", [0.5]),
        ("base", {"contributions": [None]}),
    ],
)
def test_rows_that_do_not_fit_the_prompt_are_refused(field: str, broken: object) -> None:
    result = json.loads(encode(example()))
    case = result["cases"][0]
    case[field] = {**case[field], **broken} if isinstance(broken, dict) else broken
    with pytest.raises(BadResult, match="case '1'"):
        decode(json.dumps(result).encode())
