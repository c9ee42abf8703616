"""The comparison is a package of its own, which the bench and `draw.py` use too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
