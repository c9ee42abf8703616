"""The ledger in SQL."""

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Final

import msgspec
import sqlalchemy as sa

from datafly.model.delivery import LIVE, WHOLE, Attempt, Followed, Notice, Outcome, Share, Sighting, State
from datafly.model.verdict import Verdict
from datafly.observe import emit
from datafly.observe.store import StoreLedgerTrimmed
from datafly.store import (
    counting,
    drained,
    following,
    lookup,
    losses,
    notices,
    owners,
    parts,
    schema,
    shares,
    sightings,
    tallies,
    writers,
)
from datafly.store.base import Delivery, Drained, Progress, Tally, Writing, WritingId
from datafly.store.batch import Batch, Row, batch_of
from datafly.store.database import Database
from datafly.store.dialect import delete_each, upsert
from datafly.store.trim import trim
from datafly.store.unpacked import Unpacked

_ROLE: Final = "delivery"


class SqlLedger:
    """`Ledger` over SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unpacked = Unpacked()

    def write(
        self,
        writings: Sequence[Writing],
        *,
        share: Share = WHOLE,
        known_as: WritingId | None = None,
        owned: Mapping[int, int] | None = None,
    ) -> dict[str, frozenset[str]]:
        """Packs and compresses first, then one short transaction. A mark never goes back."""
        batch = batch_of(writings, share, owned)
        named = _told_of_all(batch) if owned else _installations(writings)
        with self._database.write(of=named) as connection:
            if owned:
                owners.require(connection, _ROLE, owned)
            if known_as is None or writers.is_new(connection, known_as, self._database.now_ms()):
                _insert(connection, batch)
            return shares.others_troubles(connection, batch.states)

    def take_over(self, partition: int) -> tuple[int, bool]:
        with self._database.write(of={f"owner of {partition}"}) as connection:
            return owners.take_over(connection, _ROLE, partition)

    def put_away(self, partition: int, epoch: int) -> None:
        with self._database.write(of={f"owner of {partition}"}) as connection:
            owners.put_away(connection, _ROLE, partition, epoch)

    def progress(
        self, installation_id: str, partition: int, *, run_id: str = LIVE, share: Share | None = None
    ) -> Progress | None:
        with self._database.read() as connection:
            return lookup.progress(connection, lookup.Run(installation_id, run_id, partition), share)

    def marks(self, *, furthest: bool = False) -> dict[tuple[str, int], int]:
        with self._database.read() as connection:
            return shares.marks(connection, furthest=furthest)

    def share_out(self, installation_ids: Collection[str], count: int) -> list[str]:
        with self._database.write() as connection:
            return shares.share_out(connection, installation_ids, count)

    def deliveries(self, partition: int, offset: int) -> list[Delivery]:
        """Finals first, then what waits; each ordered by installation and run."""
        return self.deliveries_within(partition, offset, offset).get(offset, [])

    def deliveries_within(self, partition: int, first: int, last: int) -> dict[int, list[Delivery]]:
        with self._database.read() as connection:
            return lookup.deliveries(connection, partition, first, last, self._unpacked)

    def outcomes(
        self,
        *,
        installation_id: str | None = None,
        verdicts: frozenset[Verdict] | None = None,
        before_id: int | None = None,
        limit: int = 50,
    ) -> list[tuple[int, Outcome]]:
        where = lookup.older_than(before_id)
        with self._database.read() as connection:
            return lookup.outcomes(connection, installation_id, verdicts, where, limit, oldest_first=False)

    def outcomes_after(
        self, outcome_id: int, *, installation_id: str, verdicts: frozenset[Verdict], limit: int = 50
    ) -> list[tuple[int, Outcome]]:
        where = lookup.newer_than(outcome_id)
        with self._database.read() as connection:
            return lookup.outcomes(connection, installation_id, verdicts, where, limit, oldest_first=True)

    def decided(
        self, installation_id: str, partition: int, first: int, last: int, *, run_id: str = LIVE
    ) -> list[tuple[int, int, Verdict, str]]:
        with self._database.read() as connection:
            return list(lookup.decided(connection, lookup.Run(installation_id, run_id, partition), first, last))

    def outcome(self, outcome_id: int) -> Outcome | None:
        select = sa.select(schema.outcomes).where(schema.outcomes.c.id == outcome_id)
        with self._database.read() as connection:
            row = connection.execute(select).first()
        return lookup.outcome_of(row) if row else None

    def followed(
        self, installation_id: str, *, due_ms: int, limit: int, partitions: Collection[int] | None = None
    ) -> list[Followed]:
        with self._database.read() as connection:
            due = following.due(connection, installation_id, due_ms)
            return [*islice((one for one in due if partitions is None or one.partition in partitions), limit)]

    def attempts(
        self, *, installation_id: str | None = None, before: str | None = None, limit: int = 50
    ) -> list[Attempt]:
        with self._database.read() as connection:
            return lookup.attempts(connection, installation_id, before, limit)

    def coverage(self, installation_id: str, partition: int, *, run_id: str = LIVE) -> list[tuple[int, int, Verdict]]:
        """Neighbouring ranges of one verdict are joined; an offset that is covered twice is told twice."""
        with self._database.read() as connection:
            return lookup.coverage(connection, lookup.Run(installation_id, run_id, partition))

    def states(self) -> dict[str, State]:
        with self._database.read() as connection:
            return shares.states(connection)

    def counts(self, installation_id: str) -> dict[str, int]:
        """What never happened has no entry."""
        table = schema.counters
        with self._database.read() as connection:
            return {
                row.name: row.count_
                for row in connection.execute(
                    sa.select(table.c.name, table.c.count.label("count_")).where(
                        table.c.installation_id == installation_id
                    )
                )
            }

    def drained(self, installation_id: str, *, since_ms: int) -> Drained:
        with self._database.read() as connection:
            return drained.since(connection, installation_id, since_ms)

    def tallies(
        self, *, since_ms: int, until_ms: int, step_ms: int, installation_ids: Sequence[str] | None = None
    ) -> list[Tally]:
        with self._database.read() as connection:
            return tallies.since(connection, since_ms, until_ms, step_ms, installation_ids)

    def note_waiting(self, at_ms: int, waiting: Mapping[str, int]) -> None:
        with self._database.write() as connection:
            tallies.keep(connection, tallies.looked(at_ms, waiting))

    def notices(self, installation_id: str) -> list[Notice]:
        with self._database.read() as connection:
            return notices.of(connection, installation_id)

    def sightings(self, installation_id: str, *, since_day: int) -> list[Sighting]:
        with self._database.read() as connection:
            return sightings.of(connection, installation_id, since_day)

    def trim(self, *, before_ms: int, limit: int = 1_000) -> int:
        """Keeps what is final at or above a mark, however old: after a restart it would be sent again."""
        with self._database.write() as connection:
            forgotten = trim(connection, before_ms=before_ms, limit=limit)
            notices.forget(connection, before_ms)
            sightings.forget(connection, before_ms)
            drained.forget(connection, before_ms)
            following.forget(connection, before_ms)
            tallies.fold(connection, self._database.now_ms())
            writers.forget(connection, self._database.now_ms())
        forgotten += parts.keep_up(self._database, before_ms)
        if forgotten:
            emit(StoreLedgerTrimmed(rows=forgotten))
        return forgotten


def _installations(writings: Sequence[Writing]) -> set[str]:
    """Whose rows a transaction changes, to keep those of one together and let those of others go on."""
    named = {
        one if isinstance(one, str) else one[0] if isinstance(one, tuple) else one.installation_id
        for writing in writings
        for rows in msgspec.structs.astuple(writing)
        for one in rows
    }
    return {f"installation {one}" for one in named}


def _told_of_all(batch: Batch) -> set[str]:
    """Where partitions have owners, what is a partition's is its owner's alone (`owners.require`). Others are kept out
    only of what is read before it is written: how an installation stands in all of them, and how many notices it has.
    """
    return {f"state of {row['installation_id']}" for row in batch.states} | {
        f"notices of {row['installation_id']}" for row in batch.notices
    }


def _insert(connection: sa.Connection, batch: Batch) -> None:
    _add(connection, batch)
    shares.begin(connection, batch.begun)
    upsert(connection, schema.marks, batch.marks, greatest=frozenset({"mark"}))
    losses.keep(connection, batch.lost)
    settled = losses.settled(connection, batch.marks)  # before anything is taken back: that was no loss
    taken_back = following.taken_back(connection, batch.late)
    told = batch_of([Writing(outcomes=(*settled, *taken_back))]) if settled or taken_back else None
    if told is not None:
        _add(connection, told)
    following.keep(connection, batch.followed, batch.settled)
    upsert(connection, schema.pending, batch.pending)
    upsert(connection, schema.states, batch.states)
    delete_each(connection, schema.pending, batch.cleared)
    if batch.notices:
        notices.keep(connection, batch.notices)
    _count(connection, [batch] if told is None else [batch, told], following.uncounted(taken_back))


def _add(connection: sa.Connection, batch: Batch) -> None:
    for table, rows in ((schema.attempts, batch.attempts), (schema.outcomes, batch.outcomes)):
        if rows:
            connection.execute(sa.insert(table), rows)


def _count(connection: sa.Connection, batches: Sequence[Batch], uncounted: Sequence[Row]) -> None:
    """Last: nobody who counts in the same rows waits for more than this."""
    counting.count_up(
        connection,
        [
            (schema.counters, [row for one in batches for row in one.counters] + [*uncounted]),
            (schema.drained, [row for one in batches for row in one.drained]),
            (schema.tallies, [row for one in batches for row in one.tallies]),
            (schema.sightings, [row for one in batches for row in one.sightings]),
        ],
    )
