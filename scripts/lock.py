"""Writes what set-up installs: constraints.txt, and requirements/ with the sha256 of every file.

Versions are those that are installed here, and nothing else is: what pyproject.toml asks for, with
all that these ask for in turn on any system we support. Hashes come from the index, one request per
project; files for other systems are left out. Two things are not installed here and come from
elsewhere: the CUDA libraries of torch, as pip would choose them, and torch's builds without CUDA,
whose index is asked too and whose known hashes stay where it cannot be reached.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from importlib import metadata
from itertools import product
from pathlib import Path
from urllib.error import URLError
from urllib.parse import unquote
from urllib.request import Request, urlopen

from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
FOLDER = ROOT / "requirements"

PYPI = "https://pypi.org/simple"
WITHOUT_CUDA = "https://download.pytorch.org/whl/cpu"

BUILD = ("hatchling", "editables", "setuptools")
"""What builds this package, linked too, and those of the others that are no wheel."""

_PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_SYSTEMS = (
    ("linux", "Linux", "x86_64"),
    ("linux", "Linux", "aarch64"),
    ("darwin", "Darwin", "arm64"),
)
_PLATFORM = re.compile(r"any|(manylinux|musllinux|linux)\w*_(x86_64|aarch64)|macosx_\w+")
_INTERPRETER = re.compile(r"py3|py31[1-4]|cp31[1-4]")
_STABLE = re.compile(r"cp3([2-9]|1[0-4])")
_FILE = re.compile(r"sha256=([0-9a-f]{64})")
_LINE = re.compile(r"^([\w.-]+)==(\S+)")
_OTHER_PLACES = {"PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL", "PIP_NO_INDEX"}
_ABOUT = {
    "build": "What builds this package, and the one below that is no wheel.",
    "torch": "torch: PyPI's builds, and those without CUDA of https://download.pytorch.org/whl/cpu.",
    "cuda": "What PyPI's torch for Linux needs beside it. Not for a build without CUDA.",
    "runtime": "What the package itself needs.",
    "dev": "All extras: what the gates, the tests and the optional parts need.",
}


@dataclass(frozen=True, slots=True)
class File:
    """A file of an index."""

    name: str
    sha256: str


class _Links(HTMLParser):
    """Collects the files of a page of an index."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[File] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href") or ""
        where, _, fragment = address.partition("#")
        found = _FILE.search(fragment)
        if tag == "a" and found:
            self.files.append(File(unquote(where.rsplit("/", 1)[-1]), found[1]))


def files_of(page: str) -> list[File]:
    """Return the files that a page of an index names with a hash."""
    links = _Links()
    links.feed(page)
    return links.files


def wanted(files: Iterable[File], version: str) -> list[File]:
    """Return the wheels of a version for our systems, any build of it; without one, its source."""
    kept: list[File] = []
    sources: list[File] = []
    for file in files:
        try:
            _, found, _, tags = parse_wheel_filename(file.name)
        except InvalidWheelFilename:
            sources += [file] if file.name.endswith(f"-{version}.tar.gz") else []
            continue
        if found.public == str(Version(version)) and any(map(_fits, tags)):
            kept.append(file)
    return kept or sources


def _fits(tag: Tag) -> bool:
    stable = tag.abi == "abi3" and _STABLE.fullmatch(tag.interpreter)
    taken = stable or _INTERPRETER.fullmatch(tag.interpreter)
    return bool(taken and _PLATFORM.fullmatch(tag.platform))


# ---------------------------------------------------------------- which projects


def closure(roots: Iterable[str]) -> set[str]:
    """Return all that some requirements need, in turn and on every system; as installed here."""
    found: dict[str, set[str]] = {}
    todo = [(text, frozenset[str]()) for text in roots]
    while todo:
        text, extras = todo.pop()
        need = Requirement(text)
        name = canonicalize_name(need.name)
        if not _applies(need, extras) or (name in found and need.extras <= found[name]):
            continue
        found.setdefault(name, set()).update(need.extras)
        todo += [(text, frozenset(found[name])) for text in metadata.requires(name) or ()]
    return set(found)


def _applies(need: Requirement, extras: Iterable[str]) -> bool:
    if need.marker is None:
        return True
    places = product(_PYTHONS, _SYSTEMS, extras or ("",))
    return any(need.marker.evaluate(_environment(*place)) for place in places)


def _environment(python: str, system: tuple[str, str, str], extra: str) -> dict[str, str]:
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": system[0],
        "platform_system": system[1],
        "platform_machine": system[2],
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": extra,
    }


def groups(project: Mapping[str, object]) -> dict[str, list[str]]:
    """Return the projects of each list, by name; a later one has none of an earlier."""
    described = project["project"]
    assert isinstance(described, dict)
    extras = [need for needs in described["optional-dependencies"].values() for need in needs]
    lists = {
        "build": closure(BUILD),
        "torch": {"torch"},
        "runtime": closure(described["dependencies"]),
        "dev": closure(extras),
    }
    seen: set[str] = set()
    for name, found in lists.items():
        lists[name] = found - seen
        seen |= found
    return {name: sorted(found) for name, found in lists.items()}


def cuda(torch: str, ours: Iterable[str]) -> dict[str, str]:
    """Return what pip would install beside PyPI's torch for Linux, but for what is ours anyway."""
    words = ["install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, "--index-url", PYPI, f"torch=={torch}"],
        capture_output=True,
        text=True,
        check=True,
        env=_of_pypi_alone(),
    )
    named = [item["metadata"] for item in json.loads(done.stdout)["install"]]
    found = {canonicalize_name(item["name"]): item["version"] for item in named}
    return {name: version for name, version in found.items() if name not in set(ours)}


def _of_pypi_alone() -> dict[str, str]:
    """A build without CUDA that lies about here must not answer for PyPI's."""
    kept = {k: v for k, v in os.environ.items() if k not in _OTHER_PLACES}
    return kept | {"PIP_CONFIG_FILE": os.devnull}


# ---------------------------------------------------------------- files


def _page(index: str, name: str) -> str:
    asked = Request(f"{index}/{name}/", headers={"Accept": "text/html"})
    with urlopen(asked, timeout=60) as answer:
        return answer.read().decode()


def _files(name: str, version: str, known: Mapping[str, Sequence[File]]) -> list[File]:
    files = wanted(files_of(_page(PYPI, name)), version)
    if not files:
        raise SystemExit(f"{PYPI} has no file of {name} {version} for our systems")
    if name == "torch":
        files += _without_cuda(version, known)
    return sorted(set(files), key=lambda file: file.name)


def _without_cuda(version: str, known: Mapping[str, Sequence[File]]) -> list[File]:
    try:
        found = wanted(files_of(_page(WITHOUT_CUDA, "torch")), version)
    except URLError as error:
        found = [file for file in known.get("torch", ()) if f"-{version}+cpu-" in file.name]
        told = f"{len(found)} known hashes are kept" if found else "its builds are left out"
        print(f"{WITHOUT_CUDA}: {error.reason}; {told}", file=sys.stderr)
    return [file for file in found if "+cpu-" in file.name]


def text_of(title: str, pins: Mapping[str, tuple[str, Sequence[File]]]) -> str:
    """Return one list, as pip reads it; what each hash is of stands behind it."""
    lines = [f"# {title}", "# Written by `make pins`; pip refuses whatever has another hash.", ""]
    for name, (version, files) in sorted(pins.items()):
        lines.append(f"{name}=={version} \\")
        for number, file in enumerate(files, 1):
            more = " \\" if number < len(files) else ""
            lines.append(f"    --hash=sha256:{file.sha256}{more}")
        lines += [f"    # {file.name}" for file in files]
    return "\n".join(lines) + "\n"


def read(path: Path) -> dict[str, tuple[str, list[File]]]:
    """Return what a list holds: version and files by project."""
    found: dict[str, tuple[str, list[File]]] = {}
    hashes: list[str] = []
    name = ""
    for line in path.read_text("utf-8").splitlines():
        if pin := _LINE.match(line):
            name, hashes = pin[1], []
            found[name] = (pin[2], [])
        elif digest := re.search(r"--hash=sha256:([0-9a-f]{64})", line):
            hashes.append(digest[1])
        elif line.startswith("    # "):
            files = found[name][1]
            files.append(File(line.removeprefix("    # "), hashes[len(files)]))
    return found


def _known() -> dict[str, list[File]]:
    path = FOLDER / "torch.txt"
    return {name: files for name, (_, files) in read(path).items()} if path.is_file() else {}


def _constraints(pins: Mapping[str, str]) -> str:
    before = CONSTRAINTS.read_text("utf-8").splitlines()
    head = [line for line in before if line.startswith("#")]
    return "\n".join([*head, *(f"{name}=={pins[name]}" for name in sorted(pins))]) + "\n"


def _lists() -> Iterator[tuple[str, dict[str, str]]]:
    lists = groups(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8")))
    ours = [name for names in lists.values() for name in names]
    for name, projects in lists.items():
        yield name, {one: Version(metadata.version(one)).public for one in projects}
    yield "cuda", cuda(Version(metadata.version("torch")).public, ours)


def main(arguments: Sequence[str]) -> int:
    """Write all lists. Return an exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.parse_args(arguments)
    known = _known()
    pins: dict[str, str] = {}
    FOLDER.mkdir(exist_ok=True)
    for name, versions in _lists():
        pinned = {one: (held, _files(one, held, known)) for one, held in versions.items()}
        (FOLDER / f"{name}.txt").write_text(text_of(_ABOUT[name], pinned), "utf-8")
        pins |= {} if name == "cuda" else versions
        print(f"{name}: {len(pinned)} projects, {sum(len(f) for _, f in pinned.values())} files")
    CONSTRAINTS.write_text(_constraints(pins), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
