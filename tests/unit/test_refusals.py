"""What the machine refuses is a sentence, wherever it is met; a bug stays a bug."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from unpact_tui import refusals
from unpact_tui.errors import ExitCode, OutOfResources, SystemRefuses, UnpactError, exit_code
from unpact_tui.fleet.doing import in_words
from unpact_tui.foreign import BROKEN, Foreign


def refused(error: BaseException) -> UnpactError:
    with pytest.raises(UnpactError) as caught, refusals.translated():
        raise error
    assert caught.value.__cause__ is error
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, ExitCode.USAGE),
        (errno.EDQUOT, ExitCode.USAGE),
        (errno.EROFS, ExitCode.USAGE),
        (errno.EIO, ExitCode.USAGE),
        (errno.ESTALE, ExitCode.USAGE),
        (errno.EFBIG, ExitCode.USAGE),
        (errno.ELOOP, ExitCode.USAGE),
        (errno.EMFILE, ExitCode.COMPUTE),
        (errno.ENFILE, ExitCode.COMPUTE),
        (errno.ENOMEM, ExitCode.COMPUTE),
        (errno.EAGAIN, ExitCode.COMPUTE),
    ],
)
def test_the_system_says_no(number: int, code: ExitCode) -> None:
    error = refused(OSError(number, os.strerror(number), "/some/file"))
    assert exit_code(error) == code
    assert code == ExitCode.COMPUTE or "/some/file" in str(error)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MemoryError(), OutOfResources),
        (RuntimeError("can't start new thread"), OutOfResources),
        (ImportError("libtorch.so: failed to map segment from shared object"), OutOfResources),
        (
            RuntimeError("Failed to import x: x.so: Cannot allocate memory in static TLS"),
            OutOfResources,
        ),
        (RuntimeError("Could not determine home directory."), SystemRefuses),
        (RuntimeError("could not determine the home directory for '~/.config'"), SystemRefuses),
        (OSError(errno.ENOSPC, "No space left on device"), SystemRefuses),
        (OSError(errno.ENOENT, "No such file or directory", b"/caf\xe9"), SystemRefuses),
    ],
)
def test_refusals_without_a_number_or_a_name(error: BaseException, kind: type[UnpactError]) -> None:
    assert type(refused(error)) is kind


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("a tensor of another shape"),
        OSError("of a library, and nothing the system said"),
        BrokenPipeError(errno.EPIPE, "Broken pipe"),
        ValueError("a bug"),
        ImportError("cannot import name 'x' from 'y'"),
        KeyboardInterrupt(),
    ],
)
def test_what_the_system_did_not_refuse_stays_what_it_is(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, refusals.translated():
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EMFILE, "Too many open files"),
        ImportError("x.so: failed to map segment from shared object"),
    ],
)
def test_no_file_is_to_blame_for_what_the_machine_has_not(error: Exception) -> None:
    """Else a whole checkpoint is called broken, and copied again."""
    with pytest.raises(type(error)), Foreign(lambda _: ValueError("broken"), BROKEN):
        raise error
    with pytest.raises(ValueError, match="broken"), Foreign(lambda _: ValueError("broken"), BROKEN):
        raise OSError(errno.EIO, "Input/output error")
    with pytest.raises(ValueError, match="broken"), Foreign(lambda _: ValueError("broken"), BROKEN):
        raise RuntimeError("you tried to allocate 64000000000 bytes. Cannot allocate memory")


def test_a_real_refusal(tmp_path: Path) -> None:
    with pytest.raises(SystemRefuses, match="gone"), refusals.translated():
        (tmp_path / "gone").read_bytes()


def test_a_bar_whose_thread_was_refused_says_so_though_it_fails_once_more() -> None:
    later = RuntimeError("cannot join thread before it is started")
    assert refusals.of(later) is None
    later.__context__ = RuntimeError("can't start new thread")
    assert isinstance(refused(later), OutOfResources)


def test_a_checkpoint_that_the_machine_refused_broke_by_no_bug() -> None:
    said = in_words(refused(MemoryError()))
    assert "bug" not in said
    assert "memory" in said
