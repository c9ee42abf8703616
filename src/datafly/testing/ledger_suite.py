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
    Followed,
    Notice,
    Outcome,
    Share,
    Sighting,
    State,
)
from datafly.model.verdict import Verdict
from datafly.store import Progress, SqlStore, Writing
from datafly.store.base import WritingId
from datafly.testing.ledger_story import Story, stories
from datafly.testing.owner_suite import OwnerSuite
from datafly.testing.reading_suite import ReadingSuite
from datafly.testing.share_suite import ShareSuite
from datafly.testing.store_suite import StoreFixtures
from datafly.testing.store_writer import REJECTED, SKIPPED, WIDTH, attempt, numbered, waiting


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
