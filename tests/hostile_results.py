"""Result files of every kind as a stranger could have written them."""

from __future__ import annotations

import json
from pathlib import Path

from report_fixture import written
from spoiling import spoil

from unpact_tui.errors import UnpactError
from unpact_tui.reporting.results import read


def spoilt_file(folder: Path, kind: str, text: str) -> tuple[Path, int]:
    """Write a result in which all that may be text is `text`; return how many words that are."""
    file = written(folder, kind)
    data = file.read_bytes()
    by_line = kind in ("triage", "track")
    values = [json.loads(part) for part in (data.splitlines() if by_line else [data])]
    # What a reader refuses is no text of a result: no JSON has a lone surrogate.
    text = text.encode(errors="replace").decode()

    def reads() -> bool:
        file.write_text("".join(f"{json.dumps(value)}\n" for value in values))
        try:
            read(file)
        except UnpactError:
            return False
        return True

    count = spoil(values, text, reads)
    assert reads()
    return file, count
