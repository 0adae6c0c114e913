"""`bench MATRIX.toml`: unlearn and measure what is missing, and write page, pictures and numbers.

Importing this imports neither torch nor matplotlib.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from unpact_tui import output
from unpact_tui.destination import destination, put
from unpact_tui.document import encode
from unpact_tui.errors import BadConfig, BadUsage, ComputeError, ExitCode
from unpact_tui.findings import plots
from unpact_tui.findings.asked import Asked
from unpact_tui.findings.command import keep_pictures, measure
from unpact_tui.findings.keeping import Folder, Plan
from unpact_tui.matrix import dry, reading
from unpact_tui.matrix.blocks import SCHEMA, YET, Block, MatrixFindings, blocks, named
from unpact_tui.matrix.cells import check, word
from unpact_tui.matrix.family import MatrixFamily, family
from unpact_tui.matrix.page import page
from unpact_tui.matrix.shape import Matrix
from unpact_tui.options import settle
from unpact_tui.settings import Settings

_CODE = "trust_remote_code"


def bench(asked: Asked) -> ExitCode:
    """Do all of it. Raises `UsageError`, `ComputeError`, `CheckpointError`."""
    assert asked.file is not None
    assert asked.out is not None
    matrix = reading.read(asked.file, reading.places(asked.places, Path.cwd()))
    check(asked.file, matrix)
    settings = _settings(asked.file, matrix, asked.pairs)
    prompts = asked.prompts or matrix.measure.prompts
    folder = Folder(asked.out, Plan(settings, prompts))
    folder.make()
    if asked.page is not None:
        destination(asked.page)  # before the work, not after it
    models = family(matrix, asked.out, settings)
    if asked.dry_run:
        found = dry.preview(models, folder)
        put(encode(found, pretty=True).decode() + "\n" if asked.json else dry.as_text(found))
        return ExitCode.OK
    if asked.fresh and not asked.report_only:
        folder.forget(models.entries)
    if not asked.report_only:
        measure(models, folder, asked.fleet, quiet=asked.quiet)
    return _report(asked, matrix, models, folder)


def _report(asked: Asked, matrix: Matrix, models: MatrixFamily, folder: Folder) -> ExitCode:
    records = [(entry, folder.read(entry)) for entry in models.entries]
    command = _command(asked)
    parts = tuple(blocks(records, folder.plan.settings, command))
    found = MatrixFindings(SCHEMA, matrix.title, matrix.about, command, parts)
    if not named(found):
        raise _nothing(found)
    pictures = _draw(found)
    write(found, pictures, folder.place / "findings.md")
    text = encode(found, pretty=True).decode() + "\n"
    destination(folder.place / "findings.json").write(text)
    if asked.page is not None:
        write(found, pictures, asked.page)
    put(text if asked.json else _told(found, folder, pictures))
    return ExitCode.COMPUTE if found.missing and not asked.report_only else ExitCode.OK


def write(found: MatrixFindings, pictures: Mapping[str, str], file: Path) -> None:
    """Write the page, and its pictures into a folder of its name. Raises what writing raises."""
    destination(file).write(page(found, keep_pictures(pictures, file)))


def _draw(found: MatrixFindings) -> Mapping[str, str]:
    if not plots.available():
        return {}
    if len(found.blocks) == 1:
        return plots.draw(next(iter(named(found).values())))
    return {
        f"{name}-{picture}": drawn
        for name, findings in named(found).items()
        for picture, drawn in plots.draw(findings).items()
    }


def _settings(file: Path, matrix: Matrix, more: Sequence[str]) -> Settings:
    """Return how everything is measured; no configuration is asked, so that others get the same."""
    if _CODE in matrix.measure.settings:
        raise BadConfig(
            str(file), f"{_CODE} cannot be set in a file", "No matrix runs code of a model."
        )
    pairs = tuple(f"{name}={word(value)}" for name, value in matrix.measure.settings.items())
    return settle(Settings(), (*pairs, *more))


def _command(asked: Asked) -> str:
    """Return what makes the same numbers: folders of one machine are no part of it."""
    assert asked.file is not None
    file = asked.file.name if asked.file.is_absolute() else str(asked.file)
    words = ["unpact-tui", "bench", file]
    for place in asked.places:
        words += ["--path", f"{place.partition('=')[0]}=DIR"]
    words += ["--out", "RESULTS"]
    words += ["--forget", str(asked.prompts)] if asked.prompts is not None else []
    words += [part for pair in asked.pairs for part in ("--set", pair)]
    return shlex.join(words)


def _nothing(found: MatrixFindings) -> Exception:
    broken = [one for one in found.missing if one.why != YET]
    if not broken:
        return BadUsage("Nothing was measured yet.", "Leave out --report-only.")
    error = ComputeError(f"No model could be measured: {broken[0].why}")
    error.hint = "What was tried is kept; the same command tries again."
    return error


def _told(found: MatrixFindings, folder: Folder, pictures: Mapping[str, str]) -> str:
    lines: list[str] = []
    for block in found.blocks:
        lines += [block.name] if len(found.blocks) > 1 else []
        lines += _said(block)
    lines += [] if pictures else [plots.HOW]
    lines.append(f"All of it: {folder.place / 'findings.md'}")
    return "".join(f"{output.display_text(line)}\n" for line in lines)


def _said(block: Block) -> list[str]:
    found = block.findings
    lines: list[str] = []
    if found is not None:
        parts = (
            ("Focus", found.focus_says),
            ("Recovery", found.recovered_says),
            ("Penalty", found.penalised_says),
        )
        lines = [line for name, says in parts for line in (name, *(f"  {one}" for one in says))]
    broke = [one for one in block.missing if one.why != YET]
    lines += [f"Not measured: seed {one.seed}, {one.member}: {one.why}" for one in broke]
    yet = len(block.missing) - len(broke)
    return [*lines, f"Not measured yet: {yet}"] if yet else lines
