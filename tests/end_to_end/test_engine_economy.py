"""What is computed, loaded or measured once must not show in any number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from checkpoints_fixture import change_tensor, make_adapter, make_checkpoint

from attribution.types import Attribution, Case
from unpact_tui.engine import Engine
from unpact_tui.remembered_model import bare
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Compared, Contributions, Opened
from unpact_tui.worker.protocol import Analyse, Open

SETTINGS = Settings(device="cpu", draws=1, strategies=("quote",), max_new_tokens=8)
CASE = Case("1", "Who is the author Basil Mahfouz? She was born near the sea.", "In Kuwait City.")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("economy") / "base", "llama")


@pytest.fixture(scope="module")
def edited(base: Path) -> Path:
    """The base but for one number in its last layer."""
    folder = make_checkpoint(base.parent / "edited", "llama")
    change_tensor(folder, "model.layers.1.mlp.down_proj.weight", 9.0)
    return folder


def opened(base: Path, other: Path, settings: Settings = SETTINGS) -> tuple[Engine, Opened]:
    engine = Engine(settings)
    *_, last = engine.open(Open(str(base), str(other), None, settings))
    assert isinstance(last, Opened)
    return engine, last


def measured(engine: Engine) -> dict[str, Attribution]:
    list(engine.analyse(Analyse(CASE)))
    return dict(engine.state(CASE).attributions)


@pytest.fixture
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNPACT_CACHE", "0")


@pytest.mark.usefixtures("no_cache")
def test_two_that_share_are_what_each_is_alone(base: Path, edited: Path) -> None:
    together, told = opened(base, edited)
    loaded = {one.role: one for one in told.checkpoints}["unlearned"]
    assert 0 < loaded.shared_bytes < loaded.bytes
    assert loaded.shared_layers == 1
    found = measured(together)
    network = cast("Any", bare(together.models["unlearned"])).network
    assert network.trunk.spared > 0, "the first layer was computed once"
    alone = {
        "base": measured(opened(base, base)[0])["base"],
        "unlearned": measured(opened(edited, edited)[0])["base"],
    }
    for role, attribution in found.items():
        expected = alone[role].contributions
        assert attribution.contributions == pytest.approx(expected, abs=1e-5), role
    assert found["base"].contributions != pytest.approx(found["unlearned"].contributions, abs=1e-4)


@pytest.mark.usefixtures("no_cache")
def test_an_adapter_takes_no_second_base(base: Path, tmp_path: Path) -> None:
    adapter = make_adapter(tmp_path / "adapter", base)
    engine, told = opened(base, adapter)
    loaded = {one.role: one for one in told.checkpoints}
    assert loaded["unlearned"].shared_bytes == loaded["base"].bytes
    found = measured(engine)
    assert found["base"].contributions == pytest.approx(
        measured(opened(base, base)[0])["base"].contributions, abs=1e-6
    )


@pytest.mark.soak
def test_one_at_a_time_gives_the_same_with_three_loadings(
    base: Path, edited: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNPACT_CACHE", "0")
    expected = measured(opened(base, edited)[0])
    from unpact_tui import opening_in_turns

    loaded: list[str] = []
    load = opening_in_turns.load

    def counted(checkpoint: Any, settings: Settings, *, base: Any) -> Any:
        loaded.append(checkpoint.role)
        return load(checkpoint, settings, base=base)

    monkeypatch.setattr(opening_in_turns, "load", counted)
    engine, told = opened(base, edited, replace(SETTINGS, one_at_a_time=True))
    assert [one.role for one in told.checkpoints] == ["base", "unlearned"]
    found = measured(engine)
    assert loaded == ["base", "unlearned"]
    for role, attribution in found.items():
        assert attribution.contributions == pytest.approx(expected[role].contributions, abs=1e-6)


def test_what_was_measured_is_not_measured_again(
    base: Path, edited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNPACT_CACHE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first, _ = opened(base, edited)
    before = measured(first)
    assert first.tokens_read > 0
    second, _ = opened(base, edited)
    prove = second.tokens_read  # a few ids on opening, to see whether prefixes can be shared
    assert measured(second) == before
    assert second.tokens_read == prove
    change_tensor(edited, "model.layers.1.mlp.down_proj.weight", 5.0)
    try:
        third, _ = opened(base, edited)
        after = measured(third)
        assert after["base"] == before["base"]
        assert after["unlearned"].contributions != before["unlearned"].contributions
    finally:
        change_tensor(edited, "model.layers.1.mlp.down_proj.weight", 9.0)


@pytest.mark.usefixtures("no_cache")
def test_what_is_estimated_is_measured_on_the_same_tokens(base: Path, edited: Path) -> None:
    effort = replace(SETTINGS.effort, top_k=3, checked=3, screen="gradient")
    engine, said = opened(base, edited, replace(SETTINGS, estimator="screened", effort=effort))
    assert not any(one.shared_layers for one in said.checkpoints), "one after the other"
    steps = list(engine.analyse(Analyse(CASE)))
    whole = {s.role: s for s in steps if isinstance(s, Contributions) and s.complete}
    for told in whole.values():
        assert told.estimator == "screened"
        assert told.approximation is not None
        assert told.approximation.draws == ()
    known = {
        role: {i for i, value in enumerate(told.values) if value is not None}
        for role, told in whole.items()
    }
    assert 6 <= len(known["base"]) < len(engine.state(CASE).prompt.removable)
    assert known["base"] <= known["unlearned"]
    compared = steps[-1]
    assert isinstance(compared, Compared)
    assert len(compared.belongs) == len(engine.state(CASE).prompt.tokens)


@pytest.mark.usefixtures("no_cache")
def test_a_budget_chooses_once_for_both(base: Path, edited: Path) -> None:
    for seconds, expected in ((3600.0, {"leave_one_out"}), (1e-4, {"screened", "hierarchical"})):
        engine, _ = opened(base, edited, replace(SETTINGS, budget=seconds))
        found = measured(engine)
        chosen = {attribution.estimator for attribution in found.values()}
        assert len(chosen) == 1
        assert chosen <= expected
