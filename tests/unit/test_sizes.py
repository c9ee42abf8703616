"""The model of sizes says what was measured, within the error that is told, and what it says moves as it must."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "bench"))

from scale import model, queueing, report  # noqa: E402 - found by the line above

FIGURES = report.kept()
COST = model.costs(FIGURES)


def test_the_model_says_what_was_measured_within_the_error_that_is_told():
    again = report.checked(FIGURES)
    assert again["compared"] == FIGURES["compared"]
    assert max(abs(one["error"]) for one in again["compared"]) <= FIGURES["within"] < 1
    assert {"2 processors drain", "4 processors drain", "2 delivery processes drain", "4 delivery processes drain"} <= {
        one["what"] for one in again["compared"]
    }
    assert f"within {FIGURES['within']:.0%}" in report.PAGE.read_text()


def test_the_page_tells_the_figures_that_are_kept():
    text = report.PAGE.read_text()
    assert report.page(text, FIGURES) == text, "docs/scale.md is stale: make bench-scale"


@pytest.mark.parametrize("rate", [1_000, 10_000, 100_000, 1_000_000])
def test_every_part_of_a_size_bears_the_burst(rate):
    plan = model.Plan(rate=rate)
    size, peak = model.size(plan, COST), rate * plan.burst
    assert size.processors * 1e6 * plan.busy >= peak * COST.processor_event
    assert size.deliveries * 1e6 * plan.busy >= peak * COST.delivery_base
    assert size.partitions >= max(size.processors, size.deliveries) or rate == 1_000
    assert size.in_flight <= size.partitions * plan.lanes * plan.installations
    assert size.items_per_request <= plan.vendor_items


def test_more_events_copies_or_integrations_never_need_less():
    least = model.size(model.Plan(rate=50_000), COST)
    for more in ({"rate": 60_000}, {"replication": 5}, {"installations": 9}, {"burst": 5.0}):
        size = model.size(model.Plan(**{"rate": 50_000, **more}), COST)
        assert size.hosts >= least.hosts
        assert size.price_per_hour > least.price_per_hour, more


def test_a_vendor_that_takes_less_makes_events_wait_and_one_that_takes_too_little_is_told():
    scene = queueing.Scene(rate=2_000, most_items=100)
    free, bounded = (
        queueing.waits(scene, seconds=30),
        queueing.waits(scene._replace(requests_per_second=15), seconds=30),
    )
    assert free.waiting < 4_000
    assert bounded.p99 > 3 * free.p99
    assert bounded.waiting > 30 * (2_000 - 15 * 100) / 2
    said = model.size(model.Plan(rate=100_000, vendor_requests_per_minute=600), COST).limits
    assert any("one credential of the vendor takes" in limit for limit in said)


def test_a_burst_beyond_what_a_process_does_waits_and_is_made_up_for():
    scene = queueing.Scene(rate=10_000, delivery_us=50, burst=3)
    calm = queueing.waits(scene._replace(burst=1), seconds=30)
    burst = queueing.waits(scene, seconds=60)
    assert burst.most_waiting > 3 * calm.most_waiting
    assert burst.waiting < burst.most_waiting / 3


def test_sizes_are_printed_for_whatever_is_asked():
    script = [sys.executable, ROOT / "bench" / "scale" / "simulate.py", "--rate", "250000", "--host-price", "0.31"]
    said = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    assert "250,000/s" in said
    assert "0.31 $ an hour" in said
