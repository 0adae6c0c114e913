"""A remote side beside a local base, both sides remote, and one alone: opened, said and kept."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from checkpoints_fixture import make_checkpoint, make_model, make_tokenizer
from completions_server import Serving, completions_server

from attribution.endpoint.model import EndpointModel
from attribution.errors import BadEndpoint
from attribution.types import Case
from unpact_tui import weight_report
from unpact_tui.attributing import Asked, attribute
from unpact_tui.attributing import _open as open_subject  # pyright: ignore[reportPrivateUsage]
from unpact_tui.engine import Engine
from unpact_tui.errors import BadUsage, CheckpointError, EndpointUnusable, ExitCode, exit_code
from unpact_tui.launch import headless_line
from unpact_tui.loading import LoadedModel
from unpact_tui.opening import open_models
from unpact_tui.options import Chosen, second_side
from unpact_tui.remote import required
from unpact_tui.run import order_of
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Opened, Role
from unpact_tui.worker.protocol import Open, Request, decode_request, encode

SECRET = "sk-very-secret-1234"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("models") / "base")


@pytest.fixture(scope="module")
def tokenizer_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokens")
    make_tokenizer().save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def served() -> Iterator[Serving]:
    with completions_server(make_model("llama", seed=1), make_tokenizer()) as found:
        yield found


@pytest.fixture
def serving(served: Serving, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving]:
    for name in ("UNPACT_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    yield served
    served.key, served.adds = None, ()


class _Keeping:
    """A cache that notes what is kept."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    def get(self, key: bytes) -> bytes | None:
        return None

    def put(self, key: bytes, value: bytes) -> None:
        self.kept.append(key)

    def drop(self, key: bytes) -> None:
        pass


def ended(steps: Generator[Any, None, Any]) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def opened(order: Open, store: Any = None) -> tuple[dict[Role, Any], Opened]:
    loaded: dict[Role, LoadedModel] = {}
    return ended(open_models(order, loaded, store))


def order(folder: Path, serving: Serving, settings: Settings | None = None) -> Open:
    settings = settings or Settings()
    return Open(str(folder), None, None, settings, endpoint=serving.url, model="tiny")


@pytest.mark.parametrize("one_at_a_time", [False, True])
def test_a_remote_side_beside_a_local_base(
    folder: Path, serving: Serving, one_at_a_time: bool
) -> None:
    wanted = order(folder, serving, Settings(one_at_a_time=one_at_a_time))
    store = _Keeping()
    models, told = opened(wanted, store)
    assert list(models) == ["base", "unlearned"]
    assert [loaded.role for loaded in told.checkpoints] == ["base", "unlearned"]
    info = told.checkpoints[1]
    assert (info.name, info.path, info.dtype, info.device) == (
        "tiny",
        serving.url,
        "remote",
        "remote",
    )
    assert (info.fingerprint, info.parameters, info.bytes) == ("", 0, 0)
    assert sum("how far it rounds" in warning for warning in told.warnings) == 1
    assert isinstance(models["unlearned"], EndpointModel), "behind no memory"
    prompt = models["base"].encode("Who is it?")
    answer = models["base"].answer(" Lily", after=prompt)
    assert list(models["unlearned"].score([prompt.ids], answer))
    assert store.kept == []


def test_both_sides_remote(tokenizer_alone: Path, serving: Serving) -> None:
    wanted = msgspec.structs.replace(order(tokenizer_alone, serving), base_model="tiny")
    models, told = opened(wanted)
    assert list(models) == ["base", "unlearned"]
    assert any("same model" in warning for warning in told.warnings)
    with pytest.raises(BadUsage):
        opened(msgspec.structs.replace(wanted, reference=str(tokenizer_alone)))


def test_attribute_alone(tokenizer_alone: Path, serving: Serving) -> None:
    case = Case("1", "Who is", " Lily")
    asked = Asked(str(tokenizer_alone), Settings(), (case,), endpoint=serving.url, name="tiny")
    document = ended(attribute(asked))
    assert (document.model.path, document.model.dtype) == (serving.url, "remote")
    assert document.cases[0].contributions[1] is not None
    subject = ended(open_subject(asked))
    assert subject.model is subject.bare


def test_the_key_is_sent_and_said_nowhere(
    folder: Path, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving.key = SECRET
    with pytest.raises(EndpointUnusable) as caught:
        opened(order(folder, serving))
    assert exit_code(caught.value) == ExitCode.CHECKPOINT
    assert "UNPACT_API_KEY" in caught.value.hint
    monkeypatch.setenv("UNPACT_API_KEY", SECRET)
    wanted = order(folder, serving)
    _, told = opened(wanted)
    assert serving.headers[-1]["Authorization"] == f"Bearer {SECRET}"
    for kept in (encode(Request(1, wanted)), msgspec.json.encode(told)):
        assert SECRET.encode() not in kept


def test_what_cannot_be_opened_is_said_in_a_sentence(folder: Path, serving: Serving) -> None:
    serving.adds = (1,)
    with pytest.raises(EndpointUnusable, match="does not read the ids"):
        opened(order(folder, serving))
    serving.adds = ()
    with pytest.raises(CheckpointError, match="no model 'other'"):
        opened(msgspec.structs.replace(order(folder, serving), model="other"))


def test_no_weights_to_compare(folder: Path, serving: Serving) -> None:
    engine = Engine(Settings())
    for _ in engine.open(order(folder, serving)):
        pass
    with pytest.raises(BadUsage) as caught:
        list(engine.weigh())
    assert "server" in caught.value.hint
    with pytest.raises(BadUsage, match="A server shows no weights"):
        weight_report.diff(folder, serving.url, weight_report.Shape(), quiet=True)


def test_an_order_goes_over_the_pipe_and_forgets_the_server_for_a_folder() -> None:
    wanted = Open("b", None, None, Settings(), endpoint="http://h/v1", model="m")
    assert decode_request(encode(Request(1, wanted))).order == wanted
    assert wanted.remote
    assert wanted.second == "m"
    other = msgspec.structs.replace(wanted, unlearned="folder", whp=None)
    assert not other.remote
    assert other.second == "folder"


def test_words_of_the_command_line() -> None:
    url = "http://h/v1"
    assert second_side("p.jsonl", None, None, url) == (None, "p.jsonl")
    assert second_side(None, None, None, url) == (None, None)
    for words in (("u", "p.jsonl", None, url), ("u", None, "w", url)):
        with pytest.raises(BadUsage):
            second_side(*words)
    assert required(None, None) is None
    assert required(f"{url}/", "m") == url
    for words in ((None, "m", None), (None, None, "b"), (url, None, None), (url, "", None)):
        with pytest.raises(BadUsage):
            required(*words)
    with pytest.raises(BadEndpoint) as caught:
        required("http://u:p@h/v1", "m")
    assert exit_code(caught.value) == ExitCode.USAGE
    chosen = Chosen("b", None, None, "p.jsonl", None, None, None, url, "m", "n")
    found = order_of(chosen, Settings())
    assert (found.endpoint, found.model, found.base_model) == (url, "m", "n")
    line = headless_line(chosen, Settings())
    assert line == f"unpact-tui run b --endpoint {url} --model m --base-model n p.jsonl"
