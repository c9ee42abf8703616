"""Runs every SDK and draws docs/reference/sdks.md from what it found.

python tests/sdks/draw.py
"""

from proving.page import PAGE, drawn

PAGE.write_text(drawn(), encoding="utf-8")
