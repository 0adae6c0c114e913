"""Rows of prompts with a cursor; what becomes of a prompt is not its business."""

from __future__ import annotations

from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.prompt_rows import Columns, PromptRow, cells, columns
from unpact_tui.app.widgets.row_list import ALARM, QUIET, VERDICT, RowList


class PromptList(RowList[PromptRow, Columns]):
    """One row per prompt."""

    def __init__(self, glyphs: Glyphs, *, plain: bool, current: int) -> None:
        """`current` is the index of the prompt that is open; `plain` writes signs in ASCII."""
        super().__init__(glyphs, columns(0, 0))
        self._plain = plain
        self._current = current

    def _key(self, row: PromptRow) -> int:
        return row.index

    def _fitted(self, longest: int, width: int) -> Columns:
        return columns(longest, width)

    def _runs(self, row: PromptRow) -> list[tuple[str, str]]:
        current = row.index == self._current
        parts = cells(row, self.fit, self._glyphs, current=current, plain=self._plain)
        quiet = QUIET if row.status in ("waiting", "reading") else ""
        alarm = row.label in ("SUPPRESSED", "COLLAPSED") or row.status == "failed"
        marks, status, verdict, *rest = parts
        loud = ALARM if alarm else quiet or VERDICT
        return [(quiet, marks + status), (loud, verdict), (quiet, "".join(rest))]
