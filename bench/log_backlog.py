"""Reading the log costs the same whatever the backlog: append millions of records, and time reads as it grows.

    python bench/log_backlog.py --events 10000000

Prints a table and one line of JSON. The files are made in a temporary folder (`--folder` chooses the disk) and removed.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from datafly.log.base import EVENTS, Entry
from datafly.log.sqlite import SqliteLog

BATCH = 1_000
REPEATS = 30


def main():
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="log-backlog-") as folder:
        rows = list(measure(Path(folder), options.events, options.step))
    base = rows[0]
    print(json.dumps({"bench": "log_backlog", "rows": rows, "ratio_last_to_first": _ratios(base, rows[-1])}))


def measure(folder, events, step):
    log = SqliteLog(folder, {EVENTS: 1})
    appender, reader = log.appender(EVENTS, 0), log.reader(EVENTS, 0)
    entries = [Entry(f"anonymous-{number:06}", os.urandom(500)) for number in range(BATCH)]
    print(
        f"{'backlog':>12} {'append/s':>10} {'read newest':>12} {'read oldest':>12} {'idle poll':>10} {'look-up':>9}  µs"
    )
    head, rate = appender.append(entries) + BATCH, None
    while True:
        row = {"backlog": head - BATCH, "append_per_second": rate, **_costs(reader, head)}
        print(_line(row), flush=True)
        yield row
        if head >= events:
            break
        began, before = time.perf_counter(), head
        while head < min(before + step, events):
            head = appender.append(entries) + BATCH
        rate = (head - before) / (time.perf_counter() - began)
    appender.close()
    reader.close()


def _costs(reader, head):
    return {
        "read_newest_us": _median(lambda: reader.read(head - BATCH, max_records=BATCH)) / BATCH,
        "read_oldest_us": _median(lambda: reader.read(0, max_records=BATCH)) / BATCH,
        "idle_poll_us": _median(lambda: reader.read(head, max_records=BATCH)),
        "lookup_us": _median(lambda: reader.read(head // 2, max_records=1)),
    }


def _median(action):
    """Microseconds, without the first time (it opens files)."""
    action()
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e6


def _line(row):
    rate = f"{row['append_per_second']:,.0f}" if row["append_per_second"] else "–"
    return (
        f"{row['backlog']:>12,} {rate:>10} {row['read_newest_us']:>12.2f} {row['read_oldest_us']:>12.2f} "
        f"{row['idle_poll_us']:>10.1f} {row['lookup_us']:>9.1f}"
    )


def _ratios(first, last):
    return {name: round(last[name] / first[name], 2) for name in first if name.endswith("_us")}


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--step", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=None)
    return parser.parse_args()


if __name__ == "__main__":
    main()
