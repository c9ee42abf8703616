"""What a definition says to a person about a refusal, a failure or a puzzle."""

from collections.abc import Mapping
from typing import Any

import msgspec

from datafly.model.verdict import Ruling, Verdict


class Hint(msgspec.Struct, frozen=True):
    """A row of Troubleshooting that no answer of the vendor shows."""

    symptom: str
    cause: str
    cure: str


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an event is not sent: SKIPPED (we choose not to) or REJECTED (whoever sends events must change them).

    `hint` names the symptom of a `Hint` whose cause and cure then speak.
    """

    verdict: Verdict
    reason: str
    cause: str = ""
    cure: str = ""
    hint: str = ""

    def ruling(self, hints: Mapping[str, Hint]) -> Ruling:
        hint = hints.get(self.hint)
        if hint is None:
            return Ruling(self.verdict, self.reason, cause=self.cause, cure=self.cure)
        return Ruling(self.verdict, self.reason, cause=hint.cause, cure=hint.cure, symptom=hint.symptom)


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """An answer of the vendor that is known: how to recognise it, how it is judged, what to do about it.

    It is recognised by `status` and, if given, by any of `contains` in the body, whatever its case. A failure of one
    record inside a good answer has a 2xx `status`. `answer` is such a body: the sandbox gives it, the suite judges it.
    `common` false keeps it out of the short table that the integration's page begins with. `route`: the only one whose
    answer it is. A DELIVERED one is an answer that looks like a failure and changes nothing for the event.
    """

    verdict: Verdict
    symptom: str
    cause: str
    cure: str
    status: int
    contains: tuple[str, ...] = ()
    answer: str = ""
    common: bool = True
    route: str | None = None

    def speaks_of(self, body: str) -> bool:
        return not self.contains or any(part.lower() in body.lower() for part in self.contains)

    def ruling(self, reason: str) -> Ruling:
        return Ruling(self.verdict, reason, cause=self.cause, cure=self.cure, symptom=self.symptom)


class Peer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What another product's integration documents that it sends for the event of a sample.

    `field`: its path in the sample's request, or `[n].…` in its n-th. `sends`: the value, None: nothing; `words`, where
    it is told better than as a value. `why`: why it is otherwise here.
    """

    sample: str
    who: str
    field: str
    sends: Any
    source: str
    why: str = ""
    words: str = ""
