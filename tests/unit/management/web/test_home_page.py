"""The home page: figures over time, drawn of what was tallied as it happened."""

import pytest

from datafly.management.backlog import note_waiting
from datafly.management.metrics import MINUTE_MS, RANGES, Window
from datafly.management.web.charts import Series, chart
from datafly.model.refusal import ACCEPTED, IntakeCount
from datafly.model.verdict import Verdict

FIVE = Window(MINUTE_MS, tuple(at * MINUTE_MS for at in range(5)), 5 * MINUTE_MS)


def in_the_last_minute(house):
    """What happens now is in the last whole minute when the page is looked at."""
    house.clock.clock.pass_by(60)


def test_what_came_and_went_out_is_told_without_anybody_having_looked_before(house, browser):
    installation = house.installed()
    minute = house.clock.now_ms() // MINUTE_MS * MINUTE_MS
    counts = [IntakeCount(house.pipeline.id, code, minute, count) for code, count in ((ACCEPTED, 12), ("BAD", 3))]
    house.store.intake.add(counts, [], most=10)
    house.delivers(installation, house.happens("m1"), house.happens("m2"))
    house.decides(installation, Verdict.REJECTED, house.happens("m3"), reason="bad mail")
    in_the_last_minute(house)
    page = browser.page("/")
    assert "in 12 delivered 2 rejected 1 gave up 0 skipped 0 waiting now 0" in page
    assert "13 ms" in page or "12 ms" in page
    causes = browser.page("/home/causes?over=1h")
    assert "bad mail Insider 1 1" in causes


def test_every_range_is_drawn(house, browser):
    house.installed()
    for name in (*RANGES, "nonsense"):
        page = browser.page(f"/?over={name}")
        assert "Events in" in page
        assert "Insider: time to answer" in page
        browser.get(f"/home/causes?over={name}")


def test_a_backlog_tells_when_it_is_gone_or_that_nothing_moves(house, browser):
    house.installed()
    house.happens("m1")
    note_waiting(house.services)
    page = browser.page("/")
    assert "nothing moves now" in page
    assert "Backlog" in page
    assert "Insider: backlog" in page


def test_a_chart_has_a_stretch_for_each_run_without_a_gap_and_stays_in_its_frame():
    drawn = chart("Time", "ms", [Series("p50", (0, 10, None, 50, 90))], FIVE)
    (line,) = drawn.lines
    assert len(line.points) == 2
    for stretch in line.points:
        for point in stretch.split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 640
            assert 0 <= y <= 170
    assert not drawn.empty


@pytest.mark.parametrize("values", [(None,) * 5, (0,) * 5])
def test_a_chart_of_nothing_is_empty(values):
    assert chart("Events out", "per minute", [Series("delivered", values)], FIVE).empty
