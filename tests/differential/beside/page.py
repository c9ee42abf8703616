"""The rows and an example of each → docs/integrations/insider-and-segment.md."""

import json
from collections.abc import Mapping
from pathlib import Path

from beside.differences import REQUEST, Difference
from beside.rows import Row, Table
from beside.senders import SEGMENT

PAGE = Path(__file__).parents[3] / "docs/integrations/insider-and-segment.md"
LONGEST = 48
SPECIAL = {
    "trackEvent": "of an event of one's own",
    "withdrawal": "that comes with a withdrawal of consent",
    "historical": "of a historical event",
    "without products": "that has no list of products",
    "other spelling": "of an event that is spelt otherwise",
    "list price alone": "of a product with a list price alone",
}

HEAD = """\
<!-- Generated from tests/differential/deviations.toml by `python tests/differential/draw.py`; change it there. -->

# Insider: Signal beside Segment's mapping

Insider maintains a mapping of its own for Segment, published as `{package}`; it is the one public mapping to compare
with. A test sends the same events through both, compares the requests field by field, and fails on every difference
that does not stand here, and on every row here that no longer holds.

- Segment's side is the published package, version {version}, run by the engine that it is published with; only its
  HTTP client is replaced. As published it sends nothing but identify until somebody sets it up; here each of its
  actions is subscribed as its own text proposes, with its default mapping, and the one for any track takes what no
  other takes.
- The events are those of Signal's corpus for Insider, and a few more that Segment's mapping reads something from.
  Segment gets an event under the name and with the properties that were sent; what Signal has learnt of the user it
  gets as `context.traits`.
- Both send to the same address, with the same headers for partner and key; what is not in the tables is the same.
- Fields are named by their path in a user, those of events by their path in an event.
- Not counted as a difference: an object without a field, and a moment written with or without milliseconds.

Sections (§) are those of the contract that the integration is built from. A value in brackets is an example.
**Refused** and **ignored** tell what becomes of Segment's at Insider, as its sandbox answers to the request of the
example: the user is refused, with all that the request tells of her, or she is taken without the field.
"""

FOOT = """
## How to run it

`make test` runs the test where there is Node 18 or newer with npm, or the one among the development packages, and a
way to the npm registry; elsewhere it is skipped, and says why. The package is installed once, as
`tests/differential/segment/package-lock.json` pins it, into a `node_modules` beside that file (50 MB; packages that
only other destinations need are replaced by an empty one). After a change to either mapping or to the corpus: mend
`tests/differential/deviations.toml`, then `python tests/differential/draw.py`. How fast the two are is measured in
[performance](../performance.md).
"""


def drawn(table: Table, examples: Mapping[Row, Difference]) -> str:
    needs = json.loads((SEGMENT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    package = "@segment/action-destinations"
    parts = [HEAD.format(package=package, version=needs[package])]
    for group in table.groups:
        parts.append(f"\n## {group.title}\n\n| field | Segment's mapping | Signal | why |\n| --- | --- | --- | --- |\n")
        parts.extend(line(row, examples.get(row)) for row in group.rows)
    return "".join([*parts, FOOT])


def line(row: Row, example: Difference | None) -> str:
    segment, signal = (example.segment, example.signal) if example and example.field != REQUEST else ("", "")
    cells = (
        where(row),
        row.segment + in_brackets(segment) + (f" **{row.insider.capitalize()}.**" if row.insider else ""),
        row.signal + in_brackets(signal),
        f"{row.why} {row.contract}",
    )
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"


def where(row: Row) -> str:
    fields = ", ".join(f"`{field.replace('events.', '')}`" for field in row.fields)
    words = ["the event" if row.fields == (REQUEST,) else fields]
    if row.of:
        words.append(f"of {', '.join(row.of)}")
    if row.when:
        words.append(SPECIAL.get(row.when, f"where `{row.when}` is set"))
    return " ".join(words)


def in_brackets(value: str) -> str:
    shown = value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
    return f" (`{shown}`)" if shown else ""
