"""So many events a second for 1, 10, 25 or 50 installations: what each adds, and what one that is down costs others."""

import asyncio
import statistics
import time

from scale import load, meters
from scale.house import until

PARTITIONS = 4


def on_brokers(house, count, *, down=0, rate=200, seconds=8.0):
    with house.site(PARTITIONS) as site:
        installed = site.install(count, down=down)
        with site.roles(gateway=1, processor=1, delivery=1) as started:
            for role in ("processor", "delivery"):
                until(lambda role=role: site.shared_out(role, 1), f"{role} has its partitions", pause=0.1)
            roles = [(role, group[0].pid) for role, group in started.items()]
            gateway = started["gateway"][0]
            return _measured(house, gateway.url, installed, roles, count, down=down, rate=rate, seconds=seconds)


def embedded(house, count, *, down=0, rate=200, seconds=8.0):
    with house.tree() as tree:
        installed = tree.install(count, down=down)
        with tree.up() as one:
            roles = [item for item in meters.titled(one.pid).items() if item[0] in ("gateway", "processor", "delivery")]
            return _measured(house, one.url, installed, roles, count, down=down, rate=rate, seconds=seconds)


def _measured(house, gateway, installed, roles, count, *, down, rate, seconds):
    """`down` of them are; the figures are of the others."""
    key, up = installed.pipeline.pipeline_key, count - down
    _, warmed = asyncio.run(load.paced(gateway, key, rate=rate, seconds=2.0))
    _until_all(house, warmed * up)
    house.forget()
    before, began = house.used(roles), time.monotonic()
    marks, sent = asyncio.run(load.paced(gateway, key, rate=rate, seconds=seconds))
    told = _until_all(house, sent * up)
    took, after = time.monotonic() - began, house.used(roles)
    waits = sorted(
        (at - marks[mark.split()[1]]) * 1000 for mark, at in told["arrived"].items() if mark.split()[1] in marks
    )
    spent = {name: after[name] - before[name] for name in after}
    return {
        "installations": count,
        "down": down,
        "rate": rate,
        "events": sent,
        "requests": told["requests"],
        "refused": told["refused"],
        "p50_ms": round(statistics.median(waits), 1),
        "p99_ms": round(waits[int(len(waits) * 0.99) - 1], 1),
        **{f"{name}_us_per_event": round(spent[name] / sent * 1e6, 1) for name, _ in roles},
        **{f"{part}_us_per_event": round(spent[part] / sent * 1e6, 1) for part in ("broker", "postgres", "sink")},
        "statements_per_event": round(spent["statements"] / sent, 3),
        "wal_bytes_per_event": round(spent["wal_bytes"] / sent, 1),
        "seconds": round(took, 2),
    }


def _until_all(house, wanted):
    """What came once each installation that is up has them all: at least so many, and no more come."""
    return until(lambda: (told := house.told())["users"] >= wanted and told, f"{wanted} events came", pause=0.1)


def unhurried(rows):
    """Those of which half of the events were there within a second: beyond, requests hold more, and cost less."""
    return [row for row in rows if row["p50_ms"] < 1_000]


def slope(rows, name):
    """What one more installation adds to a figure: least squares over the rows."""
    rows = unhurried(rows)
    xs, ys = [row["installations"] for row in rows], [row[name] for row in rows]
    middle_x, middle_y = statistics.mean(xs), statistics.mean(ys)
    above = sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True))
    return above / sum((x - middle_x) ** 2 for x in xs)
