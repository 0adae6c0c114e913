"""A session on real checkpoints: kept, opened without them, measured again, gone on with."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from end_to_end.inspecting import QUICK, inspector, judged, tried
from end_to_end.terminal import PATIENCE, Terminal

from unpact_tui.session.file import read

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "result.schema.json"

TOGGLE = 1000
"""Bytes that a word's emphasis may cost before it is answered: two grids, two panels, a line."""

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Kept:
    """A session that is over, and where its checkpoints are."""

    file: Path
    models: Path
    title: str
    emphasised: str
    recovered: str

    @contextmanager
    def without_models(self) -> Iterator[None]:
        """Have the checkpoints out of reach."""
        away = self.models.with_name("away")
        self.models.rename(away)
        try:
            yield
        finally:
            away.rename(self.models)

    def compare(self) -> tuple[object, ...]:
        """Return what starts the inspector on it again."""
        pair = (self.models / "target", self.models / "unlearned-npo")
        return ("compare", *pair, *QUICK, "--session", self.file)


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that is open, and the folder it was opened in."""

    terminal: Terminal
    folder: Path


class Tags(HTMLParser):
    """Which elements of a page are not closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "br", "hr", "img", "col", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def row(terminal: Terminal, start: str) -> str:
    """Return the first row that starts with some text."""
    rows = [r.strip() for r in terminal.screen() if r.strip().startswith(start)]
    assert rows, f"no row starts with {start!r}"
    return rows[0]


def emphasised(terminal: Terminal) -> str:
    """Return what the row under the cursor says is emphasised."""
    return terminal.screen()[-2].partition("emphasised ")[2].partition("  bytes")[0].strip()


@pytest.fixture(scope="module")
def kept(family: Path, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Two prompts; on the first, one emphasis that stays and one that is taken back."""
    folder = tmp_path_factory.mktemp("kept")
    models, file, prompts = folder / "models", folder / "s.jsonl", folder / "prompts.jsonl"
    for name in ("target", "unlearned-npo", "unlearned-planted-stars"):
        shutil.copytree(family / name, models / name, copy_function=shutil.copyfile)
    lines = (family / "forget.jsonl").read_text(encoding="utf-8").splitlines()[1:3]
    prompts.write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = (models / "target", models / "unlearned-npo", prompts, *QUICK, "--session", file)
    env = {"XDG_STATE_HOME": str(folder)}
    with inspector("compare", *words, columns=160, rows=50, env=env) as terminal:
        judged(terminal, "UNRECOVERED")
        terminal.press("home", "w", "w", "space")
        tried(terminal)
        terminal.press("w", "space")
        tried(terminal)
        terminal.press("u")
        terminal.wait_for("without it")
        terminal.press("]")
        terminal.wait_for("prompt 2 of 2")
        judged(terminal, "UNRECOVERED")
        terminal.press("[")
        terminal.wait_for("prompt 1 of 2")
        judged(terminal, "UNRECOVERED")
        title, recovered = terminal.screen()[0].rstrip(), row(terminal, "recovered")
        on = emphasised(terminal)
        assert on == "What"
        terminal.press("q")
        assert terminal.exit_code() == 0
    assert file.stat().st_mode & 0o777 == 0o600
    return Kept(file, models, title, on, recovered)


def test_it_is_opened_without_the_checkpoints(kept: Kept) -> None:
    before = kept.file.read_bytes()
    with kept.without_models(), inspector("open", kept.file, columns=160, rows=50) as terminal:
        judged(terminal, "UNRECOVERED")
        assert terminal.screen()[0].rstrip() == kept.title
        assert (emphasised(terminal), row(terminal, "recovered")) == (
            kept.emphasised,
            kept.recovered,
        )
        maps = Path(f"/proc/{terminal.pid}/maps")
        assert not maps.exists() or "torch" not in maps.read_text(encoding="utf-8")
        terminal.press("u", "u", "u")  # there and back again, and the first word
        terminal.wait_for("This emphasis  none")
        terminal.press("U")
        terminal.wait_for("without it")
        assert row(terminal, "recovered") == kept.recovered
        terminal.press("home", "w", "w", "w", "space")  # what was taken back was measured
        terminal.wait_until(lambda: emphasised(terminal) == "What gender", "both words")
        terminal.wait_for("without it")

        terminal.press("w", "w", "w", "space")  # this was never measured
        terminal.wait_for("This was not recorded.")
        terminal.settle()
        assert sum("This was not recorded." in r for r in terminal.screen()[-3:]) == 1
        terminal.press("u", "]")
        terminal.wait_for("prompt 2 of 2")
        judged(terminal, "UNRECOVERED")
        terminal.press("q")
        assert terminal.exit_code() == 0
    assert kept.file.read_bytes() == before


def unpact(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "unpact_tui", *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )


def document(*words: object) -> dict[str, Any]:
    done = unpact(*words)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    jsonschema.validate(found, json.loads(SCHEMA.read_text(encoding="utf-8")))
    return found


def numbers(value: object, of: Callable[[str], bool]) -> Iterator[float]:
    """Yield every number under a name, at any depth, in order."""
    if isinstance(value, dict):
        for name, each in value.items():
            if of(name) and isinstance(each, int | float):
                yield each
            yield from numbers(each, of)
    elif isinstance(value, list):
        for each in value:
            yield from numbers(each, of)


@pytest.mark.soak
def test_its_document_is_what_run_measures_of_it(kept: Kept) -> None:
    with kept.without_models():
        said = document("open", kept.file, "--json")
    measured = document("run", "--session", kept.file, "--json", "-q")
    assert [case["id"] for case in said["cases"]] == ["forget-1", "forget-2"]
    for name in ("verdict", "base", "unlearned", "settings"):
        assert said[name] == measured[name]
    pairs = list(zip(said["cases"], measured["cases"], strict=True))
    for ours, theirs in pairs:
        assert ours["verdict"] == theirs["verdict"]
        for part in ("base", "unlearned", "recovery"):
            of = [
                list(numbers(case[part], lambda name: "logprob" in name)) for case in (ours, theirs)
            ]
            assert of[0]
            assert of[0] == pytest.approx(of[1], abs=1e-5)
        contributions = [
            [value for value in case["base"]["contributions"] if value is not None]
            for case in (ours, theirs)
        ]
        assert contributions[0] == pytest.approx(contributions[1], abs=1e-5)


@pytest.mark.soak
def test_it_goes_on_where_it_was(kept: Kept, tmp_path: Path) -> None:
    copy = tmp_path / "s.jsonl"
    shutil.copyfile(kept.file, copy)
    with copy.open("ab") as file:
        file.write(b'{"type":"Did","action":{"do":"Empha')  # its writer was killed
    words = (*kept.compare()[:-1], copy)
    with inspector(*words, columns=160, rows=50) as terminal:
        terminal.wait_for("─UNLEARNED")
        judged(terminal, "UNRECOVERED")
        assert terminal.screen()[0].rstrip() == kept.title
        assert emphasised(terminal) == kept.emphasised
        assert row(terminal, "recovered") == kept.recovered
        terminal.press("s")
        terminal.wait_for("answers, with quote")
        tried(terminal)
        terminal.press("q")
        assert terminal.exit_code() == 0
    recorded = read(copy)
    assert recorded.timeline.now.strategy == "quote"
    assert not recorded.torn
    types = [json.loads(line)["type"] for line in copy.read_text(encoding="utf-8").splitlines()]
    assert types.count("Began") == 1
    assert types[: types.index("Heard")] == ["Began"]
    before = [json.loads(line)["type"] for line in kept.file.read_text("utf-8").splitlines()]
    assert types[len(before) :] == ["Did", "Heard"]  # the one new question, and nothing again


def test_other_checkpoints_are_refused_in_a_sentence(kept: Kept) -> None:
    pair = (kept.models / "target", kept.models / "unlearned-planted-stars")
    words = ("compare", *pair, *QUICK, "--session", kept.file)
    with inspector(*words, columns=400) as terminal:
        assert terminal.exit_code() == 2
        said = [r.strip() for r in terminal.screen() if r.strip()]
    assert len(said) <= 2
    assert "it is of other checkpoints, or was measured with other settings" in said[0]
    assert kept.file.stat().st_size > 0


@pytest.fixture(scope="module")
def wide(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """The session open in a large terminal of true colours, for the tests from here on."""
    folder = tmp_path_factory.mktemp("opened")
    env = {"XDG_STATE_HOME": str(folder / "state"), "COLORTERM": "truecolor"}
    words = ("open", kept.file)
    with inspector(*words, columns=160, rows=50, env=env, cwd=folder) as terminal:
        judged(terminal, "UNRECOVERED")
        yield Opened(terminal, folder)
        terminal.press("q")
        assert terminal.exit_code() == 0


def test_what_is_copied_is_in_the_stream_and_in_a_private_file(wide: Opened) -> None:
    terminal = wide.terminal
    terminal.press("y")
    terminal.wait_for("everything about this prompt")
    terminal.press("t")
    terminal.wait_for("Copied to the terminal's clipboard.")
    answer = "Author Basil Mahfouz Al-Kuwaiti is male."
    (sent,) = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)(?:\x07|\x1b\\)", terminal.raw)
    assert base64.b64decode(sent).decode().strip() == answer
    file = wide.folder / "state" / "unpact-tui" / "clipboard.txt"
    assert file.read_text(encoding="utf-8").strip() == answer
    assert file.stat().st_mode & 0o777 == 0o600


def test_every_form_is_exported(wide: Opened) -> None:
    terminal = wide.terminal
    for key, ending in (("m", "md"), ("j", "json"), ("h", "html"), ("s", "svg")):
        terminal.press("E")
        terminal.wait_for("one page with colours")
        terminal.settle()
        terminal.press(key)
        terminal.settle()
        terminal.press("enter")
        terminal.wait_gone("one page with colours")
        terminal.wait_until(lambda e=ending: any(wide.folder.glob(f"*.{e}")), ending)
    text = {p.suffix: p.read_text(encoding="utf-8") for p in wide.folder.glob("unpact-*.*")}
    assert text[".md"].startswith("# ")
    found = json.loads(text[".json"])
    jsonschema.validate(found, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert [case["verdict"] for case in found["cases"]] == ["UNRECOVERED"] * 2
    page = Tags()
    page.feed(text[".html"])
    page.close()
    assert page.open == []
    assert "Al-Kuwaiti" in text[".html"]
    assert ElementTree.fromstring(text[".svg"]).tag.endswith("svg")
    assert not re.search(r"(src|href)=.https?:|url\(.?https?:", text[".html"] + text[".svg"])


def test_the_mouse_is_given_to_the_terminal_and_taken_back(wide: Opened) -> None:
    terminal = wide.terminal
    for on, told in ((b"l", "The mouse is the terminal's."), (b"h", "The mouse is ours again.")):
        before = len(terminal.raw)
        terminal.press("M")
        terminal.wait_for(told)
        sent = terminal.raw[before:]
        assert {b"\x1b[?1000" + on, b"\x1b[?1003" + on, b"\x1b[?1006" + on} <= {
            match[0] for match in re.finditer(rb"\x1b\[\?10(?:00|03|06)[hl]", sent)
        }


@pytest.mark.soak
def test_pages_and_keys_cost_little_and_idling_nothing(wide: Opened) -> None:
    terminal = wide.terminal
    terminal.wait_gone("The mouse is")
    terminal.wait_gone("Written to")
    terminal.press("home")
    for key in ("w", "right", "down"):
        with terminal.count_bytes(quiet=0.2) as traffic:
            terminal.press(key)
        assert 0 < traffic.bytes <= 1500, key
    costs: list[int] = []
    for _ in range(3):
        with terminal.count_bytes(quiet=0.06) as traffic:  # not what is said 0.15 s later
            terminal.press("space")
        costs.append(traffic.bytes)
        terminal.settle(0.5)
        terminal.press("w")
    assert min(costs) <= TOGGLE
    for page in ("", "P", "V"):
        terminal.press(*page)
        terminal.settle(1.0)
        with terminal.count_bytes(quiet=3.0, expect=False) as idle:
            pass
        assert idle.bytes == 0, page
        if page:
            terminal.press("q")
            terminal.settle(0.3)


@pytest.mark.parametrize(
    ("columns", "rows", "place"),
    [(80, 24, "beside"), (120, 40, "beside"), (200, 60, "beside"), (72, 40, "below"), (72, 24, "")],
)
def test_the_panes_stand_where_there_is_room(
    wide: Opened, columns: int, rows: int, place: str
) -> None:
    wide.terminal.resize(columns, rows)
    wide.terminal.wait_until(lambda: placed(wide.terminal) == place, f"panes {place or 'apart'}")
    wide.terminal.resize(39, 9)
    wide.terminal.wait_for("Too small")
    wide.terminal.resize(160, 50)
    wide.terminal.wait_gone("Too small")


def placed(terminal: Terminal) -> str:
    """Say where the unlearned model's pane is, seen from the base's; nothing where there is one."""
    rows = terminal.screen()
    base = [(y, r.index("─BASE")) for y, r in enumerate(rows) if "─BASE" in r]
    other = [(y, r.index("─UNLEARNED")) for y, r in enumerate(rows) if "─UNLEARNED" in r]
    if not base or not other:
        return "" if base or other else "not drawn"
    (y, _), (other_y, other_x) = base[0], other[0]
    return "beside" if (y, len(rows[0]) // 2) == (other_y, other_x) else "below"


def test_without_a_mouse_none_is_ever_taken(kept: Kept) -> None:
    with inspector("open", kept.file, "--no-mouse") as terminal:
        judged(terminal, "UNRECOVERED")
        assert not re.search(rb"\x1b\[\?10(?:00|02|03|06|15)h", terminal.raw)
        terminal.press("q")
        assert terminal.exit_code() == 0


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")
def test_inside_tmux_the_text_is_in_its_buffer(kept: Kept, tmp_path: Path) -> None:
    socket, env = tmp_path / "tmux", os.environ | {"XDG_STATE_HOME": str(tmp_path)}
    line = shlex.join([sys.executable, "-m", "unpact_tui", "open", str(kept.file)])

    def tmux(*words: str) -> str:
        command = ("tmux", "-S", str(socket), "-f", os.devnull, *words)
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        return done.stdout

    def until(condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"{what}; {tmux('capture-pane', '-p')}"
            time.sleep(0.1)

    tmux("new-session", "-d", "-x", "130", "-y", "40", line)
    try:
        until(lambda: "UNLEARNED" in tmux("capture-pane", "-p"), "it starts")
        tmux("send-keys", "y")
        until(lambda: "everything about" in tmux("capture-pane", "-p"), "the dialog")
        tmux("send-keys", "t")
        until(lambda: bool(tmux("show-buffer")), "the buffer")
        assert tmux("show-buffer").strip() == "Author Basil Mahfouz Al-Kuwaiti is male."
        until(lambda: "Copied to tmux" in tmux("capture-pane", "-p"), "the notice")
        tmux("send-keys", "q")
    finally:
        tmux("kill-server")
