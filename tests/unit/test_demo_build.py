"""Builds survive being stopped, damaged and asked for twice. A recipe of a few steps stands in."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from attribution.types import Case
from methods.errors import UnknownName
from unpact_tui.cases import read as read_cases
from unpact_tui.demo import (
    DEFAULTS,
    Member,
    Progress,
    Recipe,
    Zoo,
    build,
    built,
    manifest,
    member,
    ready,
    verify,
    zoo,
)
from unpact_tui.demo.corpus import make_world
from unpact_tui.demo.progress import Stage, plan
from unpact_tui.demo.prompts import forget_cases, with_first
from unpact_tui.demo.recipe import Architecture, Lessons, Training
from unpact_tui.errors import BadUsage
from unpact_tui.unlearning.asked import choose

TINY = Recipe(
    people=8,
    forgotten=2,
    retain_rows=3,
    architecture=Architecture(
        vocabulary=400, width=16, layers=2, heads=2, feed_forward=32, context=128
    ),
    training=Training(trunk_steps=4, base_steps=4, reference_steps=4, batch=8, warm_up=2),
    lessons=Lessons(retain=20, batch=6),
    members=(
        Member("rmu", "RMU", 4, 1e-3, ("layer=0", "trains=all", "alpha=1")),
        Member("simnpo", "SimNPO", 4, 1e-3),
        Member("ga", "GA", 4, 1e-3),
        Member("idk", "IDK", 4, 1e-3),
    ),
)
PLAN = plan(TINY)
STAGES = [PLAN.trunk, PLAN.base, PLAN.reference, *PLAN.unlearned.values()]
TRAINING = {stage.text for stage in STAGES}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished build, not to be changed."""
    root = tmp_path_factory.mktemp("whole")
    list(build(root, TINY))
    return root


@pytest.fixture
def root(whole: Path, tmp_path: Path) -> Path:
    """A finished build to do with as one likes."""
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def folder(root: Path) -> Path:
    return root / TINY.digest()


def hashes(root: Path) -> dict[str, str]:
    found = manifest.read(folder(root), TINY.digest())
    assert found is not None
    return {name: entry.sha256 for name, entry in found.files.items()}


def trained(reports: list[Progress]) -> list[str]:
    """The training stages gone through, in order."""
    return [stage for stage in dict.fromkeys(r.stage for r in reports) if stage in TRAINING]


def spoil(file: Path) -> None:
    """Change one byte in the middle."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_a_build_is_a_family_of_checkpoints(whole: Path) -> None:
    found = ready(whole, TINY)
    home = folder(whole)
    assert found == Zoo(
        home / "base",
        home / "rmu",
        home / "reference",
        home / "forget.jsonl",
        home / "retain.jsonl",
    )
    assert verify(whole, TINY) == ()
    for checkpoint in (found.base, found.unlearned, found.reference):
        names = {file.name for file in checkpoint.iterdir()}
        assert {"config.json", "tokenizer.json", "model.safetensors"} <= names
    expected = sorted((*manifest.PARTS, *DEFAULTS, manifest.NAME))
    assert sorted(path.name for path in home.iterdir()) == expected


def test_transformers_reads_the_checkpoints(whole: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    found = ready(whole, TINY)
    assert found is not None
    model = AutoModelForCausalLM.from_pretrained(found.unlearned)
    tokenizer = AutoTokenizer.from_pretrained(found.unlearned)
    end, pad = (tokenizer.convert_tokens_to_ids(name) for name in ("<|end|>", "<|pad|>"))
    for settings in (model.config, model.generation_config, tokenizer):
        assert settings.eos_token_id == end
        assert settings.pad_token_id == pad
        assert settings.bos_token_id is None


def test_the_chat_template_is_what_was_trained(whole: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder(whole) / "base")
    asked = [{"role": "user", "content": "Who is it?"}]
    prompt = tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
    assert prompt == "<|user|>Who is it?<|bot|>"
    answered = [*asked, {"role": "assistant", "content": "It was I."}]
    text = tokenizer.apply_chat_template(answered, tokenize=False)
    assert text == "<|user|>Who is it?<|bot|>It was I.<|end|>"
    user, bot, end = (tokenizer.convert_tokens_to_ids(f"<|{n}|>") for n in ("user", "bot", "end"))
    expected = [user, *tokenizer.encode("Who is it?"), bot, *tokenizer.encode("It was I."), end]
    assert tokenizer.encode(text) == expected


def test_the_prompt_files_hold_every_forgotten_fact_and_some_others(whole: Path) -> None:
    found = ready(whole, TINY)
    assert found is not None
    forget, retain = (
        [Case(**json.loads(line)) for line in file.read_text("utf-8").splitlines()]
        for file in (found.forget, found.retain)
    )
    assert sorted(case.id for case in forget) == [f"forget-{i:02}" for i in range(10)]
    assert [case.id for case in retain] == ["retain-00", "retain-01", "retain-02"]
    assert ({case.split for case in forget}, {case.split for case in retain}) == (
        {"forget"},
        {"retain"},
    )
    assert {case.prompt for case in forget}.isdisjoint(case.prompt for case in retain)


def test_a_forgotten_fact_comes_with_held_out_wordings_and_what_it_tells(whole: Path) -> None:
    found = ready(whole, TINY)
    assert found is not None
    facts = {fact.ask().question: fact for fact in make_world(TINY.seed, 8, 2).forget}
    for case in read_cases(found.forget):
        fact = facts[case.prompt]
        assert case.paraphrases == tuple(fact.ask(wording).question for wording in (3, 4, 5))
        assert case.entities == (fact.value,)
        assert fact.value in (case.answer or "")
    assert all(not case.entities for case in read_cases(found.retain))


def test_prompt_files_of_an_older_form_are_written_anew_without_training(
    whole: Path, root: Path
) -> None:
    found = manifest.read(folder(root), TINY.digest())
    assert found is not None
    old = {manifest.FORGET: b'{"prompt":"Who?"}\n', manifest.RETAIN: b'{"prompt":"What?"}\n'}
    manifest.renew(folder(root), found, old, 0)
    assert verify(root, TINY) == ()
    assert ready(root, TINY) is None
    assert [report.stage for report in build(root, TINY)] == ["ready"]
    assert ready(root, TINY) is not None
    assert hashes(root) == hashes(whole)


def test_the_showcase_only_orders() -> None:
    cases = forget_cases(make_world(0, 8, 2), 3)
    assert with_first(cases, None) == cases
    assert with_first(cases, 4) == (cases[4], *cases[:4], *cases[5:])


def test_progress_never_goes_back_and_ends_at_the_total(tmp_path: Path) -> None:
    reports = list(build(tmp_path, TINY))
    done = [report.done for report in reports]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, PLAN.total)
    assert {report.total for report in reports} == {PLAN.total}
    assert trained(reports) == [stage.text for stage in STAGES]


def test_the_same_recipe_gives_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    list(build(tmp_path, TINY))
    assert hashes(tmp_path) == hashes(whole)


def test_nothing_is_ready_before_it_is_built(tmp_path: Path) -> None:
    assert ready(tmp_path, TINY) is None
    assert verify(tmp_path, TINY) is None
    assert list(tmp_path.iterdir()) == []


def test_another_recipe_is_another_build(whole: Path) -> None:
    assert ready(whole, Recipe(seed=1)) is None


def test_a_finished_build_is_found_without_torch_and_without_writing(root: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    code = (
        "import sys; from pathlib import Path\n"
        "from unpact_tui.demo import Recipe, build, ready, zoo\n"
        "from unpact_tui.demo.members import *\n"
        "from unpact_tui.demo.recipe import *\n"
        f"recipe = {TINY!r}\n"
        "print([r.stage for r in build(Path(sys.argv[1]), recipe)], 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['ready'] False"
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stopped_build_goes_on_where_it_was(whole: Path, tmp_path: Path, stage: Stage) -> None:
    reports = build(tmp_path, TINY)
    next(report for report in reports if report.stage == stage.text)
    reports.close()
    assert ready(tmp_path, TINY) is None
    (folder(tmp_path) / ".base.part").mkdir()
    left = trained(list(build(tmp_path, TINY)))
    assert left == [later.text for later in STAGES[STAGES.index(stage) :]]
    assert hashes(tmp_path) == hashes(whole)
    assert not list(folder(tmp_path).glob(".*"))


@pytest.mark.parametrize("name", [".trunk.safetensors", "base/model.safetensors"])
def test_what_cannot_be_read_of_a_stopped_build_is_made_again(
    whole: Path, tmp_path: Path, name: str
) -> None:
    reports = build(tmp_path, TINY)
    next(report for report in reports if report.stage == PLAN.reference.text)
    reports.close()
    file = folder(tmp_path) / name
    file.write_bytes(file.read_bytes()[:-100])
    list(build(tmp_path, TINY))
    assert hashes(tmp_path) == hashes(whole)


def test_a_changed_byte_is_found_and_only_its_part_is_made_again(whole: Path, root: Path) -> None:
    spoil(folder(root) / "rmu" / "model.safetensors")
    assert ready(root, TINY) is not None  # the sizes are right
    assert verify(root, TINY) == ("rmu/model.safetensors",)
    assert trained(list(build(root, TINY))) == [PLAN.unlearned["rmu"].text]
    assert verify(root, TINY) == ()
    assert hashes(root) == hashes(whole)


@pytest.mark.parametrize("name", ["base/tokenizer.json", "reference/config.json", "retain.jsonl"])
def test_a_missing_file_is_noticed_at_once(whole: Path, root: Path, name: str) -> None:
    (folder(root) / name).unlink()
    assert ready(root, TINY) is None
    list(build(root, TINY))
    assert ready(root, TINY) is not None
    assert hashes(root) == hashes(whole)


@pytest.mark.parametrize("content", ["", "{}", '{"schema": 99}', "[]", "\x00"])
def test_a_manifest_that_says_nothing_is_no_manifest(root: Path, content: str) -> None:
    (folder(root) / manifest.NAME).write_text(content, "utf-8")
    assert ready(root, TINY) is None
    assert trained(list(build(root, TINY))) == []
    assert verify(root, TINY) == ()


def test_a_second_build_waits_for_the_first(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo, "_POLL", 0.0)
    (folder(root) / manifest.NAME).rename(root / "aside")
    with (root / f"{TINY.digest()}.lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        second = build(root, TINY)
        assert [next(second).stage for _ in range(3)] == [
            "waiting for another build of the demo"
        ] * 3
        (root / "aside").rename(folder(root) / manifest.NAME)
    assert [report.stage for report in second][-1] == "ready"


def test_a_stopped_build_gives_the_lock_back(tmp_path: Path) -> None:
    reports = build(tmp_path, TINY)
    next(reports)
    reports.close()
    with (tmp_path / f"{TINY.digest()}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_cache_that_is_no_folder_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(BadUsage, match="cannot be built") as caught:
        list(build(tmp_path / "cache", TINY))
    assert "XDG_CACHE_HOME" in caught.value.hint


def test_a_full_disk_is_one_clear_sentence_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))

    with monkeypatch.context() as patch:
        patch.setattr(manifest, "write_whole", full)
        with pytest.raises(BadUsage, match="No space left") as caught:
            list(build(tmp_path, TINY))
    assert caught.value.hint.startswith("Free 20 MB")
    assert trained(list(build(tmp_path, TINY))) == []
    assert verify(tmp_path, TINY) == ()


def test_a_checkpoint_that_is_not_built_at_once_is_built_when_asked_for(
    whole: Path, root: Path
) -> None:
    assert ready(root, TINY, "idk") is None
    assert built(root, TINY) == DEFAULTS
    reports = list(build(root, TINY, "idk"))
    assert trained(reports) == []  # of what the default build trains, nothing again
    assert "unlearning them by IDK" in [report.stage for report in reports]
    found = ready(root, TINY, "idk")
    assert found is not None
    assert found.unlearned == folder(root) / "idk"
    assert built(root, TINY) == (*DEFAULTS, "idk")
    assert hashes(root).items() >= hashes(whole).items()
    assert verify(root, TINY) == ()


def test_it_says_by_which_method_a_checkpoint_was_made(whole: Path) -> None:
    made = json.loads((folder(whole) / "simnpo" / "provenance.json").read_text("utf-8"))
    assert made["method"] == "SimNPO"
    assert not (folder(whole) / "base" / "provenance.json").exists()


def test_unlearning_changes_the_weights_and_each_method_differently(whole: Path) -> None:
    weights = {
        name: (folder(whole) / name / "model.safetensors").read_bytes()
        for name in ("base", *DEFAULTS)
    }
    assert len(set(weights.values())) == len(weights)


def test_building_afresh_gives_the_same_and_keeps_nothing_else(whole: Path, root: Path) -> None:
    list(build(root, TINY, "idk"))
    spoil(folder(root) / "base" / "model.safetensors")
    assert trained(list(build(root, TINY, afresh=True))) == [stage.text for stage in STAGES]
    assert hashes(root) == hashes(whole)
    assert not (folder(root) / "idk").exists()


@pytest.mark.parametrize(
    ("asked", "name"),
    [("rmu", "rmu"), ("RMU", "rmu"), ("npo-lora", "npo_lora"), ("NPO_GDR", "npo"), ("GA", "ga")],
)
def test_a_member_goes_by_its_name_or_its_methods(asked: str, name: str) -> None:
    assert member(asked).name == name


def test_a_method_that_the_demo_does_not_have_is_one_clear_sentence() -> None:
    with pytest.raises(BadUsage, match="no checkpoint made by") as caught:
        member("IDK", Recipe(members=TINY.members[:1]))
    assert caught.value.hint == "It has: rmu."
    with pytest.raises(UnknownName):
        member("nonsense")


def test_every_member_of_the_demo_can_be_chosen() -> None:
    for found in Recipe().members:
        choice = choose(found.method, found.options, lora=found.lora)
        assert choice.training.lora == found.lora
    assert set(DEFAULTS) <= {found.name for found in Recipe().members}
