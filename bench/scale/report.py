"""The figures of a run: kept in `figures.json`, told in docs/scale.md between two marks, beside what the model says."""

import json
import math
from pathlib import Path

from scale import model, simulate
from scale.installations import slope, unhurried

KEPT = Path(__file__).parent / "figures.json"
PAGE = Path(__file__).parents[2] / "docs" / "scale.md"
BEGINS = "<!-- Written by `make bench-scale` (bench/scale/report.py); a test compares. -->\n"
ENDS = "<!-- The end of what is written. -->\n"

HURRIED = (
    "Where half of the events waited for a second or more, more requests came than one delivery process put through on "
    "these cores, of a few events each: a longer `flush_interval_ms`, or further delivery processes, are for that."
)


def kept():
    return json.loads(KEPT.read_text(encoding="utf-8"))


def checked(figures):
    """With what the model says of the points that it was not told of, and within which error it does."""
    compared = [*model.compared(figures), *simulate.waits_compared(figures)]
    within = max(abs(one["error"]) for one in compared)
    return {**figures, "compared": compared, "within": math.ceil(within * 20) / 20}


def write(figures):
    KEPT.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")


def page(text, figures):
    before, _, rest = text.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    return before + BEGINS + "\n".join(lines(figures)) + "\n" + ENDS + after


def lines(figures):
    told = f"{figures['cpus']} cores ({figures['machine']}), Python {figures['python']}, {figures['made']}"
    return [
        f"Of {told}, load {figures['load']:g}; broker, PostgreSQL, vendor and load generator on the same cores.",
        "",
        *_drains(figures),
        "",
        *_compared(figures),
        "",
        *_installed(figures),
        "",
        *_down(figures),
        "",
        *simulate.lines(model.costs(figures)),
    ]


def _drains(figures):
    head = "| processes and partitions | processors, events/s | µs of a processor, of the broker | delivery, events/s |"
    head += " µs of delivery, of the broker, of PostgreSQL | each busy | cores that others used |"
    found = [head, "|---|---|---|---|---|---|---|"]
    for row in figures["drains"]:
        one, two = row["processor"], row["delivery"]
        found.append(
            f"| {row['processes']:g} | {one['events_per_second']:,.0f} | {one['cpu_us_per_event']:.1f}, "
            f"{one['broker_us_per_event']:.1f} | {two['events_per_second']:,.0f} | {two['cpu_us_per_event']:.1f}, "
            f"{two['broker_us_per_event']:.1f}, {two['postgres_us_per_event']:.1f} | {one['busy']:.0%}, "
            f"{two['busy']:.0%} | {one['others_cores']:.1f}, {two['others_cores']:.1f} |"
        )
    first = figures["drains"][0]
    many, single = first["gateway"], first["gateway_single"]
    sizes = first["broker_bytes_per_event"]
    delivery = first["delivery"]
    told = (
        f"A gateway used {single['cpu_us_per_event']:.0f} µs for a request of one event (the broker "
        f"{single['broker_us_per_event']:.0f}), {many['cpu_us_per_event']:.1f} µs for an event in batches of 100 (the "
        f"broker {many['broker_us_per_event']:.1f}). An event took {sizes['raw']:.0f} bytes of the broker in `raw` "
        f"and {sizes['events']:.0f} in `events`, compressed; PostgreSQL {delivery['wal_bytes_per_event']:.0f} bytes of "
        f"its write-ahead log and {delivery['statements_per_event']:.3f} statements, in requests of hundreds."
    )
    return [*found, "", told]


def _compared(figures):
    rows = [
        f"| {one['what']} | {one['said']:,} {one['unit']} | {one['measured']:,} {one['unit']} | {one['error']:+.0%} |"
        for one in figures["compared"]
    ]
    return [
        f"What the model below says of points that it was not told of; within {figures['within']:.0%}:",
        "",
        "| | the model | measured | error |",
        "|---|---|---|---|",
        *rows,
    ]


def _installed(figures):
    rows = ["| integrations | on Kafka: µs of delivery, of PostgreSQL; p50, p99 | embedded: µs of delivery; p50, p99 |"]
    rows.append("|---|---|---|")
    for one, other in zip(figures["on_brokers"], figures["embedded"], strict=True):
        rows.append(
            f"| {one['installations']} | {one['delivery_us_per_event']:,.0f}, {one['postgres_us_per_event']:,.0f}; "
            f"{one['p50_ms']:,.0f} ms, {one['p99_ms']:,.0f} ms | {other['delivery_us_per_event']:,.0f}; "
            f"{other['p50_ms']:,.0f} ms, {other['p99_ms']:,.0f} ms |"
        )
    kafka, embedded = (slope(figures[name], "delivery_us_per_event") for name in ("on_brokers", "embedded"))
    told = f"Each further integration adds {kafka:.0f} µs of delivery to an event on Kafka, {embedded:.0f} µs embedded."
    what = (
        f"Integrations on one stream at {figures['embedded'][0]['rate']} events a second, per event, for all of them "
        "together; waits are from the POST to the vendor, flush interval 500 ms:"
    )
    hurried = len(unhurried(figures["on_brokers"])) < len(figures["on_brokers"])
    return [
        what,
        "",
        *rows,
        "",
        f"{told} {HURRIED}" if hurried else told,
    ]


def _down(figures):
    rows = []
    for name, told in (("on_brokers", "on Kafka"), ("embedded", "embedded")):
        up = next(one for one in figures[name] if one["installations"] == figures["one_down"][name]["installations"])
        down = figures["one_down"][name]
        rows.append(
            f"| {told} | {up['p50_ms']:,.0f}, {up['p99_ms']:,.0f} ms; {up['delivery_us_per_event']:,.0f} µs | "
            f"{down['p50_ms']:,.0f}, {down['p99_ms']:,.0f} ms; {down['delivery_us_per_event']:,.0f} µs |"
        )
    return [
        "What nine integrations wait, and delivery uses for an event, with the tenth up, and with its vendor down:",
        "",
        "| | ten up: p50, p99; delivery | one down: p50, p99 of the others; delivery |",
        "|---|---|---|",
        *rows,
    ]
