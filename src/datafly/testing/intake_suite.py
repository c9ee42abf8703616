"""What every store promises of the intake. Subclass it and give the fixture `place`, as for `testing.store_suite`."""

import pytest

from datafly.model.refusal import ACCEPTED, IntakeCount, KeptRefusal
from datafly.store import SqlStore
from datafly.store.incoming import Intake, Span
from datafly.testing.store_suite import Open, StoreFixtures

MINUTE = 60_000
HOUR = 3_600_000
DAY = 24 * HOUR


def kept(number: int, *, pipeline_id: str = "pip_1", code: str = "NOT_JSON", at_ms: int = 0) -> KeptRefusal:
    return KeptRefusal(
        pipeline_id=pipeline_id,
        at_ms=at_ms,
        stage="gateway",
        door="/v1/t",
        code=code,
        status=400,
        message=f"number {number}",
        index=None,
        type=None,
        event="Größe",
        message_id=None,
        size_bytes=number,
        outline="{}",
    )


def numbers(rows: list[tuple[int, KeptRefusal]]) -> list[int]:
    return [one.size_bytes for _, one in rows]


class IntakeSuite(StoreFixtures):
    @pytest.fixture
    def store(self, opens: Open) -> SqlStore:
        return opens()

    @pytest.fixture
    def intake(self, store: SqlStore) -> Intake:
        return store.intake

    def test_a_refusal_comes_back_as_it_was_kept_the_newest_first(self, intake: Intake) -> None:
        intake.add([], [kept(1), kept(2)], most=10)
        intake.add([], [kept(3)], most=10)

        rows = intake.refusals("pip_1")
        assert [one for _, one in rows] == [kept(3), kept(2), kept(1)]
        assert numbers(intake.refusals("pip_1", before_id=rows[1][0])) == [1]
        assert numbers(intake.refusals("pip_1", limit=1)) == [3]

    def test_refusals_are_found_by_pipeline_and_code(self, intake: Intake) -> None:
        intake.add([], [kept(1), kept(2, code="TOO_DEEP"), kept(3, pipeline_id="pip_2")], most=10)

        assert numbers(intake.refusals("pip_1", code="TOO_DEEP")) == [2]
        assert numbers(intake.refusals("pip_1")) == [2, 1]
        assert numbers(intake.refusals(None)) == [3, 2, 1]

    def test_of_each_pipeline_and_code_the_newest_stay_and_a_flood_drowns_no_other(self, intake: Intake) -> None:
        intake.add([], [kept(1, code="TOO_DEEP"), kept(2, pipeline_id="pip_2")], most=3)
        for number in range(10, 20):
            intake.add([], [kept(number)], most=3)

        assert numbers(intake.refusals(None)) == [19, 18, 17, 2, 1]

    def test_an_id_is_not_used_twice_so_that_paging_holds(self, intake: Intake) -> None:
        intake.add([], [kept(1)], most=1)
        (first, _) = intake.refusals(None)[0]
        intake.forget(before_ms=1, now_ms=1)
        intake.add([], [kept(2)], most=1)

        assert intake.refusals(None)[0][0] > first

    def test_counts_of_several_processes_add_up(self, opens: Open) -> None:
        one, other = opens().intake, opens().intake
        one.add([IntakeCount("pip_1", ACCEPTED, 5, 3), IntakeCount("pip_1", "NOT_JSON", 5, 1)], [], most=1)
        other.add([IntakeCount("pip_1", ACCEPTED, 7, 4), IntakeCount("pip_2", ACCEPTED, 7, 9)], [], most=1)

        assert one.totals("pip_1") == {ACCEPTED: 7, "NOT_JSON": 1}
        assert one.spans("pip_1", seconds=60, since_ms=0) == [Span(0, {ACCEPTED: 7, "NOT_JSON": 1})]
        assert one.totals("pip_none") == {}

    def test_counts_are_told_by_minute_and_by_hour(self, intake: Intake) -> None:
        for at_ms in (0, MINUTE - 1, MINUTE, HOUR):
            intake.add([IntakeCount("pip_1", ACCEPTED, at_ms, 1)], [], most=1)

        minutes = intake.spans("pip_1", seconds=60, since_ms=MINUTE)
        assert minutes == [Span(MINUTE, {ACCEPTED: 1}), Span(HOUR, {ACCEPTED: 1})]
        assert intake.spans("pip_1", seconds=3600, since_ms=0) == [Span(0, {ACCEPTED: 3}), Span(HOUR, {ACCEPTED: 1})]

    def test_what_is_old_is_forgotten_and_the_totals_are_not(self, intake: Intake) -> None:
        now = 100 * DAY
        for at_ms in (0, now - 2 * DAY, now):
            intake.add([IntakeCount("pip_1", ACCEPTED, at_ms, 1)], [kept(1, at_ms=at_ms)], most=10)

        intake.forget(before_ms=now - DAY, now_ms=now)

        assert len(intake.refusals(None)) == 1
        assert [span.began_ms for span in intake.spans("pip_1", seconds=60, since_ms=0)] == [now]
        assert len(intake.spans("pip_1", seconds=3600, since_ms=0)) == 2
        assert intake.totals("pip_1") == {ACCEPTED: 3}
