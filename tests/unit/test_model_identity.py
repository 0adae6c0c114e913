"""What is the same model has one identity, and what may not be has another."""

from __future__ import annotations

import json
import os
import struct
import time
from pathlib import Path

import msgspec
import pytest

from unpact_tui import model_identity
from unpact_tui.checkpoints import Checkpoint, read
from unpact_tui.errors import Unreadable
from unpact_tui.model_identity import identity, stamp
from unpact_tui.worker.events import Loaded

VALUES = 4096


def weights(path: Path, name: str = "w", first: float = 0.5) -> None:
    header = {name: {"dtype": "F32", "shape": [VALUES], "data_offsets": [0, 4 * VALUES]}}
    head = json.dumps(header).encode()
    data = struct.pack(f"<{VALUES}f", first, *(float(n) for n in range(1, VALUES)))
    path.write_bytes(struct.pack("<Q", len(head)) + head + data)


def model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "tokenizer.json").write_text("{}")
    weights(folder / "model.safetensors")
    return folder


def adapter(folder: Path, base: str) -> Path:
    folder.mkdir()
    config = {"peft_type": "LORA", "base_model_name_or_path": base}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    weights(folder / "adapter_model.safetensors", "base_model.model.w.lora_A.weight")
    return folder


def base_of(folder: Path) -> Checkpoint:
    return read(folder, "base")


def stamped(folder: Path) -> str:
    return stamp([base_of(folder)])


def edit(path: Path) -> None:
    """Change the first weight, where no fingerprint looks, and put the times back."""
    before = path.stat()
    time.sleep(0.02)  # a file system's clock may tick no more often
    content = path.read_bytes()
    at = len(content) - 4 * VALUES
    with path.open("r+b") as file:
        file.seek(at)
        file.write(struct.pack("<f", 0.25))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_folder_that_is_moved_is_the_same_model(tmp_path: Path) -> None:
    folder = model(tmp_path / "a")
    before = stamped(folder)
    assert stamped(folder) == before
    (folder / "README.md").write_text("New.")
    (folder / "log").mkdir()
    (tmp_path / "deeper").mkdir()
    assert stamped(folder.rename(tmp_path / "deeper" / "b")) == before


def test_weights_that_are_edited_in_place_are_others(tmp_path: Path) -> None:
    folder = model(tmp_path / "a")
    checkpoint, before = base_of(folder), stamped(folder)
    edit(folder / "model.safetensors")
    assert base_of(folder).fingerprint == checkpoint.fingerprint, "this is why"
    assert stamped(folder) != before


@pytest.mark.parametrize(
    "name", ["config.json", "generation_config.json", "tokenizer.json", "modeling_x.py"]
)
def test_so_is_what_else_is_read(tmp_path: Path, name: str) -> None:
    folder = model(tmp_path / "a")
    before = stamped(folder)
    file = folder / name
    file.write_text((file.read_text() if file.exists() else "{}") + "\n")
    assert stamped(folder) != before


def test_the_files_behind_links_count(tmp_path: Path) -> None:
    folder = model(tmp_path / "a")
    blob = (folder / "model.safetensors").rename(tmp_path / "blob")
    (folder / "model.safetensors").symlink_to(blob)
    before = stamped(folder)
    edit(blob)
    assert stamped(folder) != before


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    checkpoint = base_of(model(tmp_path / "a"))
    (tmp_path / "a" / "model.safetensors").unlink()
    with pytest.raises(Unreadable, match=r"model\.safetensors"):
        stamp([checkpoint])
    (tmp_path / "a").rename(tmp_path / "b")
    with pytest.raises(Unreadable, match="no such file"):
        stamp([checkpoint])


def test_what_an_adapter_is_put_onto_counts(tmp_path: Path) -> None:
    base, other = base_of(model(tmp_path / "a")), base_of(model(tmp_path / "b"))
    own = read(adapter(tmp_path / "lora", str(other)), "unlearned")
    assert len({stamp(found) for found in ([own, base], [own, other], [own], [base])}) == 4
    assert stamp([base, base]) == stamp([base]), "it is its own foundation"


LOADED = Loaded("base", "a", "/a", None, 10, 40, "float32", "cuda:0, cuda:1", "f")


def test_everything_that_numbers_depend_on_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def named(**changes: object) -> str:
        return identity(["s"], [msgspec.structs.replace(LOADED, **changes)])

    plain = named()
    others = {
        named(dtype="bfloat16"),
        named(bytes=20),
        named(parameters=11),
        named(device="cpu"),
        named(device="cpu, cuda:0"),
        identity(["t"], [LOADED]),
        identity(["s", "s"], [LOADED, LOADED]),
        identity(["s", "s"], [LOADED, LOADED], alpha=5.0),
        identity(["s", "s"], [LOADED, LOADED], alpha=4.0),
        identity(["s"], [LOADED], ends=[2]),
        identity(["s"], [LOADED], ends=[2, 3]),
    }
    assert len(others | {plain}) == 12
    assert identity(["s"], [LOADED], ends={3, 2}) == identity(["s"], [LOADED], ends=(2, 3))
    assert named(device="cuda:3") == plain, "which card does not matter"
    assert named(path="/b", name="b", role="unlearned", shared_bytes=8) == plain
    monkeypatch.setattr(model_identity, "_versions", lambda: ("0.2.0", "3.0", "6.0", "1.0"))
    assert named() != plain


def test_the_versions_are_those_of_what_is_installed() -> None:
    versions = model_identity._versions()
    assert len(versions) == 4
    assert all(versions)
    assert model_identity._version("no-such-package-at-all") == ""
