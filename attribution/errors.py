"""What can go wrong while measuring.

    AttributionError
    ├── CannotOpen         a folder that holds no model that can be used
    ├── UnknownName        no such estimator or strategy
    ├── BadOption          an option outside its range
    ├── EmptyPrompt        no text, or nothing but template
    ├── EmptyAnswer        an answer without a token
    ├── NothingToAblate    every token of the prompt is fixed, or nothing would be left of it
    ├── NothingToEmphasise no word under the positions asked for
    ├── PromptTooLong      longer than the model can read
    ├── TemplateRefuses    the chat template does not take the prompt as it is
    ├── NoOffsets          a tokenizer that cannot say where its tokens are
    ├── PromptMismatch     two results that are not of the same prompt and answer
    ├── Unsupported        this model cannot be asked that
    ├── NotFinite          the model gave NaN or infinity
    └── OutOfMemory        not even one row fits

Each leaf takes fields and composes its own sentence and hint.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class AttributionError(Exception):
    """Root of this package's errors; `hint` says what to do next."""

    hint: str = ""


class CannotOpen(AttributionError):
    """A folder does not hold a model that can be used."""

    def __init__(self, folder: Path, why: str, hint: str = "") -> None:
        super().__init__(f"{folder} cannot be opened: {why}.")
        self.hint = hint or "A model has config.json, a tokenizer and *.safetensors files."


class UnknownName(AttributionError):
    """No plug-in of that name."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        close = get_close_matches(name, names, n=1)
        super().__init__(f"There is no {kind} named {name!r}.")
        self.hint = f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(names)}."


class BadOption(AttributionError):
    """An option has a value it cannot take."""

    def __init__(self, option: str, value: object, expected: str, hint: str = "") -> None:
        super().__init__(f"{option} is {value!r}, but must be {expected}.")
        self.hint = hint


class EmptyPrompt(AttributionError):
    """There is nothing to ask."""

    hint = "Give a prompt with at least one visible character."

    def __init__(self) -> None:
        super().__init__("The prompt is empty.")


class EmptyAnswer(AttributionError):
    """There is nothing to score."""

    hint = "Give an answer with --answer, or leave it out to use what the base model says."

    def __init__(self) -> None:
        super().__init__("The answer is empty, so there is nothing to score.")


class NothingToAblate(AttributionError):
    """Every token is fixed, or nothing would be left to predict the answer from."""

    hint = "Template and special tokens are never removed; write some text of your own."

    def __init__(self, unit: str = "token") -> None:
        super().__init__(f"The prompt has no {unit} that may be removed.")
        if unit != "token":
            self.hint = "Something must be left of it; remove less: --set granularity=token."


class NothingToEmphasise(AttributionError):
    """No word under the positions."""

    hint = "Put the cursor on a word; punctuation and template tokens cannot be emphasised."

    def __init__(self) -> None:
        super().__init__("There is no word at the chosen tokens.")


class PromptTooLong(AttributionError):
    """The model cannot read that much."""

    def __init__(self, got: int, limit: int) -> None:
        super().__init__(f"Prompt and answer have {got} tokens; this model reads at most {limit}.")
        self.hint = "Shorten the prompt or the answer."


class TemplateRefuses(AttributionError):
    """The chat template does not take the prompt as it is."""

    hint = "Leave the template out with --no-chat."

    def __init__(self, why: str) -> None:
        super().__init__(f"The chat template cannot be used: {why}.")


class NoOffsets(AttributionError):
    """The tokenizer cannot say which characters a token came from."""

    hint = "Save it as a fast one: AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR)."

    def __init__(self) -> None:
        super().__init__("The tokenizer does not say which characters its tokens came from.")


class PromptMismatch(AttributionError):
    """Two results that cannot be compared."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The two results have different {what} and cannot be compared.")
        self.hint = "Measure both models with the same prompt and the same answer."


class Unsupported(AttributionError):
    """The model cannot be asked that."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(f"This model cannot {what}.")
        self.hint = instead


class NotFinite(AttributionError):
    """The model answered with NaN or infinity."""

    hint = "Try --dtype float32; if it stays, the checkpoint is broken."

    def __init__(self, where: str) -> None:
        super().__init__(f"The model gave a number that is not finite in {where}.")


class OutOfMemory(AttributionError):
    """Not even the smallest batch fits."""

    hint = "Try --dtype bfloat16, --device cpu, or a shorter prompt."

    def __init__(self, tokens: int) -> None:
        super().__init__(f"The device has no memory left for one row of {tokens} tokens.")
