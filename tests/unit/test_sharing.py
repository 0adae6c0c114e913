from __future__ import annotations

import shutil
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import torch
from checkpoints_fixture import change_json, make_adapter, make_checkpoint, make_model
from safetensors.torch import load_file, save_file

from attribution.scorer import Model, score_all
from unpact_tui import checkpoints, opening, sharing, taking_turns, weight_reading
from unpact_tui.checkpoints import read
from unpact_tui.errors import BadUsage, CheckpointError, NotFiniteWeights, Unreadable
from unpact_tui.loading import LoadedModel
from unpact_tui.machine_facts import Memory
from unpact_tui.opening import open_models
from unpact_tui.pretrained import silenced
from unpact_tui.settings import Settings
from unpact_tui.shareable import alike, leaves_its_base_alone
from unpact_tui.taking_turns import TurnModel
from unpact_tui.weight_reading import Ahead, Read, Reading, read_beside
from unpact_tui.worker.events import Loading, Opened, Role, Step
from unpact_tui.worker.protocol import Open

CPU = Settings(device="cpu")
UP = "model.layers.1.mlp.up_proj.weight"
HEAD = "lm_head.weight"
TABLE = "model.embed_tokens.weight"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with silenced():
        return make_checkpoint(tmp_path_factory.mktemp("sharing") / "base")


@pytest.fixture(scope="module")
def adapter(base: Path) -> Path:
    with silenced():
        return make_adapter(base.parent / "adapter", base)


def copied(base: Path, name: str = "other") -> Path:
    return Path(shutil.copytree(base, base.parent / name, dirs_exist_ok=True))


@pytest.fixture
def other(base: Path, tmp_path: Path) -> Path:
    """A copy of the base with one matrix changed."""
    return edited(Path(shutil.copytree(base, tmp_path / "other")), UP)


def edited(folder: Path, *names: str, by: float = 1.5) -> Path:
    file = folder / "model.safetensors"
    tensors = load_file(file)
    tensors |= {name: tensors[name] * by for name in names}
    save_file(tensors, file, metadata={"format": "pt"})
    return folder


def opened(
    base: Path, other: Path, loaded: dict[Role, LoadedModel] | None = None
) -> tuple[dict[Role, LoadedModel], list[Step]]:
    loaded = {} if loaded is None else loaded
    steps = open_models(Open(str(base), str(other), None, CPU), loaded)
    said: list[Step] = []
    while True:
        try:
            said.append(next(steps))
        except StopIteration as end:
            return loaded, [*said, end.value[1]]


def shared(base: Path, other: Path) -> int:
    return opened(base, other)[0]["unlearned"].info.shared_bytes


# ---------------------------------------------------------------- what may be shared


FREE: list[dict[str, object]] = [
    {"transformers_version": "4.0.0", "_name_or_path": "org/base"},
    {"dtype": "bfloat16"},
    {"dtype": None, "torch_dtype": "float32"},
    {"use_cache": False, "eos_token_id": [2, 3], "bos_token_id": None, "pad_token_id": 2},
    # What one version writes and another leaves to its default.
    {"mlp_bias": None, "attention_bias": None, "rms_norm_eps": 1e-6},
]
BOUND: list[dict[str, object]] = [
    {"rms_norm_eps": 1e-5},
    {"rope_parameters": {"rope_type": "default", "rope_theta": 500000.0}},
    {"hidden_act": "gelu"},
    {"tie_word_embeddings": True},
    {"quantization_config": {"quant_method": "fp8"}},
    {"attention_dropout": 0.5},
    {"model_type": "mistral"},
    {"rope_parameters": "nonsense"},
]


@pytest.mark.parametrize("fields", FREE)
def test_configurations_that_compute_the_same(fields: dict[str, object], other: Path) -> None:
    one = read(other, "base")
    change_json(other / "config.json", fields)
    assert alike(one, read(other, "unlearned"), trust_remote_code=False)


@pytest.mark.parametrize("fields", BOUND)
def test_configurations_that_do_not(fields: dict[str, object], base: Path, other: Path) -> None:
    change_json(other / "config.json", fields)
    pair = read(base, "base"), read(other, "unlearned")
    assert not alike(*pair, trust_remote_code=False)


def test_code_that_a_checkpoint_brings_is_never_taken_for_the_same(base: Path) -> None:
    folder = copied(base, "code")
    change_json(folder / "config.json", {"auto_map": {"AutoModelForCausalLM": "own.Own"}})
    one = read(folder, "base")
    assert alike(one, one, trust_remote_code=False)  # the architecture is built in
    assert not alike(one, one, trust_remote_code=True)


def test_other_precisions_are_loaded_whole(base: Path, tmp_path: Path) -> None:
    with silenced():
        other = make_checkpoint(tmp_path / "half", dtype=torch.bfloat16)
    assert shared(base, other) == 0


@pytest.mark.parametrize(
    ("fields", "alone"),
    [
        ({}, True),
        ({"use_dora": True, "use_rslora": True, "lora_alpha": 64}, True),
        ({"init_lora_weights": "gaussian"}, True),
        ({"init_lora_weights": "olora"}, False),
        ({"use_kasa": True}, False),
        ({"bias": "all"}, False),
        ({"layer_replication": [[0, 1]]}, False),
        ({"peft_type": "IA3"}, False),
    ],
)
def test_adapters(fields: dict[str, object], alone: bool, adapter: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(adapter, tmp_path / "adapter"))
    change_json(folder / "adapter_config.json", fields)
    assert leaves_its_base_alone(read(folder, "unlearned")) is alone


def test_a_checkpoint_that_shares_too_little_is_loaded_whole(base: Path, tmp_path: Path) -> None:
    names = load_file(base / "model.safetensors")
    other = edited(Path(shutil.copytree(base, tmp_path / "other")), *names)
    loaded, _ = opened(base, other)
    assert loaded["unlearned"].changed == names.keys()
    assert loaded["unlearned"].info.shared_bytes == 0


# ---------------------------------------------------------------- what cannot be told is not shared


def test_two_names_of_one_tensor(base: Path, tmp_path: Path) -> None:
    """Files that hold both names of a tied tensor: whether they are tied depends on the numbers."""
    tied = Path(shutil.copytree(base, tmp_path / "tied"))
    change_json(tied / "config.json", {"tie_word_embeddings": True})
    tensors = load_file(tied / "model.safetensors")
    tensors[HEAD] = tensors[TABLE].clone()
    save_file(tensors, tied / "model.safetensors", metadata={"format": "pt"})
    other = edited(Path(shutil.copytree(tied, tmp_path / "other")), HEAD)
    loaded, _ = opened(tied, other)
    state = loaded["unlearned"].model.state_dict()
    assert loaded["unlearned"].changed == {HEAD}
    assert loaded["unlearned"].info.shared_bytes == 0
    assert not torch.equal(state[HEAD], state[TABLE])


def test_what_was_not_merely_copied(
    base: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = opened(base, other)[0]["unlearned"].model.state_dict()
    first, stored = True, sharing._stored

    def turned(place: sharing.Place, like: torch.Tensor) -> torch.Tensor:
        nonlocal first
        found, first = stored(place, like), not first
        return found if first else found.flip(0)

    monkeypatch.setattr(sharing, "_stored", turned)
    loaded, _ = opened(base, other)
    assert loaded["unlearned"].info.shared_bytes == 0
    assert torch.equal(loaded["unlearned"].model.state_dict()[UP], whole[UP])


@pytest.mark.parametrize("error", [RuntimeError("no"), TypeError("cannot pickle"), MemoryError()])
def test_what_cannot_be_copied(
    error: BaseException, base: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(sharing, "twin", fail)
    assert shared(base, other) == 0


def test_twins_that_are_not_safe() -> None:
    with silenced():
        model = make_model().requires_grad_(False)
    assert sharing.twin(model) is not None
    assert sharing.twin(make_model()) is None, "it could be trained"
    model.model.norm._hf_hook = object()
    assert sharing.twin(model) is None, "spread over devices"


def test_layers_that_are_not_found() -> None:
    model = make_model().requires_grad_(False)
    twin = sharing.twin(model)
    assert twin is not None
    assert sharing.leading_layers(twin, model) == 2
    model.config.num_hidden_layers = twin.config.num_hidden_layers = 7
    assert sharing.leading_layers(twin, model) == 0


def test_a_last_norm_of_its_own_costs_no_layer(base: Path, tmp_path: Path) -> None:
    other = edited(Path(shutil.copytree(base, tmp_path / "other")), "model.norm.weight", HEAD)
    assert opened(base, other)[0]["unlearned"].info.shared_layers == 2


# ---------------------------------------------------------------- opening


def test_the_pair_says_what_it_shares(base: Path, other: Path) -> None:
    loaded, steps = opened(base, other)
    assert isinstance(steps[-1], Opened)
    ours, theirs = steps[-1].checkpoints
    assert (ours.shared_bytes, ours.shared_layers) == (0, 0)
    assert theirs.bytes - theirs.shared_bytes == 48 * 32 * 4
    assert theirs.shared_layers == 1
    own = loaded["unlearned"].model.state_dict()[UP].data_ptr()
    assert own != loaded["base"].model.state_dict()[UP].data_ptr()
    checked = [s for s in steps if isinstance(s, Loading) and s.stage == "checking weights"]
    assert {s.role: s.total for s in checked} == {"base": ours.bytes, "unlearned": 48 * 32 * 4}


def test_what_is_the_same_is_known_without_another_look(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = Path(shutil.copytree(base, tmp_path / "same"))
    monkeypatch.setattr(checkpoints, "identical", None)
    loaded, steps = opened(base, same)
    assert isinstance(steps[-1], Opened)
    assert any("byte-identical" in warning for warning in steps[-1].warnings)
    info = loaded["unlearned"].info
    assert (info.shared_bytes, info.shared_layers) == (info.bytes, 2)


def test_what_is_not_shared_is_checked(other: Path, base: Path) -> None:
    edited(other, UP, by=float("inf"))
    with pytest.raises(NotFiniteWeights, match="up_proj"):
        opened(base, other)


def test_another_base_takes_what_shares_with_it_along(base: Path, other: Path) -> None:
    loaded, _ = opened(base, other)
    before = loaded["unlearned"]
    opened(base, other, loaded)
    assert loaded["unlearned"] is before
    changed = edited(copied(base, "another"), "model.layers.0.mlp.up_proj.weight")
    opened(changed, other, loaded)
    assert loaded["unlearned"] is not before
    assert loaded["unlearned"].changed == {UP, "model.layers.0.mlp.up_proj.weight"}


# ---------------------------------------------------------------- reading ahead


def drained(reading: Reading) -> tuple[list[Read], frozenset[str] | None]:
    found: list[Read] = []
    while True:
        try:
            found.append(next(reading))
        except StopIteration as end:
            return found, end.value


def test_bytes_are_counted_beside_the_base(base: Path, other: Path) -> None:
    ours, theirs = read(base, "base").shards, read(other, "unlearned").shards
    steps, changed = drained(read_beside(theirs, ours))
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert done[-1] == steps[-1].total == theirs[0].bytes
    assert changed == {UP}


def test_a_thread_finds_the_same(base: Path, other: Path) -> None:
    ours, theirs = read(base, "base").shards, read(other, "unlearned").shards
    begun, waiting = (Ahead(lambda: read_beside(theirs, ours)) for _ in range(2))
    begun.start()
    assert drained(begun.finish())[1] == drained(waiting.finish())[1] == {UP}
    begun.stop()


def test_what_a_thread_raises_is_raised_where_it_is_waited_for() -> None:
    def broken() -> Iterator[Read]:
        yield Read(1, 2, 1, 1)
        raise Unreadable(Path("x"), "it is gone")

    ahead = Ahead(lambda: (yield from broken()))
    ahead.start()
    ahead.stop()
    with pytest.raises(Unreadable, match="it is gone"):
        drained(ahead.finish())


def endless(started: threading.Event, ended: threading.Event) -> Reading:
    try:
        while True:
            yield Read(1, 2, 1, 1)
            started.set()
            time.sleep(0.001)
    finally:
        ended.set()


@pytest.fixture
def reading_ahead(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """The unlearned side's reading, which begins while the base is built, never ends by itself."""
    events = threading.Event(), threading.Event()
    monkeypatch.setattr(opening, "memory", lambda: Memory(2**40, 2**40))
    monkeypatch.setattr(opening, "reading", lambda *_: endless(*events))
    return events


def test_closing_ends_the_thread(
    base: Path, other: Path, reading_ahead: tuple[threading.Event, threading.Event]
) -> None:
    steps = open_models(Open(str(base), str(other), None, CPU), {})
    for step in steps:
        if isinstance(step, Loading) and (step.role, step.stage) == (
            "unlearned",
            "reading weights",
        ):
            break
    started, ended = reading_ahead
    assert started.is_set()
    assert not ended.is_set()
    steps.close()
    assert ended.is_set()


def test_an_error_ends_the_thread_and_everything(
    base: Path, other: Path, reading_ahead: tuple[threading.Event, threading.Event]
) -> None:
    broken = edited(copied(base, "broken"), UP, by=float("nan"))
    seen: list[Step] = []
    with pytest.raises(CheckpointError):
        seen.extend(open_models(Open(str(broken), str(other), None, CPU), {}))
    assert all(isinstance(step, Loading) and step.role == "base" for step in seen)
    assert reading_ahead[1].is_set()


def test_without_memory_nothing_is_read_ahead(
    base: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "memory", lambda: Memory(100, 100))
    monkeypatch.setattr(weight_reading, "Thread", None)
    assert shared(base, other) > 0


# ---------------------------------------------------------------- one at a time


def doors(order: Open) -> tuple[dict[Role, Model], Opened]:
    steps = open_models(order, {})
    while True:
        try:
            assert isinstance(next(steps), Loading)
        except StopIteration as end:
            return end.value


def in_turns(base: Path, other: Path) -> tuple[dict[Role, Model], Opened]:
    return doors(Open(str(base), str(other), None, Settings(device="cpu", one_at_a_time=True)))


@pytest.mark.parametrize("second", ["other", "adapter"])
def test_turns_give_the_numbers_of_two(
    second: str, base: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_turns.gc, "collect", lambda: 0)
    folder = request.getfixturevalue(second)
    models, said = doors(Open(str(base), str(folder), None, CPU))
    taking, told = in_turns(base, folder)
    for one, two in zip(said.checkpoints, told.checkpoints, strict=True):
        assert msgspec.structs.replace(one, shared_bytes=0, shared_layers=0) == two
    assert said.warnings == told.warnings
    alive: list[weakref.ref[object]] = []
    for role in ("base", "unlearned"):
        found: list[list[float]] = []
        for model in (models[role], taking[role]):
            prompt = model.encode("Who is the author?")
            found.append(score_all(model, [prompt.ids], model.answer("Basil", after=prompt)))
        assert found[0] == found[1]
        door = taking[role]
        assert isinstance(door, TurnModel)
        alive.append(weakref.ref(door._turns.model(role).model))
        assert [model() is not None for model in alive][-1:] == [True]
        assert not any(model() for model in alive[:-1]), "the one before has left"


def test_what_is_broken_is_said_at_its_first_turn(base: Path, other: Path) -> None:
    edited(other, UP, by=float("inf"))
    models, _ = in_turns(base, other)
    with pytest.raises(NotFiniteWeights, match="up_proj"):
        list(models["unlearned"].write([(1, 2)], 3))
    assert list(models["base"].write([(1, 2)], 1))


def test_a_mixture_cannot_take_turns(base: Path, other: Path) -> None:
    settings = Settings(device="cpu", one_at_a_time=True)
    with pytest.raises(BadUsage, match="two models"):
        doors(Open(str(base), None, None, settings, whp=str(other)))
