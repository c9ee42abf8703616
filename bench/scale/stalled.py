"""What one installation that stands still, with a backlog, costs the others on its stream: ratios within one run.

    python bench/scale/stalled.py                # fifty on the embedded log, 100,000 events waiting for one of them
    python bench/scale/stalled.py --brokers      # on a broker and PostgreSQL

Rounds of the others alone, then beside the one whose vendor is down, then while it catches up. Needs what
`scripts/kafka.sh` and `scripts/postgres.sh` print, in KAFKA_JARS and POSTGRES_BIN.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from scale import load, meters
from scale.house import House, until

PARTITIONS = 4
ROLES = ("gateway", "processor", "delivery")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--brokers", action="store_true")
    parser.add_argument("--others", type=int, default=49)
    parser.add_argument("--backlog", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=50, help="events a second")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--drain", type=int, default=2_000, help="events that are sent at once")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-stalled-") as folder:
        house = House(Path(folder))
        try:
            house.start()
            with on_brokers(house) if options.brokers else embedded(house) as running:
                figures = measured(house, running, options)
        finally:
            house.stop()
    print(json.dumps({"bench": "stalled", "brokers": options.brokers, "backlog": options.backlog, **figures}))


class Running:
    """`install`: as `house.Installed`, beside what is there. `heads`: partition → where its events end."""

    def __init__(self, gateway, delivery_pid, install, heads):
        self.gateway, self.delivery_pid, self.install, self.heads = gateway, delivery_pid, install, heads


@contextmanager
def embedded(house):
    with house.tree() as tree:
        tree.install(0)
        with tree.up() as one:
            yield Running(one.url, meters.titled(one.pid)["delivery"], tree.install_more, tree.heads)


@contextmanager
def on_brokers(house):
    with house.site(PARTITIONS) as site, site.roles(gateway=1, processor=1, delivery=1) as started:
        for role in ("processor", "delivery"):
            until(lambda role=role: site.shared_out(role, 1), f"{role} has its partitions", pause=0.1)
        yield Running(started["gateway"][0].url, started["delivery"][0].pid, site.install, site.heads)


def measured(house, running, options):
    pipeline = running.install(0).pipeline
    asyncio.run(load.as_fast_as_taken(running.gateway, pipeline.pipeline_key, options.backlog))
    until(lambda: _stands(running, options.backlog), "all is processed", pause=0.2)
    running.install(options.others, start=running.heads())
    a_round(house, running, pipeline, options)  # warms up
    found = {"alone": rounds(house, running, pipeline, options)}
    running.install(1, down=1, start=dict.fromkeys(running.heads(), 0), first=options.others)
    until(lambda: house.told()["refused"], "it stands still", pause=0.1)
    found["beside"] = rounds(house, running, pipeline, options)
    house.forgive()
    found["while it catches up"] = a_round(house, running, pipeline, options, draining=False)
    return found | {"ratios": ratios(found["alone"], found["beside"])}


def rounds(house, running, pipeline, options):
    told = [a_round(house, running, pipeline, options) for _ in range(options.rounds)]
    return {name: round(statistics.median(one[name] for one in told), 1) for name in told[0]}


def a_round(house, running, pipeline, options, *, draining=True):
    """At a steady rate, and of all at once: of the others alone."""
    house.forget()
    key, before = pipeline.pipeline_key, meters.cpu_seconds(running.delivery_pid)
    marks, sent = asyncio.run(load.paced(running.gateway, key, rate=options.rate, seconds=options.seconds))
    arrived = until(lambda: _all_of(house, marks, options.others), "all came", pause=0.1)
    waits = sorted((at - marks[mark]) * 1000 for mark, at in arrived)
    found = {
        "p50_ms": round(statistics.median(waits), 1),
        "p99_ms": round(waits[int(len(waits) * 0.99) - 1], 1),
        "delivery_us_per_event": round((meters.cpu_seconds(running.delivery_pid) - before) / sent * 1e6, 1),
    }
    if draining:
        until(lambda: house.told()["users"] >= sent * options.others, "the rest came", pause=0.1)
        house.forget()
        began, wanted, before = (
            time.monotonic(),
            options.drain * options.others,
            meters.cpu_seconds(running.delivery_pid),
        )
        asyncio.run(load.as_fast_as_taken(running.gateway, key, options.drain))
        until(lambda: house.told()["users"] >= wanted, "all came")
        found["deliveries_per_second"] = round(wanted / (time.monotonic() - began))
        found["us_per_delivery"] = round((meters.cpu_seconds(running.delivery_pid) - before) / wanted * 1e6, 1)
    print(json.dumps(found), file=sys.stderr, flush=True)
    return found


def _stands(running, least):
    """Whether so much is processed, and no more comes."""
    before = running.heads()
    time.sleep(1.0)
    return sum(before.values()) >= least and running.heads() == before


def _all_of(house, marks, others):
    told = house.told()["arrived"]
    found = [(name.split()[1], at) for name, at in told.items() if name.startswith("account")]
    found = [(mark, at) for mark, at in found if mark in marks]
    return found if len(found) >= len(marks) * others else None


def ratios(alone, beside):
    return {name: round(beside[name] / alone[name], 3) for name in alone}


if __name__ == "__main__":
    main()
