"""What a valid key sent and was refused: as it was seen, as it is kept, and how often it happened."""

from typing import Final

import msgspec

GATEWAY: Final = "gateway"
PROCESS: Final = "process"

ACCEPTED: Final = ""
"""The code under which accepted events are counted."""
NOT_PROCESSED: Final = "NOT_PROCESSED"
"""The code of what the gateway took and process could not make an event of."""

LOST: Final = "LOST"
"""The code of what was gone from the log before it was processed."""
NO_CONSENT: Final = "NO_CONSENT"
"""The code of what process did not keep, as nothing is known of its consent. They are counted, none is kept."""


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """An event that was not taken, or a request as a whole (`index` None). `body`: what was sent, where it was read; it
    is about a person, and is never kept as it is. `status` 0: nobody was answered.
    """

    pipeline_id: str
    at_ms: int
    stage: str
    door: str
    code: str
    status: int
    message: str
    index: int | None = None
    body: bytes = b""
    message_id: str | None = None


class KeptRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal without the values that were sent (`model.outline`). `size_bytes`: of what was sent."""

    pipeline_id: str
    at_ms: int
    stage: str
    door: str
    code: str
    status: int
    message: str
    index: int | None
    type: str | None
    event: str | None
    message_id: str | None
    size_bytes: int
    outline: str


class IntakeCount(msgspec.Struct, frozen=True):
    """`count` events (a request that was refused whole is one) under `code`, `ACCEPTED` or a refusal's."""

    pipeline_id: str
    code: str
    at_ms: int
    count: int
