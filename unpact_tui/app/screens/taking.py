"""The comparison's keys that take something away: a copy, or a result in a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event

from unpact_tui.app import clipboard, takeaway
from unpact_tui.app.aside import ASIDE, MANY, WRITES, aside, bit_by_bit
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import shown
from unpact_tui.app.screens.acting import Acting
from unpact_tui.app.screens.copy import CopyScreen
from unpact_tui.app.screens.export import (
    ExportScreen,
    Form,
    default_stem,
    offline,
    write_export,
)
from unpact_tui.app.takeaway import TextForm
from unpact_tui.destination import Text
from unpact_tui.document import Document
from unpact_tui.errors import UsageError
from unpact_tui.session.remembered import as_document, failures, put_together, written_down
from unpact_tui.settings import Settings


class Taking(Acting):
    """Copies and exports what is shown."""

    settings: Settings
    glyphs: Glyphs
    ascii_only: bool

    def _document(self, *, only_here: bool = False) -> Document | None:
        state = self.state
        if state.opened is None:
            return None
        only = state.case if only_here else None
        memory = self.comparison.memory
        return as_document(state.opened, self.settings, state.now, memory, only)

    def action_copy(self) -> None:
        """Copy a text, over whatever lies between here and the clipboard."""

        def take(text: str | None) -> None:
            if text is not None:
                copied = clipboard.copy(text, os.environ, self.app.copy_to_clipboard)
                self._note(copied.note)

        offered = takeaway.choices(self.state, self._document(only_here=True))
        self.app.push_screen(CopyScreen(offered, self.glyphs, self.ascii_only), take)

    def action_export(self) -> None:
        """Write the result, or a picture of the screen, to a file."""
        # Taken before the dialog lies over it.
        picture = self.app.export_screenshot(title="unpact-tui")

        def write(chosen: tuple[Form, Path] | None) -> None:
            if chosen is not None:
                self._write(*chosen, picture)

        stem = default_stem(None, datetime.now().astimezone())
        self.app.push_screen(ExportScreen(stem, self.glyphs, self.ascii_only), write)

    def _write(self, form: Form, path: Path, picture: str) -> None:
        if form == "svg":
            self._note(_written(path, lambda: offline(picture)))
        elif len(self.state.cases) <= MANY:
            document = self._document()
            self._note(_written(path, lambda: document and takeaway.written(document, form)))
        else:
            self._note(f"Writing {path}")
            self.run_worker(self._write_many(form, path), WRITES, ASIDE)

    async def _write_many(self, form: TextForm, path: Path) -> None:
        """Write what would keep the keys waiting, as it is known now."""
        state, memory = self.state, self.comparison.memory
        failed = failures(state.now, memory)
        cases = await bit_by_bit(written_down(state.now, memory))
        left = Event()

        def text() -> Text | None:
            if state.opened is None:
                return None
            document = put_together(state.opened, self.settings, state.now, cases, failed)
            return document and _unless(left, takeaway.written(document, form))

        try:
            self._note(await aside(partial(_written, path, text)))
        finally:
            left.set()

    def _note(self, words: str) -> None:
        self.notify(shown(words, 1000), timeout=10, markup=False)


class _Left(Exception):
    """Nobody is there any more."""


def _unless(left: Event, text: Text) -> Iterator[str]:
    """Break off when somebody leaves: what is half written is then taken away."""
    for piece in (text,) if isinstance(text, str) else text:
        if left.is_set():
            raise _Left
        yield piece


def _written(path: Path, text: Callable[[], Text | None]) -> str:
    """Write a file; return what is said of it."""
    found = text()
    if found is None:
        return "Nothing is measured and judged yet: there is nothing to export."
    try:
        write_export(path, found)
    except UsageError as error:
        return f"{error} {error.hint}"
    return f"Written to {path}"
