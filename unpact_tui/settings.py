"""Everything a measurement depends on, in one frozen value.

The same settings give the same numbers: they are printed in every result document.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from attribution.attempts import Selection
from attribution.effort import Effort
from attribution.emphasis import Means, Reach, Template
from attribution.types import Granularity, KeyTokenRule
from attribution.verdict import Thresholds

Dtype = Literal["auto", "float32", "bfloat16", "float16"]

DEFAULT_STRATEGIES = (
    "bold",
    "bold_each",
    "quote",
    "quote_each",
    "upper",
    "repeat",
    "keywords",
    "focus",
    "restate",
    "retokenise",
    "attention_bias",
    "attention_share",
    "embedding_scale",
    "anchor",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """How to load, measure, emphasise and judge."""

    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    dtype: Dtype = "auto"
    """auto is the checkpoint's own; log-probabilities are float32 whatever this says."""
    chat: bool | None = None
    """Wrap prompts in the tokenizer's chat template; None means: when it has one."""
    trust_remote_code: bool = False
    """Run Python code that a checkpoint brings along."""
    estimator: str = "leave_one_out"
    """How contributions are measured; `unpact-tui estimators` lists the ways."""
    effort: Effort = field(default_factory=Effort)
    budget: float = 0.0
    """Seconds that the contributions of one prompt may take, all models together; the estimator,
    and how far it goes, are then chosen to fit. 0 is no limit."""
    one_at_a_time: bool = False
    """Hold one model in memory at a time, for two that do not fit together; far slower."""
    granularity: Granularity = "token"
    """Remove single tokens (the paper's way), whole words or whole sentences."""
    rule: KeyTokenRule = field(default_factory=KeyTokenRule)
    strategies: tuple[str, ...] = DEFAULT_STRATEGIES
    """Ways to emphasise, by comma; `unpact-tui strategies` lists them."""
    selection: Selection = "base"
    """Which words are emphasised: those with KeyTokens of the base or of the unlearned model, those
    whose contribution fell most (shift), or those that a search finds (greedy)."""
    also: tuple[Selection, ...] = ()
    """Other choices of words that `run` measures too, by comma: one strategy on one of the choices
    is then chosen on half of the prompts and read on the other half."""
    search: int = 200
    """With selection=greedy, how many prompts the search may read."""
    most_words: int = 3
    """With selection=greedy, how many words it may take."""
    layers: tuple[int, ...] = ()
    """Where attention is steered, such as 0-3,7; without any in all layers."""
    heads: tuple[int, ...] = ()
    """Likewise."""
    templates: tuple[Template, ...] = ()
    """A person's own ways to emphasise; from the configuration's [templates]."""
    draws: int = 3
    """How many times random words are drawn for the control."""
    seed: int = 0
    """Of the random draws and of the intervals."""
    max_new_tokens: int = 64
    """Length of a generated answer; a longer answer under test makes it longer."""
    whp_alpha: float = 5.0
    """With --whp, how many times what reinforcement raised a logit by is taken off it; 5 is the
    paper's (arXiv 2310.02238), MUSE selected 4 for News and 256 for Books."""
    thresholds: Thresholds = field(default_factory=Thresholds)

    @property
    def means(self) -> Means:
        """What strategies may draw on."""
        return Means(self.templates, Reach(self.layers, self.heads), self.seed)
