"""What can go wrong while measuring.

    AttributionError
    ├── CannotOpen         a folder that holds no model that can be used
    ├── UnknownName        no such estimator or strategy
    ├── BadOption          an option outside its range
    ├── EmptyPrompt        no text, or nothing but template
    ├── EmptyAnswer        an answer without a token
    ├── NothingToAblate    every token of the prompt is fixed, or nothing would be left of it
    ├── NothingToEmphasise no word under the positions asked for
    ├── NoOtherSpelling    the words cannot be cut into other tokens
    ├── PromptTooLong      longer than the model can read
    ├── TemplateRefuses    the chat template does not take the prompt as it is
    ├── NoOffsets          a tokenizer that cannot say where its tokens are
    ├── PromptMismatch     two results that are not of the same prompt and answer
    ├── Unsupported        this model cannot be asked that
    ├── NotFinite          the model gave NaN or infinity
    ├── OutOfMemory        not even one row fits
    └── EndpointError      a model behind a server
        ├── BadEndpoint    an address, or a key, that is none
        ├── Unreachable    nobody answers there, or answers and breaks off
        ├── KeyRefused     it wants a key, or another one
        ├── NoSuchModel    it has no model of that name, or no completions there
        ├── RateLimited    it wants to be asked less, for longer than is waited
        ├── TimedOut       it does not answer in time
        ├── ServerFailed   it says that it failed, or refuses what it is asked
        ├── NotCompletions what it answers are no completions
        ├── RefusesIds     it takes text, not ids
        ├── OtherIds       it reads other ids than it was sent
        ├── NoLogprobs     it gives no log-probabilities that can be used
        └── OutsideTop     the answer's token is not among those it gives

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


class NoOtherSpelling(AttributionError):
    """The words cannot be cut into other tokens."""

    hint = "Choose a longer word, or another strategy."

    def __init__(self) -> None:
        super().__init__("The tokenizer knows no other spelling of the chosen words.")


class PromptTooLong(AttributionError):
    """The model cannot read that much."""

    def __init__(self, got: int, limit: int) -> None:
        super().__init__(f"Prompt and answer have {got} tokens; this model reads at most {limit}.")
        self.limit = limit
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


class EndpointError(AttributionError):
    """A server, behind which a model is, does not answer as it should."""


class BadEndpoint(EndpointError):
    """An address, or a key, that cannot be used."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(f"The endpoint cannot be used: {why}.")
        self.hint = hint or "An address looks like http://localhost:8000/v1."


class Unreachable(EndpointError):
    """Nobody answers."""

    hint = "See whether the server runs, and whether this is its address."

    def __init__(self, server: str, why: str) -> None:
        super().__init__(f"{server} cannot be reached: {why}.")


class KeyRefused(EndpointError):
    """The server wants a key, or another one."""

    hint = "Set UNPACT_API_KEY, or OPENAI_API_KEY, to a key that this server takes."

    def __init__(self, server: str, status: str) -> None:
        super().__init__(f"{server} does not let us in (status {status}).")


class NoSuchModel(EndpointError):
    """The server has no model of that name, or no completions at that address."""

    def __init__(self, server: str, model: str) -> None:
        super().__init__(f"{server} has no model {model!r}, or no completions there.")
        self.hint = f"{server}/models lists its models; addresses mostly end in /v1."


class RateLimited(EndpointError):
    """The server wants to be asked less."""

    hint = "Wait, or ask for a higher limit; with --set draws=0 less is asked."

    def __init__(self, server: str, wait: str) -> None:
        super().__init__(f"{server} wants to be asked less; it was waited for {wait}.")


class TimedOut(EndpointError):
    """The server does not answer in time."""

    hint = "It may be busy: try again, with shorter prompts or fewer at a time."

    def __init__(self, server: str, seconds: str) -> None:
        super().__init__(f"{server} did not answer within {seconds} seconds.")


class ServerFailed(EndpointError):
    """The server says that it failed, or refuses what it is asked."""

    hint = "The server's own log may say more."

    def __init__(self, server: str, status: str, words: str) -> None:
        said = f": {words}" if words else ""
        super().__init__(f"{server} answers with status {status}{said}.")


class NotCompletions(EndpointError):
    """What the server answers are no completions."""

    hint = "See whether the address is that of an OpenAI-compatible server, mostly ending in /v1."

    def __init__(self, server: str, why: str) -> None:
        super().__init__(f"{server} does not answer with completions: {why}.")


class RefusesIds(EndpointError):
    """The server takes text alone: removing a token would have its neighbours cut anew."""

    hint = "vLLM's and llama.cpp's own servers take ids."

    def __init__(self, server: str) -> None:
        super().__init__(f"{server} takes prompts as text, not as lists of token ids.")


class OtherIds(EndpointError):
    """The server reads other ids than it was sent."""

    def __init__(self, server: str, what: str) -> None:
        super().__init__(f"{server} does not read the ids that it is sent: {what}.")
        self.hint = (
            "It must serve a model with the tokenizer of the given folder, and put no token of its "
            "own, such as a beginning of text, before the prompt."
        )


class NoLogprobs(EndpointError):
    """The server gives no log-probabilities that can be used."""

    hint = "Serve the model with vLLM or llama.cpp, whose log-probabilities come with ids."

    def __init__(self, server: str) -> None:
        super().__init__(f"{server} gives no log-probabilities of a prompt, nor next tokens by id.")


class OutsideTop(EndpointError):
    """The answer's token is not among those that the server gives."""

    hint = "Use a server that gives log-probabilities of prompts, such as vLLM's."

    def __init__(self, server: str, most: int) -> None:
        super().__init__(
            f"{server} gives the {most} likeliest next tokens, and the answer's is not among them."
        )
