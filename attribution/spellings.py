"""Other ways in which a tokenizer could spell a text: the same characters in other pieces. Ours.

In a BPE vocabulary every entry is a character (or a byte) or the product of a merge, so a cut of a
word into other entries is a tokenisation that merges could have come to; subword regularisation
samples the same way. Knows names of ids, not models.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from random import Random

from attribution.types import Token

Spelling = tuple[tuple[int, tuple[str, ...]], ...]
"""Pieces: of each its id and its atoms."""

Cut = tuple[int, ...]
"""Where each piece ends, in atoms; the last is their number."""

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_SPACES = ("Ġ", "▁", " ")
"""How vocabularies write a space: byte-level ones, SentencePiece and plain ones."""
_ATTEMPTS = 8
"""Samples per spelling that is still wanted: some come out twice."""


class Vocabulary:
    """What text can be spelled with."""

    def __init__(self, ids: Mapping[str, int]) -> None:
        """`ids` are those of all ordinary entries, by name."""
        self._ids = ids
        self._longest = max(map(len, ids), default=0)

    def spellings(self, names: Sequence[str], most: int, seed: int) -> Iterator[Spelling]:
        """Yield other spellings of what `names` spell, all different, up to `most`.

        First the leading space set apart, then in two, then sampled evenly from all there are.
        """
        atoms = [atom for name in names for atom in atoms_of(name)]
        ends = [0]
        for name in names:
            ends.append(ends[-1] + len(atoms_of(name)))
        seen = {tuple(ends[1:])}
        ways = self._ways(atoms)
        left = min(most, ways[0] - int(self._ids_of(atoms, tuple(ends[1:])) is not None))
        for cut in self._cuts(atoms, ends[1:], ways, _ATTEMPTS * most, Random(seed)):
            if left <= 0:
                return
            ids = self._ids_of(atoms, cut)
            if ids is None or cut in seen:
                continue
            seen.add(cut)
            left -= 1
            starts = (0, *cut)
            yield tuple(
                (id, tuple(atoms[start:end]))
                for id, start, end in zip(ids, starts, cut, strict=False)
            )

    def _cuts(
        self,
        atoms: Sequence[str],
        ends: Sequence[int],
        ways: Sequence[int],
        attempts: int,
        draw: Random,
    ) -> Iterator[Cut]:
        """Propose cuts; not all of them can be spelled, and some come twice."""
        if atoms and atoms[0] in _SPACES and ends[0] > 1:
            yield (1, *ends)
            for fewer in self._rest(atoms, ends[0]):
                yield (1, *fewer, *ends[1:])
        for at in range(1, len(atoms)):
            yield (at, len(atoms))
        if not ways[0]:
            return
        for _ in range(attempts):
            yield self._sample(atoms, ways, draw)

    def _rest(self, atoms: Sequence[str], end: int) -> Iterator[Cut]:
        """Yield the cut of atoms 1 to `end`, behind a space, into the fewest entries."""
        fewest: dict[int, Cut] = {end: ()}
        for start in range(end - 1, 0, -1):
            tails = [
                (stop, *fewest[stop])
                for stop in range(end, start, -1)
                if stop in fewest and self._id(atoms, start, stop) is not None
            ]
            if tails:
                fewest[start] = min(tails, key=len)
        if 1 in fewest:
            yield fewest[1]

    def _ways(self, atoms: Sequence[str]) -> list[int]:
        """Return in how many ways what is left from each atom on can be spelled."""
        ways = [0] * len(atoms) + [1]
        for start in range(len(atoms) - 1, -1, -1):
            ways[start] = sum(ways[end] for end in self._stops(atoms, start))
        return ways

    def _sample(self, atoms: Sequence[str], ways: Sequence[int], draw: Random) -> Cut:
        cut: list[int] = []
        at = 0
        while at < len(atoms):
            pick = draw.randrange(ways[at])
            for end in self._stops(atoms, at):
                pick -= ways[end]
                if pick < 0:
                    cut.append(end)
                    at = end
                    break
        return tuple(cut)

    def _stops(self, atoms: Sequence[str], start: int) -> Iterator[int]:
        for end in range(start + 1, min(len(atoms), start + self._longest) + 1):
            if self._id(atoms, start, end) is not None:
                yield end

    def _id(self, atoms: Sequence[str], start: int, end: int) -> int | None:
        name = "".join(atoms[start:end])
        if end - start > 1 and _BYTE.fullmatch(name):  # letters that look like a byte's name
            return None
        return self._ids.get(name)

    def _ids_of(self, atoms: Sequence[str], cut: Cut) -> list[int] | None:
        ids = [self._id(atoms, start, end) for start, end in zip((0, *cut), cut, strict=False)]
        found = [id for id in ids if id is not None]
        return found if len(found) == len(ids) else None


def atoms_of(name: str) -> tuple[str, ...]:
    """Return what an entry's name is made of: characters, or one byte that has a name."""
    return (name,) if _BYTE.fullmatch(name) else tuple(name)


def laid(spelling: Spelling, text: str) -> tuple[Token, ...]:
    """Return a spelling of `text` as tokens, end to end from 0."""
    tokens: list[Token] = []
    at = 0
    for (id, _), part in zip(spelling, shares(text, [atoms for _, atoms in spelling]), strict=True):
        tokens.append(Token(id, part, at, at + len(part)))
        at += len(part)
    return tuple(tokens)


def shares(text: str, pieces: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return which part of `text` each piece spells; joined they are the text.

    A character of several bytes goes to the piece with the first of them. What a tokenizer changed
    before it cut cannot be told apart, and goes to the first piece whole.
    """
    wanted = text.encode("utf-8", "surrogatepass")
    for reading in (_byte_level, _plain):
        spelled = [[reading(atom) for atom in piece] for piece in pieces]
        known = [[part for part in piece if part is not None] for piece in spelled]
        if known != spelled:
            continue
        parts = [b"".join(piece) for piece in known]
        if b"".join(parts) == b" " + wanted:  # SentencePiece puts a space before a text
            parts[0] = parts[0][1:]
        if b"".join(parts) == wanted:
            return tuple(_characters(text, parts))
    return (text, *("" for _ in pieces[1:]))


def _characters(text: str, parts: Sequence[bytes]) -> Iterator[str]:
    at = 0
    for part in parts:
        begun = sum(byte & 0xC0 != 0x80 for byte in part)
        yield text[at : at + begun]
        at += begun


def _byte_level(atom: str) -> bytes | None:
    return _named_byte(atom) or _bytes_by_name().get(atom)


def _plain(atom: str) -> bytes:
    spelled = _named_byte(atom)
    return spelled or atom.replace("▁", " ").encode("utf-8", "surrogatepass")


def _named_byte(atom: str) -> bytes | None:
    named = _BYTE.fullmatch(atom)
    return bytes([int(named[1], 16)]) if named else None


@cache
def _bytes_by_name() -> dict[str, bytes]:
    """Return the byte that each character of a byte-level vocabulary stands for (GPT-2's table)."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1)]
    shown += range(ord("®"), ord("ÿ") + 1)
    named = {chr(byte): bytes([byte]) for byte in shown}
    hidden = (byte for byte in range(256) if byte not in set(shown))
    return named | {chr(256 + i): bytes([byte]) for i, byte in enumerate(hidden)}
