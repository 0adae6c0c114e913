"""What tells a row from a row that would come out otherwise: a digest. Opens no model."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256

import msgspec

from unpact_tui.triage.candidates import Candidate
from unpact_tui.triage.question import Question
from unpact_tui.triage.row import SCHEMA


def keys(
    question: Question, base: str, reference: str | None, found: Sequence[Candidate]
) -> tuple[str, ...]:
    """Return a key per candidate, from the fingerprints of all and from what is asked.

    No two are the same: copies of one checkpoint are numbered.
    """
    asked = sha256()
    for part in (SCHEMA, base, reference, question.settings, question.weights):
        asked.update(msgspec.msgpack.encode(part))
    for rows in (question.cases, question.items):
        asked.update(msgspec.msgpack.encode(len(rows)))
        for row in rows:
            asked.update(msgspec.msgpack.encode(row))
    return tuple(_keys(asked.digest(), found))


def _keys(asked: bytes, found: Sequence[Candidate]) -> Iterator[str]:
    times: Counter[bytes] = Counter()
    for candidate in found:
        # One that cannot be read has no fingerprint; its row is an error, which is tried again.
        which = candidate.fingerprint.encode() or b"unread " + os.fsencode(candidate.path)
        parts = (asked, which, times[which])
        times[which] += 1
        yield sha256(msgspec.msgpack.encode(parts)).hexdigest()[:32]
