"""Measures Signal on a real broker and PostgreSQL, and writes what docs/scale.md tells of it.

    make bench-scale                      # six minutes; rewrites bench/scale/figures.json and docs/scale.md
    python bench/scale/run.py --quick     # small, to see that everything works; writes nothing

Drains of 1, 2 and 4 processes on as many partitions; 1 to 50 installations at a steady rate, on brokers and embedded;
one of ten down. Needs what `scripts/kafka.sh` and `scripts/postgres.sh` print, in KAFKA_JARS and POSTGRES_BIN.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from scale import installations, report
from scale.drains import drain
from scale.house import House

PROCESSES = (1, 2, 4)
SEVERAL = 5
COUNTS = (1, 10, 25, 50)
SOME = 10


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=120_000, help="of a drain")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=8.0, help="of a steady rate")
    parser.add_argument("--rate", type=int, default=100, help="events a second")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--folder", help="for the disk that is meant")
    options = parser.parse_args()
    if options.quick:
        options.events, options.rounds, options.seconds = 6_000, 1, 2.0
    with tempfile.TemporaryDirectory(prefix="bench-scale-", dir=options.folder) as folder:
        house = House(Path(folder))
        try:
            house.start()
            figures = measured(house, options)
        finally:
            house.stop()
    figures = report.checked(figures)
    if not options.quick:
        report.write(figures)
    print("\n".join(report.lines(figures)))
    print(json.dumps({"bench": "scale", **figures}))


def measured(house, options):
    drain(house, 1, options.events)  # what compiles itself has done so then
    return {
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "made": time.strftime("%Y-%m-%d"),
        "load": round(os.getloadavg()[0], 1),
        "drains": [_of_rounds(house, number, options) for number in PROCESSES],
        "drain_of_several": _told(drain(house, 1, options.events // SEVERAL, installations=SEVERAL)),
        **{
            name: [_told(measure(house, count, rate=options.rate, seconds=options.seconds)) for count in COUNTS]
            for name, measure in WAYS.items()
        },
        "one_down": {
            name: _told(measure(house, SOME, down=1, rate=options.rate, seconds=options.seconds))
            for name, measure in WAYS.items()
        },
    }


WAYS = {"on_brokers": installations.on_brokers, "embedded": installations.embedded}


def _of_rounds(house, processes, options):
    return median([_told(drain(house, processes, options.events)) for _ in range(options.rounds)])


def median(rows):
    """Of each number in values that are alike."""
    first = rows[0]
    if isinstance(first, dict):
        return {name: median([row[name] for row in rows]) for name in first}
    return round(statistics.median(rows), 4)


def _told(found):
    print(json.dumps(found), file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    main()
