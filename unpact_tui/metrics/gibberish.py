"""Whether what a model writes is still language: a heuristic, and ours.

It looks at text alone. It finds what collapsed models mostly do: write nothing, go round in a loop,
say the same again and again, or put marks where words should be. It does not find fluent nonsense,
nor words in a random order; and a small base may loop by itself, so its own share stands beside.

    empty       no letter and no digit in it
    looping     its end is one stretch, of any length, four times over, 24 characters at least
    marks       more than a quarter of its characters are no letter, digit, space or punctuation
    gibberish   any of the three

Repetition is 1 - (different runs of 3 words) / (runs of 3 words) of a text; distinct words is
(different words) / (words), of its first 50: longer texts repeat more words by themselves.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence

from attribution.intervals import wilson
from attribution.textmatch import bare_words
from unpact_tui.metrics._items import means
from unpact_tui.metrics._scored import Metric, Scored, Sides

NAMES = {
    "gibberish": "Share of what the model writes that is empty, a loop, or marks instead of words "
    "(ours).",
    "forget_gibberish": "The same of answers to forget (ours).",
    "retain_gibberish": "The same of answers to retain (ours).",
    "base_gibberish": "The same share of what the base writes: what is not due to unlearning "
    "(ours).",
    "empty": "Share of what the model writes without a letter or digit (ours).",
    "looping": "Share of what the model writes that ends in a loop (ours).",
    "repetition": "Share of the runs of three words that stood there before, mean over texts "
    "(ours).",
    "distinct_words": "Share of a text's first 50 words that are different ones, mean over texts "
    "(ours).",
    "odd_characters": "Share of characters that are no letter, digit, space or punctuation, mean "
    "over texts (ours).",
}
NEEDS = "texts that the models wrote"

_RUN = 3
_WORDS = 50
_TIMES, _LOOP = 4, 24
"""So often a stretch stands at the end of a loop, and so many characters long all of it is."""
_LONGEST_STRETCH = 400
_MARKS = 0.25


def compute(sides: Sides, seed: int) -> Iterator[Metric]:
    """Yield the shares and means over everything that was written."""
    written = _written(sides.unlearned)
    sets = {
        "gibberish": (written, is_gibberish),
        "forget_gibberish": (_written(sides.unlearned, "forget"), is_gibberish),
        "retain_gibberish": (_written(sides.unlearned, "retain"), is_gibberish),
        "base_gibberish": (_written(sides.base), is_gibberish),
        "empty": (written, is_empty),
        "looping": (written, is_looping),
    }
    for name, (texts, of) in sets.items():
        if texts:
            yield Metric(name, wilson(sum(map(of, texts)), len(texts)))
    # Of a text without words there is nothing to measure.
    measures: dict[str, Callable[[str], float]] = {
        "repetition": repetition,
        "distinct_words": distinct_words,
        "odd_characters": odd_characters,
    }
    worded = [text for text in written if bare_words(text)]
    texts_of = {"odd_characters": [text for text in written if text.strip()]}
    named = (
        (name, [of(text) for text in texts_of.get(name, worded)]) for name, of in measures.items()
    )
    yield from means(named, seed)


def _written(items: Sequence[Scored], split: str | None = None) -> list[str]:
    return [
        item.generation
        for item in items
        if item.generation is not None and split in (None, item.split)
    ]


def is_gibberish(text: str) -> bool:
    """Tell whether a text is empty, a loop, or marks instead of words."""
    return is_empty(text) or is_looping(text) or odd_characters(text) > _MARKS


def is_empty(text: str) -> bool:
    """Tell whether a text has no letter and no digit."""
    return not any(map(str.isalnum, text))


def is_looping(text: str) -> bool:
    """Tell whether a text ends in a stretch that stands there `_TIMES` times, one after another.

    It may be cut off anywhere, as what is written is.
    """
    end = " ".join(text.split())
    for stretch in range(1, min(_LONGEST_STRETCH, len(end) // _TIMES) + 1):
        tail = end[-max(_LOOP, _TIMES * stretch) :]
        if len(tail) >= _LOOP and tail[stretch:] == tail[:-stretch]:
            return True
    return False


def repetition(text: str) -> float:
    """Return the share of runs of words that were there before; 0 of a text that has no run."""
    words = bare_words(text)
    runs = [tuple(words[i : i + _RUN]) for i in range(len(words) - _RUN + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def distinct_words(text: str) -> float:
    """Return the share of different words among the first ones; a text must have words."""
    words = bare_words(text)[:_WORDS]
    return len(set(words)) / len(words)


def odd_characters(text: str) -> float:
    """Return the share of characters that are no letter, digit, space or punctuation."""
    odd = sum(unicodedata.category(c)[0] not in "LMNPZ" and not c.isspace() for c in text)
    return odd / len(text) if text else 0.0
