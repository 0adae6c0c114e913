"""Words found by forward selection: the ones whose emphasis raises the answer most. Ours.

Step by step the word is taken that raises LP of the answer on the unlearned model most, until
nothing raises it, there are enough words, or the budget of prompts is spent. What one step reads is
one batch.

A search looks at the answer, so on its own prompt it always finds something. Three things are held
against it, each as large as itself:
- random words: of as many random sets of as many other words as it read prompts, the best is the
  random control of the whole ladder. Other words only, so a second keyword can still be among them.
- a reference: the same search with the same budget there, where there is a reference. Its gain
  stands for the reference's, if it is the larger.
- paraphrases: the same words emphasised in other wordings, which no search has seen. Frames around
  the prompt, where no paraphrases were given, are a weaker check than these.

The search costs up to its budget twice, three times with a reference. It uses one strategy: with
more, the budget would go into strategies and not into words.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from attribution.attempts import Emphasis, Search
from attribution.choose import random_positions
from attribution.emphasis import Means, load
from attribution.emphasise import Emphasised, emphasise
from attribution.errors import EmptyPrompt, NoOtherSpelling, NothingToEmphasise
from attribution.leakage import leaks
from attribution.paraphrase import rewordings
from attribution.passes import read_variants
from attribution.recover import Allowance, Plain, Trio
from attribution.scorer import Model, Tokens
from attribution.types import Nats, Prompt
from attribution.variants import Variant
from attribution.words import find_words, touched

Positions = tuple[int, ...]
Reads = Generator[tuple[()], None, "_Path"]


@dataclass(frozen=True, slots=True)
class Asked:
    """How to search."""

    strategies: tuple[str, ...]
    """The first that can be used here is."""
    allowed: Allowance
    budget: int = 200
    """Prompts that one search may read."""
    most_words: int = 3
    seed: int = 0
    """Of the random sets."""
    means: Means = field(default_factory=Means)
    paraphrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Words that a search found, and the best of as many random sets."""

    positions: Positions
    random: Positions
    """Empty where there are no other words."""
    search: Search


@dataclass(frozen=True, slots=True)
class _Path:
    steps: tuple[tuple[Positions, Nats], ...]
    read: int

    @property
    def positions(self) -> Positions:
        return tuple(sorted(i for word, _ in self.steps for i in word))


def greedy(
    trio: Trio, plain: Plain, asked: Asked, candidates: Sequence[Positions]
) -> Generator[tuple[()], None, Found | None]:
    """Yield nothing after each batch; return what was found, None when no word raises the answer.

    `candidates` are words, the most promising first: of these a budget too small for all reads
    some. Raises what the models raise.
    """
    way = _way(trio, plain.prompt, asked, candidates)
    if way is None or plain.gap <= 0:
        return None
    start = plain.unlearned.logprob
    path = yield from _search(trio.unlearned, plain, start, asked, way, candidates)
    if not path.steps:
        return None
    random = yield from _best_random(trio.unlearned, plain, asked, way, path)
    gain: float | None = None
    if trio.reference is not None and plain.reference is not None:
        before = plain.reference.logprob
        theirs = yield from _search(trio.reference, plain, before, asked, way, candidates)
        lacked = max(plain.gap, plain.base.logprob - before)
        gain = (theirs.steps[-1][1] - before) / lacked if theirs.steps else 0.0
    held_out, paraphrases = yield from _held_out(trio, plain, asked, way, path)
    search = Search(
        way,
        tuple((word, (nats - start) / plain.gap) for word, nats in path.steps),
        path.read,
        None if random is None else (random[1] - start) / plain.gap,
        gain,
        held_out,
        paraphrases,
    )
    return Found(path.positions, () if random is None else random[0], search)


# ---------------------------------------------------------------- one search


def _way(trio: Trio, prompt: Prompt, asked: Asked, candidates: Sequence[Positions]) -> str | None:
    """Return the first strategy that can be used on some word."""
    for name in asked.strategies:
        strategy = load(name, asked.means)
        if strategy.lever is not None and trio.refuses(strategy.lever(1.0, asked.means.reach)):
            continue
        if any(_variant(trio.base, prompt, word, name, asked.means) for word in candidates):
            return name
    return None


def _variant(
    tokens: Tokens, prompt: Prompt, positions: Sequence[int], name: str, means: Means
) -> Variant | None:
    emphasis = Emphasis(name, tuple(sorted(positions)))
    try:
        edited = emphasise(tokens, prompt, emphasis, means)
    except (NoOtherSpelling, NothingToEmphasise, EmptyPrompt):
        return None
    return Variant("key", 0, emphasis, edited)


def _honest(plain: Plain, variant: Variant | None) -> bool:
    if variant is None:
        return False
    edited = variant.edited.prompt.content_text
    return not leaks(edited, plain.prompt.content_text, plain.entities)


def _search(
    model: Model,
    plain: Plain,
    start: Nats,
    asked: Asked,
    way: str,
    candidates: Sequence[Positions],
) -> Reads:
    steps: list[tuple[Positions, Nats]] = []
    left: list[Positions] = list(candidates)
    best, read = start, 0
    while left and len(steps) < asked.most_words and read < asked.budget:
        taken = [i for word, _ in steps for i in word]
        tried = {
            word: variant
            for word in left
            if (variant := _variant(model, plain.prompt, (*taken, *word), way, asked.means))
            if _honest(plain, variant)
        }
        words = list(tried)[: asked.budget - read]
        if not words:
            break
        rows = [tried[word] for word in words]
        scores = yield from read_variants(model, rows, plain.answer)
        read += len(words)
        found = dict(zip(words, scores, strict=True))
        word = max(found, key=found.__getitem__)
        if found[word] <= best:
            break
        best = found[word]
        steps.append((word, best))
        # Should the budget end in the next step, the words that did well alone come first.
        left = sorted(found, key=found.__getitem__, reverse=True)[1:]
        left += [other for other in tried if other not in found]
    return _Path(tuple(steps), read)


def _best_random(
    model: Model, plain: Plain, asked: Asked, way: str, path: _Path
) -> Generator[tuple[()], None, tuple[Positions, Nats] | None]:
    drawn = random_positions(plain.prompt, path.positions, path.read, asked.seed)
    made = [_variant(model, plain.prompt, positions, way, asked.means) for positions in drawn]
    rows = [variant for variant in made if variant is not None and _honest(plain, variant)]
    if not rows:
        return None
    scores = yield from read_variants(model, rows, plain.answer)
    best = max(range(len(rows)), key=scores.__getitem__)
    return rows[best].emphasis.positions, scores[best]


# ---------------------------------------------------------------- what it has not seen


def _held_out(
    trio: Trio, plain: Plain, asked: Asked, way: str, path: _Path
) -> Generator[tuple[()], None, tuple[float | None, int]]:
    """Return what the words recover in other wordings: all that came back of all that was lost."""
    wanted = {
        plain.prompt.text[word.span.start : word.span.end].casefold()
        for word in touched(plain.prompt, path.positions)
    }
    pairs = [
        pair
        for text in rewordings(plain.prompt.content_text, asked.paraphrases)
        if (pair := _in_wording(trio.base, plain, text, wanted, way, asked.means))
    ]
    if not pairs:
        return None, 0
    rows = [variant for pair in pairs for variant in pair]
    ours = yield from read_variants(trio.unlearned, rows, plain.answer)
    base = yield from read_variants(trio.base, rows, plain.answer)
    lost = back = 0.0
    read = 0
    for i in range(0, len(rows), 2):
        gap = base[i] - ours[i]
        allowed = min(asked.allowed.share * gap, asked.allowed.nats)
        if gap > 0 and base[i] - base[i + 1] <= allowed:
            lost, back, read = lost + gap, back + ours[i + 1] - ours[i], read + 1
    return (back / lost if read else None), read


def _in_wording(
    tokens: Tokens, plain: Plain, text: str, wanted: set[str], way: str, means: Means
) -> tuple[Variant, Variant] | None:
    """Return another wording, as it is and with the words emphasised that occur in it."""
    try:
        prompt = tokens.encode(text)
    except EmptyPrompt:
        return None
    places = [
        i
        for word in find_words(prompt)
        if prompt.text[word.span.start : word.span.end].casefold() in wanted
        for i in word.positions
    ]
    marked = _variant(tokens, prompt, places, way, means) if places else None
    if marked is None or not _honest(plain, marked):
        return None
    bare = Emphasis(way, ())
    return Variant("paraphrase", 0, bare, Emphasised(prompt, (), ids_changed=False)), marked
