"""How close a generated text is to the answer.

Knows nothing of models; every function is pure. Text measures are secondary to log-probabilities:
a template with one wrong word in it has a high ROUGE-L.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Protocol

_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x3400, 0x9FFF),  # Han
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
"""Scripts written without spaces: each of their letters counts as a word."""


def rouge_l(answer: str, text: str) -> float:
    """Return the ROUGE-L F-measure of `text` against `answer`, in [0, 1]; no stemmer.

    On ASCII text this is the rouge-score package to the digit. The package drops all other letters,
    so that two identical Japanese texts would score 0; here such letters count (ours).
    """
    if not text.strip():
        return 0.0
    if not any(map(_counts, answer)):
        return float(exact(answer, text))
    return _scorer().score(answer, text)["rougeL"].fmeasure


def exact(answer: str, text: str) -> bool:
    """Tell whether the whole of `text` is the answer but for case, punctuation and white space.

    A text that goes on after the answer is not exact.
    """
    return bool(text.strip()) and first_divergence(answer, text) is None


def first_divergence(answer: str, text: str) -> int | None:
    """Return the index into `text.split()` of the first word that differs from the answer's.

    `len(text.split())` when the text stops early; None when nothing differs. Case and punctuation
    do not count, and a word of nothing but punctuation is skipped.
    """
    wanted = [word for _, word in _words(answer)]
    found = _words(text)
    for index, (place, word) in enumerate(found):
        if index >= len(wanted) or word != wanted[index]:
            return place
    return None if len(found) == len(wanted) else len(text.split())


def bare_words(text: str) -> list[str]:
    """Return the words of a text without regard to case, width and punctuation, which parts them.

    Letters of scripts written without spaces are words of their own.
    """
    return _Words().tokenize(unicodedata.normalize("NFKC", text).casefold())


def _words(text: str) -> list[tuple[int, str]]:
    """Pair each word's place in `text.split()` with the word, bare of case and punctuation."""
    chunks = text.split()
    bare = [(place, _bare(chunk)) for place, chunk in enumerate(chunks)]
    lettered = [(place, word) for place, word in bare if word]
    # An answer like "?!" has no letters; then its marks are what must be the same.
    return lettered or list(enumerate(chunks))


def _bare(chunk: str) -> str:
    folded = unicodedata.normalize("NFKC", chunk).casefold()
    return "".join(character for character in folded if _counts(character))


def _counts(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM"


class _Words:
    """The package's tokenizer, extended to letters beyond ASCII."""

    def tokenize(self, text: str) -> list[str]:
        """Split `text` into lower-case words of letters, marks and digits."""
        spaced: list[str] = []
        for character in unicodedata.normalize("NFC", text).lower():
            if any(first <= ord(character) <= last for first, last in _UNSPACED):
                spaced.append(f" {character} ")
            else:
                spaced.append(character if _counts(character) else " ")
        return "".join(spaced).split()


class _Score(Protocol):
    fmeasure: float


class _Scorer(Protocol):
    def score(self, target: str, prediction: str) -> Mapping[str, _Score]: ...


@cache
def _scorer() -> _Scorer:
    # Deferred, for it brings numpy and nltk along; by name, for it has no types.
    return import_module("rouge_score.rouge_scorer").RougeScorer(["rougeL"], tokenizer=_Words())
