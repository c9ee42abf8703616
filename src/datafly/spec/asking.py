"""What is asked of a vendor by requests that only read: credentials, names, and what became of a job."""

from typing import Any

import msgspec

from datafly.spec.pacing import Window


class Later(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request is taken as a job, and what became of its items is asked for later, by requests that read only.

    `ticket`: where a good answer names the job, names joined by dots. `path`: what is asked first, with `{ticket}`;
    `Functions.judge_later` says what then. `only_if`: a setting, a flag, without which nothing is asked. It is asked
    after `first_seconds`, then ever later, and given up after `give_up_hours`. `answer`: what a job that went well is
    told by, for a sandbox that is drawn from the definition.
    """

    ticket: str
    path: str
    only_if: str = ""
    requests_per_minute: int = 60
    windows: tuple[Window, ...] = ()
    first_seconds: int = 10
    give_up_hours: int = 24
    answer: str = ""


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request that only reads, to test credentials. It is signed as any other; `method` may be `{setting}`.

    `answer`: the body of a good answer, for a sandbox that is drawn from the definition.
    """

    path: str
    method: str = "GET"
    body: dict[str, Any] | None = None
    answer: str = ""


class Names(msgspec.Struct, frozen=True):
    """Where a vendor tells which names are registered there: requests that only read. `into`: the setting, a list."""

    into: str
    requests: tuple[Check, ...]
