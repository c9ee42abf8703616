"""What the store keeps, as the few protocols its users need. Blocking calls; one suite for every backend.

`Control` is what people decide (pipelines, integrations, tokens); `Ledger` is what became of events. In SQLite they are
one file, in PostgreSQL one database. Every write is one transaction and durable when the call returns.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import msgspec

from datafly.model.delivery import LIVE, Attempt, Notice, Outcome, Pending, Replay, Sighting, State
from datafly.model.installation import Installation, Pipeline, Revision, Template
from datafly.model.people import User
from datafly.model.secret import Secret
from datafly.model.source import Source
from datafly.model.verdict import Verdict
from datafly.store.people import People


class Token(msgspec.Struct, frozen=True):
    """An API token; its text is shown once, only its hash is kept. `role`: owner, admin, editor, viewer."""

    id: str
    name: str
    role: str
    created_ms: int
    expires_ms: int | None = None
    last_used_ms: int | None = None
    revoked_ms: int | None = None


class Control(People, Protocol):
    """The control plane. Raises `NotFound`, `Conflict` (duplicate name, stale `if_match`)."""

    def version(self) -> int:
        """Grows with every change; cheap to ask often."""

    def pipelines(self) -> list[Pipeline]: ...

    def pipeline(self, pipeline_id: str) -> Pipeline: ...

    def create_pipeline(self, pipeline: Pipeline) -> Pipeline:
        """What is empty of `id`, `slug`, `pipeline_key`, and times that are 0, are filled in."""

    def ensure_default_pipeline(self) -> Pipeline:
        """The oldest pipeline; one named "Default" is made if there is none, once, however many processes ask."""

    def update_pipeline(
        self, pipeline_id: str, changes: dict[str, Any], *, if_match: str | None = None
    ) -> Pipeline: ...

    def sources(self) -> list[Source]:
        """Who may post signed requests, oldest first, secrets as `Secret`."""

    def put_source(self, source: Source) -> Source:
        """Adds it, or replaces the one of that id. No such pipeline → `NotFound`."""

    def drop_source(self, source_id: str) -> None:
        """Its requests are refused from then on."""

    def install(self, template: Template, revision: Revision, installations: Sequence[Installation]) -> None:
        """All in one transaction. A template name in use → `Conflict`.

        A name is free again when the last installation of its template is removed. Times that are 0 are filled in.
        """

    def installations(self, *, removed: bool = False) -> list[Installation]:
        """Those in force, with their pinned revision, secrets as `Secret`; with `removed`, also those removed."""

    def installation(self, installation_id: str) -> Installation: ...

    def revision(self, revision_id: str) -> Revision: ...

    def latest_revision(self, template_id: str) -> Revision: ...

    def revise(self, installation_id: str, revision: Revision, *, if_match: str | None = None) -> Installation:
        """Adds the revision to the template and pins it on this installation.

        `template_id`, `number` (latest + 1), and an empty `id` or time are filled in.
        """

    def change_installation(
        self, installation_id: str, changes: dict[str, Any], *, if_match: str | None = None
    ) -> Installation:
        """`enabled`, `paused`, `removed_ms` with `end`. What is removed stays so: code `REMOVED`."""

    def create_token(self, name: str, role: str, *, expires_ms: int | None = None) -> tuple[Token, str]:
        """The token and its text, `dft_…`."""

    def find_token(self, text: str) -> Token | None:
        """None when unknown, revoked or expired."""

    def tokens(self) -> list[Token]: ...

    def revoke_token(self, token_id: str) -> None: ...

    def create_replay(self, replay: Replay) -> None: ...

    def replays(self, *, state: str | None = None) -> list[Replay]: ...

    def set_replay_state(self, replay_id: str, state: str) -> None: ...

    def together(self) -> AbstractContextManager[None]:
        """What is changed inside, by this thread, is one transaction: all of it is kept, or nothing."""

    def signing_key(self, purpose: str) -> Secret:
        """The same in every process of this deployment; another for every purpose."""

    def etag(self, value: Pipeline | Installation | Token | User) -> str:
        """What `if_match` is compared with, without the quotes of HTTP. A stale one: `Conflict` 412, code `STALE`."""


class Progress(msgspec.Struct, frozen=True):
    """Where an installation's run stands in one partition.

    Everything below `mark` is final; `finals` are the final offsets at or above it (a crash skips them).
    """

    mark: int
    finals: frozenset[int] = frozenset()


class Delivery(msgspec.Struct, frozen=True):
    """What the ledger knows of one event × installation × run.

    DELIVERED with its `attempt`; or another final verdict with its `outcome` and, if a reply caused it, that `attempt`
    (None once it is trimmed); or `pending`, with `verdict` None.
    """

    installation_id: str
    run_id: str
    verdict: Verdict | None
    attempt: Attempt | None = None
    outcome: Outcome | None = None
    pending: Pending | None = None


class Writing(msgspec.Struct, frozen=True):
    """One durable transaction of the ledger."""

    attempts: tuple[Attempt, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    marks: tuple[tuple[str, str, int, int], ...] = ()
    """(installation_id, run_id, partition, mark); a mark never goes back."""
    pending: tuple[Pending, ...] = ()
    """Replaces the row of its installation, run, partition and lane."""
    cleared: tuple[tuple[str, str, int, int], ...] = ()
    """(installation_id, run_id, partition, lane): nothing waits there any more."""
    states: tuple[State, ...] = ()
    notices: tuple[Notice, ...] = ()
    """Counted on top of what was counted before; so are sightings."""
    sightings: tuple[Sighting, ...] = ()


class Ledger(Protocol):
    """What became of events. Written by delivery alone, read by management."""

    def write(self, writings: Sequence[Writing]) -> None:
        """Several at once in one transaction: group commit across lanes."""

    def progress(self, installation_id: str, partition: int, *, run_id: str = LIVE) -> Progress | None:
        """None before its first mark."""

    def marks(self) -> dict[tuple[str, int], int]:
        """(installation_id, partition) → mark, of live runs."""

    def deliveries(self, partition: int, offset: int) -> list[Delivery]:
        """All that is known of the event at this offset, over installations and runs."""

    def outcomes(
        self,
        *,
        installation_id: str | None = None,
        verdicts: frozenset[Verdict] | None = None,
        before_id: int | None = None,
        limit: int = 50,
    ) -> list[tuple[int, Outcome]]:
        """Newest first, with the row id to page on."""

    def outcomes_after(
        self, outcome_id: int, *, installation_id: str, verdicts: frozenset[Verdict], limit: int = 50
    ) -> list[tuple[int, Outcome]]:
        """Oldest first, with the row id to page on; 0 is before all of them."""

    def outcome(self, outcome_id: int) -> Outcome | None: ...

    def attempts(
        self, *, installation_id: str | None = None, before: str | None = None, limit: int = 50
    ) -> list[Attempt]:
        """Newest first; attempt ids ascend with time."""

    def coverage(self, installation_id: str, partition: int, *, run_id: str = LIVE) -> list[tuple[int, int, Verdict]]:
        """Every final range (first, last, verdict), ascending by first: what the invariant test reads."""

    def states(self) -> dict[str, State]: ...

    def counts(self, installation_id: str) -> dict[str, int]:
        """Since it was installed: verdict → events, `requests` → attempts, `warning` and `drift` → those notices."""

    def notices(self, installation_id: str) -> list[Notice]:
        """Of each kind those that were given last, the most frequent first, and one that sums up the others."""

    def sightings(self, installation_id: str, *, since_day: int) -> list[Sighting]:
        """In no order."""

    def trim(self, *, before_ms: int, limit: int = 1_000) -> int:
        """Forget attempts, outcomes and notices older than that, a bounded number a call; how many of the first two.

        And sightings of 45 days before that.
        """
