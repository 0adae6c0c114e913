"""What the program keeps is closed to others, whatever the umask is and whoever was first."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from unpact_tui import cache_file, paths, private
from unpact_tui.app import clipboard, crash
from unpact_tui.demo.__main__ import main
from unpact_tui.demo.progress import Progress
from unpact_tui.destination import destination
from unpact_tui.errors import NoStateFolder
from unpact_tui.session.keeping import for_a_while

STRANGER = 4321
"""Nobody's number."""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@contextmanager
def umask(wanted: int) -> Iterator[None]:
    before = os.umask(wanted)
    try:
        yield
    finally:
        os.umask(before)


def everything_kept() -> None:
    """Write everything that the program writes on its own account in this process."""
    paths.engine_log()
    keeping = for_a_while()
    assert keeping is not None
    keeping.close()
    assert crash.record(ValueError("x")) is not None
    assert clipboard.copy("a text", {}, None).path is not None
    with closing(cache_file.opened(paths.calls_file())) as store:
        store.execute("INSERT INTO entry (key, size, used) VALUES (x'00', 1, 1.0)")
        assert paths.calls_file().with_name("calls.sqlite-wal").exists()
        survey(paths.cache(), paths.state())


def survey(*folders: Path) -> None:
    for root in folders:
        for path in (root, *root.rglob("*")):
            assert mode(path) & 0o077 == 0, path
            assert mode(path) & 0o600 == 0o600, path


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CACHE", "STATE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    return tmp_path


@pytest.mark.parametrize("wanted", [0o000, 0o022, 0o077])
def test_what_is_kept_is_closed_under_any_umask(homes: Path, wanted: int) -> None:
    with umask(wanted):
        everything_kept()
    assert mode(homes / "cache") == mode(homes / "state") == 0o700, "those around them too"


def test_what_stood_open_is_closed(homes: Path) -> None:
    kept = [homes / "cache/unpact-tui", homes / "state/unpact-tui/sessions"]
    with umask(0):
        for folder in kept:
            folder.mkdir(parents=True)
        (homes / "state/unpact-tui/engine.log").write_text("old\n")
        (homes / "state/unpact-tui/clipboard.txt").write_text("old\n")
        with closing(sqlite3.connect(homes / "cache/unpact-tui/calls.sqlite")) as store:
            store.execute("CREATE TABLE old (x)")
        everything_kept()
    survey(homes / "cache/unpact-tui", homes / "state/unpact-tui")
    assert mode(homes / "cache") == 0o777, "which is not ours to change"


def test_what_is_asked_for_by_name_follows_the_umask(tmp_path: Path) -> None:
    for wanted, expected in ((0o027, 0o640), (0o077, 0o600), (0, 0o666)):
        with umask(wanted):
            destination(tmp_path / f"{wanted}.json").write("{}")
        assert mode(tmp_path / f"{wanted}.json") == expected


def test_a_file_that_is_replaced_is_never_open_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "result.json"
    file.touch(0o600)
    seen: list[int] = []
    real = os.fchmod

    def watched(descriptor: int, wanted: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        real(descriptor, wanted)

    monkeypatch.setattr(os, "fchmod", watched)
    with umask(0):
        destination(file).write("{}")
    assert seen == [0o600]


def test_a_link_in_the_place_of_a_file_is_not_followed(homes: Path) -> None:
    victim = homes / "victim"
    victim.write_text("mine")
    victim.chmod(0o644)
    paths.state()
    (homes / "state/unpact-tui/engine.log").symlink_to(victim)
    with pytest.raises(NoStateFolder):
        paths.engine_log()
    (homes / "cache/unpact-tui").mkdir(parents=True)
    (homes / "cache/unpact-tui/calls.sqlite").symlink_to(victim)
    with pytest.raises(OSError, match="not a regular file"):
        cache_file.opened(paths.calls_file())
    assert (victim.read_text(), mode(victim)) == ("mine", 0o644)


def test_a_pipe_in_the_place_of_a_file_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="No such device or address"):
        private.descriptor(tmp_path / "pipe", os.O_WRONLY)
    with pytest.raises(OSError, match="not a regular file"):
        private.descriptor(tmp_path / "pipe", os.O_RDWR)


def test_our_own_link_to_another_disk_is_followed(tmp_path: Path) -> None:
    with umask(0):
        (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cache").symlink_to(tmp_path / "elsewhere")
    private.folder(tmp_path / "cache")
    assert mode(tmp_path / "elsewhere") == 0o700


@needs_root
def test_a_strangers_folder_is_left_as_it_is(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, STRANGER, STRANGER)
    for wide in (0o777, 0o1777, 0o775):
        theirs.chmod(wide)
        with pytest.raises(PermissionError, match="somebody else's"):
            private.folder(theirs)
        assert mode(theirs) == wide
    theirs.chmod(0o755)
    private.folder(theirs)
    assert mode(theirs) == 0o755, "nobody else writes there, and it is not ours"


@needs_root
def test_what_a_stranger_planted_is_not_used(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir(mode=0o700)
    link = tmp_path / "link"
    link.symlink_to(target)
    os.chown(link, STRANGER, STRANGER, follow_symlinks=False)
    with pytest.raises(PermissionError, match="link that somebody else made"):
        private.folder(link)
    planted = tmp_path / "engine.log"
    planted.touch()
    planted.chmod(0o666)
    os.chown(planted, STRANGER, STRANGER)
    with pytest.raises(PermissionError, match="somebody else's"):
        private.descriptor(planted, os.O_WRONLY)
    with pytest.raises(PermissionError, match="somebody else's"):
        private.close_file(planted)
    assert mode(planted) == 0o666


@needs_root
def test_another_user_of_the_box_reads_nothing(homes: Path) -> None:
    with umask(0):
        everything_kept()
    code = "import os, sys; os.setuid(4321); print(os.access(sys.argv[1], os.R_OK | os.X_OK))"
    for kept in (paths.cache(), paths.state()):
        done = subprocess.run(
            [sys.executable, "-c", code, kept], capture_output=True, text=True, check=True
        )
        assert done.stdout == "False\n"


def test_what_the_demo_builds_is_closed(homes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries of others write it, so the process that builds it has a umask of its own."""

    def build(name: str, afresh: bool) -> Iterator[Progress]:
        made = paths.cache() / "demo" / name
        made.mkdir(parents=True)
        (made / "model.safetensors").touch()
        yield Progress("ready", 1, 1)

    monkeypatch.setattr("unpact_tui.demo.build", build)
    monkeypatch.setattr("unpact_tui.bug.install", lambda: None)
    with umask(0):
        assert main(["--quiet"]) == 0
    survey(homes / "cache")
