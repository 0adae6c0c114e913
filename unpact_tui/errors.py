"""What can go wrong in the application, and the exit code each failure has.

    UnpactError
    ├── CheckpointError            exit 3
    │   ├── NotFound               no such folder
    │   ├── NotACheckpoint         a folder without what a checkpoint needs
    │   ├── PickleOnly             weights only in a format that can run code
    │   ├── Unreadable             truncated, mismatched or corrupt
    │   ├── NotFiniteWeights       NaN or infinity in a tensor
    │   ├── TokenizersDiffer       base and unlearned read text differently
    │   ├── RemoteCode             needs code of its own, which was not allowed
    │   ├── Offline                a hub id that is not on this machine
    │   └── EndpointUnusable       a server that does not answer as it should, on opening
    ├── UsageError                 exit 2: prompt files, options, configuration, no terminal
    │   ├── ...                    files that cannot be used: `file_errors`
    │   ├── MissingExtra           an optional package that is not installed
    │   ├── BadUsage
    │   ├── NoTerminal
    │   ├── NoStateFolder          nowhere to keep the engine's log
    │   ├── Unwritable             a result that its place does not take
    │   └── SystemRefuses          a file or a folder that the system does not let us use
    └── ComputeError               exit 4
        ├── EngineDied             the child process is gone
        ├── OutOfResources         no memory, file or thread is left for this process
        ├── DemoNotBuilt           building the demo's checkpoints was broken off
        ├── NoDevice               the device asked for is not there
        ├── ModelTooLarge          the weights do not fit on the device
        └── TrainingOutOfMemory    a training step does not fit

Each leaf takes fields and composes its own sentence and hint. `exit_code` is the one map from
exceptions, ours or `attribution`'s or `methods`', to a number. A bug stays a traceback.
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path

from attribution.errors import AttributionError, BadEndpoint, EndpointError, NotFinite
from attribution.errors import OutOfMemory as OutOfMemory
from methods.errors import Diverged, MethodError
from unpact_tui.error_roots import CheckpointError as CheckpointError
from unpact_tui.error_roots import ComputeError as ComputeError
from unpact_tui.error_roots import UnpactError as UnpactError
from unpact_tui.error_roots import UsageError as UsageError
from unpact_tui.file_errors import BadBenchmark as BadBenchmark
from unpact_tui.file_errors import BadConfig as BadConfig
from unpact_tui.file_errors import BadDataFile as BadDataFile
from unpact_tui.file_errors import BadLog as BadLog
from unpact_tui.file_errors import BadPromptFile as BadPromptFile
from unpact_tui.file_errors import BadResult as BadResult
from unpact_tui.file_errors import BadSession as BadSession


class ExitCode(IntEnum):
    """What the process says to the shell."""

    OK = 0
    CONDITION = 1
    """The condition asked for with --fail-on holds."""
    USAGE = 2
    CHECKPOINT = 3
    COMPUTE = 4
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


class NotFound(CheckpointError):
    """There is no such folder."""

    hint = "Give the path of a folder in Hugging Face format."

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no folder {path}.")


class NotACheckpoint(CheckpointError):
    """A folder lacks a part."""

    def __init__(self, path: Path, missing: str, hint: str = "") -> None:
        super().__init__(f"{path} is not a checkpoint: {missing}.")
        self.hint = hint or "A checkpoint has config.json, a tokenizer and *.safetensors files."


class PickleOnly(CheckpointError):
    """Weights that could run code when read."""

    def __init__(self, path: Path, file: str) -> None:
        super().__init__(f"{path} has its weights only as {file}, a pickle, which can run code.")
        self.hint = (
            "Convert it where you trust it: AutoModelForCausalLM.from_pretrained(folder)"
            ".save_pretrained(folder, safe_serialization=True)."
        )


class Unreadable(CheckpointError):
    """A file that does not hold what it should."""

    def __init__(self, path: Path, why: str, hint: str = "") -> None:
        super().__init__(f"{path} cannot be read: {why}.")
        self.why = why
        """For readers of other files than checkpoints, who have an error of their own."""
        self.hint = hint or "Copy or download the checkpoint again."


class NotFiniteWeights(CheckpointError):
    """A tensor holds NaN or infinity."""

    hint = "The training run diverged; take an earlier checkpoint."

    def __init__(self, path: Path, tensor: str) -> None:
        super().__init__(f"{path}: tensor {tensor} holds NaN or infinity.")


class TokenizersDiffer(CheckpointError):
    """The two sides would read the same text as different ids."""

    hint = "Compare checkpoints of the same family; save the base's tokenizer beside both."

    def __init__(self, base: str, other: str, difference: str) -> None:
        super().__init__(f"{base} and {other} have different tokenizers: {difference}.")


class RemoteCode(CheckpointError):
    """The checkpoint brings its own Python code."""

    hint = "If you trust its author, allow it with --trust-remote-code."

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} needs Python code of its own, which is not run unless you ask.")


class Offline(CheckpointError):
    """A hub id, and nothing to get it from."""

    hint = "Give a local folder, or download the model first where there is a network."

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not a local folder, and it cannot be fetched from here.")


class EndpointUnusable(CheckpointError):
    """A server was asked for a model and did not answer as it should."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.hint = hint


class MissingExtra(UsageError):
    """An optional package is needed and not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs a package that is not installed.")
        self.hint = f"Install it: pip install 'unpact-tui[{extra}]' (or inject it with pipx)."


class BadUsage(UsageError):
    """Options that do not fit together."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.hint = hint


class NoTerminal(UsageError):
    """The inspector needs a terminal to draw on."""

    def __init__(self, instead: str) -> None:
        super().__init__("The inspector needs a terminal.")
        self.hint = f"Without one, use: {instead}"


class NoStateFolder(UsageError):
    """There is nowhere to keep the engine's log."""

    hint = "Set XDG_STATE_HOME to a folder that can be written."

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be used for the engine's log: {why}.")


class Unwritable(UsageError):
    """A result cannot be put where it was to go."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where} cannot be written: {why}.")


class SystemRefuses(UsageError):
    """A file or a folder cannot be used, wherever that was found out."""

    def __init__(self, where: str, why: str, hint: str) -> None:
        super().__init__(f"{where} cannot be used: {why}.")
        self.hint = hint


class OutOfResources(ComputeError):
    """The machine, or what this process may take of it, is used up."""

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(f"This cannot go on: {why}.")
        self.hint = hint


class EngineDied(ComputeError):
    """The child process is gone."""

    def __init__(self, how: str, log: Path) -> None:
        super().__init__(f"The engine stopped: {how}.")
        self.hint = f"Its last words are in {log}. Try a smaller --dtype, or --device cpu."


class DemoNotBuilt(ComputeError):
    """Building the demo's checkpoints was broken off."""

    hint = "Run the same command again: it goes on where it stopped."

    def __init__(self, code: int) -> None:
        super().__init__(f"The demo was not built: its builder ended with code {code}.")


class NoDevice(ComputeError):
    """The device asked for is not there."""

    hint = "Try --device auto."

    def __init__(self, device: str) -> None:
        super().__init__(f"This machine has no device {device!r}.")


class ModelTooLarge(ComputeError):
    """The weights do not fit on the device."""

    hint = "Try --dtype bfloat16, or --device cpu."

    def __init__(self, name: str, needed: int, device: str) -> None:
        gigabytes = needed / 1e9
        super().__init__(
            f"{name} needs {gigabytes:.1f} GB for its weights, and {device} has less left."
        )


class TrainingOutOfMemory(ComputeError):
    """A step of training does not fit."""

    def __init__(self, batch_size: int) -> None:
        super().__init__(f"Memory ran out while training on {batch_size} examples at a time.")
        less = "--batch-size 1 and more --grad-accum, " if batch_size > 1 else ""
        self.hint = f"Try {less}--set checkpointing=true, a shorter --max-length, or --lora."


Failure = UnpactError | AttributionError | MethodError


def exit_code(error: Failure) -> ExitCode:
    """Map an error to the code the process ends with."""
    match error:
        case CheckpointError():
            return ExitCode.CHECKPOINT
        case BadEndpoint():
            return ExitCode.USAGE
        case ComputeError() | OutOfMemory() | NotFinite() | EndpointError() | Diverged():
            return ExitCode.COMPUTE
        case UnpactError() | AttributionError() | MethodError():
            return ExitCode.USAGE
