"""Figures over time: what is taken each minute, and how it becomes the lines of a chart."""

import pytest

from datafly.management.figures import Window, grown, stood, take, window
from datafly.management.web.charts import chart
from datafly.store.figures import HOUR_MS, KEPT_MINUTES_MS, KEPT_MS, MINUTE_MS, Figure, Figures

THREE = Window(MINUTE_MS, (0, MINUTE_MS, 2 * MINUTE_MS))


def totals(*values, subject="pi_1", name="DELIVERED"):
    return [Figure(at * MINUTE_MS, subject, name, value) for at, value in enumerate(values) if value is not None]


@pytest.fixture
def keeper(house, tmp_path):
    kept = Figures(tmp_path, now_ms=house.clock.now_ms)
    yield kept
    kept.close()


def test_what_the_counters_say_is_taken_for_the_minute(house, keeper):
    installation = house.installed()
    house.delivers(installation, house.happens("m1"), house.happens("m2"))
    take(house.app.state["services"], keeper)
    found = {(one.subject, one.name): one.value for one in keeper.since(0, step_ms=MINUTE_MS)}
    assert found["", "events"] == 2
    assert found[installation.id, "DELIVERED"] == 2
    assert found[installation.id, "REJECTED"] == 0
    assert found[installation.id, "lag"] == 0
    assert found[installation.id, "p50"] == pytest.approx(12.5, rel=0.2)


def test_taking_them_twice_counts_nothing_twice(house, keeper):
    house.installed()
    services = house.app.state["services"]
    take(services, keeper)
    once = keeper.since(0, step_ms=MINUTE_MS)
    take(services, keeper)
    assert keeper.since(0, step_ms=MINUTE_MS) == once


def test_minutes_are_kept_for_two_days_and_hours_for_a_month(house, keeper):
    now_ms = house.clock.now_ms() // HOUR_MS * HOUR_MS
    ages = {
        "young": MINUTE_MS,
        "old minute": KEPT_MINUTES_MS + HOUR_MS + MINUTE_MS,
        "old hour": KEPT_MINUTES_MS + HOUR_MS,
    }
    ages["too old"] = KEPT_MS + 2 * HOUR_MS
    keeper.keep([Figure(now_ms - age, "", name, 1.0) for name, age in ages.items()])
    keeper.keep([])
    assert {one.name for one in keeper.since(0, step_ms=MINUTE_MS)} == {"young", "old hour"}


def test_growth_is_per_minute_and_a_gap_is_no_zero():
    (line,) = grown(totals(10, 25, None, 40), THREE, ("DELIVERED",))
    assert line.values == (15, None, None)


def test_growth_of_all_is_the_sum_and_one_that_is_new_counts_from_where_it_began():
    figures = totals(10, 20, 30) + totals(None, 1_000, 1_005, subject="pi_2")
    (line,) = grown(figures, Window(MINUTE_MS, (0, MINUTE_MS)), ("DELIVERED",))
    assert line.values == (10, 15)


def test_a_counter_that_begins_anew_is_no_negative_growth():
    (line,) = grown(totals(100, 3), Window(MINUTE_MS, (0,)), ("DELIVERED",))
    assert line.values == (0,)


def test_gauges_are_what_they_were():
    (line,) = stood(totals(5, None, 7, name="lag"), THREE, ("lag",), subject="pi_1")
    assert line.values == (5, None, 7)


@pytest.mark.parametrize("name", ["1h", "6h", "24h", "7d", "30d"])
def test_the_steps_of_a_range_are_whole_and_end_before_now(name):
    over = window(1_000_000_123_456, name)
    assert all(step % over.step_ms == 0 for step in over.steps)
    assert over.steps[-1] + over.step_ms <= 1_000_000_123_456
    assert 30 <= len(over.steps) <= 80


def test_a_chart_has_a_stretch_for_each_run_without_a_gap_and_stays_in_its_frame():
    series = grown(
        totals(0, 10, None, 50, 90), Window(MINUTE_MS, tuple(at * MINUTE_MS for at in range(5))), ("DELIVERED",)
    )
    drawn = chart("Events out", "per minute", series, Window(MINUTE_MS, tuple(at * MINUTE_MS for at in range(5))))
    (line,) = drawn.lines
    assert len(line.points) == 2
    for stretch in line.points:
        for point in stretch.split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 640
            assert 0 <= y <= 170
    assert not drawn.empty


def test_a_chart_of_nothing_is_empty():
    assert chart("Events out", "per minute", grown([], THREE, ("DELIVERED",)), THREE).empty
