"""A result as one HTML page: no script, nothing loaded from elsewhere, to be sent and printed.

Text from models, prompts and paths is hostile: control characters are made visible, and the rest is
escaped. The page says of itself that nothing in it may run or be fetched. Knows nothing of how a
result is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from attribution.types import AttemptKind
from unpact_tui.display import display_text
from unpact_tui.html_tokens import (
    MEANING,
    joint_scale,
    legend_html,
    rules,
    signed,
    tokens_html,
)
from unpact_tui.result_schema import AttemptEntry, CaseEntry, Document, ModelEntry, RecoveryEntry
from unpact_tui.summary import (
    CAVEAT,
    COLUMNS,
    INTERVALS,
    LEGEND,
    between,
    checkpoints,
    number,
    numbers,
    said,
)

OPEN = 20
"""Cases that are shown; later ones are behind a line that opens them."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_STRATEGIES = (
    "Each strategy stands beside its controls. Recovered: the share of the lost log-probability"
    " that comes back when the KeyTokens' words are marked; random words: the same marks on other"
    " words, on average over the draws (and in the least and the most of them); same ids: the same"
    " marks, set so that the words keep their token ids. LP: with the marks. Token ids: whether"
    " the marked words were read as other tokens. It: the unlearned model."
)

_CHECKPOINT = ("name", "method", "path", "fingerprint", "dtype", "device")

_STYLE = (
    ":root{color-scheme:light dark;--ink:#262626;--quiet:#5f5f5f;--line:#c6c6c6;--page:#fff}",
    "@media (prefers-color-scheme:dark){:root{--ink:#d0d0d0;--quiet:#9e9e9e;--line:#4e4e4e;"
    "--page:#121212}}",
    "body{max-width:60rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;"
    "color:var(--ink);background:var(--page);overflow-wrap:anywhere}",
    "h1,h2,h3{line-height:1.2;margin:2rem 0 .5rem}h3{font-size:1.1rem}a{color:inherit}",
    "table{border-collapse:collapse;margin:.5rem 0;font-size:.9rem;display:block;overflow-x:auto}",
    "th,td{border-bottom:1px solid var(--line);padding:.2rem .6rem;text-align:left;"
    "vertical-align:top}th{font-weight:600;overflow-wrap:normal}",
    ".r{text-align:right;overflow-wrap:normal;font-variant-numeric:tabular-nums}",
    "td:last-child:not(.r){min-width:8rem}",
    "dt{color:var(--quiet);font-size:.9rem}dd{margin:0 0 .4rem 1rem}",
    "code,dd,.tokens{font-family:ui-monospace,monospace;font-size:.9rem;white-space:pre-wrap}",
    ".tokens{line-height:2}.tokens i{font-style:normal}.tokens em{font-style:italic}",
    ".f{color:var(--quiet)}.n{text-decoration:line-through}",
    ".quiet{color:var(--quiet)}.warning{border-left:4px solid var(--ink);padding-left:.6rem}",
    ".case{border-top:1px solid var(--line)}summary{padding:.4rem 0;cursor:pointer}",
    "@media print{:root{--ink:#000;--quiet:#333;--line:#999;--page:#fff}body{margin:0;"
    "max-width:none}h2,h3{break-after:avoid}tr,dd,.tokens{break-inside:avoid}table{display:table}"
    "details::details-content{content-visibility:visible;block-size:auto}}",
)


def as_html(document: Document) -> str:
    """Return the whole page."""
    return "\n".join(_page(document)) + "\n"


def _page(document: Document) -> Iterator[str]:
    names = f"{document.unlearned.name} against {document.base.name}"
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>{_text(f'{document.verdict}: {names}')}</title>"
    yield f"<style>\n{chr(10).join((*_STYLE, *rules()))}\n</style>\n</head>\n<body>"
    yield f"<h1>{_text(document.verdict)}</h1>\n<p>{_text(names)}</p>"
    yield from _items(document.reasons)
    yield from (f'<p class="warning">Warning: {_text(each)}</p>' for each in document.warnings)
    yield f"<p><strong>{CAVEAT}</strong></p>"
    yield from _checkpoints(document)
    yield from _evidence(document)
    yield from _overview(document)
    yield f'<h2>Case by case</h2>\n{legend_html()}\n<p class="quiet">{MEANING}</p>'
    yield f'<p class="quiet">{_STRATEGIES}</p>'
    for place, case in enumerate(document.cases, start=1):
        yield from _case(case, place)
    if document.failures:
        yield "<h2>Left out</h2>"
        yield from _items(f"{lost.id}: {lost.reason}" for lost in document.failures)
    yield from _settings(document)
    yield "</body>\n</html>"


# ---------------------------------------------------------------- all cases together


def _checkpoints(document: Document) -> Iterator[str]:
    yield "<h2>Checkpoints</h2>"
    yield from _table(
        ("role", *_CHECKPOINT),
        (
            (role, *(_text(str(getattr(found, name) or "-")) for name in _CHECKPOINT))
            for role, found in checkpoints(document)
        ),
    )


def _evidence(document: Document) -> Iterator[str]:
    yield "<h2>Evidence</h2>"
    yield from _table(
        ("number", "estimate", "interval", "n"),
        (
            (_text(name), number(found.estimate), between(found), str(found.n))
            for name, found in document.evidence.items()
        ),
        right=1,
    )
    yield f'<p class="quiet">{INTERVALS}</p>'


def _overview(document: Document) -> Iterator[str]:
    yield "<h2>Cases</h2>"
    rows = (
        (f'<a href="#case-{place}">{_text(case.id)}</a>', _text(case.verdict), *numbers(case))
        for place, case in enumerate(document.cases, start=1)
    )
    yield from _table(COLUMNS, rows, right=2)
    yield f'<p class="quiet">{LEGEND}</p>'


def _settings(document: Document) -> Iterator[str]:
    settings = document.settings
    names = settings.__struct_fields__
    yield "<h2>Settings</h2>"
    yield from _table(
        ("setting", "value"), ((name, _text(str(getattr(settings, name)))) for name in names)
    )


# ---------------------------------------------------------------- one case


def _case(case: CaseEntry, place: int) -> Iterator[str]:
    title = f"{case.id}: {case.verdict}"
    if place <= OPEN:
        yield f'<section class="case">\n<h3 id="case-{place}">{_text(title)}</h3>'
        yield from _inside(case)
        yield "</section>"
    else:
        # The target of the link is inside: going there opens what is closed.
        yield f'<details class="case"><summary>{_text(title)}</summary>\n<div id="case-{place}">'
        yield from _inside(case)
        yield "</div></details>"


def _inside(case: CaseEntry) -> Iterator[str]:
    yield from _items(case.reasons)
    scale = joint_scale(case.base.contributions, case.unlearned.contributions)
    for role, model in (("base", case.base), ("unlearned", case.unlearned)):
        yield from _prompt(case, role, model, scale)
    yield from _key_tokens(case)
    yield "<dl>"
    yield from (f"<dt>{_text(what)}</dt><dd>{_told(text)}</dd>" for what, text in _answers(case))
    yield "</dl>"
    yield from _recovery(case.recovery)
    yield from _by_hand(case)


def _prompt(case: CaseEntry, role: str, model: ModelEntry, scale: float) -> Iterator[str]:
    label = f"{role}: log-probability of the answer {number(model.logprob)}; scale ±{scale:.2f}"
    yield f'<p class="quiet">{label} nats per answer token</p>'
    keys = frozenset(case.key_tokens)
    shown = tokens_html(case.prompt.tokens, model.contributions, keys, scale)
    yield f'<p class="tokens">{shown}</p>'


def _key_tokens(case: CaseEntry) -> Iterator[str]:
    if not case.key_tokens:
        yield "<p>No KeyTokens.</p>"
        return
    yield from _table(
        ("KeyToken", "place", "base", "unlearned", "shift"),
        (
            (
                f"<code>{_told(case.prompt.tokens[i].text.strip())}</code>",
                str(i),
                signed(case.base.contributions[i]),
                signed(case.unlearned.contributions[i]),
                signed(case.shift.delta[i]),
            )
            for i in case.key_tokens
        ),
        right=1,
    )


def _answers(case: CaseEntry) -> Iterator[tuple[str, str]]:
    """Leave out what stands above."""
    return ((what, text) for what, text in said(case) if what != "KeyTokens")


def _recovery(recovery: RecoveryEntry) -> Iterator[str]:
    ranked = sorted(recovery.attempts, key=lambda a: (a.recovered is None, -(a.recovered or 0.0)))
    if not ranked:
        yield "<p>No strategy was tried.</p>"
        return
    yield from _attempts(
        (attempt, _text(attempt.strategy), recovery.controls) for attempt in ranked
    )
    best = None if recovery.best is None else recovery.best.recovered
    yield (
        f'<p class="quiet">Best of all strategies {_share(best)}, of random words, over all'
        f" strategies, {_share(recovery.control)}, lift {_share(recovery.lift)}.</p>"
    )


def _by_hand(case: CaseEntry) -> Iterator[str]:
    """Show what a person emphasised, where somebody did."""
    starts = [i for i, attempt in enumerate(case.tried) if attempt.kind == "key"]
    if not starts:
        return
    ends = [*starts[1:], len(case.tried)]
    texts = [token.text for token in case.prompt.tokens]
    yield "<p>Emphasised by hand</p>"
    yield from _attempts(
        (
            first := case.tried[start],
            _text(f"{first.strategy}: {''.join(texts[i] for i in first.positions).strip()}"),
            case.tried[start + 1 : end],
        )
        for start, end in zip(starts, ends, strict=True)
    )


def _attempts(
    rows: Iterable[tuple[AttemptEntry, str, Sequence[AttemptEntry]]],
) -> Iterator[str]:
    """Yield a table of attempts, each with its name and, among others, its controls."""
    head = ("strategy", "recovered", "random words", "same ids", "LP unl.", "LP base", "token ids")
    yield from _table((*head, "it says"), (_attempt(*row) for row in rows), right=1, until=6)


def _attempt(attempt: AttemptEntry, name: str, controls: Sequence[AttemptEntry]) -> tuple[str, ...]:
    unread = "no reading: the base breaks too" if attempt.base_breaks else "nothing was lost"
    return (
        name,
        unread if attempt.recovered is None else _share(attempt.recovered),
        _control(controls, attempt.strategy, "random"),
        _control(controls, attempt.strategy, "id_preserving"),
        number(attempt.logprob),
        number(attempt.base_logprob),
        "other" if attempt.ids_changed else "the same",
        "-" if attempt.generation is None else _told(attempt.generation),
    )


def _control(controls: Sequence[AttemptEntry], strategy: str, kind: AttemptKind) -> str:
    """Return the mean of one strategy's controls of a kind, and between what they lie."""
    read = [
        control.recovered
        for control in controls
        if (control.kind, control.strategy) == (kind, strategy) and control.recovered is not None
    ]
    if not read:
        return "-"
    mean = _share(sum(read) / len(read))
    return mean if len(read) == 1 else f"{mean} ({_share(min(read))} to {_share(max(read))})"


# ---------------------------------------------------------------- parts of a page


def _table(
    header: Sequence[str], rows: Iterable[Sequence[str]], right: int = 99, until: int = 99
) -> Iterator[str]:
    """Yield a table whose cells are HTML; those from `right` up to `until` are numbers."""
    looks = [' class="r"' if right <= column < until else "" for column in range(len(header))]
    head = (f"<th{look}>{name}</th>" for look, name in zip(looks, header, strict=True))
    yield f"<table><thead><tr>{''.join(head)}</tr></thead><tbody>"
    for cells in rows:
        row = (f"<td{look}>{cell}</td>" for look, cell in zip(looks, cells, strict=True))
        yield f"<tr>{''.join(row)}</tr>"
    yield "</tbody></table>"


def _items(texts: Iterable[str]) -> Iterator[str]:
    items = [f"<li>{_text(text)}</li>" for text in texts]
    if items:
        yield f"<ul>{''.join(items)}</ul>"


def _text(raw: str) -> str:
    """Return text from outside: every control character visible, and no markup."""
    return escape(display_text(raw), quote=True)


def _told(raw: str) -> str:
    """Return what was said, or that nothing was."""
    return _text(raw) if raw.strip() else f"({len(raw)} spaces)" if raw else "(nothing)"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:z.0f} %"
