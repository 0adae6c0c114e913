"""What an answer is about, and whether a text gives it away. Ours.

An emphasised prompt that holds what was to be forgotten proves nothing when the answer comes back.
Texts are compared word by word, without regard to case and punctuation. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from attribution.textmatch import bare_words

_ENDS = ".,;:!?…。，；：！？)]}\"'”’»"
_OPENS = "([{\"'“‘«"


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_CONNECTING = _set("of the a and in for to on de del la le van von der bin ibn al el")
"""May stand inside a name, never at its ends."""
_LONG = 4
"""Letters that a content word has at least."""
_FUNCTION = _set(
    """about above after again against already also although always among another because been
    before behind being below between both cannot could does doing done down during each either even
    ever every from further have having here hers herself himself into itself just like made make
    many might more most much must myself near neither never none often once only other ours over
    quite rather same several shall should since some such than that their theirs them themselves
    then there these they this those though through thus together toward towards under until upon
    used uses using very well were what when where whether which while whom whose will with within
    without would your yours"""
)


def entities_of(prompt: str, answer: str, given: Sequence[str] = ()) -> tuple[str, ...]:
    """Return what the answer tells that the prompt does not; `given` where somebody said it.

    A guess otherwise: the runs of capitalised words and numbers in the answer with a word that is
    not in the prompt, the first word of a sentence only with another such word behind it; without
    any, the runs of content words (of four letters or more, and no function words) that the prompt
    does not have. Maybe none.
    """
    if given:
        return tuple(given)
    known = frozenset(bare_words(prompt))
    named = [_text(run) for run in _runs(answer, _named) if len(run) > 1 or not run[0].first]
    news = [run for run in named if not known.issuperset(bare_words(run))]
    content = _runs(answer, lambda word: _says(word, known))
    return tuple(dict.fromkeys(news or map(_text, content)))


def leaks(edited: str, prompt: str, entities: Sequence[str]) -> bool:
    """Tell whether an edited prompt says one of the entities more often than the prompt did.

    Whole words count, so a repeated word of the prompt leaks only where it is an entity itself.
    """
    before, after = bare_words(prompt), bare_words(edited)
    return any(_times(after, entity) > _times(before, entity) for entity in entities)


def hit(text: str, entities: Sequence[str]) -> bool | None:
    """Tell whether a text holds every entity; None where there is none."""
    said = bare_words(text)
    asked = [entity for entity in entities if bare_words(entity)]
    return all(_times(said, entity) for entity in asked) if asked else None


@dataclass(frozen=True, slots=True)
class _Said:
    """A word of an answer, without the punctuation around it."""

    text: str
    first: bool
    """Of its sentence."""
    opens: bool
    """Punctuation comes before: no run goes on here."""
    closes: bool
    """Punctuation follows: no run goes beyond."""


def _said(answer: str) -> Iterator[_Said]:
    first = True
    for chunk in answer.split():
        text = chunk.lstrip(_OPENS)
        bare = text.rstrip(_ENDS)
        owned = bare.removesuffix("'s").removesuffix("\u2019s")
        if bare_words(owned):
            yield _Said(owned, first, text != chunk, text != owned)
        first = text.endswith((".", "!", "?", "\u3002"))


def _runs(answer: str, counts: Callable[[_Said], bool]) -> Iterator[Sequence[_Said]]:
    """Yield the longest runs of words that count, connecting words between them included."""
    run: list[_Said] = []
    for word in _said(answer):
        if word.opens:
            yield from _trimmed(run)
            run = []
        goes_on = counts(word) or (run and word.text in _CONNECTING)
        if goes_on:
            run.append(word)
        if word.closes or not goes_on:
            yield from _trimmed(run)
            run = []
    yield from _trimmed(run)


def _trimmed(run: Sequence[_Said]) -> Iterator[Sequence[_Said]]:
    """Yield a run, if anything is left of it without the function words at its ends."""
    weak = [word.text.casefold() in _CONNECTING | _FUNCTION for word in run]
    said = [i for i, is_weak in enumerate(weak) if not is_weak]
    if said:
        yield run[said[0] : said[-1] + 1]


def _text(run: Sequence[_Said]) -> str:
    return " ".join(word.text for word in run)


def _named(word: _Said) -> bool:
    return word.text[0].isdigit() or word.text[0].isupper()


def _says(word: _Said, known: frozenset[str]) -> bool:
    """Whether it is a content word that is not known already."""
    bare = "".join(bare_words(word.text))
    return (
        len(bare) >= _LONG and bare not in _FUNCTION and not known.issuperset(bare_words(word.text))
    )


def _times(words: Sequence[str], entity: str) -> int:
    part = bare_words(entity)
    if not part:
        return 0
    return sum(words[i : i + len(part)] == part for i in range(len(words) - len(part) + 1))
