"""What set-up installs is known to the byte: every project, every file, and no other one."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import lock
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LISTS = ("build", "torch", "runtime", "dev")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def pinned(*names: str) -> dict[str, str]:
    found = [lock.read(ROOT / "requirements" / f"{name}.txt") for name in names]
    return {project: version for held in found for project, (version, _) in held.items()}


def test_the_lists_and_the_constraints_are_the_same() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    constraints = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert pinned(*LISTS) == constraints
    assert sum(len(pinned(name)) for name in LISTS) == len(constraints), "none is in two lists"


def test_every_project_that_is_needed_is_listed() -> None:
    """On any system we support, with everything that is needed in turn."""
    assert {name: set(found) for name, found in lock.groups(PROJECT).items()} == {
        name: set(pinned(name)) for name in LISTS
    }


def test_every_pin_is_in_the_range_that_users_get() -> None:
    described = PROJECT["project"]
    extras = [need for needs in described["optional-dependencies"].values() for need in needs]
    pins = pinned(*LISTS)
    for text in (*described["dependencies"], *extras, *PROJECT["build-system"]["requires"]):
        need = Requirement(text)
        assert need.specifier.contains(pins[canonicalize_name(need.name)]), text


@pytest.mark.parametrize("name", [*LISTS, "cuda"])
def test_every_file_has_a_hash_and_a_name(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    for project, (version, files) in lock.read(ROOT / "requirements" / f"{name}.txt").items():
        assert files, project
        assert len({file.sha256 for file in files}) == len(files)
        for file in files:
            assert lock.wanted([file], version) == [file]
            assert canonicalize_name(file.name.split("-" + version)[0].split("-")[0]) == project
    assert text.count("--hash=sha256:") == text.count("    # ")


def test_files_for_other_systems_are_left_out() -> None:
    names = (
        "a-1.0-py3-none-any.whl", "a-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
        "a-1.0-cp39-abi3-macosx_11_0_arm64.whl", "a-1.0+cpu-cp314-cp314-linux_aarch64.whl",
        "a-1.0-cp310-cp310-manylinux_2_28_x86_64.whl", "a-1.0-cp311-cp311-win_amd64.whl",
        "a-1.0-pp311-pypy311_pp73-manylinux_2_28_x86_64.whl", "a-1.1-py3-none-any.whl",
        "a-1.0.tar.gz",
    )  # fmt: skip
    files = [lock.File(name, name) for name in names]
    assert [file.name for file in lock.wanted(files, "1.0")] == list(names[:4])
    assert [file.name for file in lock.wanted(files[4:6] + files[8:], "1.0")] == ["a-1.0.tar.gz"]


def test_a_page_of_an_index_is_read() -> None:
    digest = "0" * 64
    page = (
        f'<a href="https://x/y/torch-2.0%2Bcpu-py3-none-any.whl#sha256={digest}">t</a>'
        '<a href="torch-1.0-py3-none-any.whl">without a hash</a>'
    )
    assert lock.files_of(page) == [lock.File("torch-2.0+cpu-py3-none-any.whl", digest)]


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    files = [lock.File("a-1.0-py3-none-any.whl", "a" * 64), lock.File("a-1.0.tar.gz", "b" * 64)]
    (tmp_path / "list").write_text(lock.text_of("T", {"a": ("1.0", files)}), "utf-8")
    assert lock.read(tmp_path / "list") == {"a": ("1.0", files)}


def wheel(folder: Path, body: str) -> str:
    """Write the smallest wheel there is and return its sha256."""
    path = folder / "tiny-1.0-py3-none-any.whl"
    files = {
        "tiny.py": body,
        "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
    }
    rows = []
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)  # without the time of day
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
            rows.append(f"{name},sha256={digest.rstrip('=')},{len(text)}")
        record = "tiny-1.0.dist-info/RECORD"
        archive.writestr(zipfile.ZipInfo(record), "\n".join([*rows, f"{record},,"]) + "\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def installed(folder: Path, digest: str) -> subprocess.CompletedProcess[str]:
    """Install by a list, with the very words of the Makefile, from a folder instead of an index."""
    file = lock.File("tiny-1.0-py3-none-any.whl", digest)
    (folder / "list.txt").write_text(lock.text_of("T", {"tiny": ("1.0", [file])}), "utf-8")
    words = ["install", "--no-deps", "--no-build-isolation", "--require-hashes", "-r"]
    elsewhere = ["--no-index", "--find-links", folder, "--target", folder / "into", "--no-compile"]
    return subprocess.run(
        [sys.executable, "-m", "pip", "-qq", *words, folder / "list.txt", *elsewhere],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""},
    )


def test_a_file_that_was_tampered_with_is_refused(tmp_path: Path) -> None:
    honest = wheel(tmp_path, "x = 1\n")
    wheel(tmp_path, "x = 2\n")
    done = installed(tmp_path, honest)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert not (tmp_path / "into").exists()
    assert wheel(tmp_path, "x = 1\n") == honest
    assert installed(tmp_path, honest).returncode == 0
    assert (tmp_path / "into" / "tiny.py").read_text() == "x = 1\n"


def test_the_makefile_installs_by_these_lists_alone() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    assert "--no-deps --no-build-isolation" in text
    assert "--require-hashes -r $(LISTS)" in text
    lines = [line for line in text.splitlines() if "pip " in line and "install" in line]
    assert len(lines) == 1, "one way to install"
