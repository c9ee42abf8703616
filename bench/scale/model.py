"""What the measured costs come to: rates of N processes, and processes, hosts and money for any rate.

Costs are microseconds of one core, as measured (`figures.json`); everything else is a setting with its reason. Nothing
here reads a file or a clock.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from scale.installations import slope, unhurried

HOUR = 3600
NAMES = {"processor": "processors", "delivery": "delivery processes"}
BATCH = 100
"""Events of a request in the measurements."""


class Costs(NamedTuple):
    """µs of one core unless the name says otherwise. Of delivery and PostgreSQL: for an event of one installation, and
    for each request besides; `delivery_base`: once for an event, whatever is installed.
    """

    gateway_request: float
    gateway_event: float
    processor_event: float
    delivery_base: float
    delivery_item: float
    delivery_request: float
    postgres_item: float
    postgres_request: float
    wal_bytes_item: float
    wal_bytes_request: float
    statements_request: float
    broker_event: float
    broker_bytes: float


def costs(figures: Mapping[str, Any]) -> Costs:
    """Of a run of the measurements: processes from the point of one process, requests from the paced points."""
    one, several = figures["drains"][0], figures["drain_of_several"]
    paced = unhurried(figures["on_brokers"])
    added = several["installations"] - 1
    most = paced[-1]
    per_request = most["events"] * most["installations"] / most["requests"]

    def split(of_drain: str, of_paced: str) -> tuple[float, float]:
        """For an item and for a request: in drains a request carries a thousand, in paced runs a few."""
        item = max((several["delivery"][of_drain] - one["delivery"][of_drain]) / added, 0.0)
        return item, max((slope(paced, of_paced) - item) * per_request, 0.0)

    item, request = split("cpu_us_per_event", "delivery_us_per_event")
    database = split("postgres_us_per_event", "postgres_us_per_event")
    wal = split("wal_bytes_per_event", "wal_bytes_per_event")
    _, statements = split("statements_per_event", "statements_per_event")
    single, batch = one["gateway_single"]["cpu_us_per_event"], one["gateway"]["cpu_us_per_event"]
    event = max((batch * BATCH - single) / (BATCH - 1), 0.0)
    brokers = sum(one[role]["broker_us_per_event"] for role in ("gateway", "processor", "delivery"))
    return Costs(
        gateway_request=max(single - event, 0.0),
        gateway_event=event,
        processor_event=one["processor"]["cpu_us_per_event"],
        delivery_base=max(one["delivery"]["cpu_us_per_event"] - item, 0.0),
        delivery_item=item,
        delivery_request=request,
        postgres_item=database[0],
        postgres_request=database[1],
        wal_bytes_item=wal[0],
        wal_bytes_request=wal[1],
        statements_request=statements,
        broker_event=brokers,
        broker_bytes=sum(one["broker_bytes_per_event"].values()),
    )


def looking(figures: Mapping[str, Any]) -> float:
    """The part of a core that a delivery process spends at a steady rate besides what its events and requests cost."""
    paced = unhurried(figures["on_brokers"])
    added = slope(paced, "delivery_us_per_event")
    alone = sum(one["delivery_us_per_event"] - added * one["installations"] for one in paced) / len(paced)
    return max(alone - costs(figures).delivery_base, 0.0) * paced[0]["rate"] / 1e6


# --- the measured points, by the model ------------------------------------------------------------------------------


def rate_of(point: Mapping[str, Any], processes: int, cores: float) -> float:
    """Events a second of so many processes, from the point of one: each is busy for so much of the time, and what all
    parts use for an event has to be had from the cores that there are.
    """
    alone = processes * point["busy"] / point["cpu_us_per_event"]
    parts = ("cpu", "broker", "postgres", "sink", "load")
    together = cores / sum(point[f"{part}_us_per_event"] for part in parts)
    return min(alone, together) * 1e6


def compared(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each point of more than one process: what the model says from that of one, what was measured, and the error."""
    first, rows = figures["drains"][0], []
    for role in ("processor", "delivery"):
        for drain in figures["drains"][1:]:
            left = max(figures["cpus"] - drain[role]["others_cores"], 0.1)
            said = rate_of(first[role], drain["processes"], left)
            was = drain[role]["events_per_second"]
            what = f"{drain['processes']:g} {NAMES[role]} drain"
            rows.append({"what": what, "unit": "events/s", "said": round(said), "measured": round(was)})
            rows[-1]["error"] = round(said / was - 1, 3)
    return rows


# --- sizes ----------------------------------------------------------------------------------------------------------


class Plan(NamedTuple):
    """What is asked, and what is assumed. Assumptions are ours, of November 2026, and every one is a word of
    `simulate.py`: prices are round figures of rented machines without commitment, no vendor's list.

    `burst`: the rate that must be carried, beside that of the whole day. `busy`: how much of a core may be used then.
    `vendor_seconds`, `vendor_requests_per_minute`, `vendor_items`: what each installation's vendor takes.
    `database_wal`: bytes a second that one PostgreSQL writes for good. `disk_price`: of a GB for a month, and
    `network_price`: of a GB between zones.
    """

    rate: float
    installations: int = 2
    events_per_request: float = 1.0
    burst: float = 3.0
    busy: float = 0.6
    replication: int = 3
    retention_hours: float = 72.0
    lanes: int = 4
    flush_seconds: float = 0.5
    vendor_seconds: float = 0.15
    vendor_items: int = 1_000
    vendor_requests_per_minute: int = 25_000
    host_cores: int = 8
    host_price: float = 0.40
    disk_price: float = 0.10
    network_price: float = 0.01
    database_wal: float = 100e6


class Size(NamedTuple):
    """`limits`: what a single part would not bear, in words."""

    rate: float
    partitions: int
    gateways: int
    processors: int
    deliveries: int
    items_per_request: float
    requests_per_second: float
    in_flight: float
    database_cores: float
    statements_per_second: float
    wal_mb_per_second: float
    databases: int
    broker_cores: float
    broker_mb_per_second: float
    disk_gb: float
    hosts: int
    price_per_hour: float
    price_per_billion: float
    limits: tuple[str, ...]


def size(plan: Plan, cost: Costs) -> Size:
    peak = plan.rate * plan.burst
    core = 1e6 * plan.busy
    partitions = _partitions(plan, cost, peak)
    items = _items(plan, peak, partitions)
    requests = peak * plan.installations / items
    per_event = _delivery_us(plan, cost, items)
    gateway_us = cost.gateway_event + cost.gateway_request / plan.events_per_request
    gateways, processors, deliveries = (
        math.ceil(peak * us / core) for us in (gateway_us, cost.processor_event, per_event)
    )
    database_us = plan.installations * (cost.postgres_item + cost.postgres_request / items)
    wal = peak * plan.installations * (cost.wal_bytes_item + cost.wal_bytes_request / items)
    database_cores = peak * database_us / core
    databases = max(1, math.ceil(database_cores / plan.host_cores), math.ceil(wal / plan.database_wal))
    broker_cores = peak * cost.broker_event * (1 + plan.replication) / 2 / core
    disk = plan.rate * cost.broker_bytes * plan.replication * plan.retention_hours * HOUR / 1e9
    hosts = _hosts(plan, gateways + processors + deliveries, broker_cores, databases)
    written = plan.rate * cost.broker_bytes
    crossing = written * (plan.replication - 1 + 2) * 2 / 3 / 1e9  # copies, and readers, two of three in another zone
    price = hosts * plan.host_price + disk * plan.disk_price / 730 + crossing * HOUR * plan.network_price
    return Size(
        rate=plan.rate,
        partitions=partitions,
        gateways=max(gateways, 2),
        processors=max(processors, 2),
        deliveries=max(deliveries, 2),
        items_per_request=items,
        requests_per_second=requests,
        in_flight=requests * plan.vendor_seconds,
        database_cores=database_cores,
        statements_per_second=peak * plan.installations / items * cost.statements_request,
        wal_mb_per_second=wal / 1e6,
        databases=databases,
        broker_cores=broker_cores,
        broker_mb_per_second=peak * cost.broker_bytes / 1e6,
        disk_gb=disk,
        hosts=hosts,
        price_per_hour=price,
        price_per_billion=price / (plan.rate * HOUR) * 1e9,
        limits=_limits(plan, peak, items, databases),
    )


def _delivery_us(plan: Plan, cost: Costs, items: float) -> float:
    return cost.delivery_base + plan.installations * (cost.delivery_item + cost.delivery_request / items)


def _partitions(plan: Plan, cost: Costs, peak: float) -> int:
    """One process at least can have each, and its lanes take turns at the vendor; a multiple of twelve."""
    core = 1e6 * plan.busy
    by_processor = peak * cost.processor_event / core
    by_delivery = peak * _delivery_us(plan, cost, plan.vendor_items) / core
    by_vendor = peak * plan.vendor_seconds / (plan.lanes * plan.vendor_items * plan.busy)
    return 12 * math.ceil(max(by_processor, by_delivery, by_vendor, 1) / 12)


def _items(plan: Plan, peak: float, partitions: int) -> float:
    """A lane sends what came while it waited for its flush interval, or for the vendor."""
    waits = max(plan.flush_seconds, plan.vendor_seconds)
    return min(max(peak / (partitions * plan.lanes) * waits, 1.0), float(plan.vendor_items))


def _hosts(plan: Plan, processes: int, broker_cores: float, databases: int) -> int:
    """Three brokers at least; each database has a second host that stands by."""
    brokers = max(3, math.ceil(broker_cores / plan.host_cores))
    return max(2, math.ceil(processes / plan.host_cores)) + brokers + 2 * databases


def _limits(plan: Plan, peak: float, items: float, databases: int) -> tuple[str, ...]:
    found = []
    takes = plan.vendor_requests_per_minute / 60 * items
    if peak > takes:
        accounts = math.ceil(peak / (plan.vendor_requests_per_minute / 60 * plan.vendor_items))
        found.append(f"one credential of the vendor takes {takes:,.0f} events/s of it; {accounts} would take all")
    if databases > 1:
        found.append(f"{databases} Signals side by side, each with a PostgreSQL of its own")
    return tuple(found)
