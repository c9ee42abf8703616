import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2]
BENCHES = sorted(path.name for path in (ROOT / "bench").glob("*.py") if path.name != "run.py")
PATIENCE_SECONDS = 240


@pytest.mark.parametrize("script", BENCHES)
def test_every_benchmark_runs_to_its_end_and_gives_figures(script):
    """Nobody else calls them, so a change of what they stand on would show only when somebody wants the figures."""
    words = json.loads(_run(["-c", "import json, run; print(json.dumps(run.BENCHES))"]))[script][1]
    figures = json.loads(_run([script, *words]).strip().splitlines()[-1])
    assert figures["bench"] == script.removesuffix(".py")
    assert len(figures) > 1


def test_a_run_is_told_beside_its_aims_and_beside_a_bare_loop():
    sys.path.insert(0, str(ROOT / "bench"))
    from report import aims  # noqa: PLC0415 - found by the line above

    def row(load, server, rate, p99):
        counted = {"requests_per_second": rate, "events_per_second": rate * 100, "p99_ms": p99, "p50_ms": 1}
        return {"load": load, "server": server, **counted}

    loads = [("single", "bare", 20_000, 4), ("single", "gateway", 15_000, 20), ("batches of 100", "bare", 4_000, 9)]
    results = [
        {"bench": "ingest_http", "rows": [row(*one) for one in loads]},
        {"bench": "end_to_end", "events_per_second": 10_000},
        {"bench": "process", "failed": 1},
    ]
    rows = aims.table(results)
    told = {one["what"]: (one["figure"], one["met"], one["ratio_to_bare"]) for one in rows}
    assert told["durable ingest, one event a request, 32 connections"] == (15_000, True, 0.75)
    assert told["durable ingest, one event a request: p99"] == (20, False, 5.0)
    assert told["end to end, posted in batches of 100, every attempt kept"] == (10_000, False, 0.025)
    assert told["process, one core"] == told["durable ingest, batches of 100"] == (None, None, None)
    assert len(aims.lines(rows)) == len(rows) + 1


def test_the_plots_are_those_of_the_run_that_is_kept_beside_them():
    sys.path.insert(0, str(ROOT / "bench"))
    from report import plots  # noqa: PLC0415

    shown = plots.drawn(json.loads(plots.KEPT.read_text()))
    assert {file.name for file in plots.PLOTS.glob("*.svg")} == shown.keys()
    for name, text in shown.items():
        assert (plots.PLOTS / name).read_text() == text, f"{name} is stale: make plots"
        ET.fromstring(text)
        assert f"plots/{name}" in (ROOT / "docs" / "performance.md").read_text()


def _run(words):
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT / "bench",
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
