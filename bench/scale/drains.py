"""What waits is drained by 1, 2 or 4 processes of a role on as many partitions: rates, and what each part uses."""

import asyncio
import statistics
import time

from scale import load
from scale.house import until

PARTS = ("broker", "postgres", "sink", "load")


def drain(house, processes, events, *, installations=1):
    """One point: gateway, processors, delivery, one after another, each alone with what it needs."""
    with house.site(processes) as site:
        installed = site.install(installations)
        house.forget()
        with site.roles(processor=processes, delivery=processes) as started:
            for role, group in started.items():
                freeze(site, role, group)
            gateway, singles = _taken(house, site, installed, events)
            processing = _thawed(house, started["processor"], events, site.processed)
            for one in started["processor"]:
                one.end()
            delivering = _thawed(house, started["delivery"], events, lambda: house.told()["users"] // installations)
        bytes_per_event = {stream: round(size / events, 1) for stream, size in site.bytes().items()}
    return {
        "processes": processes,
        "installations": installations,
        "events": events,
        "gateway": gateway,
        "gateway_single": singles,
        "processor": processing,
        "delivery": delivering,
        "broker_bytes_per_event": bytes_per_event,
    }


def freeze(site, group, roles):
    """Once each has its share; they stay in their group, and do nothing."""
    until(lambda: site.shared_out(group, len(roles)), f"{group} shares out the partitions", pause=0.1)
    time.sleep(0.5)  # partitions are opened beside
    for one in roles:
        one.freeze()


def _taken(house, site, installed, events):
    """What a gateway takes in batches, and one by one."""
    with site.roles(gateway=1) as started:
        (gateway,) = started["gateway"]
        key, singles = installed.pipeline.pipeline_key, max(events // 2_000, 1) * load.BATCH
        asyncio.run(load.as_fast_as_taken(gateway.url, key, singles))  # warms up
        found = []
        for count, batch in ((events - 2 * singles, load.BATCH), (singles, 1)):
            before = house.used([("gateway", gateway.pid)])
            seconds = asyncio.run(load.as_fast_as_taken(gateway.url, key, count, batch=batch))
            found.append(_each(before, house.used([("gateway", gateway.pid)]), count, seconds))
        return found


def _thawed(house, roles, events, done):
    """Rates and costs between a tenth and nine: until then not all have begun, and after it not all have work."""
    names = [(f"{roles[0].role}-{number}", one.pid) for number, one in enumerate(roles)]
    for one in roles:
        one.thaw()
    points = []
    for share in (0.1, 0.9):
        until(lambda share=share: done() >= events * share, f"{roles[0].role} works", pause=0.02)
        points.append((house.used(names), time.monotonic(), done()))
    until(lambda: done() >= events, f"{roles[0].role} has done all", pause=0.02)
    (before, began, first), (after, ended, last) = points
    return _each(before, after, last - first, ended - began, names=[name for name, _ in names])


def _each(before, after, events, seconds, *, names=("gateway",)):
    """Microseconds of each part for an event, and how busy each process of the role was."""
    spent = {name: after[name] - before[name] for name in after}
    role = sum(spent[name] for name in names)
    counted = {name: round(spent[name] / events, 4) for name in ("statements", "transactions", "wal_bytes")}
    ours = role + sum(spent[part] for part in PARTS)
    return {
        "events_per_second": round(events / seconds),
        "others_cores": round(max(spent["machine"] - ours, 0.0) / seconds, 2),
        "seconds": round(seconds, 2),
        "cpu_us_per_event": round(role / events * 1e6, 2),
        "busy": round(statistics.mean(spent[name] for name in names) / seconds, 3),
        **{f"{part}_us_per_event": round(spent[part] / events * 1e6, 2) for part in PARTS},
        **{f"{name}_per_event": value for name, value in counted.items()},
    }
