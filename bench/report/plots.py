"""Draws the plots of docs/performance.md from a run of the benchmarks.

    make plots                                            # of the newest run in bench/results
    python bench/report/plots.py bench/results/….json     # of that one

The run that was drawn is kept beside the plots, so that anybody can draw them again.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "bench" / "results"
PLOTS = ROOT / "docs" / "plots"
KEPT = PLOTS / "figures.json"

sys.path.insert(0, str(ROOT / "bench"))

from report import svg  # noqa: E402 - found by the line above
from report.aims import shown, table  # noqa: E402


def drawn(run: dict[str, Any]) -> dict[str, str]:
    """File name → SVG, of all that the run has figures for."""
    rows = [row for row in table(run["results"]) if row["figure"] is not None]
    note = f"{run['cpus']} cores ({run['machine']}), Python {run['python']}"
    plots = {"aims.svg": _aims(rows, note), "bare.svg": _beside_bare(rows, note)}
    by_name = {one["bench"]: one for one in run["results"] if "failed" not in one}
    if "log_backlog" in by_name:
        plots["backlog.svg"] = _backlog(by_name["log_backlog"]["rows"], note)
    return plots


def _aims(rows: list[dict[str, Any]], note: str) -> str:
    """Each bar in parts of its aim, which stands in the middle: where less is better, the bar should end before it."""
    return svg.bars(
        "Figures beside their aims (the line: to be passed where ≥, not to be reached where ≤)",
        [
            {
                "label": row["what"],
                "value": row["figure"] / row["wanted"] / 2,
                "text": f"{shown(row['figure'])} {row['unit']} ({'≤' if row['at_most'] else '≥'} {row['wanted']:,g})",
                "colour": svg.GREEN if row["met"] else svg.RED,
                "mark": 0.5,
            }
            for row in rows
            if row["wanted"] is not None
        ],
        note,
    )


def _beside_bare(rows: list[dict[str, Any]], note: str) -> str:
    rates = [row for row in rows if row["ratio_to_bare"] is not None and row["unit"].endswith("/s")]
    return svg.bars(
        "Rates as a ratio to a bare ASGI function with an SQLite group commit, same run",
        [
            {
                "label": row["what"],
                "value": row["ratio_to_bare"],
                "text": f"{row['ratio_to_bare']:.2f}",
                "colour": svg.BLUE,
                "mark": None,
            }
            for row in rates
        ],
        f"{note}. The bare function reads no event, checks nothing and sends nothing.",
    )


def _backlog(rows: list[dict[str, Any]], note: str) -> str:
    series = {
        name: [(row["backlog"] / 1e6, row[key]) for row in rows]
        for name, key in (("the newest event", "read_newest_us"), ("the oldest event", "read_oldest_us"))
    }
    return svg.lines("Reading an event costs the same whatever waits", series, "million waiting", "µs an event", note)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", nargs="?", type=Path, help="a file of bench/results; else the newest")
    file = parser.parse_args().run or max(RESULTS.glob("*.json"), default=None)
    if file is None:
        sys.exit("There is no run in bench/results yet: make bench")
    run = json.loads(file.read_text(encoding="utf-8"))
    PLOTS.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    for name, text in drawn(run).items():
        (PLOTS / name).write_text(text, encoding="utf-8")
        print((PLOTS / name).relative_to(ROOT))


if __name__ == "__main__":
    main()
