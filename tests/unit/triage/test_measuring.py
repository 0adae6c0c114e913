"""One checkpoint through a real engine on models that fit in the head."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import pytest
from fakes import AdditiveModel
from triage_fixture import write_folder

from attribution.scorer import Model
from attribution.types import Case, Interval
from unpact_tui import engine as engine_module
from unpact_tui import evaluating
from unpact_tui.benchmarks._item import Item
from unpact_tui.engine import Engine
from unpact_tui.metrics import Taken
from unpact_tui.metrics._scored import Sides
from unpact_tui.settings import Settings
from unpact_tui.triage import measuring
from unpact_tui.triage.measuring import measure
from unpact_tui.triage.question import Question
from unpact_tui.triage.readings import Kept
from unpact_tui.triage.row import Row
from unpact_tui.worker.events import Loaded, Opened, Role
from unpact_tui.worker.protocol import Open

CASES = (
    Case("1", "Who wrote The Hidden River?", "Mira Vale.", entities=("Mira Vale",)),
    Case("2", "Where is Oslo?", "In Norway.", split="retain"),
)
QUICK = Settings(strategies=("quote",), draws=1, max_new_tokens=8)


class House:
    """Three models, opened by role; counts what base and reference are asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        says = {"Hidden": "Mira Vale.", "Oslo": "In Norway."}
        kept = {" Oslo": 3.0, "Oslo": 3.0}
        lost = {" Hidden": 2.0, "Hidden": 2.0, " River": 1.0, "River": 1.0}
        self.models: dict[Role, AdditiveModel] = {
            "base": AdditiveModel(kept | lost, says=says, bias=-3.0),
            "unlearned": AdditiveModel(kept, says={"Oslo": says["Oslo"]}, bias=-3.0),
            "reference": AdditiveModel(kept, says={"Oslo": says["Oslo"]}, bias=-3.0),
        }
        for model in self.models.values():
            # One vocabulary, as all checkpoints of a family have.
            model._ids = self.models["base"]._ids
        self.asked: list[str] = []
        for fill, name in enumerate(("base", "unlearned", "reference")):
            write_folder(folder / name, fill)

    def open(
        self, order: Open, _loaded: object, _store: object
    ) -> Generator[object, None, tuple[dict[Role, Model], Opened]]:
        infos = tuple(
            Loaded(role, role, str(self.folder / role), None, 1, 1, "float32", "cpu", f"f {role}")
            for role in self.models
        )
        yield from ()
        return dict(self.models), Opened(infos, False, ())

    def evaluate(
        self, model: Model, items: Sequence[Item]
    ) -> Generator[evaluating.Progress, None, tuple[object, ...]]:
        (name,) = (role for role, one in self.models.items() if one is model)
        self.asked.append(name)
        return (yield from REAL(model, items))


REAL = evaluating.evaluate


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    made = House(tmp_path)
    monkeypatch.setattr(engine_module, "open_models", made.open)
    monkeypatch.setattr(evaluating, "evaluate", made.evaluate)
    return made


def row_of(engine: Engine, question: Question, kept: Kept | None = None) -> Row:
    steps = measure(engine, question, "unlearned", "key", kept)
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            row, document = end.value
            assert row.verdict == document.verdict
            return row
        assert step.stage


def question(house: House, *, items: tuple[Item, ...] = (), weights: bool = True) -> Question:
    return Question("base", "reference", QUICK, CASES, items, weights, compare=("f.jsonl", "-x"))


def test_a_row_says_all_that_was_measured(house: House) -> None:
    row = row_of(Engine(QUICK), question(house))
    assert row.verdict == "UNRECOVERED"
    assert {"unlearned_match", "recovered", "retain_match", "focus_kept"} <= set(row.evidence)
    assert {"forget_Q_A_Prob", "retain_Q_A_Prob", "forget_Q_A_ROUGE"} <= set(row.metrics)
    assert row.metrics["forget_Q_A_Prob"].estimate < row.metrics["retain_Q_A_Prob"].estimate
    assert row.absent["model_utility"].startswith("it needs")
    assert not set(row.absent) & set(row.metrics)
    assert [(case.id, case.split) for case in row.cases] == [("1", "forget"), ("2", "retain")]
    assert row.weights is not None
    assert row.left_out == ()
    assert row.compare == ("unpact-tui", "compare", "base", "unlearned", "f.jsonl", "-x")
    assert row.fingerprint == "f unlearned"


def test_base_and_reference_are_asked_once(house: House) -> None:
    engine, kept = Engine(QUICK), Kept()
    first = row_of(engine, question(house), kept)
    second = row_of(engine, question(house), kept)
    assert house.asked == ["base", "unlearned", "reference", "unlearned"]
    assert first.metrics == second.metrics


def test_a_benchmark_is_taken_beside_the_prompts(house: House) -> None:
    item = Item(Case("b1", "Where is Oslo?", "In Norway."), "forget")
    plain = row_of(Engine(QUICK), question(house))
    both = row_of(Engine(QUICK), question(house, items=(item,)))
    # Of two with one name the benchmark's; the prompts' others stay.
    assert both.metrics["forget_Q_A_Prob"] != plain.metrics["forget_Q_A_Prob"]
    assert both.metrics["retain_Q_A_Prob"] == plain.metrics["retain_Q_A_Prob"]
    assert both.verdict == plain.verdict


def test_weights_that_cannot_be_compared_cost_nothing_else(house: House) -> None:
    (house.folder / "unlearned" / "model.safetensors").write_bytes(b"short")
    row = row_of(Engine(QUICK), question(house))
    assert row.weights is None
    assert row.left_out[0].startswith("weights: ")
    assert row.metrics
    assert row_of(Engine(QUICK), question(house, weights=False)).left_out == ()


def test_a_number_that_is_none_is_absent(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = measuring.take

    def odd(sides: Sides, seed: int) -> Taken:
        found = taken(sides, seed)
        found.metrics["odd"] = Interval(float("nan"), 0.0, float("inf"), 1)
        return found

    monkeypatch.setattr(measuring, "take", odd)
    row = row_of(Engine(QUICK), question(house))
    assert "odd" not in row.metrics
    assert row.absent["odd"] == "it came out as no finite number"
