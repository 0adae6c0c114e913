"""The page: what was found, how it was measured, and what it does not show.

Markdown, all of it computed. `page` is that of the demo's zoo; every other family has a head of its
own and the same `body`. Knows nothing of models or files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from unpact_tui.findings import tables
from unpact_tui.findings.figures import Findings
from unpact_tui.findings.larger import LARGER
from unpact_tui.findings.plots import HOW
from unpact_tui.findings.sentences import FEW, LEAST_FALL, LEAST_LIFT

_HEAD = """\
# Findings

Three claims of the paper behind this tool (Zhang et al. 2025, arXiv 2509.24675), measured by the
tool itself on {models} unlearned models: {methods}, {seeds} (another world, another base
and another reference each), {forget} prompts to forget and {retain} to retain in each.

    {command}

{versions}

**The models are tiny** (0.8 million parameters) and their world is made up. This shows what the
instrument sees and which mechanisms are possible. It shows nothing about a method on a large model.
"""

OURS = """\
The command goes on where it was broken off, and this page comes out of its results folder whole.

From the paper: LP, the contribution of a token, KeyTokens, and the three claims. It publishes
neither its thresholds nor its emphasis wording, and no control. **Ours**: alpha and beta, every
strategy, the random words, the reference, the halves of a mark, the kinds of token, all measures of
recovery and of penalty, every interval, and when a finding is said to hold.
"""

_APART = """\
- `0.82 [0.75, 0.88; 0.70 to 0.90]`: the mean over seeds of the means over prompts; its 95 %
  interval, by a bootstrap of seeds and of prompts within each; and the lowest and the highest seed.
  Seeds are what is repeated, and with a handful of them an interval is rather too narrow than too
  wide: read the range beside it.
"""

_SHARED = """\
- `0.82 [0.75, 0.88; 0.70 to 0.90]`: the mean over seeds of the means over prompts; its 95 %
  interval, by a bootstrap of seeds and of prompts; and the lowest and the highest seed. Seeds share
  the base and the prompts and repeat the unlearning alone, so a prompt is drawn for all of them at
  once: nothing is said of other bases. A checkpoint that was given is one seed.
"""

_READING = """\
- A finding *holds* for a method where the whole interval is on the right side: a contribution falls
  by more than {fall} nats, recovery exceeds both controls by more than {lift} of what was lost.
- **lost**: the base writes the answer word for word and the unlearned model does not. Recovery is
  read on these alone, and nothing is said of a method with fewer than {few}.
- **recovered**: (LP emphasised - LP plain) / (LP base - LP plain); 1 is all of it, below 0 is
  damage. **lift**: recovered - the same on random other words ({draws} draws). **excess**:
  recovered - what the reference gains under the same edit, as a share of what
  unlearning took or of what the reference lacks, whichever is more.
- **verdict**: of the whole model, by the tool's thresholds.
"""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Files beside a page."""

    folder: str
    names: Collection[str]
    prefix: str = ""
    """Of the names, where a page has several sets of them."""

    def show(self, name: str, text: str) -> str:
        """Return the picture as Markdown; nothing where there is none."""
        name = f"{self.prefix}{name}"
        return f"![{text}]({self.folder}/{name})\n" if name in self.names else ""


_OTHERS = (
    "The strategy is chosen for each seed by its lift in the other seeds (with one seed, for "
    "each half of the prompts on the other half)"
)
_HALVES = "The strategy is chosen for each half of the prompts by its lift on the other half"


def page(found: Findings, pictures: Pictures) -> str:
    """Return the page of the demo's zoo."""
    return joined([_head(found), OURS, *body(found, pictures), LARGER])


def joined(parts: Iterable[str]) -> str:
    """Return parts of a page as one text."""
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def body(found: Findings, pictures: Pictures) -> Iterator[str]:
    """Yield everything but the head."""
    if not pictures.names:
        yield HOW
    yield "## In short\n"
    yield _list((found.focus_says[0], *found.recovered_says[:2], *_collapse(found)))
    if found.failed_says:
        yield "## What did not reproduce\n"
        yield _list(found.failed_says)
    yield "## How to read it\n"
    yield (_SHARED if found.shared else _APART) + _READING.format(
        fall=LEAST_FALL, lift=LEAST_LIFT, few=FEW, draws=found.draws
    )
    yield "## What was measured\n"
    yield tables.methods(found)
    yield from _neutral(found)
    yield from _metrics(found)
    yield from _first(found, pictures)
    yield from _second(found, pictures)
    yield from _third(found, pictures)
    if missing := tables.unmeasured(found):
        yield "## Not measured\n"
        yield missing


def _head(found: Findings) -> str:
    seeds = len(found.seeds)
    listed = ", ".join(map(str, found.seeds))
    return _HEAD.format(
        models=sum(len(one.verdicts) for one in found.penalised),
        methods="1 method" if len(found.methods) == 1 else f"{len(found.methods)} methods",
        seeds=f"seed {listed}" if seeds == 1 else f"{seeds} seeds ({listed})",
        forget=found.forget,
        retain=found.retain,
        command=found.command,
        versions="\n".join(versions(found)),
    )


def _metrics(found: Findings) -> Iterator[str]:
    if not found.metrics:
        return
    yield "## The benchmark's own metrics\n"
    yield (
        "Means over seeds, with the mean interval over items: seeds share their items. Metrics "
        "that could not be taken are left out, never zero.\n"
    )
    yield tables.metrics(found)
    if found.absent:
        yield tables.absent(found)


def versions(found: Findings) -> Iterator[str]:
    """Yield what measured it, and how long."""
    minutes = f"{max(found.seconds / 60, 1):.0f} minutes"
    for one in found.versions:
        yield (
            f"Measured by unpact-tui {one.unpact_tui}, Python {one.python}, torch {one.torch} and "
            f"transformers {one.transformers};"
        )
    yield f"{minutes} in all, without building."


def _neutral(found: Findings) -> Iterator[str]:
    """Say what the neutral losses are to be read against."""
    losses = [one.reference_neutral_loss for one in found.penalised]
    there = next((loss for loss in losses if loss is not None), None)
    if there is not None:
        yield (
            "The neutral loss is read against that of the reference, which nobody broke: "
            f"{tables.cell(there)} nats per token.\n"
        )


def _first(found: Findings, pictures: Pictures) -> Iterator[str]:
    yield "## 1. Does unlearning disrupt the focus on keywords?\n"
    yield _list(found.focus_says)
    yield pictures.show("focus.svg", "Contribution of KeyTokens, base against unlearned")
    yield "Mean contribution of the base's KeyTokens, in nats per answer token.\n"
    yield tables.focus(found)
    yield (
        "**kept**: sum of the positive contributions at the base's KeyTokens, unlearned / base. "
        "**overlap**: Jaccard index of the two models' KeyTokens.\n"
    )
    yield tables.kept(found)


def _second(found: Findings, pictures: Pictures) -> Iterator[str]:
    yield "## 2. Does emphasis on keywords bring answers back?\n"
    yield _list(found.recovered_says)
    yield (
        "A mark does two things: it stands beside a word, and it may cut the word into other "
        "tokens. Its halves are read apart: the marks with the word's token ids left as they were, "
        "and the other ids without any mark. Where the other ids alone bring an answer back, that "
        "is **re-tokenisation**: the model was taught to be silent about one spelling in tokens, "
        "and is asked in another. It still shows that the answer was not erased; it does not show "
        "that attention to the keyword was what was lost.\n"
    )
    yield pictures.show("recovery.svg", "What comes back, beside its controls")
    yield (
        f"{_HALVES if found.shared else _OTHERS}, so that the best of many is not read on the "
        "prompts that made it the best.\n"
    )
    yield tables.recovery(found)
    yield tables.texts(found)
    yield pictures.show("strategies.svg", "Lift of every strategy on every method")
    yield (
        "Every strategy, on KeyTokens / on random words; in bold where the lift is surely above "
        f"{LEAST_LIFT} with all strategies tried at once (simultaneous intervals over all lost "
        "prompts).\n"
    )
    yield tables.strategies(found)


def _third(found: Findings, pictures: Pictures) -> Iterator[str]:
    yield "## 3. Do models collapse because common words are penalised too?\n"
    yield _list(found.penalised_says)
    yield pictures.show("penalty.svg", "Loss by kind of token and of text")
    yield (
        "Nats lost per answer token, base - unlearned. **key**: tokens of what the answer is "
        "about. **content**: of other words that say something. **common**: words of grammar, and "
        "what is no word. **general**: questions of general knowledge; **neutral**: what the base "
        "says to a few openings, where no token is a keyword. The reference was never unlearned: "
        "what it lacks is what learning the facts had added.\n"
    )
    yield tables.penalty(found)
    yield pictures.show("collapse.svg", "Indiscriminateness against damage, model by model")
    yield (
        "Every model is a point. Intervals resample methods, for the seeds of one are no new "
        "methods. Models whose keywords lost next to nothing are left out. A relation over models "
        "is no cause: these methods differ in more than in what they penalise.\n"
    )
    yield tables.relations(found)


def _collapse(found: Findings) -> Sequence[str]:
    return tuple(says for says in found.penalised_says if "rho" in says)[:2]


def _list(sentences: Sequence[str]) -> str:
    return "".join(f"- {sentence}\n" for sentence in sentences)
