"""All benchmarks, one after the other: a table for people, one JSON file for machines.

    make bench
    python bench/run.py --quick

Every figure is a median of three rounds. What compares across machines is a ratio within one run: the last table puts
each figure beside its aim and beside a bare ASGI function with an SQLite group commit. `make plots` draws the run.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from report import aims

HERE = Path(__file__).parent
RESULTS = HERE / "results"
BENCHES = {
    "shape_only.py": (["--events", "40000"], ["--events", "8000"]),
    "shape_beside_segment.py": (["--events", "20000"], ["--events", "4000", "--rounds", "1"]),
    "process.py": ([], ["--events", "20000"]),
    "ingest_http.py": (["--seconds", "5"], ["--seconds", "1", "--rounds", "1"]),
    "deliver_sink.py": ([], ["--events", "4000", "--rounds", "1"]),
    "end_to_end.py": (["--events", "50000"], ["--events", "5000", "--rounds", "1", "--singles", "20"]),
    "first_paint.py": ([], ["--events", "300", "--rounds", "1", "--pages", "/", "/docs"]),
    "backfill.py": ([], ["--rows", "20000"]),
    "steady.py": (["--seconds", "10"], ["--seconds", "1", "--rounds", "1"]),
    "log_backlog.py": (["--events", "10000000", "--step", "2500000"], ["--events", "200000", "--step", "100000"]),
}

BESIDE = {"end_to_end.py": (["--backlog", "1000000"], ["--backlog", "20000"])}
"""What one of them measures in another mode."""


def run(script, words):
    print(f"\n== {script} {' '.join(words)}", flush=True)
    ran = subprocess.run([sys.executable, HERE / script, *words], capture_output=True, text=True, check=False)
    if ran.returncode:
        print(ran.stderr[-2000:])
        return {"bench": script.removesuffix(".py"), "failed": ran.returncode}
    *table, line = ran.stdout.strip().splitlines()
    print("\n".join(table), flush=True)
    return json.loads(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small runs, to see that everything works")
    options = parser.parse_args()
    wanted = [*BENCHES.items(), *BESIDE.items()]
    results = [run(script, words[options.quick]) for script, words in wanted]
    RESULTS.mkdir(exist_ok=True)
    where = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    file = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    rows = aims.table(results)
    print("\n" + "\n".join(aims.lines(rows)))
    text = json.dumps({**where, "quick": options.quick, "results": results, "aims": rows})
    file.write_text(text + "\n", encoding="utf-8")
    print(f"\nAlso in {file.relative_to(HERE.parent)}:\n{text}")
    sys.exit(any("failed" in one for one in results))


if __name__ == "__main__":
    main()
