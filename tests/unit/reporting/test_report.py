"""Result files of every kind on one page: what is told apart, what is shown, what is escaped."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from report_fixture import ROWS, STEPS, lines, number, step, written
from result_fixture import HOSTILE
from typer.testing import CliRunner

from attribution.types import Interval
from unpact_tui.cli import app
from unpact_tui.document import encode
from unpact_tui.errors import BadResult
from unpact_tui.findings.figures import Findings
from unpact_tui.matrix.blocks import MatrixFindings
from unpact_tui.reporting import svg
from unpact_tui.reporting.command import report
from unpact_tui.reporting.results import WeightsResult, read
from unpact_tui.result_schema import Document
from unpact_tui.track.schema import Track
from unpact_tui.triage.ranking import Table
from unpact_tui.triage.row import WeightsEntry

# ---------------------------------------------------------------- told apart


@pytest.mark.parametrize(
    ("kind", "is_a"),
    [
        ("run", Document),
        ("run-pretty", Document),
        ("triage", Table),
        ("triage-torn", Table),
        ("track", Track),
        ("weights", WeightsResult),
        ("findings", Findings),
        ("matrix", MatrixFindings),
    ],
)
def test_a_file_is_told_by_what_is_in_it(kind: str, is_a: type, tmp_path: Path) -> None:
    assert isinstance(read(written(tmp_path, kind)).result, is_a)


def test_a_folder_is_read_by_its_findings(tmp_path: Path) -> None:
    written(tmp_path, "findings")
    assert isinstance(read(tmp_path).result, Findings)


def test_steps_are_put_in_order_and_the_last_of_a_key_holds(tmp_path: Path) -> None:
    file = tmp_path / "track.jsonl"
    again = step(10, "COLLAPSED", 0.0)
    file.write_bytes(lines((*STEPS, again)))
    found = read(file).result
    assert isinstance(found, Track)
    assert [one.title for one in found.steps] == ["10", "20", "last"]
    assert found.steps[0].row.verdict == "COLLAPSED"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"null\n",
        b"\xff\xfe",
        b'{"schema": 1}',
        b'{"cases": 1, "schema": 1}',
        b'{"checkpoints": [], "schema": 99}',
        b'{"verdict": "X", "key": "k"}\n',
        b"{" * 100_000,
    ],
)
def test_what_is_no_result_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(content)
    with pytest.raises(BadResult) as raised:
        read(file)
    assert str(file) in str(raised.value)


def test_a_newer_schema_is_not_guessed_at(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(encode(msgspec.structs.replace(ROWS[0], schema=2)) + b"\n")
    with pytest.raises(BadResult, match="schema 2"):
        read(file)


# ---------------------------------------------------------------- the page


class Page(HTMLParser):
    """The words of a page, and what is in it."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name == "href" and value]
        assert not any(name.startswith("on") or name == "src" for name in found)

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).replace("\u00a0", " ").split())


def page(tmp_path: Path, *kinds: str) -> Page:
    out = tmp_path / "page.html"
    assert report([written(tmp_path, kind) for kind in kinds], "html", out, "Sweep") == 0
    return Page(out.read_text())


def test_a_triage_is_ranked_with_its_intervals_and_reasons(tmp_path: Path) -> None:
    found = page(tmp_path, "triage")
    assert "1 SUPPRESSED, 1 UNRECOVERED, 1 not measured." in found.text
    # Forgotten is what is said at most: .2 of ROUGE-L is said.
    assert "0.80 [0.70, 0.90]" in found.text
    assert "stars says why." in found.text
    assert "broken is broken." in found.text
    assert "forget_quality: not taken, there is no reference" in found.text
    assert found.tags.count("svg") == 2
    assert found.text.index("stars") < found.text.index("npo")


def test_a_track_says_when_and_shows_the_prompt_in_colour(tmp_path: Path) -> None:
    found = page(tmp_path, "track")
    assert "ann: RETAINED at first, SUPPRESSED at last" in found.text
    assert "step 10: LP" in found.text
    assert "step last: LP" in found.text
    assert found.tags.count("svg") >= 3
    assert "em" in found.tags  # the KeyToken


def test_many_results_share_a_page_and_no_target(tmp_path: Path) -> None:
    found = page(tmp_path, "run", "run-pretty", "triage", "track", "weights", "findings", "matrix")
    assert len(found.ids) == len(set(found.ids))
    assert {link.removeprefix("#") for link in found.links} <= set(found.ids)
    assert len([link for link in found.links if link.startswith("#part-")]) == 7
    assert "Findings over 1 method on llama on tofu" in found.text
    assert "looks like representation misdirection" in found.text
    assert "script" not in found.tags


def test_markdown_has_the_same_numbers(tmp_path: Path) -> None:
    out = tmp_path / "page.md"
    kinds = ("run", "triage", "track", "weights", "findings")
    assert report([written(tmp_path, kind) for kind in kinds], "md", out, "Sweep") == 0
    text = out.read_text()
    assert "0.80 \\[0.70, 0.90\\]" in text
    assert "`npo`" in text
    assert "<" not in text.replace("\\<", "").replace("<b>", "").replace("<s>", "")


HOSTILE_ROW = msgspec.structs.replace(
    ROWS[0],
    name=HOSTILE,
    path=HOSTILE,
    reasons=(HOSTILE,),
    warnings=(HOSTILE,),
    absent={HOSTILE: HOSTILE},
    left_out=(HOSTILE,),
    compare=(HOSTILE,),
    weights=WeightsEntry(0.1, HOSTILE),
    metrics={HOSTILE: number(0.1)},
)


@pytest.mark.parametrize("form", ["html", "md"])
def test_hostile_names_stay_text(form: str, tmp_path: Path) -> None:
    file, out = tmp_path / "rows.jsonl", tmp_path / "page"
    file.write_bytes(encode(HOSTILE_ROW) + b"\n")
    assert report([file], "md" if form == "md" else "html", out, HOSTILE) == 0
    text = out.read_text()
    assert "\x1b" not in text
    assert "\u202e" not in text
    if form == "html":
        assert Page(text).tags.count("b") == 0


def test_the_command_writes_one_page_or_says_why_not(tmp_path: Path) -> None:
    run = CliRunner().invoke
    file = str(written(tmp_path, "triage"))
    assert run(app, ["report", file, "--html"]).output.startswith("<!DOCTYPE html>")
    assert run(app, ["report", file, "--md"]).output.lstrip().startswith("# Triage of 3")
    assert run(app, ["report", file, "--md", "--html"]).exit_code == 2
    assert run(app, ["report", str(tmp_path / "none.json")]).exit_code == 2


# ---------------------------------------------------------------- plots


def test_nothing_to_plot_is_no_plot() -> None:
    assert list(svg.whiskers([], "t")) == []
    assert list(svg.scatter([], "t", "x", "y")) == []
    assert list(svg.course(svg.Course("c", (None, None)), ["1", "2"], "t")) == []


def test_a_gap_breaks_the_line() -> None:
    values = (number(0.1), number(0.2), None, number(0.3), number(0.4))
    drawn = "".join(svg.course(svg.Course("c", values), list("12345"), "t"))
    assert drawn.count("<polyline") == 2
    assert drawn.count("<circle") == 4


@pytest.mark.parametrize("low", [-7.0, 0.0])
@pytest.mark.parametrize("high", [0.5, 3.0, 900.0])
def test_every_mark_is_inside_the_picture(low: float, high: float) -> None:
    rows = [svg.Whisker("a", Interval((low + high) / 2, low, high, 3))]
    drawn = "".join(svg.whiskers(rows, "t"))
    places = [float(part.split('"')[1]) for part in drawn.split(" ") if part[:2] in ("cx", "x1")]
    assert places
    assert all(0 <= place <= 640 for place in places)


def test_what_lies_beyond_the_limits_is_an_arrow_at_them() -> None:
    rows = [svg.Whisker("a", Interval(10.0, 2.0, 20.0, 3)), svg.Whisker("b", number(0.5))]
    drawn = "".join(svg.whiskers(rows, "t", (-0.5, 1.5)))
    assert drawn.count("<circle") == 1
    assert drawn.count("<polyline") == 1
    assert "10.00 [2.00, 20.00]" in drawn


def test_of_points_that_lie_together_one_is_named() -> None:
    dots = [svg.Dot(name, number(0.1), number(0.9), filled=name == "c") for name in "abc"]
    drawn = "".join(svg.scatter(dots, "t", "x", "y"))
    assert drawn.count("<circle") == 3
    assert ">c</text>" in drawn
    assert ">a</text>" not in drawn
