"""`datafly import`, put together: into which pipeline of which Signal, at whose pace, from which files."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from datafly.backfill import checkpoint as checkpoints
from datafly.backfill.checkpoint import Checkpoint, Counts, Purpose
from datafly.backfill.gateway import Gateway
from datafly.backfill.pace import Backlog, Limits, Pace
from datafly.backfill.plan import Plan, make_plan
from datafly.backfill.report import Report
from datafly.backfill.run import Import, Progress
from datafly.backfill.standing import Management
from datafly.model.errors import OperatorError
from datafly.model.installation import Pipeline
from datafly.runtime.clock import SystemClock
from datafly.runtime.people import url_of
from datafly.runtime.prepare import open_the_store
from datafly.runtime.source import pipeline_named
from datafly.runtime.token import passing_token
from datafly.settings import Settings

_TOKEN_SECONDS: Final = 30 * 24 * 3600.0
REMEMBERED_MS: Final = 23 * 3_600_000
"""Message ids count once within 24 hours; what is sent now may still be on its way for a while."""
UNSEEN_RATE: Final = 500.0
"""Events a second where nobody can see what they do to delivery, and no other rate is asked for."""

Look = Callable[[], Backlog | None]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The words of the command line; empty or None is not said. `ahead` in seconds, `rate` in events a second."""

    files: list[Path]
    map: Path | None = None
    shape: str = ""
    table: str = ""
    format: str = ""
    pipeline: str = ""
    url: str = ""
    key: str = ""
    management: str = ""
    token: str = ""
    rate: float | None = None
    ahead: float = 5.0
    share: float = 0.5
    report: Path | None = None
    with_rows: bool = False
    from_start: bool = False
    under_way: str = ""

    def plan(self) -> Plan:
        return make_plan(self.files, mapping=self.map, shape=self.shape, table=self.table, kind=self.format)

    @property
    def report_path(self) -> Path:
        name = self.files[0].name if self.files[0] != Path("-") else "standard-input"
        return self.report or Path(f"{name}.refused.ndjson")

    @property
    def checkpoint_path(self) -> Path:
        return self.report_path.with_name(f"{self.report_path.name}.checkpoint")


class Target(msgspec.Struct, frozen=True):
    """Where events go. `pipeline` None: of another machine, of which only the key is known."""

    url: str
    key: str
    pipeline: Pipeline | None

    def digest(self) -> str:
        return blake2b(f"{self.url} {self.key}".encode(), digest_size=16).hexdigest()


class Hands(msgspec.Struct, frozen=True):
    """What an import does to the world beside posting: tell how far it is, say a sentence, wait, ask whether to end."""

    tell: Callable[[Progress], None]
    say: Callable[[str], None]
    sleep: Callable[[float], None]
    stop: Callable[[], bool]
    now_ms: Callable[[], int] = SystemClock().now_ms


class Imported(msgspec.Struct, frozen=True):
    """What came of it. `resumed`: rows that an earlier start had done. `reasons`: code → rows, of this start."""

    counts: Counts
    resumed: int
    reasons: dict[str, int]
    seconds: float
    report: Path | None


def run_import(settings: Settings, wanted: Wanted, hands: Hands) -> Imported:
    """Raises `OperatorError`, and `Interrupted` where `stop` said so; both can be gone on with."""
    _require_sense(wanted)
    plan, target = wanted.plan(), target_of(settings, wanted)
    for sentence in plan.recognised():
        hands.say(sentence)
    with checkpoints.alone(wanted.checkpoint_path):
        return _import(settings, wanted, hands, plan, target)


def _import(settings: Settings, wanted: Wanted, hands: Hands, plan: Plan, target: Target) -> Imported:
    _require_report(wanted)
    checkpoint = _checkpoint(wanted, plan, target, hands)
    if plan.resumable:  # a report without a checkpoint would be taken for somebody's file at the next start
        checkpoints.save(wanted.checkpoint_path, checkpoint)
    resumed, began = checkpoint.counts.read, time.monotonic()
    with ExitStack() as held:
        look = held.enter_context(_watch(settings, wanted, target))
        report = Report(wanted.report_path, keep_bytes=checkpoint.report_bytes, with_rows=wanted.with_rows)
        held.callback(report.close)
        gateway = Gateway(target.url, target.key)
        held.callback(gateway.close)
        importing = Import(
            checkpoint=checkpoint,
            path=wanted.checkpoint_path if plan.resumable else None,
            report=report,
            gateway=gateway,
            pace=_pace(wanted, look, hands),
            tell=hands.tell,
            sleep=hands.sleep,
            stop=hands.stop,
            now_ms=hands.now_ms,
            taken_to=_taken_to(wanted, checkpoint, hands.now_ms()),
        )
        importing.run(plan.open)
    counts = importing.counts
    path = wanted.report_path if counts.refused else None
    return Imported(counts, resumed, dict(importing.reasons), time.monotonic() - began, path)


def target_of(settings: Settings, wanted: Wanted) -> Target:
    """The pipeline that is meant. Raises `OperatorError`."""
    here = url_of(settings, settings.gateway_port)
    if wanted.key:
        return Target(wanted.url or here, wanted.key, None)
    if wanted.url:
        raise OperatorError("--url needs --key: a pipeline key of that Signal.")
    if not has_store(settings):
        raise OperatorError(
            f"{settings.data_dir} is no data folder of a Signal. Name it with --data-dir, or another Signal's gateway "
            "with --url and --key."
        )
    store = open_the_store(settings)
    try:
        pipeline = pipeline_named(store.control, wanted.pipeline)
    finally:
        store.close()
    return Target(here, pipeline.pipeline_key, pipeline)


def has_store(settings: Settings) -> bool:
    return (settings.data_dir / "store.db").is_file()


def _require_sense(wanted: Wanted) -> None:
    if not 0 < wanted.share <= 1:
        raise OperatorError(f"--share {wanted.share:g}: it is more than 0 and at most 1.")
    if wanted.ahead < 0 or (wanted.rate is not None and wanted.rate <= 0):
        raise OperatorError("--rate is more than 0, --ahead is 0 or more.")
    if wanted.under_way not in ("", "again", "taken"):
        raise OperatorError("--under-way is again or taken.")
    if wanted.management and not wanted.token:
        raise OperatorError("--management needs --token: an API token of that Signal that may read.")


def _require_report(wanted: Wanted) -> None:
    """It is written anew with each import; nobody loses another file by that."""
    report = wanted.report_path
    if report.exists() and not wanted.checkpoint_path.exists():
        raise OperatorError(f"{report} is there already, without a checkpoint beside it: name another with --report.")


def _checkpoint(wanted: Wanted, plan: Plan, target: Target, hands: Hands) -> Checkpoint:
    mapping = plan.mapping.digest() if plan.mapping else "recognised"
    purpose = Purpose(plan.files, target.digest(), mapping)
    if not plan.resumable:
        hands.say("Standard input cannot be read twice: this import cannot be gone on with if it is interrupted.")
        return Checkpoint(purpose=purpose)
    found = None if wanted.from_start else checkpoints.load(wanted.checkpoint_path, purpose)
    if found is None:
        return Checkpoint(purpose=purpose)
    if found.finished:
        raise OperatorError(
            f"It was imported whole already, {found.counts.accepted:,} events of {found.counts.read:,} rows. "
            "--from-start imports it again."
        )
    hands.say(f"Going on after {found.counts.read:,} rows, as {wanted.checkpoint_path} says.")
    return found


def _taken_to(wanted: Wanted, checkpoint: Checkpoint, now_ms: int) -> int:
    """The row up to which somebody says that it was taken. Within a day the gateway tells by the message ids.

    Raises `OperatorError` where nobody can tell, and nobody has said.
    """
    was = checkpoint.under_way
    if was is None or wanted.under_way == "again" or 0 <= now_ms - was.at_ms < REMEMBERED_MS:
        return 0
    if wanted.under_way == "taken":
        return was.last
    raise OperatorError(
        f"Rows {was.first:,} to {was.last:,} were under way when this import ended, a day ago or more: whether they "
        f"were taken, their message ids do not tell any more. Look whether {was.message_id} is among the live events, "
        "and say --under-way taken, or --under-way again."
    )


def _pace(wanted: Wanted, look: Look | None, hands: Hands) -> Pace:
    rate = wanted.rate
    if look is None and rate is None and wanted.ahead:
        hands.say(
            f"Nobody can see here how delivery stands, so it goes at {UNSEEN_RATE:g} events a second; --management "
            "with --token lets it see, --rate says another."
        )
        rate = UNSEEN_RATE
    limits = Limits(rate or 0.0, wanted.ahead if look else 0.0, wanted.share)
    return Pace(limits, look=look or _nothing, clock=time.monotonic)


def _nothing() -> None:
    return None


@contextmanager
def _watch(settings: Settings, wanted: Wanted, target: Target) -> Iterator[Look | None]:
    """How delivery stands; None where nobody can tell, or nobody wants to know."""
    with ExitStack() as held:
        if not wanted.ahead:
            yield None
            return
        if wanted.management:
            management = Management(wanted.management, wanted.token)
        elif target.pipeline:
            token = held.enter_context(passing_token(settings, name="import", role="viewer", seconds=_TOKEN_SECONDS))
            management = Management(url_of(settings, settings.management_port), token)
        else:
            yield None
            return
        held.callback(management.close)
        pipeline = target.pipeline.id if target.pipeline else management.pipeline_of(target.key)
        yield lambda: management.backlog(pipeline)
