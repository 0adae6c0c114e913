"""The benchmarks in words: a line for each, everything about one, or what was found in a place.

What is said is read from their files. Texts of rows are made safe to show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unpact_tui import benchmarks
from unpact_tui.benchmarks._item import Item
from unpact_tui.benchmarks._layout import ENDINGS
from unpact_tui.benchmarks._place import SAMPLE, asked
from unpact_tui.catalogue import docstring, summaries
from unpact_tui.display import display_text

Row = dict[str, object]

_FORMS = {
    "plain": "as it is; the chat template wraps it where there is one",
    "qa": "behind `Question: ` and with `Answer:` below it, for models without a chat template",
}
_LONGEST = 300
"""Characters of a text of a row that are shown."""


def lines() -> str:
    """Return a line per benchmark."""
    named = summaries("unpact_tui.benchmarks", benchmarks.names())
    return "".join(f"{name:<10} {sentence}\n" for name, sentence in named)


def rows() -> list[Row]:
    """Return everything about every benchmark, as JSON takes it."""
    return [row(name) for name in benchmarks.names()]


def row(name: str) -> Row:
    """Return everything about one. Raises `UnknownName`."""
    found = benchmarks.load(name)
    words = docstring(f"unpact_tui.benchmarks.{name}")
    usual = found.layout.usual
    return {
        "name": name,
        "sentence": words.partition("\n")[0],
        "description": words,
        "source": found.source,
        "licence": found.licence,
        "hub": list(found.hub),
        "metrics": list(found.metrics),
        "forms": list(found.forms),
        "parts": [
            {"name": part, "sentence": said, "usual": part in usual}
            for part, said in found.layout.parts.items()
        ],
        "files": {file: list(stems) for file, stems in found.layout.files.items()},
        "examples": list(_examples(name)),
    }


def page(name: str) -> str:
    """Return everything about one benchmark as text. Raises `UnknownName`."""
    found = benchmarks.load(name)
    words = docstring(f"unpact_tui.benchmarks.{name}")
    said = [
        ("source", [found.source]),
        ("licence", [found.licence]),
        ("on hub", list(found.hub) or ["no"]),
        ("metrics", list(found.metrics)),
        ("questions", [f"{form:<6} {_FORMS[form]}" for form in found.forms[1:] and found.forms]),
        ("parts", list(_parts(name))),
        ("files", list(_files(name))),
        ("examples", list(_examples(name))),
    ]
    return (
        "\n".join([name, "", words, "", *(line for pair in said for line in _titled(*pair))]) + "\n"
    )


def check(spec: str) -> str:
    """Return what is found where a person says, as text. Raises what `benchmarks.read` raises."""
    items = benchmarks.read(spec)
    wanted = asked(spec)
    note = ": a few rows that we wrote, not the benchmark" if wanted.where == SAMPLE else ""
    counts = [
        f"{said['items']:>6}  {said['part']:<22} {said['split']:<8} {said['ask']:<9}"
        f" {_having(said)}".rstrip()
        for said in _counts(items)
    ]
    first = [line for name, value in _first(items[0]).items() for line in _shown(name, value)]
    found = f"{len(items)} items of {wanted.name} in {display_text(wanted.where)}{note}"
    return "\n".join([found, "", *counts, "", "the first:", *first]) + "\n"


def checked(spec: str) -> Row:
    """Return the same as JSON takes it. Raises what `benchmarks.read` raises."""
    items = benchmarks.read(spec)
    wanted = asked(spec)
    return {
        "benchmark": wanted.name,
        "place": wanted.where,
        "sample": wanted.where == SAMPLE,
        "items": len(items),
        "parts": _counts(items),
        "first": _first(items[0]),
    }


def _parts(name: str) -> Iterator[str]:
    layout = benchmarks.load(name).layout
    for part, sentence in layout.parts.items():
        yield f"{part:<22} {sentence}{'' if part in layout.usual else ' Read when asked for.'}"


def _files(name: str) -> Iterator[str]:
    """Yield the names that each file may have; jsonl takes a file of any."""
    if name == "jsonl":
        yield "one of any name"
        return
    yield f"each with one of the endings {', '.join(ENDINGS)}, or as `datasets` saves it:"
    for file, stems in benchmarks.load(name).layout.files.items():
        yield f"{file:<22} {' or '.join(stems)}"


def _examples(name: str) -> Iterator[str]:
    found = benchmarks.load(name)
    part = found.layout.usual[0]
    place = "questions.jsonl" if name == "jsonl" else f"data/{name}"
    yield f"unpact-tui benchmarks {name} --check {SAMPLE}"
    yield f"unpact-tui benchmarks {name} --check {place}"
    for asked_for in (f"{name}:{part}={place}", *(f"{name}={hub}" for hub in found.hub)):
        yield f"unpact-tui triage base/ unlearned/ --prompts forget.jsonl --benchmark {asked_for}"


def _counts(items: Sequence[Item]) -> list[Row]:
    """Return how many items each part has, in order, and how many of them have what."""
    sets: dict[tuple[str, str, str], list[Item]] = {}
    for item in items:
        sets.setdefault((item.part, item.case.split, item.ask), []).append(item)
    return [
        {
            "part": part,
            "split": split,
            "ask": ask,
            "items": len(found),
            "with_answer": sum(item.case.answer is not None for item in found),
            "with_paraphrase": sum(item.paraphrase is not None for item in found),
            "with_wrong": sum(bool(item.wrong) for item in found),
            "with_entities": sum(bool(item.case.entities) for item in found),
        }
        for (part, split, ask), found in sets.items()
    ]


def _having(said: Row) -> str:
    names = ("answer", "paraphrase", "wrong", "entities")
    having = ((name, said[f"with_{name}"]) for name in names)
    return ", ".join(
        f"{name} {'' if count == said['items'] else f'({count})'}".rstrip()
        for name, count in having
        if count
    )


def _first(item: Item) -> dict[str, str | list[str]]:
    said = {
        "id": item.case.id,
        "context": item.context,
        "prompt": item.case.prompt,
        "answer": item.case.answer or "",
        "paraphrase": item.paraphrase or "",
        "wrong": list(item.wrong),
        "options": list(item.options),
        "paraphrases": list(item.case.paraphrases),
        "entities": list(item.case.entities),
    }
    return {name: value for name, value in said.items() if value}


def _shown(name: str, value: str | list[str]) -> Iterator[str]:
    texts = [value] if isinstance(value, str) else value
    cut = (text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..." for text in texts)
    yield from _titled(name, [display_text(text) for text in cut])


def _titled(title: str, said: Sequence[str]) -> Iterator[str]:
    for line in said:
        yield f"{title:<14} {line}"
        title = ""
