"""The campaign is a package of its own, which `run.py` uses too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
