"""What every store promises of its ledger. Subclass it and give the fixture `place`, as for `testing.store_suite`."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy.exc import IntegrityError

from datafly.model.delivery import (
    DRIFT,
    LIVE,
    WARNING,
    Answer,
    Followed,
    Notice,
    Outcome,
    Share,
    Sighting,
    State,
)
from datafly.model.verdict import DEAD_LETTERS, Ruling, Verdict
from datafly.store import Progress, SqlStore, Writing
from datafly.store.base import Drained, WritingId
from datafly.testing.clock import FakeClock
from datafly.testing.ledger_story import Story, stories
from datafly.testing.owner_suite import OwnerSuite
from datafly.testing.share_suite import ShareSuite
from datafly.testing.store_suite import StoreFixtures
from datafly.testing.store_writer import WIDTH, attempt, numbered, waiting

SKIPPED = Ruling(Verdict.SKIPPED, "consent_marketing", "No consent.", "Ask for it.")
REJECTED = Ruling(Verdict.REJECTED, "bad_record")


class WritingSuite(StoreFixtures):
    def test_a_writing_is_all_or_nothing(self, store: SqlStore) -> None:
        store.ledger.write([numbered("pi_1", 0)])
        with pytest.raises(IntegrityError):
            store.ledger.write([numbered("pi_1", 1), numbered("pi_1", 0)])  # the second attempt's id is taken
        assert [one.id for one in store.ledger.attempts()] == ["at_pi_1_000000"]
        assert store.ledger.marks() == {("pi_1", 0): WIDTH}
        assert store.ledger.counts("pi_1") == {"requests": 1, "DELIVERED": WIDTH - 1, "REJECTED": 1}

    def test_a_writing_that_comes_again_since_its_answer_was_lost_counts_once(self, store: SqlStore) -> None:
        first, second = WritingId("one", 1), WritingId("one", 2)
        for known_as, number in ((first, 0), (first, 0), (second, 1), (second, 1), (WritingId("two", 1), 2)):
            store.ledger.write([numbered("pi_1", number)], known_as=known_as)
        assert len(store.ledger.attempts()) == 3
        assert store.ledger.counts("pi_1") == {"requests": 3, "DELIVERED": 3 * (WIDTH - 1), "REJECTED": 3}

    def test_nothing_is_known_before_the_first_mark(self, store: SqlStore) -> None:
        assert store.ledger.progress("pi_1", 0) is None
        assert store.ledger.deliveries(0, 0) == []
        assert store.ledger.counts("pi_1") == {}
        store.ledger.write([])

    def test_a_mark_never_goes_back(self, store: SqlStore) -> None:
        for mark in (5, 9, 3):
            store.ledger.write([Writing(marks=(("pi_1", LIVE, 0, mark),))])
        store.ledger.write([Writing(marks=(("pi_1", LIVE, 1, mark),)) for mark in (8, 2)])
        assert store.ledger.marks() == {("pi_1", 0): 9, ("pi_1", 1): 8}

    def test_progress_tells_the_finals_at_and_above_the_mark(self, store: SqlStore) -> None:
        made = attempt("at_1", "pi_1", (3, 5, 6, 9), (3, 6, 9))
        skipped = Outcome("pi_1", 0, 7, 8, SKIPPED, decided_ms=1)
        store.ledger.write([Writing(attempts=(made,), outcomes=(skipped,), marks=(("pi_1", LIVE, 0, 6),))])
        assert store.ledger.progress("pi_1", 0) == Progress(6, frozenset({6, 7, 8, 9}))

    def test_what_is_refused_late_is_delivered_no_more_and_told_once(self, store: SqlStore) -> None:
        made = attempt("at_1", "pi_1", (3, 5, 6), (3, 5, 6))
        store.ledger.write([Writing(attempts=(made,), marks=(("pi_1", LIVE, 0, 7),))])
        late = Outcome("pi_1", 0, 4, 5, REJECTED, decided_ms=1)
        for _ in range(2):
            store.ledger.write([Writing(late=(late,))])
        assert store.ledger.coverage("pi_1", 0) == [
            (3, 3, Verdict.DELIVERED),
            (5, 5, Verdict.REJECTED),
            (6, 6, Verdict.DELIVERED),
        ]
        assert store.ledger.counts("pi_1") == {"requests": 1, "DELIVERED": 2, "REJECTED": 1}
        (found,) = store.ledger.deliveries(0, 5)
        assert (found.verdict, found.attempt and found.attempt.id) == (Verdict.REJECTED, "at_1")

    def test_jobs_are_told_when_they_are_due_until_they_are_settled(self, store: SqlStore) -> None:
        one, two = (Followed(f"fol_{at}", "pi_1", 0, "jobs", f"j{at}", (at,), at, at + 10) for at in (1, 2))
        store.ledger.write([Writing(followed=(two, one))])
        assert store.ledger.followed("pi_1", due_ms=11, limit=9) == [one]
        assert store.ledger.followed("pi_1", due_ms=99, limit=9) == [one, two]
        assert store.ledger.followed("pi_2", due_ms=99, limit=9) == []
        later = msgspec.structs.replace(one, due_ms=50, asked=1)
        store.ledger.write([Writing(followed=(later,), settled=(("pi_1", "fol_2"),))])
        assert store.ledger.followed("pi_1", due_ms=99, limit=9) == [later]
        store.ledger.trim(before_ms=5)
        assert store.ledger.followed("pi_1", due_ms=99, limit=9) == []

    def test_runs_do_not_mix(self, store: SqlStore) -> None:
        live, again = attempt("at_1", "pi_1", (4,), (4,)), attempt("at_2", "pi_1", (4,), (4,))
        replayed = msgspec.structs.replace(again, run_id="run_1")
        marks = (("pi_1", LIVE, 0, 5), ("pi_1", "run_1", 0, 2))
        store.ledger.write([Writing(attempts=(live, replayed), marks=marks)])
        assert store.ledger.progress("pi_1", 0, run_id="run_1") == Progress(2, frozenset({4}))
        assert store.ledger.marks() == {("pi_1", 0): 5}
        assert store.ledger.coverage("pi_1", 0) == [(4, 4, Verdict.DELIVERED)]
        assert [(one.run_id, one.attempt) for one in store.ledger.deliveries(0, 4)] == [
            (LIVE, live),
            ("run_1", replayed),
        ]

    def test_what_waits_is_shown_until_it_is_cleared_or_final(self, store: SqlStore) -> None:
        store.ledger.write([Writing(pending=(waiting(4, 6), waiting(5, lane=1)))])
        assert [one.pending for one in store.ledger.deliveries(0, 6)] == [waiting(4, 6)]
        store.ledger.write([Writing(pending=(waiting(6, 8),)), Writing(cleared=(("pi_1", LIVE, 0, 1),))])
        assert store.ledger.deliveries(0, 4) == store.ledger.deliveries(0, 5) == []
        store.ledger.write([Writing(outcomes=(Outcome("pi_1", 0, 8, 8, REJECTED, decided_ms=1),))])
        (only,) = store.ledger.deliveries(0, 8)
        assert (only.verdict, only.pending) == (Verdict.REJECTED, None)

    def test_a_state_is_replaced(self, store: SqlStore) -> None:
        bad_key = State("pi_1", "suspended", "401", "Bad key", "New key", since_ms=4, next_probe_ms=8)
        store.ledger.write([Writing(states=(State("pi_1"), State("pi_2"))), Writing(states=(bad_key,))])
        assert store.ledger.states() == {"pi_1": bad_key, "pi_2": State("pi_2")}

    def test_the_ledger_does_not_count_the_control_version_up(self, store: SqlStore) -> None:
        before = store.control.version()
        store.ledger.write([numbered("pi_1", 0)])
        assert store.control.version() == before


class NoticeSuite(StoreFixtures):
    def test_notices_are_counted_by_sentence_and_kind(self, store: SqlStore) -> None:
        told = [("pi_1", WARNING, "a", 2, 9), ("pi_1", WARNING, "b", 1, 4), ("pi_1", DRIFT, "a", 1, 1)]
        store.ledger.write([Writing(notices=tuple(Notice(*one) for one in told))])
        store.ledger.write([Writing(notices=(Notice("pi_1", WARNING, "b", 5, 7), Notice("pi_2", WARNING, "c", 1, 1)))])
        store.ledger.write([Writing(notices=(Notice("pi_1", WARNING, "a", 1, 3),))])
        assert store.ledger.notices("pi_1") == [
            Notice("pi_1", DRIFT, "a", 1, 1),
            Notice("pi_1", WARNING, "b", 6, 7),
            Notice("pi_1", WARNING, "a", 3, 9),
        ]
        assert store.ledger.counts("pi_1") == {WARNING: 9, DRIFT: 1}

    def test_of_many_sentences_those_given_last_are_kept_and_none_is_lost_from_the_sum(self, store: SqlStore) -> None:
        for number in range(0, 250, 50):
            given = [Notice("pi_1", WARNING, f"field {n}", 1, n) for n in range(number, number + 50)]
            store.ledger.write([Writing(notices=tuple(given))])
        found = store.ledger.notices("pi_1")
        assert sum(one.count for one in found) == 250
        assert [one.sentence for one in found] == [f"field {n}" for n in range(249, 149, -1)] + [""]
        assert found[-1] == Notice("pi_1", WARNING, "", 150, 149)

    def test_notices_of_long_ago_are_forgotten(self, store: SqlStore) -> None:
        store.ledger.write([Writing(notices=(Notice("pi_1", WARNING, "a", 1, 5), Notice("pi_1", WARNING, "b", 1, 9)))])
        store.ledger.trim(before_ms=9)
        assert [one.sentence for one in store.ledger.notices("pi_1")] == ["b"]


class SightingSuite(StoreFixtures):
    def test_sightings_add_up_by_day_name_and_parameter(self, store: SqlStore) -> None:
        seen = [("pi_1", 20, "view", "", 3), ("pi_1", 20, "view", "price", 2), ("pi_1", 21, "view", "", 1)]
        store.ledger.write([Writing(sightings=tuple(Sighting(*one) for one in seen))])
        store.ledger.write([Writing(sightings=(Sighting("pi_1", 20, "view", "", 4), Sighting("pi_2", 20, "", "", 1)))])
        found = store.ledger.sightings("pi_1", since_day=20)
        assert {(one.day, one.name, one.param): one.count for one in found} == {
            (20, "view", ""): 7,
            (20, "view", "price"): 2,
            (21, "view", ""): 1,
        }
        assert [one.day for one in store.ledger.sightings("pi_1", since_day=21)] == [21]

    def test_sightings_are_kept_for_45_days_beyond_what_else_is_forgotten(self, store: SqlStore) -> None:
        for installation_id, day in (("pi_1", 10), ("pi_2", 10), ("pi_1", 11), ("pi_1", 55)):
            store.ledger.write([Writing(sightings=(Sighting(installation_id, day, "view", "", 1),))])
        store.ledger.trim(before_ms=56 * 86_400_000)
        assert [one.day for one in store.ledger.sightings("pi_1", since_day=0)] == [11, 55]
        assert store.ledger.sightings("pi_2", since_day=0) == []


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


class RandomSuite(StoreFixtures):
    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    @given(story=stories())
    def test_whatever_the_interleaving_the_ledger_knows_each_offset_once(self, store: SqlStore, story: Story) -> None:
        """Each story has an installation of its own, so that one store serves all examples."""
        for share, group in story.groups:
            store.ledger.write(group, share=share)
        name = story.installation_id
        for offset in story.asked:
            found = [one for one in store.ledger.deliveries(0, offset) if one.installation_id == name]
            expected = [story.finals[offset]] if offset in story.finals else []
            assert [one.verdict for one in found] == expected
        covered = store.ledger.coverage(name, 0)
        spread = [(offset, verdict) for first, last, verdict in covered for offset in range(first, last + 1)]
        assert spread == sorted(story.finals.items())
        above = frozenset(offset for offset in story.finals if offset >= story.mark)
        assert store.ledger.progress(name, 0) == Progress(story.mark, above)
        every = [store.ledger.progress(name, 0, share=Share(number, story.shares)) for number in range(story.shares)]
        assert every == [Progress(story.mark, above)] * story.shares
        store.ledger.share_out({name}, story.shares % 3 + 1)
        assert store.ledger.progress(name, 0) == Progress(story.mark, above)
        counted = store.ledger.counts(name)
        assert {verdict: counted.get(verdict, 0) for verdict in story.counts} == story.counts


class ProcessSuite(StoreFixtures):
    def test_two_processes_write_side_by_side_and_nothing_is_lost(self, store: SqlStore, place: str | Path) -> None:
        before = store.control.version()
        writers = [_writer(place, f"pi_{n}", 40) for n in range(2)]
        for writer in writers:
            assert writer.communicate()[0].split() == [str(number) for number in range(40)]
        assert [writer.returncode for writer in writers] == [0, 0]
        assert store.control.version() == before + 2 * 8
        for n in range(2):
            assert store.ledger.counts(f"pi_{n}") == {"requests": 40, "DELIVERED": 360, "REJECTED": 40}
            assert store.ledger.progress(f"pi_{n}", 0) == Progress(40 * WIDTH)

    def test_a_killed_writer_loses_nothing_it_was_told_is_kept(self, store: SqlStore, place: str | Path) -> None:
        writer = _writer(place, "pi_1", 10**6)
        assert writer.stdout
        told = [writer.stdout.readline() for _ in range(25)]
        writer.kill()
        told += writer.communicate()[0].splitlines(keepends=True)
        acknowledged = sum(line.endswith("\n") for line in told)
        progress = store.ledger.progress("pi_1", 0)
        assert progress
        kept, rest = divmod(progress.mark, WIDTH)
        assert rest == 0
        assert acknowledged <= kept <= acknowledged + 1
        assert progress.finals == frozenset()
        covered = store.ledger.coverage("pi_1", 0)
        assert sum(last - first + 1 for first, last, _ in covered) == kept * WIDTH
        assert store.ledger.counts("pi_1")["requests"] == kept


class LedgerSuite(
    WritingSuite, ShareSuite, OwnerSuite, NoticeSuite, SightingSuite, ReadingSuite, RandomSuite, ProcessSuite
):
    """All of it."""


def _writer(place: str | Path, installation_id: str, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "datafly.testing.store_writer", "write", str(place), installation_id, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
