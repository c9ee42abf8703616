"""Sizes and prices for any rate, from the measured costs.

    python bench/scale/simulate.py                                # 1 k, 10 k, 100 k and 1 M events a second
    python bench/scale/simulate.py --rate 250000 --installations 4 --host-price 0.31

Every assumption is a word: `--help` lists them with what they are by default. Waits are simulated for one process
of each role with its partitions and lanes, the vendor's time and its limit of requests.
"""

import argparse
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from scale import model, queueing
from scale.installations import unhurried

RATES = (1_000, 10_000, 100_000, 1_000_000)
LANES = 4
BEFORE_SECONDS = 0.06
"""From the POST to delivery's having it when nothing waits: a commit, a turn of the processor, a look of delivery."""


def waits(plan, cost):
    """Of one delivery process and its share of the rate, with a burst each minute."""
    sized = model.size(plan, cost)
    processes, per_minute = sized.deliveries, plan.vendor_requests_per_minute
    lanes = max(round(sized.partitions / processes), 1) * plan.lanes
    scene = queueing.Scene(
        rate=plan.rate / processes,
        lanes=lanes,
        flush_seconds=plan.flush_seconds,
        most_items=plan.vendor_items,
        vendor_seconds=plan.vendor_seconds,
        requests_per_second=per_minute / 60 / processes,
        processor_us=cost.processor_event * sized.processors / processes,
        delivery_us=cost.delivery_base + plan.installations * cost.delivery_item,
        request_us=plan.installations * cost.delivery_request,
        before_seconds=BEFORE_SECONDS,
        burst=plan.burst,
    )
    return queueing.waits(scene, seconds=60.0)


def waits_compared(figures):
    """Of the steady rates on brokers: what was waited, by the simulation and by the clock."""
    cost, rows, looking = model.costs(figures), [], model.looking(figures)
    for one in unhurried(figures["on_brokers"]):
        scene = queueing.Scene(
            rate=one["rate"],
            lanes=4 * LANES,
            vendor_seconds=0.01,
            processor_us=cost.processor_event,
            delivery_us=cost.delivery_base + one["installations"] * cost.delivery_item,
            request_us=one["installations"] * cost.delivery_request,
            before_seconds=BEFORE_SECONDS,
            looking=looking,
        )
        said = round(queueing.waits(scene, seconds=30.0).p50 * 1000)
        what = f"wait (p50) of {one['installations']} integrations at {one['rate']} events/s"
        error = round(said / one["p50_ms"] - 1, 3)
        rows.append({"what": what, "unit": "ms", "said": said, "measured": round(one["p50_ms"]), "error": error})
    return rows


def lines(cost, plans=None):
    """A table, and what it assumes."""
    plans = plans or [model.Plan(rate=rate) for rate in RATES]
    sized = [model.size(plan, cost) for plan in plans]
    waited = [waits(plan, cost) for plan in plans]
    columns = [
        ("partitions", lambda one: f"{one.partitions:,}"),
        ("gateways, processors, deliveries", lambda one: f"{one.gateways}, {one.processors}, {one.deliveries}"),
        ("requests to vendors a second, of so many events", _requests),
        ("of these in flight", lambda one: f"{one.in_flight:,.0f}"),
        ("PostgreSQL: cores, MB/s written", lambda one: f"{one.database_cores:.1f}, {one.wal_mb_per_second:.1f}"),
        ("brokers: cores, MB/s, TB kept", _brokers),
        ("hosts", lambda one: f"{one.hosts}"),
        ("$ an hour, a billion events", lambda one: f"{one.price_per_hour:,.2f}, {one.price_per_billion:,.0f}"),
    ]
    head = ["| | " + " | ".join(f"{plan.rate:,.0f}/s" for plan in plans) + " |", "|---" * (len(plans) + 1) + "|"]
    table = [f"| {name} | " + " | ".join(map(tell, sized)) + " |" for name, tell in columns]
    wait_cells = (f"{one.p50 * 1000:,.0f}, {one.p99 * 1000:,.0f} ms" for one in waited)
    table.append("| wait to the vendor's answer: p50, p99 | " + " | ".join(wait_cells) + " |")
    limits = [f"- {one.rate:,.0f}/s: {limit}." for one in sized for limit in one.limits]
    return [_assumed(plans[0]), "", *head, *table, *(["", *limits] if limits else [])]


def _requests(one):
    return f"{one.requests_per_second:,.0f} of {one.items_per_request:,.0f}"


def _brokers(one):
    return f"{one.broker_cores:.1f}, {one.broker_mb_per_second:,.1f}, {one.disk_gb / 1000:,.2f}"


def _assumed(plan):
    return (
        f"Sizes by these costs, for {plan.installations} integrations, events one a request "
        f"({plan.events_per_request:g}), {plan.burst:g} times the rate in bursts, of which cores are busy for "
        f"{plan.busy:.0%}; {plan.replication} copies of {plan.retention_hours:g} hours; a vendor that answers in "
        f"{plan.vendor_seconds * 1000:.0f} ms and takes {plan.vendor_items:,} events a request and "
        f"{plan.vendor_requests_per_minute:,} requests a minute. Assumptions of ours, of November 2026, no vendor's "
        f"list: a host of {plan.host_cores} cores like those measured for {plan.host_price:.2f} $ an hour, "
        f"{plan.disk_price:.2f} $ for a GB of disk a month, {plan.network_price:.2f} $ for a GB between zones, and one "
        f"PostgreSQL that writes {plan.database_wal / 1e6:.0f} MB a second for good, with another that stands by. "
        "What your balancer, your network to vendors and vendors themselves cost is not in it."
    )


def main():
    from scale import report  # noqa: PLC0415 - which tells this module's table

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in model.Plan(rate=0.0)._asdict().items():
        kind = int if isinstance(default, int) else float
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=kind, default=None if name == "rate" else default, help=f"{default:g}"
        )
    given = vars(parser.parse_args())
    rates = RATES if given["rate"] is None else (given["rate"],)
    plans = [model.Plan(**{**given, "rate": rate}) for rate in rates]
    if any(not math.isfinite(one) or one <= 0 for plan in plans for one in plan):
        parser.error("every word is a number above 0")
    print("\n".join(lines(model.costs(report.kept()), plans)))


if __name__ == "__main__":
    main()
