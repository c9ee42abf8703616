"""What can be set about delivery, with the figures that hold where nobody sets anything."""

import msgspec


class DeliverySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Times are in the unit that the name says.

    `lanes`: requests in flight at once for one installation. `window_*`: how much one installation holds in memory,
    undecided; `window_shut_events`: while nothing can be sent, and until the vendor has taken something, it takes no
    more where it has so many. `span_events`: how far it may run ahead of its oldest undecided event. `ring_*`: how much
    of the log is held for all of them; `rejoin_events`: also where all have taken it. `awake_events`: so many of the
    newest are held decoded, the others as bytes. `isolate_after_tries`: when a batch that fails while others succeed
    is split; `isolate_down_after_tries`: when it is split although nothing succeeds, for it may itself be why.
    `breaker_failures`: failures in a row, over all lanes, that open the breaker.
    """

    lanes: int = 4
    window_events: int = 5_000
    window_shut_events: int = 1_000
    window_bytes: int = 16_000_000
    span_events: int = 200_000

    first_retry_seconds: float = 0.5
    max_retry_seconds: float = 60.0
    max_retry_after_seconds: float = 3_600.0
    give_up_seconds: float = 900.0
    isolate_after_tries: int = 3
    isolate_down_after_tries: int = 8

    breaker_failures: int = 5
    first_probe_seconds: float = 0.5
    max_probe_seconds: float = 60.0
    first_suspended_probe_seconds: float = 5.0
    max_suspended_probe_seconds: float = 300.0

    answer_bytes: int = 65_536
    earlier_answers: int = 5
    pending_interval_seconds: float = 1.0
    mark_interval_seconds: float = 1.0

    following_interval_seconds: float = 5.0
    erasing_interval_seconds: float = 1.0
    control_interval_seconds: float = 0.2
    first_poll_seconds: float = 0.002
    max_poll_seconds: float = 0.02
    reading_threads: int = 2
    chunk_events: int = 500
    ring_events: int = 5_000
    rejoin_events: int = 500
    awake_events: int = 500
    ring_bytes: int = 16_000_000

    drain_seconds: float = 3.0
