"""What every store promises of its ledger to who reads it; part of `ledger_suite`."""

import msgspec
import pytest

from datafly.model.delivery import LIVE, Answer, Outcome
from datafly.model.verdict import DEAD_LETTERS, Ruling, Verdict
from datafly.store import Progress, SqlStore, Writing
from datafly.store.base import Drained
from datafly.testing.clock import FakeClock
from datafly.testing.store_suite import StoreFixtures
from datafly.testing.store_writer import REJECTED, SKIPPED, WIDTH, attempt, numbered, waiting


class ReadingSuite(StoreFixtures):
    def test_an_attempt_comes_back_as_it_was(self, store: SqlStore) -> None:
        made = attempt("at_1", "pi_1", (9, 3, 70_000), (70_000, 9))
        made = msgspec.structs.replace(made, tries=3, earlier=(Answer(503, "no"),), warnings={3: ("unknown name",)})
        store.ledger.write([Writing(attempts=(made,))])
        assert store.ledger.attempts() == [made]

    def test_a_stretch_of_offsets_is_told_as_each_by_itself(self, store: SqlStore) -> None:
        made = (attempt("at_1", "pi_1", (3, 5, 70_000), (3, 70_000)), attempt("at_2", "pi_2", (4,), (4,)))
        dead = Outcome("pi_1", 0, 5, 5, REJECTED, decided_ms=1, attempt_id="at_1")
        passed = Outcome("pi_2", 0, 5, 900, SKIPPED, decided_ms=1)
        elsewhere = msgspec.structs.replace(attempt("at_3", "pi_1", (4,), (4,)), partition=1)
        store.ledger.write([Writing(attempts=(*made, elsewhere), outcomes=(dead, passed), pending=(waiting(6, 8),))])
        found = store.ledger.deliveries_within(0, 3, 7)
        assert found == {offset: store.ledger.deliveries(0, offset) for offset in range(3, 8)}
        told = {offset: [(one.installation_id, one.verdict) for one in all_] for offset, all_ in found.items()}
        assert told == {
            3: [("pi_1", Verdict.DELIVERED)],
            4: [("pi_2", Verdict.DELIVERED)],
            5: [("pi_1", Verdict.REJECTED), ("pi_2", Verdict.SKIPPED)],
            6: [("pi_2", Verdict.SKIPPED), ("pi_1", None)],
            7: [("pi_2", Verdict.SKIPPED)],
        }
        assert store.ledger.deliveries_within(0, 901, 69_999) == {}

    def test_a_dead_letter_is_shown_with_the_attempt_that_caused_it(self, store: SqlStore) -> None:
        store.ledger.write([numbered("pi_1", 0)])
        (found,) = store.ledger.deliveries(0, WIDTH - 1)
        assert (found.verdict, found.attempt) == (Verdict.REJECTED, store.ledger.attempts()[0])
        ((row, outcome),) = store.ledger.outcomes(verdicts=DEAD_LETTERS)
        assert store.ledger.outcome(row) == outcome == found.outcome
        assert store.ledger.outcome(row + 1) is None

    def test_outcomes_are_paged_newest_first_without_gap_or_repeat(self, store: SqlStore) -> None:
        rulings = [SKIPPED, REJECTED, SKIPPED, Ruling(Verdict.EXHAUSTED, "gave_up"), REJECTED]
        made = [Outcome(f"pi_{n % 2}", 0, n, n, ruling, decided_ms=n) for n, ruling in enumerate(rulings)]
        store.ledger.write([Writing(outcomes=tuple(made))])
        seen: list[int] = []
        before: int | None = None
        while page := store.ledger.outcomes(verdicts=DEAD_LETTERS, before_id=before, limit=2):
            seen += [outcome.first for _, outcome in page]
            before = page[-1][0]
        assert seen == [4, 3, 1]
        assert [outcome.first for _, outcome in store.ledger.outcomes(installation_id="pi_0")] == [4, 2, 0]

    def test_outcomes_of_one_installation_are_paged_oldest_first_too(self, store: SqlStore) -> None:
        rulings = [REJECTED, SKIPPED, Ruling(Verdict.EXHAUSTED, "gave_up"), REJECTED, REJECTED]
        made = [Outcome("pi_0", 0, n, n, ruling, decided_ms=n) for n, ruling in enumerate(rulings)]
        store.ledger.write([Writing(outcomes=(*made, Outcome("pi_1", 0, 9, 9, REJECTED, decided_ms=9)))])
        seen: list[int] = []
        after = 0
        while page := store.ledger.outcomes_after(after, installation_id="pi_0", verdicts=DEAD_LETTERS, limit=2):
            seen += [outcome.first for _, outcome in page]
            after = page[-1][0]
        assert seen == [0, 2, 3, 4]

    def test_attempts_are_paged_newest_first(self, store: SqlStore) -> None:
        store.ledger.write([numbered(f"pi_{n % 2}", n) for n in range(6)])
        newest = store.ledger.attempts(installation_id="pi_1", limit=2)
        older = store.ledger.attempts(installation_id="pi_1", before=newest[-1].id)
        assert [one.offsets[0] // WIDTH for one in newest + older] == [5, 3, 1]

    def test_coverage_joins_neighbours_and_hides_no_overlap(self, store: SqlStore) -> None:
        made = attempt("at_1", "pi_1", (0, 1, 3), (0, 1, 3))
        more = Outcome("pi_1", 0, 2, 2, SKIPPED, decided_ms=1)
        twice = Outcome("pi_1", 0, 3, 4, SKIPPED, decided_ms=1)
        store.ledger.write([Writing(attempts=(made,), outcomes=(more, twice))])
        delivered, skipped = Verdict.DELIVERED, Verdict.SKIPPED
        assert store.ledger.coverage("pi_1", 0) == [
            (0, 1, delivered),
            (2, 2, skipped),
            (3, 3, delivered),
            (3, 4, skipped),
        ]

    def test_what_became_final_is_told_by_stretches_of_ten_seconds_replays_apart(self, store: SqlStore) -> None:
        made = attempt("at_1", "pi_1", (10, 11, 12), (10, 11))  # it starts at 10 ms
        late = msgspec.structs.replace(attempt("at_2", "pi_1", (20,), (20,)), started_ms=29_000, latency_ms=2_000.0)
        again = msgspec.structs.replace(late, id="at_3", run_id="run_1")
        skipped = Outcome("pi_1", 0, 30, 34, SKIPPED, decided_ms=29_999)
        store.ledger.write([Writing(attempts=(made, late, again), outcomes=(skipped,))])
        store.ledger.write([Writing(outcomes=(Outcome("pi_1", 0, 40, 40, SKIPPED, decided_ms=31_000),))])
        told = [store.ledger.drained("pi_1", since_ms=since_ms) for since_ms in (0, 15_000, 30_000, 40_000)]
        assert told == [Drained(9, 0), Drained(7, 10_000), Drained(2, 30_000), Drained(0, 40_000)]
        assert store.ledger.drained("pi_2", since_ms=0).events == 0
        store.ledger.trim(before_ms=25_000)
        assert store.ledger.drained("pi_1", since_ms=0).events == 7

    def test_what_became_of_a_stretch_is_found_whatever_the_width_of_its_ranges(self, store: SqlStore) -> None:
        made = attempt("at_1", "pi_1", (10, 11, 40), (10, 40))
        wide = Outcome("pi_1", 0, 100, 50_000, SKIPPED, decided_ms=1)
        others = (
            Outcome("pi_2", 0, 11, 11, REJECTED, decided_ms=1),
            Outcome("pi_1", 1, 11, 11, REJECTED, decided_ms=1),
        )
        again = msgspec.structs.replace(attempt("at_2", "pi_1", (11,), (11,)), run_id="run_1")
        store.ledger.write([Writing(attempts=(made, again), outcomes=(wide, *others))])
        assert store.ledger.decided("pi_1", 0, 11, 99) == [(40, 40, Verdict.DELIVERED, "")]
        assert store.ledger.decided("pi_1", 0, 30_000, 30_001) == [(100, 50_000, Verdict.SKIPPED, SKIPPED.reason)]
        assert store.ledger.decided("pi_1", 0, 0, 20, run_id="run_1") == [(11, 11, Verdict.DELIVERED, "")]
        assert store.ledger.decided("pi_1", 0, 50_001, 60_000) == []

    def test_verdicts_requests_and_latencies_are_counted_by_minute_and_summed_by_any_step(
        self, store: SqlStore
    ) -> None:
        made = attempt("at_1", "pi_1", (10, 11, 12), (10, 11))
        late = msgspec.structs.replace(attempt("at_2", "pi_1", (20,), ()), started_ms=119_000, latency_ms=2_000.0)
        again = msgspec.structs.replace(attempt("at_3", "pi_1", (10,), (10,)), run_id="run_1")
        refused = Outcome("pi_1", 0, 12, 12, REJECTED, decided_ms=59_999)
        failed = (("pi_1", 61_000, 3),)
        store.ledger.write([Writing(attempts=(made, late, again), outcomes=(refused,)), Writing(failed=failed)])
        store.ledger.write([Writing(outcomes=(Outcome("pi_2", 0, 0, 4, SKIPPED, decided_ms=1),))])
        told = store.ledger.tallies(since_ms=0, until_ms=240_000, step_ms=60_000, installation_ids=["pi_1"])
        assert [(one.began_ms, one.name, one.count) for one in told] == [
            (0, "DELIVERED", 2),
            (0, "REJECTED", 1),
            (0, "latency:3", 2),
            (0, "replay:DELIVERED", 1),
            (0, "requests", 2),
            (60_000, "failed", 3),
            (60_000, "requests", 3),
            (120_000, "failed", 1),
            (120_000, "latency:44", 1),
            (120_000, "requests", 1),
        ]
        assert store.ledger.counts("pi_1")["requests"] == 6
        step = store.ledger.tallies(since_ms=0, until_ms=240_000, step_ms=120_000)
        assert {(one.installation_id, one.name): one.count for one in step if one.began_ms == 0} == {
            ("pi_1", "DELIVERED"): 2,
            ("pi_1", "REJECTED"): 1,
            ("pi_1", "failed"): 3,
            ("pi_1", "latency:3"): 2,
            ("pi_1", "replay:DELIVERED"): 1,
            ("pi_1", "requests"): 5,
            ("pi_2", "SKIPPED"): 5,
        }
        assert store.ledger.tallies(since_ms=0, until_ms=60_000, step_ms=60_000, installation_ids=[]) == []

    @pytest.mark.parametrize(("age_days", "span_ms"), [(1, 60_000), (3, 3_600_000), (50, 86_400_000)])
    def test_what_is_counted_is_folded_as_it_grows_old_and_no_sum_changes(
        self, store: SqlStore, clock: FakeClock, age_days: int, span_ms: int
    ) -> None:
        day_ms = 86_400_000
        old = (clock.now_ms() - age_days * day_ms) // day_ms * day_ms
        minutes = range(0, day_ms, 17 * 60_000)
        outcomes = tuple(Outcome("pi_1", 0, at, at, REJECTED, decided_ms=old + at) for at in minutes)
        store.ledger.write([Writing(outcomes=outcomes)])
        while store.ledger.trim(before_ms=0):
            pass
        kept = store.ledger.tallies(since_ms=old, until_ms=old + day_ms, step_ms=60_000)
        assert {one.began_ms % span_ms for one in kept} == {0}
        assert sum(one.count for one in kept) == len(minutes)

    def test_trim_forgets_what_is_old_in_bounded_steps_and_counts_stay(self, store: SqlStore) -> None:
        store.ledger.write([numbered("pi_1", number) for number in range(4)])
        before = store.ledger.counts("pi_1")
        steps = [store.ledger.trim(before_ms=3 * WIDTH, limit=4) for _ in range(3)]
        assert steps == [4, 2, 0]
        assert [one.offsets[0] for one in store.ledger.attempts()] == [3 * WIDTH]
        assert store.ledger.coverage("pi_1", 0)[0][0] == 3 * WIDTH
        assert store.ledger.counts("pi_1") == before

    def test_trim_keeps_what_a_restart_must_skip(self, store: SqlStore) -> None:
        store.ledger.write([numbered("pi_1", 1), Writing(marks=(("pi_2", LIVE, 0, 4),))])
        made = attempt("at_2", "pi_2", (3, 6), (3, 6))
        store.ledger.write([Writing(attempts=(made,), outcomes=(Outcome("pi_2", 0, 7, 7, SKIPPED, decided_ms=1),))])
        store.ledger.trim(before_ms=10**6)
        assert store.ledger.progress("pi_2", 0) == Progress(4, frozenset({6, 7}))
        assert store.ledger.coverage("pi_1", 0) == []
