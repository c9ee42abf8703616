"""Six verdicts, as values, and no seventh; four are final (design §1)."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec


class Verdict(StrEnum):
    """What became of one event for one installation.

    DELIVERED  the vendor took it                              nobody acts            final
    REJECTED   this event is wrong for the vendor              who sends events acts  final, kept, replayable
    SKIPPED    we chose not to send, with a reason             nobody acts            final, counted as intended
    EXHAUSTED  retries ran out                                 the operator acts      final, kept, replayable
    RETRY      transient: the same request again, later        the clock acts         judges an attempt
    SUSPENDED  the installation is wrong: key, scope, account  the operator acts      judges an attempt; all wait
    """

    DELIVERED = "DELIVERED"
    REJECTED = "REJECTED"
    SKIPPED = "SKIPPED"
    EXHAUSTED = "EXHAUSTED"
    RETRY = "RETRY"
    SUSPENDED = "SUSPENDED"


FINAL: Final = frozenset({Verdict.DELIVERED, Verdict.REJECTED, Verdict.SKIPPED, Verdict.EXHAUSTED})
DEAD_LETTERS: Final = frozenset({Verdict.REJECTED, Verdict.EXHAUSTED})


class Ruling(msgspec.Struct, frozen=True, omit_defaults=True):
    """A verdict with its reason (a stable snake_case code or the vendor's own words), cause and cure for a person.

    `symptom` is the row of the integration's Troubleshooting table that applies, if one does.
    `retry_after_seconds` is what the vendor asked for, on RETRY.
    """

    verdict: Verdict
    reason: str = ""
    cause: str = ""
    cure: str = ""
    symptom: str = ""
    retry_after_seconds: float | None = None

    def with_foreign_words(self, hide: Callable[[str], str]) -> "Ruling":
        """`hide` is applied to what the vendor or the network said, never to what the definition says.

        Else a wrong key like `wrong` would black out the very cure that it is shown for.
        """
        cause = self.cause if self.symptom else hide(self.cause)
        return msgspec.structs.replace(self, reason=hide(self.reason), cause=cause)


DELIVERED: Final = Ruling(Verdict.DELIVERED)


class Judgement(msgspec.Struct, frozen=True):
    """How a vendor's reply judges a request.

    `items` empty: `whole` speaks for all items alike. A whole REJECTED of more than one item is not final: the batch
    is split to find whom it means. `items` filled: one ruling per item in request order, final or RETRY.
    `drift` says, in words, where the reply contradicts the vendor's own contract.
    """

    whole: Ruling = DELIVERED
    items: tuple[Ruling, ...] = ()
    drift: str = ""
