"""Writes docs/integrations/insider-and-segment.md; says what no row explains, and which row explains nothing.

python tests/differential/draw.py
"""

import sys

from beside.differences import differences
from beside.page import PAGE, drawn
from beside.rows import explained, table


def main() -> int:
    known = table()
    examples, unexplained = explained(known.rows, differences())
    for one in unexplained:
        sys.stdout.write(f"No row explains: {one}\n")
    for row in known.rows:
        if row not in examples:
            sys.stdout.write(f"Explains nothing any more: {row.name}\n")
    PAGE.write_text(drawn(known, examples), encoding="utf-8")
    return int(bool(unexplained) or len(examples) < len(known.rows))


if __name__ == "__main__":
    sys.exit(main())
