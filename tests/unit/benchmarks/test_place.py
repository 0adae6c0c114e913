"""What a person writes after --benchmark, and where it is looked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from unpact_tui import benchmarks
from unpact_tui.benchmarks._place import Asked, Place, asked
from unpact_tui.errors import BadBenchmark, BadUsage, Offline


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("tofu=data/tofu", Asked("tofu", "data/tofu")),
        ("tofu:forget01=data", Asked("tofu", "data", ("forget01",))),
        ("tofu:a+b+a=x", Asked("tofu", "x", ("a", "b"))),
        ("tofu@qa=x", Asked("tofu", "x", (), "qa")),
        ("tofu@plain:a=x", Asked("tofu", "x", ("a",), "plain")),
        ("wmdp=cais/wmdp", Asked("wmdp", "cais/wmdp")),
        ("jsonl=a=b:c@d.jsonl", Asked("jsonl", "a=b:c@d.jsonl")),
        ("jsonl=with space/ü.jsonl", Asked("jsonl", "with space/ü.jsonl")),
    ],
)
def test_what_is_written_is_taken_apart(spec: str, found: Asked) -> None:
    assert asked(spec) == found


@pytest.mark.parametrize("spec", ["", "tofu", "tofu=", "=x", "tofu:=x", "to fu=x", "tofu@=x"])
def test_what_says_no_place_is_refused(spec: str) -> None:
    with pytest.raises(BadUsage, match="does not say which benchmark") as caught:
        asked(spec)
    assert "tofu:forget01=" in caught.value.hint


def test_forms_are_known_and_not_for_every_benchmark() -> None:
    with pytest.raises(BadUsage, match="no form 'chatty'"):
        asked("tofu@chatty=x")
    with pytest.raises(BadUsage, match="wmdp has no form 'qa'"):
        benchmarks.read("wmdp@qa=sample")
    question = Place("tofu", Path(), form="qa").prompt("Who?")
    assert question == "Question: Who?\nAnswer:"


def test_an_unknown_part_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadUsage, match="tofu has no part 'forget1'") as caught:
        benchmarks.read("tofu:forget1=sample")
    assert "forget01" in caught.value.hint
    with pytest.raises(BadUsage, match="jsonl has no part 'x'"):
        benchmarks.read("jsonl:x=sample")


def test_the_beginning_of_a_name_stands_for_all_that_have_it() -> None:
    found = benchmarks.read("muse:privleak=sample")
    assert {item.part for item in found} == {
        "privleak_forget",
        "privleak_retain",
        "privleak_holdout",
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    row = json.dumps({"question": "Who?", "answer": "Ann.", "perturbed_answer": ["Bo."]})
    for name in ("forget10.json", "forget10_perturbed.json", "real_authors.jsonl"):
        (tmp_path / name).write_text(row, "utf-8")
    return tmp_path


def _parts(spec: str) -> list[str]:
    return [item.part for item in benchmarks.read(spec)]


def test_what_is_not_there_is_left_out_unless_it_was_asked_for(folder: Path) -> None:
    assert _parts(f"tofu={folder}") == ["forget10", "real_authors"]
    assert _parts(f"tofu:forget10_perturbed={folder}") == ["forget10_perturbed"]
    with pytest.raises(BadBenchmark, match=r"forget05 is not there: it would be forget05\.json"):
        benchmarks.read(f"tofu:forget10+forget05={folder}")
    with pytest.raises(BadBenchmark, match=r"nothing of muse is there: .*knowmem/forget_qa\.json"):
        benchmarks.read(f"muse={folder}")
    (folder / "forget05.json").write_text("\n", "utf-8")
    with pytest.raises(BadBenchmark, match=r"forget05.json, line 1: there is no row in it"):
        benchmarks.read(f"tofu:forget05={folder}")


def test_a_file_is_the_part_that_its_name_says(folder: Path) -> None:
    (found,) = benchmarks.read(f"tofu={folder / 'forget10.json'}")
    assert (found.part, found.wrong) == ("forget10", ("Bo.",)), "with what lies beside it"
    other = (folder / "forget10.json").rename(folder / "mine.json")
    with pytest.raises(BadBenchmark, match="its name is that of no file of tofu") as caught:
        benchmarks.read(f"tofu={other}")
    assert caught.value.hint.startswith("Say which part it is: tofu:forget01=")
    assert _parts(f"tofu:forget05={other}") == ["forget05"]
    with pytest.raises(BadBenchmark, match="one file cannot be several parts"):
        benchmarks.read(f"tofu:forget05+forget10={other}")


def test_the_folder_of_a_file_tells_apart_what_has_the_same_name(tmp_path: Path) -> None:
    for part in ("verbmem", "privleak"):
        (tmp_path / part).mkdir()
    verbmem, privleak = (tmp_path / part / "forget.json" for part in ("verbmem", "privleak"))
    verbmem.write_text('[{"prompt": "a", "gt": "b"}]', "utf-8")
    privleak.write_text('["text"]', "utf-8")
    assert _parts(f"muse={verbmem}") == ["verbmem"]
    assert _parts(f"muse={privleak}") == ["privleak_forget"]


@pytest.mark.parametrize(
    "where", ["nowhere.json", "no\0file", "/no/such/folder", "~nobody-at-all/x"]
)
def test_what_is_nowhere_is_no_name_on_the_hub(where: str) -> None:
    with pytest.raises(BadBenchmark, match="there is no such file or folder"):
        benchmarks.read(f"tofu={where}")


def test_a_name_on_the_hub_needs_a_network() -> None:
    with pytest.raises(Offline, match="locuslab/TOFU-none"):
        benchmarks.read("tofu=locuslab/TOFU-none")


def test_only_the_files_that_are_read_are_fetched(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    asked_for: list[tuple[str, str, list[str]]] = []

    def snapshot_download(name: str, *, repo_type: str, allow_patterns: list[str]) -> str:
        asked_for.append((name, repo_type, allow_patterns))
        return str(folder.parent)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    found = benchmarks.read(f"tofu=some/where/{folder.name}")
    assert [item.part for item in found] == ["forget10", "real_authors"]
    ((name, kind, patterns),) = asked_for
    assert (name, kind) == ("some/where", "dataset")
    assert f"{folder.name}/forget10.json" in patterns
    assert all(pattern.startswith(f"{folder.name}/") for pattern in patterns)
    assert not any(pattern.endswith((".py", ".pkl", "/*", "*.json")) for pattern in patterns)
