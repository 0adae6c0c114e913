"""What the inspector and its engine say to each other: versioned messages of plain values.

One JSON object per line, `Request`s down and `Reply`s up. Every request has an id and every reply
names the request it belongs to; replies to a superseded id may be dropped. A request takes the
place of an unfinished one of the same kind. `Try` goes before whatever is running, which then goes
on. What is asked in the background runs when nothing else does, and only a `Cancel` for the
background, or an `Open`, ends it.

An order says all that its answer depends on besides the checkpoints and settings: the answer can be
kept and given again.

Sequence of replies to
    Open      Loading* Opened
    Analyse   Encoded, (Written | Contributions | ByToken)*, Compared
              (without a gold answer the base writes it first: Written*, Encoded, ...)
    Try       Edited, Written*, Tried
    Recover   Ladder* (the last has recovery.complete), Judged
    Weigh     Weighed* (the last is complete)
and after each of them exactly one of Finished, Cancelled, Failed. `Vitals` come in between.
"""

from __future__ import annotations

import msgspec

from attribution.types import Case, Granularity
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Event, Message

VERSION = 5


class Open(Message, frozen=True):
    """Load the checkpoints; everything else needs this first."""

    base: str
    unlearned: str | None
    reference: str | None
    settings: Settings
    whp: str | None = None
    """In the place of `unlearned`: a model reinforced on the forget set, to mix with `base`."""
    endpoint: str | None = None
    """In the place of `unlearned`: the address of a server; it holds no secret."""
    model: str | None = None
    """What the unlearned model is called on the server."""
    base_model: str | None = None
    """What the base is called there; then `base` is a folder with its tokenizer alone."""

    @property
    def remote(self) -> bool:
        """The unlearned side is asked from afar; a folder that was chosen since goes before."""
        return self.endpoint is not None and self.unlearned is None

    @property
    def second(self) -> str:
        """The folder to load for the unlearned side, or the name of a remote one."""
        if self.remote:
            return self.model or ""
        folder = self.unlearned if self.whp is None else self.whp
        assert folder is not None
        return folder


class Analyse(Message, frozen=True):
    """Read one case on all models: answers and contributions, base against unlearned."""

    case: Case
    granularity: Granularity = "token"
    background: bool = False


class Try(Message, frozen=True):
    """Emphasise `positions` of a case's prompt by one strategy, beside its controls."""

    case: Case
    strategy: str
    positions: tuple[int, ...]
    strength: float = 1.0


class Recover(Message, frozen=True):
    """Run every strategy on `positions` (the KeyTokens when empty), with all controls, and
    judge."""

    case: Case
    positions: tuple[int, ...] = ()
    granularity: Granularity = "token"
    background: bool = False


class Weigh(Message, frozen=True):
    """Say what changed in the weights, tensor by tensor; always in the background."""


class Cancel(Message, frozen=True):
    """Stop whatever is running, or what runs in the background."""

    background: bool = False


Question = Analyse | Try | Recover | Weigh
"""What can be answered, and the answer kept."""

Order = Open | Question | Cancel


def in_background(order: Order) -> bool:
    """Tell whether an order waits until nothing else is to be done."""
    return isinstance(order, Weigh) or (
        isinstance(order, Analyse | Recover | Cancel) and order.background
    )


def ends(order: Order, former: Order) -> bool:
    """Tell whether an order ends an unfinished one of the same client, or of any by `Open`."""
    if isinstance(order, Open):
        return True
    if in_background(order) or in_background(former):
        return order == Cancel(background=True) and in_background(former)
    return isinstance(order, Cancel | Analyse) or type(order) is type(former)


class Request(msgspec.Struct, frozen=True):
    """An order and its number; numbers grow."""

    id: int
    order: Order
    client: int = 0
    """Who asks, where several screens share an engine: nobody's order ends another's."""


class Reply(msgspec.Struct, frozen=True):
    """An event and the number of the request it answers; 0 for none."""

    id: int
    event: Event


def encode(message: Request | Reply) -> bytes:
    """Return one line of JSON, newline included."""
    return msgspec.json.encode(message) + b"\n"


def decode_request(line: bytes) -> Request:
    """Raise `msgspec.ValidationError` unless `line` is a request."""
    return msgspec.json.decode(line, type=Request)


def decode_reply(line: bytes) -> Reply:
    """Raise `msgspec.ValidationError` unless `line` is a reply."""
    return msgspec.json.decode(line, type=Reply)
