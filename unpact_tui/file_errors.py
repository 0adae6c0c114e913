"""What can be wrong with a file that a person names.

UsageError                     exit 2; imported through `errors`
├── BadPromptFile              prompts
├── BadDataFile                what to forget or retain
├── BadBenchmark               a benchmark's file
├── BadLog                     a published evaluation log
├── BadResult                  a result document, or rows of results
├── BadSession                 a session
└── BadConfig                  a configuration file or variable
"""

from __future__ import annotations

from unpact_tui.error_roots import UsageError


class BadPromptFile(UsageError):
    """A prompt file with a line that cannot be read."""

    hint = 'Each line is a JSON object like {"prompt": "...", "answer": "..."}.'

    def __init__(self, file: str, line: int, why: str) -> None:
        super().__init__(f"{file}, line {line}: {why}.")


class BadDataFile(UsageError):
    """A file of what to forget or to retain, with a row that cannot be used."""

    def __init__(self, file: str, line: int, why: str, hint: str = "") -> None:
        super().__init__(f"{file}, line {line}: {why}.")
        self.hint = hint or (
            'Each line is a JSON object like {"prompt": "...", "answer": "..."} or '
            '{"text": "..."}; a file that is not JSON is text to learn whole.'
        )


class BadBenchmark(UsageError):
    """A benchmark's file, or the folder where it should be, that cannot be used."""

    def __init__(self, file: str, line: int | None, why: str, hint: str = "") -> None:
        where = file if line is None else f"{file}, line {line}"
        super().__init__(f"{where}: {why}.")
        self.hint = hint or "`unpact-tui benchmarks NAME` says which files it reads."


class BadLog(UsageError):
    """An evaluation log of no schema that is known, or with a value that cannot be."""

    hint = (
        "Logs are the *_EVAL.json and *_SUMMARY.json of open-unlearning, the aggregates of TOFU "
        "and the outputs of MUSE."
    )

    def __init__(self, file: str, why: str) -> None:
        super().__init__(f"{file} is no evaluation log that can be read: {why}.")


class BadResult(UsageError):
    """A file that is not a result document this version can read."""

    hint = "A result is what `unpact-tui run --json` prints; a newer one needs a newer version."

    def __init__(self, file: str, why: str) -> None:
        super().__init__(f"{file} is not a result document: {why}.")


class BadSession(UsageError):
    """A file that is not a session this version can open."""

    hint = "A session is what `unpact-tui compare --session FILE` writes."

    def __init__(self, file: str, line: int, why: str) -> None:
        where = f"{file}, line {line}" if line else file
        super().__init__(f"{where}: this is no session: {why}.")


class BadConfig(UsageError):
    """A configuration file, or a variable of the environment, that cannot be used."""

    def __init__(self, where: str, why: str, hint: str = "") -> None:
        super().__init__(f"{where}: {why}.")
        self.hint = hint or (
            "`unpact-tui config path` lists what is read, `unpact-tui config schema` what may be "
            "in it."
        )
