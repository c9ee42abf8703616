import json
import subprocess
import sys
from pathlib import Path

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
