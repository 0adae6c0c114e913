"""The page of a matrix: a head, an overview where there is more than one part, and every part.

Markdown, all of it computed. Knows findings, not models or files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from unpact_tui.findings import tables
from unpact_tui.findings.figures import Findings, Unmeasured
from unpact_tui.findings.larger import LARGER
from unpact_tui.findings.page import OURS, Pictures, body, joined, versions
from unpact_tui.matrix.blocks import Block, MatrixFindings

_HEAD = """\
# {title}

{about}Three claims of the paper behind this tool (Zhang et al. 2025, arXiv 2509.24675), measured by
the tool itself: {what}.

    {command}

{versions}
"""


def page(found: MatrixFindings, pictures: Pictures) -> str:
    """Return the page."""
    return joined(_parts(found, pictures))


def _parts(found: MatrixFindings, pictures: Pictures) -> Iterator[str]:
    there = [(block, block.findings) for block in found.blocks if block.findings is not None]
    yield _head(found, [findings for _, findings in there])
    yield OURS
    if len(found.blocks) > 1:
        yield "## All of it\n"
        yield _overview(there)
    for block, findings in there:
        parts = body(findings, replace(pictures, prefix=prefix(found, block)))
        if len(found.blocks) > 1:
            yield f"## {tables.plain(block.name)}\n"
            parts = (_deeper(part) for part in parts)
        yield from parts
    missing = [(block, one) for block in found.blocks for one in block.missing]
    if yet := _by_name([pair for pair in missing if not _broken(pair)]):
        yield "## Not measured yet\n"
        yield "".join(f"- {tables.plain(who)}: seed {seeds}\n" for who, seeds in yet.items())
    yield LARGER


def prefix(found: MatrixFindings, block: Block) -> str:
    """Return what the names of a part's pictures begin with; nothing where it is the only one."""
    return f"{block.model}-{block.benchmark}-" if len(found.blocks) > 1 else ""


def _broken(pair: tuple[Block, Unmeasured]) -> bool:
    """Tell whether the part's own list has it."""
    block, one = pair
    return block.findings is not None and one in block.findings.unmeasured


def _by_name(pairs: Sequence[tuple[Block, Unmeasured]]) -> Mapping[str, str]:
    """Return the seeds of each checkpoint, by its name."""
    found: dict[str, list[str]] = {}
    for block, one in pairs:
        found.setdefault(f"{block.name}, {one.member}", []).append(f"{one.seed}")
    return {name: ", ".join(seeds) for name, seeds in found.items()}


def _head(found: MatrixFindings, there: Sequence[Findings]) -> str:
    about = f"{tables.plain(found.about.strip())}\n\n" if found.about.strip() else ""
    lines = dict.fromkeys(line for findings in there for line in list(versions(findings))[:-1])
    minutes = max(sum(findings.seconds for findings in there) / 60, 1)
    return _HEAD.format(
        title=tables.plain(found.title),
        about=about,
        what="; ".join(map(_what, found.blocks)),
        command=found.command,
        versions="\n".join((*lines, f"{minutes:.0f} minutes in all, without unlearning.")),
    )


def _what(block: Block) -> str:
    findings = block.findings
    if findings is None:
        return tables.plain(f"{block.name}, nothing yet")
    models = sum(len(one.verdicts) for one in findings.penalised)
    seeds = ", ".join(map(str, findings.seeds))
    return tables.plain(
        f"{block.name}, {models} unlearned models by {len(findings.methods)} ways, "
        f"seed{'s' if len(findings.seeds) > 1 else ''} {seeds}, {findings.forget} prompts to "
        f"forget and {findings.retain} to retain in each"
    )


def _overview(there: Sequence[tuple[Block, Findings]]) -> str:
    head = (
        "model",
        "benchmark",
        "checkpoint",
        "lost",
        "focus, change on forget",
        "recovered",
        "lift",
        "common / key",
        "neutral loss",
        "verdicts",
    )
    rows = [row for block, findings in there for row in _rows(block, findings)]
    return tables.table(head, rows)


def _rows(block: Block, findings: Findings) -> Iterator[tuple[str, ...]]:
    each = zip(findings.focus, findings.recovered, findings.penalised, strict=True)
    for focus, back, lost in each:
        held = back.held_out
        yield (
            tables.plain(block.model),
            tables.plain(block.benchmark),
            tables.plain(focus.member),
            f"{back.lost} of {back.known}",
            tables.cell(focus.fall_forget),
            tables.cell(None if held is None else held.recovered),
            tables.cell(None if held is None else held.lift),
            tables.cell(lost.indiscriminateness),
            tables.cell(lost.neutral_loss),
            ", ".join(lost.verdicts),
        )


def _deeper(part: str) -> str:
    """Put headings one level further down."""
    return re.sub(r"^(#+ )", r"#\1", part, flags=re.MULTILINE)
