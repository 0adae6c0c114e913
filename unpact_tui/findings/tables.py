"""The tables of the page: every number that the findings rest on, with its interval.

Markdown cells of plain values. Knows nothing of sentences or pictures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attribution.penalty import KINDS
from unpact_tui.findings.estimate import Estimate
from unpact_tui.findings.figures import Findings
from unpact_tui.findings.penalised import TEXTS
from unpact_tui.findings.recovered import Recovered, Row
from unpact_tui.findings.sentences import LEAST_LIFT

_NOTHING = "-"


def cell(found: Estimate | None) -> str:
    """Return an estimate, its interval, and its range over seeds where there are several."""
    if found is None:
        return _NOTHING
    spread = ""
    if len(found.seeds) > 1:
        spread = f"; {number(min(found.seeds))} to {number(max(found.seeds))}"
    return f"{number(found.estimate)} [{number(found.lower)}, {number(found.upper)}{spread}]"


def number(value: float) -> str:
    """Return a number with two decimals, and no minus before a zero."""
    return f"{value:z.2f}"


def _short(found: Estimate | None) -> str:
    return _NOTHING if found is None else number(found.estimate)


def plain(text: str) -> str:
    """Keep what comes from outside from being markup."""
    return "".join(
        f"\\{character}" if character in "|\\`*_[]<>#" else character for character in text
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def methods(found: Findings) -> str:
    """Return what was measured, and what became of it."""
    lost = {one.member: one for one in found.recovered}
    rows = [
        (
            plain(each.member),
            plain(each.method),
            f"{lost[each.member].lost} of {lost[each.member].known}",
            cell(one.retain_exact),
            cell(one.neutral_loss),
            ", ".join(one.verdicts),
        )
        for each, one in zip(found.methods, found.penalised, strict=True)
    ]
    head = ("checkpoint", "method", "lost", "retained", "neutral loss", "verdict by seed")
    return table(head, rows)


def focus(found: Findings) -> str:
    """Return the table of the first finding."""
    head = (
        "checkpoint",
        "forget: base",
        "forget: unlearned",
        "forget: change",
        "retain: change",
        "change, forget - retain",
        "other words: change",
    )
    rows = [
        (
            plain(one.member),
            cell(one.base_forget),
            cell(one.unlearned_forget),
            cell(one.fall_forget),
            cell(one.fall_retain),
            cell(one.deeper),
            cell(one.others_forget),
        )
        for one in found.focus
    ]
    return table(head, rows)


def kept(found: Findings) -> str:
    """Return what is left of focus, and how far the KeyTokens stay the same."""
    head = ("checkpoint", "kept: forget", "kept: retain", "overlap: forget", "overlap: retain")
    rows = [
        (
            plain(one.member),
            cell(one.kept_forget),
            cell(one.kept_retain),
            cell(one.overlap_forget),
            cell(one.overlap_retain),
        )
        for one in found.focus
    ]
    return table(head, rows)


def recovery(found: Findings) -> str:
    """Return the table of the second finding: a strategy chosen on other seeds."""
    head = (
        "checkpoint",
        "strategy",
        "recovered",
        "random words",
        "reference",
        "lift",
        "excess",
        "rewordings",
    )
    rows = [
        (
            plain(one.member),
            _chosen(one),
            *(cell(share) for share in _shares(one.held_out)),
            cell(one.paraphrase),
        )
        for one in found.recovered
    ]
    return table(head, rows)


def _shares(row: Row | None) -> tuple[Estimate | None, ...]:
    if row is None:
        return (None,) * 5
    return row.recovered, row.random, row.reference, row.lift, row.excess


def _chosen(one: Recovered) -> str:
    counts = {name: one.chosen.count(name) for name in dict.fromkeys(one.chosen)}
    if len(counts) == 1:
        return plain(next(iter(counts)))
    listed = sorted(counts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{plain(name)} ({count})" for name, count in listed) or _NOTHING


def texts(found: Findings) -> str:
    """Return what came back word for word, and by which half of the mark."""
    head = (
        "checkpoint",
        "word for word",
        "on random words",
        "marks, same ids",
        "other ids, no marks",
        "what does it",
    )
    rows = [
        (
            plain(one.member),
            *(
                cell(share)
                for share in (
                    (None,) * 4
                    if one.held_out is None
                    else (
                        one.held_out.exact,
                        one.held_out.random_exact,
                        one.held_out.same_ids,
                        one.held_out.other_ids,
                    )
                )
            ),
            one.cause,
        )
        for one in found.recovered
    ]
    return table(head, rows)


def strategies(found: Findings) -> str:
    """Return recovery on KeyTokens beside that on random words, strategy by strategy."""
    by_member: Mapping[str, Mapping[str, Row]] = {
        one.member: {row.strategy: row for row in one.strategies} for one in found.recovered
    }
    members = [method.member for method in found.methods]
    rows = [
        (plain(name), *(_beside(by_member[member].get(name)) for member in members))
        for name in found.strategies
    ]
    return table(("strategy", *map(plain, members)), rows)


def _beside(row: Row | None) -> str:
    if row is None or row.recovered is None:
        return _NOTHING
    surely = row.simultaneous is not None and row.simultaneous.lower > LEAST_LIFT
    mark = "**" if surely else ""
    return f"{mark}{_short(row.recovered)}{mark} / {_short(row.random)}"


def penalty(found: Findings) -> str:
    """Return what each kind of token lost on each kind of text."""
    head = ("checkpoint", "tokens", *TEXTS, "common / key, on forget", "after the first token")
    rows: list[tuple[str, ...]] = []
    for one in found.penalised:
        losses = {(loss.text, loss.kind): loss.lost for loss in one.losses}
        for kind in KINDS:
            cells = [cell(losses.get((text, kind))) for text in TEXTS]
            ratios = (
                (cell(one.indiscriminateness), cell(one.later)) if kind == "common" else ("", "")
            )
            rows.append((plain(one.member), kind, *cells, *ratios))
    rows += _reference(found)
    return table(head, rows)


def _reference(found: Findings) -> Iterator[tuple[str, ...]]:
    """Return what the reference lost: the same for all, so that of the first is taken."""
    if not found.penalised:
        return
    losses = {(loss.text, loss.kind): loss.reference for loss in found.penalised[0].losses}
    if any(losses.values()):
        for kind in KINDS:
            yield ("(reference)", kind, *(cell(losses.get((text, kind))) for text in TEXTS), "", "")


def metrics(found: Findings) -> str:
    """Return the benchmark's metrics, one row each: there are more of them than methods."""
    names = dict.fromkeys(name for row in found.metrics for name in row.metrics)
    rows = [
        (plain(name), *(cell(row.metrics.get(name)) for row in found.metrics)) for name in names
    ]
    return table(("metric", *(plain(row.member) for row in found.metrics)), rows)


def absent(found: Findings) -> str:
    """Return the metrics that could not be taken, by the reason."""
    by_reason: dict[str, list[str]] = {}
    for name, why in found.absent:
        by_reason.setdefault(why, []).append(name)
    lines = (f"- {plain(why)}: {plain(', '.join(names))}\n" for why, names in by_reason.items())
    return f"Not taken, and what each needs:\n\n{''.join(lines)}"


def relations(found: Findings) -> str:
    """Return how penalty and damage go together."""
    rows = [(one.of, one.with_, cell(one.rho)) for one in found.relations]
    return table(("of a model's", "and its", "Spearman's rho"), rows)


def unmeasured(found: Findings) -> str:
    """Return what is in none of the numbers; empty when nothing is."""
    said = [f"- seed {one.seed}, {plain(one.member)}: {plain(one.why)}" for one in found.unmeasured]
    said += [f"- {plain(what)}: {plain(why)}" for what, why in found.left_out]
    return "\n".join(said)
