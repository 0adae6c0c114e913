"""A session on disk: what was done and said comes back, whatever happened to the file."""

from __future__ import annotations

import json
import random
import stat
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from looking import looked_through, sat
from room import CASES, OPEN, Room, read

from unpact_tui import __version__
from unpact_tui.errors import BadSession, ExitCode, Unwritable, exit_code
from unpact_tui.session import file
from unpact_tui.session.actions import (
    Action,
    ChooseCase,
    ChooseScale,
    ChooseStrategy,
    ChooseStrength,
    Emphasise,
    Move,
    MoveThresholds,
    Undo,
)
from unpact_tui.session.choices import Timeline, replay
from unpact_tui.session.file import SCHEMA, Began, Did, Recorded, Recorder
from unpact_tui.session.keeping import Keeping
from unpact_tui.session.memory import Memory
from unpact_tui.session.printing import as_json
from unpact_tui.session.recorded import RecordedEngine
from unpact_tui.session.remembered import whole_cases
from unpact_tui.session.sound import of_answer
from unpact_tui.worker.events import (
    ByToken,
    Cancelled,
    Contributions,
    Encoded,
    Failed,
    Finished,
    Opened,
)
from unpact_tui.worker.protocol import Analyse, Cancel, Open, Recover, Reply, Try


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Room]:
    path = tmp_path_factory.mktemp("session") / "friday.jsonl"
    return path, sat(path)


def remembered(memory: Memory) -> dict[object, object]:
    return {order: set(map(repr, said)) for order, said in memory}


def test_what_was_done_and_said_comes_back(kept: tuple[Path, Room]) -> None:
    path, room = kept
    found = file.read(path)
    assert found.timeline == room.state.timeline
    assert remembered(found.memory) == remembered(room.comparison.memory)
    assert (found.began.schema, found.began.version) == (SCHEMA, __version__)
    assert (found.began.order, found.began.opened) == (OPEN, room.opened)
    assert not found.torn
    again = Room(memory=found.memory, timeline=found.timeline)
    again.comparison.begin()
    again.hear()
    assert again.asked == []
    assert again.state.page == room.state.page


def test_of_several_moves_the_last_is_written(kept: tuple[Path, Room]) -> None:
    lines = [json.loads(line) for line in kept[0].read_bytes().splitlines()]
    moves = [line["action"]["position"] for line in lines if line.get("action", {}).get("position")]
    assert moves == [4, 2]
    assert [line["type"] for line in lines[:2]] == ["Began", "Heard"]


def test_it_is_for_its_owner_alone(kept: tuple[Path, Room]) -> None:
    assert stat.S_IMODE(kept[0].stat().st_mode) == 0o600


def test_cut_at_any_place_it_holds_what_was_whole(kept: tuple[Path, Room], tmp_path: Path) -> None:
    whole = kept[0].read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == 10]
    draw = random.Random(0)
    near = {end + by for end in ends for by in (-2, -1, 0, 1)}
    places = sorted(near | {draw.randrange(len(whole)) for _ in range(20)} | {0, len(whole)})
    path = tmp_path / "cut.jsonl"
    for at in places:
        if at > len(whole):
            continue
        path.write_bytes(whole[:at])
        lines = sum(end <= at for end in ends)
        if lines == 0:
            with pytest.raises(BadSession, match="nothing whole"):
                file.read(path)
            continue
        found = file.read(path)
        assert found.torn == (at not in ends)
        upto = tmp_path / "whole.jsonl"
        upto.write_bytes(b"".join(whole.splitlines(keepends=True)[:lines]))
        assert found.timeline == file.read(upto).timeline


@pytest.mark.parametrize("back", [1, 7, 5000])
def test_what_is_appended_to_a_cut_file_can_be_read(
    kept: tuple[Path, Room], tmp_path: Path, back: int
) -> None:
    path = tmp_path / "cut.jsonl"
    path.write_bytes(kept[0].read_bytes()[:-back])
    before = file.read(path)
    assert before.torn
    recorder = Recorder(path)
    recorder.did(ChooseStrategy("upper"))
    recorder.close()
    after = file.read(path)
    assert not after.torn
    assert after.timeline.log == (*before.timeline.log, ChooseStrategy("upper"))


def test_a_file_without_a_whole_line_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "torn.jsonl"
    path.write_bytes(b'{"type": "Beg' * 10_000)
    Recorder(path).close()
    assert path.read_bytes() == b""


def test_the_last_of_several_comparisons_is_the_one(
    kept: tuple[Path, Room], tmp_path: Path
) -> None:
    path = tmp_path / "two.jsonl"
    path.write_bytes(kept[0].read_bytes())
    room = Room()
    keeping = Keeping(path)
    recorder = keeping.begin(replace_unlearned("other"), room.opened, room.state.timeline)
    recorder.did(ChooseStrategy("quote"))
    keeping.close()
    found = file.read(path)
    assert found.began.order.unlearned == "other"
    assert found.timeline.log == (ChooseStrategy("quote"),)
    assert list(found.memory) == []


def replace_unlearned(name: str) -> Open:
    return Open(OPEN.base, name, None, OPEN.settings)


def test_a_session_that_goes_on_begins_once(kept: tuple[Path, Room], tmp_path: Path) -> None:
    path = tmp_path / "on.jsonl"
    path.write_bytes(kept[0].read_bytes())
    found = file.read(path)
    keeping = Keeping(path, goes_on=True)
    room = Room(memory=found.memory, timeline=found.timeline)
    room.comparison.wire.recorder = keeping.begin(OPEN, room.opened, found.timeline)
    room.comparison.begin()
    room.do(ChooseStrategy("repeat"))
    room.tried()
    room.comparison.wire.recorder.did(Move(1))
    keeping.close()
    again = file.read(path)
    assert path.read_bytes().count(b'"Began"') == 1
    assert again.timeline.now == room.state.now
    assert again.memory.whole(Try(CASES[0], "repeat", room.state.now.chosen.emphasis))


def test_what_was_cancelled_or_failed_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "cancelled.jsonl"
    recorder = Recorder(path)
    room = Room(recorder=recorder)
    recorder.write(Began(SCHEMA, "1", OPEN, room.opened, room.state.now))
    room.comparison.begin()
    room.hear(3)
    room.comparison.cancel()
    room.hear()
    room.comparison.again()
    room.hear()
    room.do(Emphasise((0,)))
    room.tried()
    recorder.close()
    assert room.warnings
    assert [order for order, _ in file.read(path).memory] == [Analyse(CASES[0]), Recover(CASES[0])]
    assert b"Cancelled" not in path.read_bytes()


def test_a_full_disk_does_not_take_the_inspector_with_it(tmp_path: Path) -> None:
    (tmp_path / "full.jsonl").symlink_to("/dev/full")
    recorder = Recorder(tmp_path / "full.jsonl")
    room = read(recorder=recorder)
    assert room.state.page.judged is not None
    assert recorder.trouble == "No space left on device"
    recorder.close()


@pytest.mark.parametrize("place", ["folder", "nowhere"])
def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path: Path, place: str) -> None:
    path = tmp_path if place == "folder" else tmp_path / "no" / "file"
    with pytest.raises(Unwritable):
        Keeping(path)


# ---------------------------------------------------------------- what it says


def test_it_is_a_result_without_any_model(kept: tuple[Path, Room]) -> None:
    result = json.loads("".join(as_json(kept[0])))
    assert [case["id"] for case in result["cases"]] == ["one", "new"]
    assert result["settings"]["thresholds"]["recovered"] == 0.4
    tried = [(each["strategy"], each["kind"]) for each in result["cases"][0]["tried"]]
    assert [name for name, kind in tried if kind == "key"] == ["quote", "bold"]
    assert ("quote", "random") in tried
    assert result["cases"][0]["verdict"] == "SUPPRESSED"


def test_it_says_how_far_it_is_read(kept: tuple[Path, Room]) -> None:
    steps = list(file.reading(kept[0]))
    assert [step.done for step in steps] == sorted({step.done for step in steps})
    assert steps[-1].done == steps[-1].total == kept[0].stat().st_size
    assert list(file.reading(kept[0])) == steps


def test_a_session_in_which_nothing_was_measured_is_no_result(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    room = Room()
    Keeping(path).begin(OPEN, room.opened, room.state.timeline).close()
    with pytest.raises(BadSession, match="no prompt in it was measured"):
        as_json(path)


def test_the_engine_of_a_session_knows_no_more_than_it() -> None:
    opened = Opened((), chat=False, warnings=())
    engine = RecordedEngine(opened, "Measure it.")
    heard: list[Reply] = []
    assert engine.send(OPEN) == 1  # nobody listens yet
    engine.listen(heard.append)
    assert engine.alive
    for order in (OPEN, Analyse(CASES[0]), Cancel()):
        engine.send(order)
    assert heard == [
        Reply(2, opened),
        Reply(2, Finished()),
        Reply(3, Failed("This was not recorded.", "Measure it.", ExitCode.USAGE)),
        Reply(4, Finished()),
    ]
    engine.close()
    engine.send(OPEN)
    assert len(heard) == 4


def test_what_was_not_recorded_is_said_and_the_rest_stays(kept: tuple[Path, Room]) -> None:
    found = file.read(kept[0])
    room = Room(memory=found.memory, timeline=found.timeline)
    engine = RecordedEngine(found.began.opened, "Measure it.")
    engine.listen(room.replies.append)
    room.comparison.reconnect(engine)
    page = room.state.page
    room.do(ChooseStrategy("upper"))
    room.settle()
    while room.replies:
        room.comparison.hear(room.replies.popleft())
    assert room.state.hint == "This was not recorded."
    room.do(Undo())
    assert room.state.page == page


# ---------------------------------------------------------------- files made by hand


Path_ = list[str | int]


def changed(path: Path, number: int, place: Path_, value: object) -> None:
    """Put a value into a line of a session file."""
    lines = path.read_bytes().splitlines()
    line = json.loads(lines[number - 1])
    here = line
    for key in place[:-1]:
        here = here[key]
    here[place[-1]] = value
    lines[number - 1] = json.dumps(line).encode()
    path.write_bytes(b"\n".join(lines) + b"\n")


BEGAN: list[tuple[Path_, object]] = [
    (["schema"], 2),
    (["schema"], "1"),
    (["type"], "Started"),
    (["order", "settings", "granularity"], "letter"),
    (["opened", "checkpoints"], []),
    (["opened", "checkpoints", 1, "role"], "base"),
    (["opened", "checkpoints", 0, "bytes"], 10**30),
    (["choices", "index"], 3),
    (["choices", "index"], -1),
    (["choices", "cases"], []),
    (["choices", "here"], []),
    (["choices", "here", 0, "emphasis"], [-1]),
    (["choices", "here", 0, "emphasis"], [10**12]),
    (["choices", "here", 0, "emphasis"], ["1"]),
    (["choices", "strategy"], "loud"),
    (["choices", "strength"], 0),
    (["choices", "strength"], 1e308),
    (["choices", "view"], "sideways"),
    (["choices", "threshold"], -0.1),
    (["choices", "gamma"], 0.0),
    (["choices", "thresholds", "known"], -1.0),
    (["choices", "thresholds", "lift"], 1e300),
    (["choices", "thresholds", "lift"], None),
    (["choices", "thresholds", "lift"], float("nan")),
    (["choices", "thresholds", "lift"], float("inf")),
    (["choices", "cases", 0, "prompt"], "\udce2"),
    (["choices", "cases", 0, "split"], "other"),
]


@pytest.mark.parametrize(("place", "value"), BEGAN, ids=[".".join(map(str, p)) for p, _ in BEGAN])
def test_a_beginning_that_cannot_be_is_refused(
    kept: tuple[Path, Room], tmp_path: Path, place: Path_, value: object
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(kept[0].read_bytes())
    changed(path, 1, place, value)
    with pytest.raises(BadSession, match=r"bad\.jsonl, line 1: this is no session: ") as found:
        file.read(path)
    assert found.value.hint
    assert exit_code(found.value) == ExitCode.USAGE


HEARD: list[tuple[Path_, object]] = [
    (["order", "type"], "Open"),
    (["order", "type"], "Weigh"),
    (["order", "case", "answer"], 3),
    (["events"], []),
    (["events", 0, "type"], "Ladder"),
    (["events", 0, "prompt", "tokens", 1, "end"], 10_000),
    (["events", 0, "prompt", "tokens", 1, "start"], -4),
    (["events", 0, "prompt", "content", "end"], 10_000),
    (["events", 0, "prompt", "tokens"], []),
    (["events", 0, "words"], [[99]]),
    (["events", 0, "words"], [[]]),
    (["events", 0, "answer_tokens"], []),
]


@pytest.mark.parametrize(("place", "value"), HEARD, ids=[".".join(map(str, p)) for p, _ in HEARD])
def test_an_answer_that_cannot_be_is_refused(
    kept: tuple[Path, Room], tmp_path: Path, place: Path_, value: object
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(kept[0].read_bytes())
    changed(path, 2, place, value)
    with pytest.raises(BadSession, match=r"bad\.jsonl, line 2: "):
        file.read(path)


EVENTS: list[tuple[str, str, object]] = [
    ("Contributions", "values", [0.5]),
    ("Contributions", "logprob", 800.0),
    ("Contributions", "answer_logprobs", [0.0]),
    ("ByToken", "rows", [[0.5]]),
    ("Compared", "shift", {"delta": [], "overlap": 0, "rank_correlation": 0, "focus_kept": 0}),
    ("Compared", "key_tokens", {"positions": [77], "rule": {}}),
    ("Compared", "key_tokens", {"positions": [-1], "rule": {}}),
    ("Compared", "rouge_l", 1e300),
]


@pytest.mark.parametrize(("kind", "field", "value"), EVENTS)
def test_a_number_that_is_of_no_token_is_refused(
    kept: tuple[Path, Room], tmp_path: Path, kind: str, field: str, value: object
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(kept[0].read_bytes())
    events = json.loads(path.read_bytes().splitlines()[1])["events"]
    number = next(i for i, event in enumerate(events) if event["type"] == kind)
    changed(path, 2, ["events", number, field], value)
    with pytest.raises(BadSession, match=r"bad\.jsonl, line 2: "):
        file.read(path)


@pytest.mark.parametrize(
    "action",
    [
        ChooseStrategy("loud"),
        ChooseStrength(-1.0),
        ChooseStrength(1e300),
        Emphasise((-1,)),
        Emphasise((10**15,)),
        MoveThresholds(replace(OPEN.settings.thresholds, collapse=1e300)),
    ],
)
def test_an_action_that_cannot_be_is_refused(
    kept: tuple[Path, Room], tmp_path: Path, action: Action
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(kept[0].read_bytes())
    lines = path.read_bytes().count(b"\n")
    recorder = Recorder(path)
    recorder.write(Did(action))
    recorder.close()
    with pytest.raises(BadSession, match=rf"line {lines + 1}: "):
        file.read(path)


def test_what_is_beyond_an_end_is_at_it(kept: tuple[Path, Room], tmp_path: Path) -> None:
    path = tmp_path / "far.jsonl"
    path.write_bytes(kept[0].read_bytes())
    recorder = Recorder(path)
    for action in (Move(10**20), ChooseCase(99), ChooseScale(True, 5.0, 99.0), Emphasise((5000,))):
        recorder.did(action)
    recorder.close()
    found = file.read(path)
    room = Room(memory=found.memory, timeline=found.timeline)
    room.comparison.begin()
    assert room.state.prompt is not None
    assert room.state.index == 0
    assert room.state.cursor == len(room.state.prompt.tokens) - 1
    assert (room.state.now.threshold, room.state.now.gamma) == (1.0, 3.0)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"", 1),
        (b"\n", 1),
        (b"{}\n", 1),
        (b"\x00\xff\xfe\n", 1),
        (b"[" * 100_000 + b"\n", 1),
        (b'{"type": "Began", "order": ' + b"[" * 100_000 + b"\n", 1),
        (b'{"type": "Did", "action": {"do": "Undo"}}\n', 1),
        (b"PK\x03\x04", 1),
    ],
)
def test_what_is_no_session_is_refused(tmp_path: Path, text: bytes, line: int) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(text)
    with pytest.raises(BadSession, match=f"line {line}: "):
        file.read(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSession, match="no such file"):
        file.read(tmp_path / "nothing")
    with pytest.raises(BadSession, match="directory"):
        file.read(tmp_path)


def test_a_line_that_never_ends_is_not_taken_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "_LONGEST", 100)
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"x" * 1000 + b"\n")
    with pytest.raises(BadSession):
        file.read(path)


COUNT = 40
INSERTED = (b"9", b"-", b"e99", b"null", b"[", b'"', b"\n", b"1e308")


def opens(path: Path) -> Recorded | None:
    """Read a file, and look at every prompt of it, as the inspector would."""
    try:
        return looked_through(path)
    except BadSession:
        return None


def test_whatever_bytes_are_changed_it_is_read_or_refused(
    kept: tuple[Path, Room], tmp_path: Path
) -> None:
    whole = kept[0].read_bytes()
    draw = random.Random(24675)
    path = tmp_path / "mutated.jsonl"
    refused = 0
    for _ in range(COUNT):
        text = bytearray(whole)
        for _ in range(draw.choice((1, 1, 1, 3, 20))):
            at = draw.randrange(len(text))
            kind = draw.randrange(4)
            if kind == 0:
                text[at] = draw.randrange(256)
            elif kind == 1:
                del text[at : at + draw.randrange(1, 30)]
            elif kind == 2:
                text[at:at] = draw.choice(
                    (b"9", b"-", b"e99", b"null", b"[", b'"', b"\n", b"1e308")
                )
            else:
                end = draw.randrange(len(text))
                text[at:at] = text[end : end + draw.randrange(1, 200)]
        path.write_bytes(text)
        refused += opens(path) is None
    assert COUNT / 3 < refused < COUNT


def test_a_timeline_is_what_its_log_makes_of_its_beginning(kept: tuple[Path, Room]) -> None:
    found = file.read(kept[0])
    again = replay(Timeline(found.began.choices), found.timeline.log)
    assert again == found.timeline
    assert Cancelled not in {type(event) for _, said in found.memory for event in said}


def test_a_session_that_somebody_removes_is_there_again(tmp_path: Path) -> None:
    room = Room()
    keeping = Keeping(tmp_path / "s.jsonl")
    recorder = keeping.begin(OPEN, room.opened, room.state.timeline)
    (tmp_path / "s.jsonl").unlink()
    recorder.did(ChooseStrategy("quote"))
    keeping.close()
    assert recorder.trouble == ""
    assert file.read(tmp_path / "s.jsonl").timeline.now.strategy == "quote"


def test_a_session_whose_place_was_taken_is_no_longer_written(tmp_path: Path) -> None:
    room = Room()
    keeping = Keeping(tmp_path / "s.jsonl")
    recorder = keeping.begin(OPEN, room.opened, room.state.timeline)
    (tmp_path / "s.jsonl").unlink()
    (tmp_path / "s.jsonl").write_text("theirs")
    recorder.did(ChooseStrategy("quote"))
    keeping.close()
    assert recorder.trouble == "another file was put in its place"
    assert (tmp_path / "s.jsonl").read_text() == "theirs"


def test_a_case_without_the_contributions_of_one_side_is_not_known(tmp_path: Path) -> None:
    room = Room()
    room.comparison.begin()
    room.hear()
    memory = Memory()
    for order, said in room.comparison.memory:
        memory.keep(
            order,
            [e for e in said if not isinstance(e, Contributions | ByToken) or e.role != "base"],
        )
    assert list(whole_cases(room.state.now, room.comparison.memory))
    assert list(whole_cases(room.state.now, memory)) == []


def test_of_two_prompts_in_an_answer_the_last_must_fit(kept: tuple[Path, Room]) -> None:
    memory = kept[1].comparison.memory
    order = next(order for order in memory.orders() if isinstance(order, Analyse))
    said = memory.said(order)
    encoded = next(event for event in said if isinstance(event, Encoded))
    shorter = msgspec.structs.replace(
        encoded, prompt=replace(encoded.prompt, tokens=encoded.prompt.tokens[:-1]), words=()
    )
    assert of_answer(order, (*said, Finished())) == ""
    assert of_answer(order, (shorter, *said, Finished())) == ""
    assert "for each token" in of_answer(order, (*said, shorter, Finished()))
