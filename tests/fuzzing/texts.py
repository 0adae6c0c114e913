"""Hostile rows: prompts, what to forget, answers to give instead, and benchmarks in every layout.

Each is read as a person has it read, up to what is printed of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import cast

from fuzzing.attack import Format
from fuzzing.mutations import INTERESTING, Json, spoiled
from fuzzing.results import REFUSALS
from fuzzing.seeds import Spoil, of_bytes, of_json, of_json_lines
from fuzzing.tables import as_arrow, as_parquet

from unpact_tui import benchmarks, cases
from unpact_tui.benchmarks._listing import check, checked
from unpact_tui.unlearning import rows

SAMPLES = Path(benchmarks.__file__).parent / "samples"

PROMPTS: list[Json] = [
    {"prompt": "Where was Ann born?", "answer": "In Oslo.", "id": "ann-1", "split": "forget"},
    {"question": "Who is Bo?", "answer": "A smith.", "paraphrases": ["Bo is?"], "entities": ["s"]},
    {"prompt": "Who else?", "id": 7, "paraphrased_question": "And who?", "entity": "Cy"},
]
TOLD: list[Json] = [
    {"question": "Where was Ann born?", "answer": "In Oslo.", "alternative": "I do not know."},
    {"prompt": "Who is Bo?", "answer": "A smith.", "alternatives": ["Ask Cy.", "No."]},
    {"text": "Ann was born in Oslo.", "labels": "Oslo"},
    {"text": "A whole text."},
]
PLAIN = b"Where was Ann born?\n\n[INST] Who is Bo? [/INST]\n  Who else?\r\n"
CORPUS = b"Ann was born in Oslo.\nShe left.\n\nBo is a smith.\n"
ANSWERS = b"I do not know.\n\nAsk somebody else.\n"


def prompted(path: Path) -> object:
    """Read prompts."""
    return tuple(cases.read(path))


def taught(path: Path) -> object:
    """Read what to forget, and what is noted of the file."""
    return tuple(rows.read(path)), rows.digest(path)


def checked_as(spec: str) -> Callable[[Path], object]:
    """Return what does as `benchmarks NAME --check PLACE` does."""

    def run(path: Path) -> object:
        place = f"{spec}={path}"
        check(place)
        return json.dumps(checked(place))

    return run


@cache
def sample(place: str) -> Json:
    """Return the rows of a sample of ours."""
    text = (SAMPLES / place).read_text("utf-8")
    try:
        return json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]


def rows_of(place: str) -> list[Json]:
    """Return the same as a list, whatever it is."""
    found = sample(place)
    return cast("list[Json]", found) if isinstance(found, list) else [found]


def objects(place: str) -> list[Json]:
    """Return the same, each an object, as tables have them."""
    return [row if isinstance(row, dict) else {"text": row} for row in rows_of(place)]


@cache
def parquet(place: str) -> bytes:
    """Return a sample as parquet."""
    return as_parquet(objects(place))


@cache
def arrow(place: str) -> bytes:
    """Return a sample as `datasets` saves it."""
    return as_arrow(objects(place))


def of_tables(write: Callable[[str], bytes], *places: str) -> Spoil:
    """Return what spoils tables where it hurts most: in what describes them."""

    def spoil(random: Random) -> bytes:
        raw = write(random.choice(places))
        if random.random() < 0.5:
            return spoiled(raw, random)
        # What a parquet file says of itself is at its end, an Arrow stream's at its beginning.
        near = random.randrange(min(len(raw), 400))
        place = random.choice((near, len(raw) - 1 - near))
        change = random.choice((bytes([random.randrange(256)]), random.choice(INTERESTING)[:9]))
        return raw[:place] + change + raw[place + len(change) :]

    return spoil


def _benchmark(name: str, file: str, spoil: Spoil, *, part: str = "") -> Format:
    spec = f"{name}:{part}" if part else name
    return Format(f"benchmark {name}, {file}", spoil, checked_as(spec), file, REFUSALS)


def _json(name: str, place: str, *, part: str = "") -> Format:
    """Return the format of a sample's JSON, as a list or as lines."""
    lines, whole = of_json_lines(lambda: rows_of(place)), of_json(lambda: sample(place))

    def spoil(random: Random) -> bytes:
        return (lines if random.random() < 0.5 else whole)(random)

    return _benchmark(name, Path(place).name, spoil, part=part)


def _file(name: str, spoil: Spoil, read: Callable[[Path], object], file: str) -> Format:
    return Format(name, spoil, read, file, REFUSALS)


FORMATS = (
    _file("prompts, lines", of_json_lines(lambda: PROMPTS), prompted, "prompts.jsonl"),
    _file("prompts, a list", of_json(lambda: PROMPTS), prompted, "prompts.json"),
    _file("prompts, plain", of_bytes(lambda: PLAIN), prompted, "prompts.txt"),
    _file("data, lines", of_json_lines(lambda: TOLD), taught, "forget.jsonl"),
    _file("data, a list", of_json(lambda: TOLD), taught, "forget.json"),
    _file("data, a corpus", of_bytes(lambda: CORPUS), taught, "forget.txt"),
    _file("alternatives", of_bytes(lambda: ANSWERS), rows.alternatives, "answers.txt"),
    _json("tofu", "tofu/forget01_perturbed.json"),
    _json("tofu", "tofu/real_authors.json"),
    _json("muse", "muse/knowmem/forget_qa.json"),
    _json("muse", "muse/privleak/holdout.json", part="privleak_holdout"),
    _json("muse", "muse/verbmem/forget.json", part="verbmem"),
    _json("knowundo", "knowundo/unlearn_train.json"),
    _json("rwku", "rwku/forget_level2.json"),
    _json("wmdp", "wmdp/bio_questions.json"),
    _json("jsonl", "jsonl/questions.jsonl"),
    _benchmark(
        "tofu",
        "forget01.parquet",
        of_tables(parquet, "tofu/forget01_perturbed.json", "tofu/forget01.json"),
    ),
    _benchmark("wmdp", "bio.arrow", of_tables(arrow, "wmdp/bio_questions.json"), part="bio"),
)
