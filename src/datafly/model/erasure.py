"""That somebody is erased: who is meant, what vendors were asked, and how what came before is recognised."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from datafly.model.delivery import Answer, SentRequest
from datafly.model.event import Event
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling, Verdict

USER: Final = "user"
VISITOR: Final = "visitor"
_DIGEST_BYTES: Final = 16

ERASED: Final = Ruling(
    Verdict.SKIPPED,
    "erased",
    cause="Whose event it is was erased after it came.",
    cure="Nothing: it is not sent, and a replay does not send it.",
)


class Whom(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who is meant, with all ids that are known to be theirs. `traits`: `email`, `phone`, by which some vendors know
    somebody.
    """

    user_ids: tuple[str, ...] = ()
    anonymous_ids: tuple[str, ...] = ()
    traits: dict[str, str] = {}

    def subjects(self) -> list[Event]:
        """As whom vendors may know them, each as an identify: by each user id, by each anonymous id, by traits alone.

        The events say who; nothing of them is sent.
        """
        users = [_subject(user_id=one, traits=dict(self.traits)) for one in self.user_ids]
        visitors = [_subject(anonymous_id=one) for one in self.anonymous_ids]
        return [*users, *visitors, *([_subject(traits=dict(self.traits))] if self.traits else [])]

    def texts(self) -> frozenset[str]:
        """What says who it is, wherever it is shown."""
        return frozenset((*self.user_ids, *self.anonymous_ids, *self.traits.values()))

    def digests(self, key: Secret) -> dict[bytes, None]:
        known = [(USER, one) for one in self.user_ids] + [(VISITOR, one) for one in self.anonymous_ids]
        return {digest(key, kind, text): None for kind, text in known}


class CallTry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request to a vendor, and what it answered: without secrets, and without what says who it is."""

    started_ms: int
    latency_ms: float
    request: SentRequest
    response: Answer


class ErasureCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one installation's vendor is asked. `next_ms` None: it is final, by `ruling`.

    `subjects`: of how many of `Whom.subjects` it is final; `worst`: the ruling of those of them that is worst.
    `tries` of the subject at hand. `attempts`: the newest.
    """

    erasure_id: str
    installation_id: str
    vendor: str
    name: str
    next_ms: int | None = 0
    since_ms: int = 0
    subjects: int = 0
    tries: int = 0
    ruling: Ruling | None = None
    worst: Ruling | None = None
    attempts: tuple[CallTry, ...] = ()

    @property
    def is_final(self) -> bool:
        return self.next_ms is None


class Erasure(msgspec.Struct, frozen=True, omit_defaults=True):
    """`whom` None: it is done, and who it was is forgotten. `digests`: hexadecimal, of the ids that were erased."""

    id: str
    created_ms: int
    created_by: str
    whom: Whom | None
    digests: tuple[str, ...]
    calls: tuple[ErasureCall, ...] = ()


class Erased:
    """Who was erased when, by digests alone: nobody is told by it. `marks`: digest of an id → when, in ms."""

    def __init__(self, key: Secret, marks: Mapping[bytes, int]) -> None:
        self._key = key
        self.marks = dict(marks)
        self.newest_ms = max(self.marks.values(), default=0)

    def __bool__(self) -> bool:
        return bool(self.marks)

    def __len__(self) -> int:
        return len(self.marks)

    def since(self, known: Mapping[bytes, int]) -> "Erased":
        """Those who were erased after what is known."""
        return Erased(self._key, {one: at_ms for one, at_ms in self.marks.items() if at_ms > known.get(one, 0)})

    def since_ms(self, kind: str, text: str) -> int:
        """When that id was erased last; 0: never."""
        return self.marks.get(digest(self._key, kind, text), 0)

    def covers(self, event: Event) -> bool:
        """Whether it came before its user, or its visitor, was erased."""
        if event.received_ms > self.newest_ms:
            return False
        told = ((USER, event.user_id), (VISITOR, event.anonymous_id), (VISITOR, event.previous_id))
        return any(event.received_ms <= self.since_ms(kind, text) for kind, text in told if text)


NOBODY_ERASED: Final = Erased(Secret(""), {})


def digest(key: Secret, kind: str, text: str) -> bytes:
    """The same for one deployment; without its key nobody can try who it may be."""
    return hashlib.blake2b(
        f"{kind}\0{text}".encode("utf-8", "surrogatepass"), key=key.reveal().encode()[:64], digest_size=_DIGEST_BYTES
    ).digest()


def erased_of(key: Secret, erasures: Iterable[Erasure]) -> Erased:
    marks: dict[bytes, int] = {}
    for one in erasures:
        for text in one.digests:
            marks[bytes.fromhex(text)] = max(marks.get(bytes.fromhex(text), 0), one.created_ms)
    return Erased(key, marks)


def _subject(
    *, user_id: str | None = None, anonymous_id: str | None = None, traits: dict[str, str] | None = None
) -> Event:
    key = user_id or anonymous_id or ""
    return Event("erasure", "identify", "", key, 0, 0, user_id, anonymous_id, traits=dict(traits or {}))
