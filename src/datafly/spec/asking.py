"""What is asked of a vendor after a request, because its answer did not tell it."""

import msgspec

from datafly.spec.pacing import Window


class Later(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request is taken as a job, and what became of its items is asked for later, by requests that read only.

    `ticket`: where a good answer names the job, names joined by dots. `path`: what is asked first, with `{ticket}`;
    `Functions.judge_later` says what then. `only_if`: a setting, a flag, without which nothing is asked. It is asked
    after `first_seconds`, then ever later, and given up after `give_up_hours`.
    """

    ticket: str
    path: str
    only_if: str = ""
    requests_per_minute: int = 60
    windows: tuple[Window, ...] = ()
    first_seconds: int = 10
    give_up_hours: int = 24
