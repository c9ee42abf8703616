"""What every store promises of its ledger where processes share the partitions out; part of `ledger_suite`."""

import pytest

from datafly.model.delivery import LIVE, Followed, State
from datafly.model.errors import TakenOver
from datafly.store import SqlStore, Writing
from datafly.testing.store_suite import StoreFixtures
from datafly.testing.store_writer import numbered


class OwnerSuite(StoreFixtures):
    """Each partition has one owner at a time."""

    def test_every_new_owner_of_a_partition_has_a_later_epoch(self, store: SqlStore) -> None:
        taken = [store.ledger.take_over(partition) for partition in (0, 1, 0, 0)]
        assert [was_broken_off for _, was_broken_off in taken] == [False, False, True, True]
        epochs = [epoch for epoch, _ in taken]
        assert epochs[0] < epochs[2] < epochs[3]

    def test_who_put_a_partition_away_was_not_broken_off_and_writes_no_more(self, store: SqlStore) -> None:
        first, _ = store.ledger.take_over(0)
        store.ledger.put_away(0, first)
        with pytest.raises(TakenOver):
            store.ledger.write([numbered("pi_1", 0)], owned={0: first})
        second, was_broken_off = store.ledger.take_over(0)
        assert (second > first, was_broken_off) == (True, False)
        store.ledger.put_away(0, first)
        store.ledger.write([numbered("pi_1", 0)], owned={0: second})

    def test_of_a_partition_that_another_took_over_nothing_is_written_any_more(self, store: SqlStore) -> None:
        mine = {0: store.ledger.take_over(0)[0], 1: store.ledger.take_over(1)[0]}
        store.ledger.write([numbered("pi_1", 0)], owned=mine)
        theirs, _ = store.ledger.take_over(1)
        with pytest.raises(TakenOver) as refused:
            store.ledger.write([numbered("pi_1", 1)], owned=mine)
        assert refused.value.partitions == {1}
        assert len(store.ledger.attempts()) == 1
        store.ledger.write([numbered("pi_1", 1)], owned={0: mine[0]})
        store.ledger.write([Writing(marks=(("pi_1", LIVE, 1, 9),))], owned={1: theirs})
        assert len(store.ledger.attempts()) == 2

    def test_whoever_never_took_a_partition_over_does_not_write_of_it(self, store: SqlStore) -> None:
        with pytest.raises(TakenOver):
            store.ledger.write([numbered("pi_1", 0)], owned={0: 1})

    def test_how_it_stands_goes_with_the_partition(self, store: SqlStore) -> None:
        def stand(name: str, *partitions: int) -> frozenset[str]:
            owned = {partition: store.ledger.take_over(partition)[0] for partition in partitions}
            return store.ledger.write([Writing(states=(State("pi_1", name),))], owned=owned)["pi_1"]

        assert stand("suspended", 0, 1) == frozenset()
        assert stand("running", 2) == {"suspended"}
        assert stand("running", 1, 2) == {"suspended"}
        assert store.ledger.states()["pi_1"].name == "suspended"
        assert stand("running", 0, 1, 2) == frozenset()
        assert store.ledger.states()["pi_1"].name == "running"

    def test_jobs_are_found_by_their_partition(self, store: SqlStore) -> None:
        jobs = tuple(
            Followed(f"fol_{number}", "pi_1", number % 3, "", "ticket", (number,), 1, due_ms=number)
            for number in range(9)
        )
        store.ledger.write([Writing(followed=jobs)])
        found = store.ledger.followed("pi_1", due_ms=7, limit=3, partitions={1, 2})
        assert [one.id for one in found] == ["fol_1", "fol_2", "fol_4"]
