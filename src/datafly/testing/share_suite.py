"""What every store promises of its ledger where several delivery workers share the keys; part of `ledger_suite`."""

import msgspec

from datafly.model.delivery import LIVE, Outcome, Share, Slowed, State
from datafly.model.verdict import Ruling, Verdict
from datafly.store import Progress, SqlStore, Writing
from datafly.testing.store_suite import StoreFixtures
from datafly.testing.store_writer import REJECTED, attempt, waiting


def begun(store: SqlStore, shares: int) -> None:
    store.ledger.write([Writing(begun=(("pi_1", LIVE, 0, 0),))], share=Share(0, shares))


def mark(store: SqlStore, share: Share, offset: int) -> None:
    store.ledger.write([Writing(marks=(("pi_1", LIVE, 0, offset),))], share=share)


def lost(first: int, last: int) -> Outcome:
    return Outcome("pi_1", 0, first, last, Ruling(Verdict.EXHAUSTED, "retention"), decided_ms=1)


class ShareSuite(StoreFixtures):
    """Several workers, each with a share of the keys."""

    def test_all_shares_begin_at_once_and_who_comes_later_changes_nothing(self, store: SqlStore) -> None:
        for number, start in enumerate((5, 9, 7)):
            store.ledger.write([Writing(begun=(("pi_1", LIVE, 0, start),))], share=Share(number, 3))
        assert [store.ledger.progress("pi_1", 0, share=Share(n, 3)) for n in range(3)] == [Progress(5)] * 3

    def test_the_last_share_tells_where_the_run_is(self, store: SqlStore) -> None:
        begun(store, 3)
        mark(store, Share(0, 3), 8)
        mark(store, Share(2, 3), 6)
        assert store.ledger.marks() == {("pi_1", 0): 0}
        assert store.ledger.marks(furthest=True) == {("pi_1", 0): 8}
        mark(store, Share(1, 3), 7)
        assert store.ledger.marks() == {("pi_1", 0): 6}
        assert store.ledger.progress("pi_1", 0) == Progress(6)
        assert store.ledger.progress("pi_1", 0, share=Share(0, 3)) == Progress(8)

    def test_every_new_share_begins_at_the_last_old_one_with_what_is_final_above(self, store: SqlStore) -> None:
        begun(store, 2)
        made = attempt("at_1", "pi_1", (3, 5, 9), (3, 5, 9))
        store.ledger.write([Writing(attempts=(made,), marks=(("pi_1", LIVE, 0, 10),))], share=Share(0, 2))
        mark(store, Share(1, 2), 4)
        assert store.ledger.share_out({"pi_1"}, 3) == ["pi_1"]
        expected = Progress(4, frozenset({5, 9}))
        assert [store.ledger.progress("pi_1", 0, share=Share(n, 3)) for n in range(3)] == [expected] * 3
        assert store.ledger.share_out({"pi_1"}, 3) == []
        mark(store, Share(2, 3), 12)
        assert store.ledger.share_out({"pi_1"}, 1) == ["pi_1"]
        assert store.ledger.progress("pi_1", 0) == store.ledger.progress("pi_1", 0, share=Share()) == expected

    def test_replays_and_the_marks_of_others_stay_whole(self, store: SqlStore) -> None:
        marks = (("pi_1", "run_1", 0, 2), ("role:other", LIVE, 0, 3))
        store.ledger.write([Writing(begun=(("pi_1", LIVE, 0, 0),), marks=marks)])
        store.ledger.share_out({"pi_1"}, 3)
        assert store.ledger.progress("pi_1", 0, run_id="run_1", share=Share(0, 3)) == Progress(2)
        assert store.ledger.progress("pi_1", 0, run_id="run_1", share=Share(1, 3)) is None
        assert store.ledger.progress("role:other", 0, share=Share(1, 3)) is None

    def test_lanes_of_one_number_are_those_of_their_share(self, store: SqlStore) -> None:
        begun(store, 2)
        for number in range(2):
            store.ledger.write([Writing(pending=(waiting(4 + number),))], share=Share(number, 2))
        store.ledger.write([Writing(cleared=(("pi_1", LIVE, 0, 0),))], share=Share(1, 2))
        assert [len(store.ledger.deliveries(0, offset)) for offset in (4, 5)] == [1, 0]
        store.ledger.share_out({"pi_1"}, 2)
        assert len(store.ledger.deliveries(0, 4)) == 1
        store.ledger.share_out({"pi_1"}, 1)
        assert store.ledger.deliveries(0, 4) == []

    def test_an_installation_stands_as_the_worst_of_its_shares(self, store: SqlStore) -> None:
        slowed = Slowed(requests_per_minute=100, documented=400, since_ms=3)
        told = [
            State("pi_1", since_ms=1, slowed=(slowed,)),
            State("pi_1", "suspended", "401", "Bad key", "New key", since_ms=5, next_probe_ms=9),
            State("pi_1", "backing_off", "503", since_ms=2, next_probe_ms=3),
            State("pi_1", "suspended", "401", "Bad key", "New key", since_ms=4, next_probe_ms=12),
        ]
        for number, state in enumerate(told):
            store.ledger.write([Writing(states=(state,))], share=Share(number, 4))
        together = Slowed(requests_per_minute=325, documented=400, since_ms=3)
        expected = msgspec.structs.replace(told[1], since_ms=4, slowed=(together,))
        assert store.ledger.states() == {"pi_1": expected}
        begun(store, 4)
        store.ledger.share_out({"pi_1"}, 2)
        assert store.ledger.states() == {"pi_1": expected}

    def test_who_writes_how_it_stands_hears_of_the_troubles_of_the_others(self, store: SqlStore) -> None:
        def stand(number: int, name: str) -> frozenset[str]:
            return store.ledger.write([Writing(states=(State("pi_1", name),))], share=Share(number, 3))["pi_1"]

        assert [stand(0, "suspended"), stand(1, "backing_off"), stand(2, "suspended")] == [
            frozenset(),
            {"suspended"},
            {"suspended", "backing_off"},
        ]
        assert [stand(0, "running"), stand(2, "paused"), stand(1, "running")] == [
            {"suspended", "backing_off"},
            {"backing_off"},
            frozenset(),
        ]

    def test_what_the_log_lost_is_decided_once_and_only_what_nobody_had_read(self, store: SqlStore) -> None:
        begun(store, 2)
        first, second = Share(0, 2), Share(1, 2)
        store.ledger.write([Writing(lost=(lost(2, 9),), marks=(("pi_1", LIVE, 0, 12),))], share=first)
        assert store.ledger.coverage("pi_1", 0) == []
        made = attempt("at_1", "pi_1", (3, 5), (3, 5))
        store.ledger.write([Writing(attempts=(made,), marks=(("pi_1", LIVE, 0, 6),))], share=second)
        store.ledger.write([Writing(lost=(lost(6, 9),), marks=(("pi_1", LIVE, 0, 10),))], share=second)
        assert [(one, last, verdict.value) for one, last, verdict in store.ledger.coverage("pi_1", 0)] == [
            (2, 2, "EXHAUSTED"),
            (3, 3, "DELIVERED"),
            (4, 4, "EXHAUSTED"),
            (5, 5, "DELIVERED"),
            (6, 9, "EXHAUSTED"),
        ]
        assert store.ledger.counts("pi_1")["EXHAUSTED"] == 6
        mark(store, second, 20)
        assert store.ledger.counts("pi_1")["EXHAUSTED"] == 6

    def test_what_is_refused_late_as_a_loss_around_it_is_decided_has_one_verdict(self, store: SqlStore) -> None:
        begun(store, 2)
        first, second = Share(0, 2), Share(1, 2)
        made = attempt("at_1", "pi_1", (3, 5), (3, 5))
        store.ledger.write([Writing(lost=(lost(2, 6),), marks=(("pi_1", LIVE, 0, 7),))], share=first)
        store.ledger.write([Writing(attempts=(made,), marks=(("pi_1", LIVE, 0, 6),))], share=second)
        late = Outcome("pi_1", 0, 5, 5, REJECTED, decided_ms=1)
        store.ledger.write([Writing(late=(late,), marks=(("pi_1", LIVE, 0, 7),))], share=second)
        assert [(one, last, verdict.value) for one, last, verdict in store.ledger.coverage("pi_1", 0)] == [
            (2, 2, "EXHAUSTED"),
            (3, 3, "DELIVERED"),
            (4, 4, "EXHAUSTED"),
            (5, 5, "REJECTED"),
            (6, 6, "EXHAUSTED"),
        ]
        assert store.ledger.counts("pi_1") == {"requests": 1, "DELIVERED": 1, "REJECTED": 1, "EXHAUSTED": 3}

    def test_trim_keeps_what_the_last_share_must_skip(self, store: SqlStore) -> None:
        begun(store, 2)
        made = attempt("at_1", "pi_1", (3, 6), (3, 6))
        store.ledger.write([Writing(attempts=(made,), marks=(("pi_1", LIVE, 0, 9),))], share=Share(0, 2))
        store.ledger.trim(before_ms=10**6)
        assert store.ledger.progress("pi_1", 0) == Progress(0, frozenset({3, 6}))
        mark(store, Share(1, 2), 7)
        store.ledger.trim(before_ms=10**6)
        assert store.ledger.progress("pi_1", 0) == Progress(7)
