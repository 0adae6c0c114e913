from __future__ import annotations

from pathlib import Path

import pytest

from unpact_tui import paths
from unpact_tui.errors import NoStateFolder


def test_the_engines_log_is_private_and_there() -> None:
    log = paths.engine_log()
    assert log.parent == paths.state()
    assert log.stat().st_mode & 0o777 == 0o600
    log.write_text("old")
    assert paths.engine_log().read_text() == "old"


def test_nowhere_to_keep_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "state" / "unpact-tui" / "engine.log").mkdir(parents=True)
    for place, why in (("file/below", "Not a directory"), ("state", "Is a directory")):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / place))
        with pytest.raises(NoStateFolder, match=why) as error:
            paths.engine_log()
        assert str(tmp_path / place) in str(error.value)
        assert "XDG_STATE_HOME" in error.value.hint
