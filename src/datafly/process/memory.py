"""What process knows while it works: the state twin in memory, enough by itself for a preview."""

from typing import Final

import msgspec

from datafly.model.erasure import NOBODY_ERASED, Erased
from datafly.model.event import Event
from datafly.process.consent import Choices, learn_choices, own_word
from datafly.process.dedupe import Fingerprint, fingerprint
from datafly.process.identity import TEACHING, User, Visitor, learn_user, learn_visitor, subject


class Seen(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A message id that was appended. `offset` in `events`."""

    fingerprint: Fingerprint
    received_ms: int
    offset: int


CONCURRENT_MS: Final = 1_000
"""So far apart may requests be that came together and are in the log in another order: no clock went back."""


class Memory:
    """Visitors, users, choices and message ids; None for what is known not to be known.

    Everything in it is learnt from governed events and from nothing else (`learn`), so it can be rebuilt from the log.
    What changed since the last writing is in `changed_*`. `behind_ms` is of the log's clock: by how much it has gone
    back in all; `newest_ms` is the newest moment of receipt by a clock that never does. `erased`: of whom nothing is
    learnt that came before.
    """

    def __init__(self) -> None:
        self.visitors: dict[str, Visitor | None] = {}
        self.users: dict[str, User | None] = {}
        self.choices: dict[str, Choices | None] = {}
        self.seen: dict[Fingerprint, int] = {}
        self.behind_ms = 0
        self.newest_ms = 0
        self.erased: Erased = NOBODY_ERASED
        self.changed_visitors: set[str] = set()
        self.changed_users: set[str] = set()
        self.changed_choices: set[str] = set()

    def learn(self, event: Event) -> None:
        """Take in an event. Again the same is no change: a replay ends where the first time ended."""
        self.seen[fingerprint(event.pipeline_id, event.message_id)] = event.received_ms
        self.newest_ms = max(self.newest_ms, event.steady_ms)
        own = own_word(event.type, event.context, event.properties)
        if own:
            self.learn_choices(event.key, own, event.happened_ms, event.steady_ms)
        if event.type in TEACHING and not self.erased.covers(event):
            self.learn_identity(event)

    def behind(self, received_ms: int, appended_ms: int) -> int:
        """What is to be added to the times of an event, so that in the order of the log they never go back.

        Its gateway's clock counts where it agrees with the order of the log, else the clock of the log does: several
        gateways, of which one is ahead or behind, must not drive the time of all (decision 0217).
        """
        if appended_ms + self.behind_ms < self.newest_ms - 2 * CONCURRENT_MS:
            self.behind_ms = self.newest_ms - appended_ms
        log_ms, earliest_ms = appended_ms + self.behind_ms, self.newest_ms - CONCURRENT_MS
        steady_ms = received_ms + self.behind_ms
        if not earliest_ms <= steady_ms <= log_ms + CONCURRENT_MS:
            steady_ms = max(log_ms, earliest_ms)
        self.newest_ms = max(self.newest_ms, steady_ms)
        return steady_ms - received_ms

    def learn_choices(self, key: str, own: dict[str, bool], happened_ms: int, received_ms: int) -> None:
        self.keep_choices(key, learn_choices(self.choices.get(key), own, happened_ms, received_ms))

    def keep_choices(self, key: str, after: Choices | None) -> None:
        if after is not None and after is not self.choices.get(key):
            self.choices[key] = after
            self.changed_choices.add(key)

    def learn_identity(self, event: Event) -> None:
        about = subject(event)
        if about is not None:
            self._learn_visitor(event, about)
        if event.user_id is not None:
            self._learn_user(event, event.user_id)

    def _learn_visitor(self, event: Event, anonymous_id: str) -> None:
        before = self.visitors.get(anonymous_id)
        after = learn_visitor(event, before)
        if after is not before:
            self.visitors[anonymous_id] = after
            self.changed_visitors.add(anonymous_id)

    def _learn_user(self, event: Event, user_id: str) -> None:
        before = self.users.get(user_id)
        after = learn_user(event, before)
        if after is not before:
            self.users[user_id] = after
            self.changed_users.add(user_id)

    def trim(self, limit: int) -> None:
        """Forget what can be read again, where it is more than `limit`. Nothing may be unwritten."""
        for known in (self.visitors, self.users, self.choices):
            if len(known) > limit:
                known.clear()
