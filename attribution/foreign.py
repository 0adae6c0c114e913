"""Translates exceptions of other libraries into ours, where a clause by type is not enough.

Rust extensions raise plain `Exception`, and a panic derives from `BaseException`; naming those in
an `except` clause would swallow bugs of our own as well. This module does not know what went wrong.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from types import TracebackType

BROKEN: tuple[type[BaseException], ...] = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    ImportError,
    RuntimeError,
    MemoryError,
)
"""What these libraries raise over files that hold nonsense: they check little before using it."""

MODULES = (
    "google",  # sentencepiece models are messages of protobuf
    "huggingface_hub",
    "jinja2",
    "pyo3_runtime",
    "re",
    "safetensors",
    "safetensors_rust",
)
"""Libraries below them whose exceptions come through."""


_SPENT = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN))
_NO_ROOM = ("failed to map segment from shared object", "cannot allocate memory")
"""How a library is refused that does not fit into memory any more."""
_IMPORTING = "failed to import"
"""How transformers says that on. Room for numbers is another thing: a file may ask for too much."""


def is_spent(error: BaseException) -> bool:
    """Whether the machine has nothing left, files or memory: then no file is to blame."""
    match error:
        case OSError(errno=int(number)) if number in _SPENT:
            return True
        case ImportError() | RuntimeError():
            said = str(error).lower()
            importing = isinstance(error, ImportError) or _IMPORTING in said
            return importing and any(words in said for words in _NO_ROOM)
        case _:
            return False


class Foreign:
    """A context: what matches inside is raised again as what `translate` makes of it."""

    def __init__(
        self,
        translate: Callable[[BaseException], Exception],
        kinds: tuple[type[BaseException], ...],
        modules: tuple[str, ...] = (),
    ) -> None:
        self._translate = translate
        self._kinds = kinds
        self._modules = modules

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Raise the translation of `error` if it is one of ours to translate."""
        if kind is None or error is None or is_spent(error):
            return
        if self._matches(kind):
            raise self._translate(error) from error

    def _matches(self, kind: type[BaseException]) -> bool:
        # Exception itself, not its subclasses: only extensions written in Rust raise that.
        return (
            kind is Exception
            or issubclass(kind, self._kinds)
            or kind.__module__.partition(".")[0] in self._modules
        )


def sentence(error: BaseException, limit: int = 200) -> str:
    """Return the first line of an error's message, to be put into a sentence of ours."""
    lines = str(error).strip().splitlines()
    text = lines[0].strip().rstrip(".:") if lines else ""
    return (text[: limit - 1] + "…" if len(text) > limit else text) or type(error).__name__
