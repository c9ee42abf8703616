"""Bounds of the management API, so that no call can hold it for long."""

from pathlib import Path
from typing import Literal

import msgspec

from datafly.model.people import RoleName
from datafly.model.secret import Secret


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Single sign-on by OpenID Connect. Who is not known comes in only from `allowed_domains`, as a viewer.

    `role_claim` names a claim whose values `roles` turns into roles, `(value, role)`; it then counts at every log-in.
    `trust_email`: believe an address of which the provider does not say that it was verified.
    """

    issuer: str
    client_id: str
    client_secret: Secret
    allowed_domains: tuple[str, ...] = ()
    role_claim: str = ""
    roles: tuple[tuple[str, RoleName], ...] = ()
    trust_email: bool = False


class SmtpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The mail server that alerts are sent by. `sender`: an address. With an empty `user` nobody logs in."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: Secret | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"


class ManagementSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`public_url`: where browsers reach Signal, if not by the host that they call; `gateway_url`: where events are
    sent to, "" where that is not known. `trusted_proxies`: whose `X-Forwarded-…` is believed. A session ends
    `session_seconds` after it was last used. After `account_tries` or `address_tries` in `lockout_seconds`, that
    account or address waits as long. `…_requests_per_minute` 0 is unlimited. `data_dir`: whose disk is watched.
    `metrics_open`: `/metrics` is told to whoever asks. `erase_after_seconds`: when vendors are asked to erase
    somebody. `message_index`: it is known where each message id is; otherwise only the newest events are looked
    through for one.

    `scan_records` and `scan_verdicts` bound how much one call looks through; the answer then pages on.

    `scan_recent` is how many of the newest events are looked through for a message id that the index does not have
    yet. `follow_waiting` is how many events without a final verdict a follower of live events remembers.
    """

    max_body_bytes: int = 1_000_000
    scan_records: int = 50_000
    scan_recent: int = 20_000
    scan_verdicts: int = 500
    scan_dead_letters: int = 20_000
    replay_members: int = 10_000
    scan_replay: int = 200_000
    follow_waiting: int = 1_000
    follow_pause_seconds: float = 0.25
    heartbeat_seconds: float = 15.0
    public_url: str = ""
    gateway_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    access_token_seconds: int = 900
    session_seconds: int = 604_800
    lockout_seconds: int = 900
    account_tries: int = 10
    address_tries: int = 100
    session_requests_per_minute: int = 100
    token_requests_per_minute: int = 6_000
    oidc: OidcSettings | None = None
    smtp: SmtpSettings | None = None
    data_dir: Path | None = None
    erase_after_seconds: float = 35.0
    metrics_open: bool = False
    message_index: bool = True
