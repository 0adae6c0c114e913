"""Rows of checkpoints with a cursor; files are not its business."""

from __future__ import annotations

from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.triage_rows import ALARMING, Fit, cells, fit
from unpact_tui.app.widgets.row_list import ALARM, QUIET, VERDICT, RowList
from unpact_tui.triage.ranking import Ranked


class TriageList(RowList[Ranked, Fit]):
    """One row per checkpoint."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs, Fit())

    def _key(self, row: Ranked) -> str:
        return row.key

    def _fitted(self, longest: int, width: int) -> Fit:
        return fit(longest, width)

    def _runs(self, row: Ranked) -> list[tuple[str, str]]:
        name, verdict, rest = cells(row, self.fit, self._glyphs)
        failed = QUIET if row.verdict is None else ""
        loud = ALARM if failed or row.verdict in ALARMING else VERDICT
        return [(failed, name), (loud, verdict), (failed, rest)]
