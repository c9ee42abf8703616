"""The campaign is a package of its own, which `run.py` uses too; its vendor and promises are those of `tests/kill`."""

import sys
from pathlib import Path

for folder in (Path(__file__).parent, Path(__file__).parents[1] / "kill"):
    sys.path.insert(0, str(folder))
