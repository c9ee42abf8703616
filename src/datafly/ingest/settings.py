"""What the gateway must be told; `runtime` fills it from the table of settings."""

import msgspec


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """`cookie_domain` empty: the `_dfid` cookie belongs to the gateway's own host.

    `trusted_proxies`: addresses or networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed; `*` believes
    whoever connects. `demo` mounts the shop. Sizes are bytes: of a request's body after decompression, and of one
    event as it was sent. Of all bodies together that have not arrived whole: of the first 64 KB of each
    `max_beginning_bytes`, of what is over it `max_arriving_bytes`. `trace_ratio`: the share of requests that is traced,
    of those that do not say themselves; None: nothing is.
    """

    cookie_domain: str = ""
    trusted_proxies: tuple[str, ...] = ()
    demo: bool = False
    body_timeout_seconds: float = 30.0
    max_batch_events: int = 500
    max_batch_bytes: int = 5 * 1024 * 1024
    max_post_bytes: int = 512 * 1024
    max_event_bytes: int = 64 * 1024
    max_arriving_bytes: int = 128 * 1024 * 1024
    max_beginning_bytes: int = 32 * 1024 * 1024
    max_depth: int = 64
    max_headers: int = 100
    trace_ratio: float | None = None
