"""What the store keeps, as the few protocols its users need. Blocking calls; one suite for every backend.

`Control` is what people decide (pipelines, integrations, tokens); `Ledger` is what became of events; what came in, and
what of it was refused, is `store.incoming`. In SQLite they are one file, in PostgreSQL one database. Every write is one
transaction and durable when the call returns.
"""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from typing import Any, Protocol

import msgspec

from datafly.model.alert import AlertChannel, AlertRule
from datafly.model.consent import ConsentSettings
from datafly.model.delivery import (
    LIVE,
    WHOLE,
    Attempt,
    Followed,
    Notice,
    Outcome,
    Pending,
    Replay,
    Share,
    Sighting,
    State,
)
from datafly.model.installation import Installation, Pipeline, PipelineKey, Revision, Template
from datafly.model.people import User
from datafly.model.secret import Secret
from datafly.model.source import Source
from datafly.model.verdict import Verdict
from datafly.store.alerting import Alerting
from datafly.store.erasing import Erasing
from datafly.store.owning import Owning
from datafly.store.people import People


class Token(msgspec.Struct, frozen=True):
    """An API token; its text is shown once, only its hash is kept. `role`: owner, admin, editor, viewer.

    `hint`: the end of its text. `created_by`: a token's name or a user's e-mail address; None on the command line.
    """

    id: str
    name: str
    role: str
    created_ms: int
    expires_ms: int | None = None
    last_used_ms: int | None = None
    revoked_ms: int | None = None
    hint: str | None = None
    created_by: str | None = None


Tagged = Pipeline | ConsentSettings | Template | Installation | Token | User | AlertRule | AlertChannel | Replay


class Control(People, Alerting, Erasing, Protocol):
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

    def remove_pipeline(self, pipeline_id: str, *, if_match: str | None = None) -> Pipeline:
        """What it was. Its keys and sources go with it, its name is free again. With integrations on it: `Conflict`,
        code `HAS_INTEGRATIONS`.
        """

    def pipeline_keys(self) -> list[PipelineKey]:
        """Former keys of all pipelines that are not revoked, expired ones too, the newest first."""

    def ended_keys(self) -> list[str]:
        """Keys that were revoked, and those of pipelines that were removed; expired ones are in `pipeline_keys`."""

    def renew_key(self, pipeline_id: str, *, expires_ms: int | None, if_match: str | None = None) -> Pipeline:
        """A new key; the one before is taken until `expires_ms`, or until it is revoked."""

    def revoke_key(self, pipeline_id: str, key_id: str) -> PipelineKey:
        """A former one; what it was."""

    def consent_settings(self) -> ConsentSettings:
        """What is decided on consent for all pipelines; the usual ones while nothing was."""

    def change_consent_settings(self, changes: dict[str, Any], *, if_match: str | None = None) -> ConsentSettings: ...

    def sources(self) -> list[Source]:
        """Who may post signed requests, oldest first, secrets as `Secret`."""

    def put_source(self, source: Source) -> Source:
        """Adds it, or replaces the one of that id. No such pipeline → `NotFound`."""

    def drop_source(self, source_id: str) -> Source:
        """What it was; its requests are refused from then on."""

    def install(self, template: Template, revision: Revision, installations: Sequence[Installation]) -> None:
        """All in one transaction. A template name in use → `Conflict`.

        A name is free again when the last installation of its template is removed. Times that are 0 are filled in.
        """

    def attach(self, installation: Installation) -> None:
        """Another pipeline for a template that is installed already, at one of its revisions."""

    def installations(self, *, removed: bool = False) -> list[Installation]:
        """Those in force, with their pinned revision, secrets as `Secret`; with `removed`, also those removed."""

    def installation(self, installation_id: str) -> Installation: ...

    def revision(self, revision_id: str) -> Revision: ...

    def latest_revision(self, template_id: str) -> Revision: ...

    def templates(self) -> list[Template]:
        """Oldest first, also those that are installed nowhere any more; none that were removed."""

    def template(self, template_id: str) -> Template: ...

    def change_template(self, template_id: str, changes: dict[str, str], *, if_match: str | None = None) -> Template:
        """`name`, `description`. A name in use → `Conflict`."""

    def remove_template(self, template_id: str, *, if_match: str | None = None) -> Template:
        """What it was. Its secrets are forgotten. Installed somewhere: `Conflict`, code `INSTALLED`."""

    def revisions(self, template_id: str) -> list[Revision]:
        """Newest first."""

    def add_revision(self, template_id: str, revision: Revision) -> Revision:
        """Filled in as by `revise`; it is pinned nowhere."""

    def pin(self, installation_id: str, revision_id: str, *, if_match: str | None = None) -> Installation:
        """Deploys a revision of its template, and ends a canary. Of another template: `Invalid`."""

    def try_out(
        self, installation_id: str, revision_id: str | None, percent: float, *, if_match: str | None = None
    ) -> Installation:
        """A canary: a revision of its template for `percent` of the keys; None ends it."""

    def revise(self, installation_id: str, revision: Revision, *, if_match: str | None = None) -> Installation:
        """Adds the revision to the template and pins it on this installation.

        `template_id`, `number` (latest + 1), and an empty `id` or time are filled in. A canary ends with it.
        """

    def change_installation(
        self, installation_id: str, changes: dict[str, Any], *, if_match: str | None = None
    ) -> Installation:
        """`enabled`, `paused`, `removed_ms` with `end`. What is removed stays so: code `REMOVED`."""

    def create_token(
        self, name: str, role: str, *, expires_ms: int | None = None, created_by: str | None = None
    ) -> tuple[Token, str]:
        """The token and its text, `dft_…`."""

    def token(self, token_id: str) -> Token:
        """Revoked ones too."""

    def change_token(self, token_id: str, changes: dict[str, Any], *, if_match: str | None = None) -> Token:
        """`name`, `expires_ms`. One that is revoked stays as it is: `Conflict`, code `REVOKED`."""

    def find_token(self, text: str) -> Token | None:
        """None when unknown, revoked or expired."""

    def tokens(self) -> list[Token]: ...

    def revoke_token(self, token_id: str) -> None: ...

    def create_replay(self, replay: Replay) -> None: ...

    def replays(self, *, state: str | None = None) -> list[Replay]: ...

    def replay(self, replay_id: str) -> Replay: ...

    def set_replay_state(self, replay_id: str, state: str, *, only_from: Collection[str] | None = None) -> bool:
        """Whether it was in one of these states, and is in the new one now."""

    def together(self) -> AbstractContextManager[None]:
        """What is changed inside, by this thread, is one transaction: all of it is kept, or nothing."""

    def signing_key(self, purpose: str) -> Secret:
        """The same in every process of this deployment; another for every purpose."""

    def etag(self, value: Tagged | Source) -> str:
        """What `if_match` is compared with, without the quotes of HTTP. A stale one: `Conflict` 412, code `STALE`."""


class Progress(msgspec.Struct, frozen=True):
    """Where an installation's run stands in one partition.

    Everything below `mark` is final; `finals` are the final offsets at or above it (a crash skips them).
    """

    mark: int
    finals: AbstractSet[int] = frozenset()


class Drained(msgspec.Struct, frozen=True):
    """So many events of an installation became final from that moment on."""

    events: int
    since_ms: int


class Tally(msgspec.Struct, frozen=True):
    """So many of `name` in the step that began at `began_ms`.

    Names: a verdict (events of live runs), `replay:` and a verdict, `requests`, `failed` (requests that nothing was
    taken of), `warning` (events), `spent:` and a type of event (what the vendor counts), `spent:spared` (fields that
    were not sent), `waiting` (events, summed over `looks`), and `latency:` with the number of a bucket
    (`store.tallies.bound_ms`; requests).
    """

    installation_id: str
    began_ms: int
    name: str
    count: int


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
    begun: tuple[tuple[str, str, int, int], ...] = ()
    """(installation_id, run_id, partition, mark): where all shares begin, unless a mark is there already."""
    marks: tuple[tuple[str, str, int, int], ...] = ()
    """(installation_id, run_id, partition, mark) of the share that writes; a mark never goes back."""
    pending: tuple[Pending, ...] = ()
    """Replaces the row of its installation, run, partition and lane, of the share that writes."""
    cleared: tuple[tuple[str, str, int, int], ...] = ()
    """(installation_id, run_id, partition, lane): nothing waits there any more."""
    states: tuple[State, ...] = ()
    lost: tuple[Outcome, ...] = ()
    """Ranges that the log lost before one share of several read them. What nobody decided of them ends so, once all
    shares have passed it: each reads what is its own, and only together they know what was nobody's.
    """
    notices: tuple[Notice, ...] = ()
    """Counted on top of what was counted before; so are sightings."""
    failed: tuple[tuple[str, int, int], ...] = ()
    """(installation_id, at_ms, requests): those that failed and are in no attempt, since nothing became final."""
    sightings: tuple[Sighting, ...] = ()
    spent: tuple[tuple[str, int, str, int], ...] = ()
    """(installation_id, at_ms, type of event, what its items cost at the vendor), or `spared` and fields not sent."""
    followed: tuple[Followed, ...] = ()
    """New, or in the place of those of the same id. Of one installation the newest 10,000 are kept."""
    settled: tuple[tuple[str, str], ...] = ()
    """(installation_id, id of a `Followed`): nothing is asked of it any more."""
    late: tuple[Outcome, ...] = ()
    """What the vendor said after it had taken the events: in the place of their DELIVERED, where they have it."""


class WritingId(msgspec.Struct, frozen=True):
    """`writer`: of one process, never of two. `number`: ascends with its writings; one that comes again keeps it."""

    writer: str
    number: int


class Ledger(Owning, Protocol):
    """What became of events. Written by delivery, and by whoever looks how many wait; read by management."""

    def write(
        self,
        writings: Sequence[Writing],
        *,
        share: Share = WHOLE,
        known_as: WritingId | None = None,
        owned: Mapping[int, int] | None = None,
    ) -> dict[str, frozenset[str]]:
        """Several at once in one transaction: group commit across lanes. `share`: that of the worker that writes.

        `known_as`: where it is there already, since only its answer was lost, nothing is written.

        `owned`: partition → epoch, of all that are delivered by whoever writes, where others deliver the rest. States
        are told for each of these then. Raises `TakenOver`, and writes nothing, if one of them is another's by now.

        For each installation whose state is written: in which troubles (backing_off, suspended) its other shares are.
        """

    def progress(
        self, installation_id: str, partition: int, *, run_id: str = LIVE, share: Share | None = None
    ) -> Progress | None:
        """Of one share, or of all together, which is that of the last. None before the first mark."""

    def marks(self, *, furthest: bool = False) -> dict[tuple[str, int], int]:
        """(installation_id, partition) → mark, of live runs: of their shares the last one, or the furthest."""

    def share_out(self, installation_ids: Collection[str], count: int) -> list[str]:
        """Before any worker runs: from now on so many share the keys. Which installations had another number before.

        Nothing is lost by it, and nothing that is final is sent again.
        """

    def deliveries(self, partition: int, offset: int) -> list[Delivery]:
        """All that is known of the event at this offset, over installations and runs."""

    def deliveries_within(self, partition: int, first: int, last: int) -> dict[int, list[Delivery]]:
        """The same of `first`..`last`, read together; without those of which nothing is known."""

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

    def decided(
        self, installation_id: str, partition: int, first: int, last: int, *, run_id: str = LIVE
    ) -> list[tuple[int, int, Verdict, str]]:
        """What became of `first`..`last`, in no order: (first, last, verdict, reason) of ranges that touch it."""

    def outcome(self, outcome_id: int) -> Outcome | None: ...

    def followed(
        self, installation_id: str, *, due_ms: int, limit: int, partitions: Collection[int] | None = None
    ) -> list[Followed]:
        """What is to be asked for by then, the longest due first; of these partitions, or all."""

    def attempts(
        self, *, installation_id: str | None = None, before: str | None = None, limit: int = 50
    ) -> list[Attempt]:
        """Newest first; attempt ids ascend with time."""

    def coverage(self, installation_id: str, partition: int, *, run_id: str = LIVE) -> list[tuple[int, int, Verdict]]:
        """Every final range (first, last, verdict), ascending by first: what the invariant test reads."""

    def states(self) -> dict[str, State]:
        """How each stands, over its shares: as the worst of them."""

    def counts(self, installation_id: str) -> dict[str, int]:
        """Since it was installed: verdict → events, `requests` → attempts, `doubled` → delivered events that may be
        there twice, `warning` and `drift` → those notices.
        """

    def drained(self, installation_id: str, *, since_ms: int) -> Drained:
        """Events that became final since then, or up to ten seconds more, as told; replays apart."""

    def tallies(
        self, *, since_ms: int, until_ms: int, step_ms: int, installation_ids: Sequence[str] | None = None
    ) -> list[Tally]:
        """Oldest first, summed by steps of whole minutes; of what is two days old by hours, 40 days by days.

        The bounds are beginnings of steps.
        """

    def note_waiting(self, at_ms: int, waiting: Mapping[str, int]) -> None:
        """Installation → events that are not final then, for `tallies`."""

    def notices(self, installation_id: str) -> list[Notice]:
        """Of each kind those that were given last, the most frequent first, and one that sums up the others."""

    def sightings(self, installation_id: str, *, since_day: int) -> list[Sighting]:
        """In no order."""

    def trim(self, *, before_ms: int, limit: int = 1_000) -> int:
        """Forget attempts, outcomes and notices older than that, a bounded number a call; how many of the first two.

        And sightings of 45 days before that. In PostgreSQL what is old goes in parts of days, once all of a part is
        old, and is counted about.
        """
