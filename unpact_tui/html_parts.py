"""Parts of an HTML page: its style, tables, lists, and text that is escaped. Knows no result."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from html import escape

from unpact_tui.display import display_text

STYLE = (
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
    "td:first-child{overflow-wrap:break-word}td:last-child:not(.r){min-width:8rem}",
    "dt{color:var(--quiet);font-size:.9rem}dd{margin:0 0 .4rem 1rem}",
    "code,dd,.tokens{font-family:ui-monospace,monospace;font-size:.9rem;white-space:pre-wrap}",
    ".tokens{line-height:2}.tokens i{font-style:normal}.tokens em{font-style:italic}",
    ".k{font-style:normal;font-weight:700;border:1px solid var(--quiet)}.read i{font-style:normal}",
    ".f{color:var(--quiet)}.n{text-decoration:line-through}",
    ".quiet{color:var(--quiet)}.warning{border-left:4px solid var(--ink);padding-left:.6rem}",
    ".case{border-top:1px solid var(--line)}summary{padding:.4rem 0;cursor:pointer}",
    "@media print{:root{--ink:#000;--quiet:#333;--line:#999;--page:#fff}body{margin:0;"
    "max-width:none}h2,h3{break-after:avoid}tr,dd,.tokens{break-inside:avoid}table{display:table}"
    "details::details-content{content-visibility:visible;block-size:auto}}",
)
"""Rules, but for those of tokens; light, dark, and for a print."""


_POLICY = "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'"
"""What the page says may be in it: the one style whose digest it names, and nothing else."""


def page(title: str, rules: Iterable[str], body: Iterable[str]) -> Iterator[str]:
    """Yield a whole page around a body of HTML: no script, nothing loaded from elsewhere.

    It says of itself that nothing in it may run or be fetched, and that no other style holds.
    `title` is text from outside.
    """
    style = f"\n{chr(10).join((*STYLE, *rules))}\n"
    policy = _POLICY.format(b64encode(sha256(style.encode()).digest()).decode())
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>{text(title)}</title>"
    yield f"<style>{style}</style>\n</head>\n<body>"
    yield from body
    yield "</body>\n</html>"


def table(
    header: Sequence[str], rows: Iterable[Iterable[str]], right: int = 99, until: int = 99
) -> Iterator[str]:
    """Yield a table whose cells are HTML; those from `right` up to `until` are numbers."""
    looks = [' class="r"' if right <= column < until else "" for column in range(len(header))]
    head = (f"<th{look}>{name}</th>" for look, name in zip(looks, header, strict=True))
    yield f"<table><thead><tr>{''.join(head)}</tr></thead><tbody>"
    for cells in rows:
        row = (f"<td{look}>{cell}</td>" for look, cell in zip(looks, cells, strict=True))
        yield f"<tr>{''.join(row)}</tr>"
    yield "</tbody></table>"


def items(texts: Iterable[str]) -> Iterator[str]:
    """Yield a list of texts from outside; nothing where there is none."""
    items = [f"<li>{text(each)}</li>" for each in texts]
    if items:
        yield f"<ul>{''.join(items)}</ul>"


def text(raw: str) -> str:
    """Return text from outside: every control character visible, and no markup."""
    return escape(display_text(raw), quote=True)


def told(raw: str) -> str:
    """Return what was said, or that nothing was."""
    return text(raw) if raw.strip() else f"({len(raw)} spaces)" if raw else "(nothing)"


def share(value: float | None) -> str:
    """Return a percentage."""
    return "-" if value is None else f"{100 * value:z.0f} %"
