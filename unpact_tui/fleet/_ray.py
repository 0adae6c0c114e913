"""Ray as far as it is needed here: a cluster that is joined or started, and what it is told.

The only door to Ray, which is imported when it is first asked for. Knows nothing of jobs.
"""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from types import FrameType
from typing import Protocol, cast

from unpact_tui.errors import BadUsage, ComputeError, MissingExtra
from unpact_tui.fleet.jobs import Fleet, Job
from unpact_tui.unattended import quiet_libraries

_STORE = 80 * 2**20
"""Bytes for objects of a cluster of our own, near the least that Ray takes: rows are small."""

_SOCKETS = 40
"""A path may have so many characters, or the names of Ray's sockets become too long below it."""


class Stream(Protocol):
    """What a task says, one reference after another."""

    def __next__(self) -> object: ...


class Remote(Protocol):
    """A function that runs elsewhere."""

    def remote(self, pickled: object, job: Job) -> Stream: ...


class Exceptions(Protocol):
    """What Ray raises."""

    RayError: type[Exception]
    """For all that can become of a task, a process or a machine."""
    RayTaskError: type[Exception]
    """Of these, what code that ran elsewhere raised."""


class Ray(Protocol):
    """The module, as far as it is used."""

    exceptions: Exceptions

    def init(
        self,
        address: str,
        *,
        num_cpus: float | None = None,
        include_dashboard: bool | None = None,
        object_store_memory: int | None = None,
        log_to_driver: bool,
        logging_level: str,
        _temp_dir: str | None = None,
    ) -> object: ...
    def shutdown(self) -> None: ...
    def is_initialized(self) -> bool: ...
    def put(self, value: object) -> object: ...
    def get(self, reference: object) -> object: ...
    def wait(self, streams: Sequence[Stream]) -> tuple[Sequence[Stream], Sequence[Stream]]: ...
    def cancel(self, stream: Stream, *, force: bool) -> object: ...
    def remote(
        self, *, num_cpus: float, num_gpus: float, max_retries: int, num_returns: str
    ) -> Callable[[Callable[[bytes, Job], Iterator[object]]], Remote]: ...
    def cluster_resources(self) -> Mapping[str, float]: ...


def load() -> Ray:
    """Return Ray, told to be quiet. Raises `MissingExtra`."""
    quiet = {
        "RAY_USAGE_STATS_ENABLED": "0",
        # Whatever it would print goes to standard output, which is for results.
        "RAY_DEDUP_LOGS_SKIP_REGEX": "^",
        "RAY_SCHEDULER_EVENTS": "0",
    }
    for name, value in quiet.items():
        os.environ.setdefault(name, value)
    try:
        return cast("Ray", importlib.import_module("ray"))
    except ImportError as error:
        raise MissingExtra("--engine ray", "ray") from error


@contextmanager
def joined(ray: Ray, fleet: Fleet) -> Generator[None]:
    """Join a cluster, or start one on this machine, and leave it. Raises `BadUsage`,
    `ComputeError`.

    One that is joined already is used, and stays so.
    """
    if ray.is_initialized():
        yield
        return
    address = fleet.address or os.environ.get("RAY_ADDRESS") or "local"
    if address.startswith("ray://"):
        raise BadUsage(
            "Jobs are not given out through a Ray client (ray://).",
            "Run the command on a machine of the cluster, with the address auto.",
        )
    starting = _started(ray, fleet) if address == "local" else _reached(ray, address)
    with starting:
        try:
            with _codes_kept():
                yield
        finally:
            with quiet_libraries():  # it warns of its own processes, which it does not wait for
                ray.shutdown()


@contextmanager
def _reached(ray: Ray, address: str) -> Generator[None]:
    with _translated(f"No Ray cluster can be reached at {address}"), _signals_kept():
        ray.init(address, log_to_driver=False, logging_level="error")
    yield


@contextmanager
def _started(ray: Ray, fleet: Fleet) -> Generator[None]:
    """A cluster that takes work from nobody else, and leaves nothing behind."""
    if not {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & set(os.environ):
        # Ray listens on every network, and would write a token into the home folder.
        os.environ["RAY_AUTH_TOKEN"] = token_hex(32)
    usual = tempfile.gettempdir()
    folder = tempfile.mkdtemp(prefix="ray-", dir=usual if len(usual) < _SOCKETS else "/tmp")
    cores = fleet.jobs * fleet.cpus or os.cpu_count() or 1
    try:
        with _translated("Ray cannot be started"), _signals_kept():
            ray.init(
                "local",
                num_cpus=max(1, round(cores)),
                include_dashboard=False,
                object_store_memory=_STORE,
                log_to_driver=False,
                logging_level="error",
                # Ray opens its folder to everybody; the one around it stays closed.
                _temp_dir=str(Path(folder) / "ray"),
            )
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _translated(what: str) -> Generator[None]:
    with quiet_libraries():
        try:
            yield
        except (RuntimeError, OSError, ValueError, AssertionError) as error:
            why = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
            failed = ComputeError(f"{what}: {why}.")
            failed.hint = "--engine local needs no cluster."
            raise failed from error


@contextmanager
def _signals_kept() -> Generator[None]:
    """Keep Ray from deciding how this process ends."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, kept)


@contextmanager
def _codes_kept() -> Generator[None]:
    """Keep the exit code of a signal: Ray ends with 1 whatever a handler says while it waits."""
    heard: list[int] = []
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}

    def note(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        handler = kept[signal.Signals(number)]
        assert callable(handler)
        handler(number, frame)

    ours = [number for number, handler in kept.items() if callable(handler)]
    if threading.current_thread() is not threading.main_thread():
        ours = []
    for number in ours:
        signal.signal(number, note)
    try:
        yield
    except SystemExit as end:
        if heard:
            raise SystemExit(128 + heard[-1]) from end
        raise
    finally:
        for number in ours:
            if signal.getsignal(number) is note:
                signal.signal(number, kept[number])
