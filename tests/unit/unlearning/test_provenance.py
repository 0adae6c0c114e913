"""What made a checkpoint, beside it: it comes back as it was written, or not at all."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from provenance_fixture import FORGET, RETAIN, RUN

from methods._method import Lora, Training
from unpact_tui.errors import Unwritable
from unpact_tui.unlearning import provenance
from unpact_tui.unlearning.provenance import Base, Data, Provenance, Value


def test_it_comes_back_as_it_was_written(tmp_path: Path) -> None:
    odd = replace(
        RUN,
        options={"far": float("inf"), "nothing": (), "text": 'é"\n\x1b', "large": 2**80},
        forget=replace(FORGET, name="half a char\udce9cter.jsonl"),
        training=provenance.flat(Training(lora=Lora(targets=("q_proj", "v_proj")))),
    )
    for run in (RUN, odd, RUN):
        provenance.write(tmp_path, run)
        assert provenance.read(tmp_path) == run
        assert provenance.difference(run, run) is None
    assert [entry.name for entry in tmp_path.iterdir()] == ["provenance.json"]
    assert json.loads((tmp_path / "provenance.json").read_bytes())["method"] == "npo"


def test_flat_names_what_is_inside() -> None:
    found = provenance.flat(Training(seed=3, lora=Lora(rank=4, targets=("q",))))
    assert found["seed"] == 3
    assert found["lora.rank"] == 4
    assert found["lora.targets"] == ("q",)
    assert "lora" not in found
    assert provenance.flat(Training())["lora"] is None


def test_flat_leaves_nothing_that_cannot_be_written() -> None:
    @dataclass(frozen=True)
    class Options:
        path: Path = Path("a")
        parts: tuple[object, ...] = (Path("b"), 1)

    assert provenance.flat(Options()) == {"path": "a", "parts": ("b", 1)}


def test_where_a_file_lay_is_not_told() -> None:
    with pytest.raises(ValueError, match="not the whole path"):
        Data("/secret/place/f.jsonl", "", 0, 0)


def test_versions_are_read_without_importing() -> None:
    before = set(sys.modules)
    found = provenance.versions()
    assert found.keys() == {"unpact-tui", "torch", "transformers", "accelerate", "peft"}
    assert all(re.match(r"\d+\.", version) for version in found.values())
    assert not {"torch", "peft", "accelerate"} & (set(sys.modules) - before)


def test_a_package_that_is_not_there_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "peft":
            raise provenance.metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(provenance.metadata, "version", version)
    assert "peft" not in provenance.versions()
    assert len(provenance.versions()) == 4


def test_the_time_is_utc() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", provenance.now())


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", "{}", "null", '{"method": "npo"}', "\xff", "[" * 100_000,
        '{"schema": 1' + "0" * 5000 + "}",
    ],
)  # fmt: skip
def test_nonsense_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "provenance.json").write_text(text, "latin-1")
    assert provenance.read(tmp_path) is None


def test_places_with_nothing_to_read(tmp_path: Path) -> None:
    assert provenance.read(tmp_path) is None
    assert provenance.read(tmp_path / "no" / "such") is None
    file = tmp_path / "provenance.json"
    file.mkdir()
    assert provenance.read(tmp_path) is None
    file.rmdir()
    os.mkfifo(file)
    assert provenance.read(tmp_path) is None
    file.unlink()
    file.symlink_to(file)
    assert provenance.read(tmp_path) is None


def test_one_that_is_far_too_long_is_none(tmp_path: Path) -> None:
    provenance.write(tmp_path, RUN)
    with (tmp_path / "provenance.json").open("a") as file:
        file.write(" " * 900_000)
    assert provenance.read(tmp_path) == RUN
    with (tmp_path / "provenance.json").open("a") as file:
        file.write(" " * 100_000)
    assert provenance.read(tmp_path) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from([field.name for field in dataclasses.fields(Provenance)]), JSON)
def test_no_field_can_hold_what_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: object
) -> None:
    folder = tmp_path_factory.getbasetemp()
    whole: dict[str, object] = msgspec.to_builtins(RUN)
    (folder / "provenance.json").write_text(json.dumps(whole | {name: value}))
    found = provenance.read(folder)
    if found is not None:
        assert found.schema == 1
        provenance.difference(found, RUN)
        provenance.write(folder, found)
    (folder / "provenance.json").unlink()


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "provenance.json").write_bytes(content)
    assert provenance.read(folder) is None
    (folder / "provenance.json").unlink()


def test_another_schema_is_none(tmp_path: Path) -> None:
    provenance.write(tmp_path, replace(RUN, schema=2))
    assert provenance.read(tmp_path) is None


@pytest.mark.parametrize("kind", ["pipe", "link", "nothing"])
def test_writing_replaces_whatever_is_there(tmp_path: Path, kind: str) -> None:
    file, precious = tmp_path / "provenance.json", tmp_path / "precious"
    precious.write_text("mine")
    for place in (file, tmp_path / ".provenance.json.part"):
        match kind:
            case "pipe":
                os.mkfifo(place)
            case "link":
                place.symlink_to(precious)
            case _:
                pass
    provenance.write(tmp_path, RUN)
    assert provenance.read(tmp_path) == RUN
    assert not file.is_symlink()
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fails(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    provenance.write(tmp_path, RUN)
    monkeypatch.setattr(os, call, fails)
    with pytest.raises(Unwritable, match=r"provenance\.json cannot be written: No space left"):
        provenance.write(tmp_path, replace(RUN, step=20))
    assert provenance.read(tmp_path) == RUN
    assert [entry.name for entry in tmp_path.iterdir()] == ["provenance.json"]


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Unwritable, match="No such file"):
        provenance.write(tmp_path / "none", RUN)


def _options(**changed: Value) -> Provenance:
    return replace(RUN, options={**RUN.options, **changed})


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (replace(RUN, method="rmu"), "its method: 'npo' instead of 'rmu'"),
        (_options(beta=0.2), "the option beta: 0.1 instead of 0.2"),
        (_options(layers=(5, 6)), "the option layers: (5, 6, 7) instead of (5, 6)"),
        (_options(new="x"), "the option new: none instead of 'x'"),
        (
            replace(RUN, training={**RUN.training, "batch_size": 4}),
            "the setting batch_size: 8 instead of 4",
        ),
        (
            replace(RUN, training={"learning_rate": 1e-5, "batch_size": 8, "lora.rank": 8}),
            "the setting lora.rank: none instead of 8",
        ),
        (replace(RUN, seed=1), "the seed: 0 instead of 1"),
        (replace(RUN, processes=2), "the number of processes: 1 instead of 2"),
        (
            replace(RUN, forget=replace(FORGET, sha256="d" * 64)),
            "the examples to forget: forget.jsonl (40 examples, 2 of them cut, SHA-256 "
            "aaaaaaaaaaaa) instead of forget.jsonl (40 examples, 2 of them cut, SHA-256 "
            "dddddddddddd)",
        ),
        (
            replace(RUN, retain=None),
            "the examples to retain: retain.jsonl (1 example, SHA-256 bbbbbbbbbbbb) "
            "instead of none",
        ),
        (
            replace(RUN, alternatives=RETAIN),
            "the alternatives: none instead of retain.jsonl (1 example, SHA-256 bbbbbbbbbbbb)",
        ),
        (
            replace(RUN, base=Base("phi", "e" * 64)),
            "the base model: tofu (fingerprint cccccccccccc) instead of phi "
            "(fingerprint eeeeeeeeeeee)",
        ),
    ],
)
def test_the_first_difference_is_a_sentence(other: Provenance, said: str) -> None:
    assert provenance.difference(RUN, other) == f"The run there differs in {said}."


def test_what_another_reading_of_the_same_file_leaves_out_is_a_difference() -> None:
    said = provenance.difference(RUN, replace(RUN, forget=replace(FORGET, cut=7)))
    assert said is not None
    assert "7 of them cut" in said


def test_what_does_not_change_the_result_is_no_difference() -> None:
    other = replace(
        RUN,
        typed="npo",
        step=30,
        versions={"torch": "9"},
        created="2027-01-02T03:04:05+00:00",
        device="cuda:0",
        dtype="bfloat16",
        forget=replace(FORGET, name="renamed.jsonl"),
        base=replace(RUN.base, name="renamed"),
    )
    assert provenance.difference(RUN, other) is None


def test_a_hostile_value_does_not_flood_the_sentence() -> None:
    long = _options(beta="x" * 100_000)
    name = replace(RUN, options={"y" * 100_000: 1})
    for there in (long, name, replace(RUN, method="z" * 100_000)):
        said = provenance.difference(there, RUN)
        assert said is not None
        assert len(said) < 300
