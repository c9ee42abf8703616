"""The body of a batch, taken apart so that one broken event does not take the others with it."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Final

import msgspec

from datafly.ingest import dialect, sound
from datafly.ingest.codes import Code, Refused
from datafly.ingest.event import wrong_field
from datafly.ingest.unique import require_unique_around
from datafly.ingest.wire import Bound


class Envelope(msgspec.Struct, rename="camel"):
    """`reset`: forget who the cookie says this is; from here on it is somebody new. `context` and `integrations` hold
    for every event that does not say otherwise, as Segment's API has it.
    """

    batch: list[msgspec.Raw] | None = None
    sent_at: str | None = None
    reset: bool | None = None
    context: dict[str, Any] | None = None
    integrations: dict[str, Any] | None = None
    pipeline_key: str | None = None
    write_key: str | None = None
    wk: str | None = None

    @property
    def key(self) -> str | None:
        return self.pipeline_key or self.write_key or self.wk

    @property
    def items(self) -> list[msgspec.Raw]:
        return self.batch or []

    def whole_items(self, body: bytes, *, bound: Bound) -> Iterable[bytes]:
        """The events with what is common to them, which all together must keep to the bound of a body. Raises `Refused`
        where `body`, which this is of, tells something twice that is of no event alone.
        """
        items = [bytes(item) for item in self.items]
        require_unique_around(body, items)
        told = {"context": self.context, "integrations": self.integrations}
        common = {name: value for name, value in told.items() if value}
        return _merged(items, common, bound) if common else items


def _merged(items: list[bytes], common: dict[str, dict[str, Any]], bound: Bound) -> Iterator[bytes]:
    size = 0
    for item in items:
        whole = dialect.with_common(item, common)
        size += len(whole)
        if size > bound.limit:
            raise bound.exceeded()
        yield whole


_decode = msgspec.json.Decoder(Envelope).decode
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"(\s*+:)?)?|[\[\]{},]', re.DOTALL)
_MAX_TOKENS: Final = 400_000
"""Bounds the slow way: a batch at its limits has fewer, what has more is an attack and is refused whole."""


def open_envelope(body: bytes) -> Envelope:
    """Raises `Refused` where the envelope itself is wrong; the items may still be."""
    try:
        envelope = _read(body)
    except sound.FAULTS as fault:
        envelope = _open_slowly(body, fault)
    if envelope.batch is None and not envelope.reset:
        raise Refused(Code.INVALID_FIELD, "batch must be an array of events.", field="batch")
    return envelope


def _read(body: bytes) -> Envelope:
    try:
        return _decode(body)
    except msgspec.ValidationError as fault:
        raise wrong_field(fault, whole="A batch must be a JSON object with an array “batch”.") from None


def _open_slowly(body: bytes, fault: Exception) -> Envelope:
    """Half a surrogate pair or a depth bomb in one event stops the fast way for all: cut the items out."""
    cuts = _cuts(body)
    if not cuts:
        raise sound.explain(body, fault)
    try:
        envelope = _read(body[: cuts[0] + 1] + body[cuts[-1] :])
    except sound.FAULTS:
        raise sound.explain(body, fault) from None
    items = [body[left + 1 : right].strip() for left, right in pairwise(cuts)]
    envelope.batch = [msgspec.Raw(item) for item in items] if items != [b""] else []
    return envelope


def _cuts(body: bytes) -> list[int]:
    """Where the array “batch” of the outermost object opens, has its commas, and closes; empty if it does not."""
    depth, named, cuts = 0, False, list[int]()
    for count, token in enumerate(_TOKEN.finditer(body)):
        if count > _MAX_TOKENS:
            return []
        sign = token[0]
        if sign in b"[{":
            depth += 1
            if depth == 2 and named and sign == b"[":
                cuts = [token.start()]
        elif sign in b"]}":
            depth -= 1
            if depth == 1 and cuts and named:
                return [*cuts, token.start()]
        elif depth == 2 and cuts and sign == b",":
            cuts.append(token.start())
        elif depth == 1 and token[1] is not None:
            named = sign.startswith(b'"batch"')
    return []
