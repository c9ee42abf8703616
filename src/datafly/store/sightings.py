"""Which events arrived at a vendor, by day."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from datafly.model.delivery import Sighting
from datafly.store.schema import sightings as table

KEPT_DAYS: Final = 45
"""Beyond what else the ledger forgets; longer than any segment asks for."""
_DAY_MS: Final = 86_400_000

Row = dict[str, Any]


def rows_of(sightings: Sequence[Sighting]) -> list[Row]:
    counted: Counter[tuple[str, int, str, str]] = Counter()
    for one in sightings:
        counted[one.installation_id, one.day, one.name, one.param] += one.count
    keys = [column.name for column in table.primary_key.columns]
    return [dict(zip(keys, key, strict=True)) | {"count": count} for key, count in counted.items()]


def forget(connection: sa.Connection, before_ms: int) -> None:
    connection.execute(sa.delete(table).where(table.c.day < before_ms // _DAY_MS - KEPT_DAYS))


def of(connection: sa.Connection, installation_id: str, since_day: int) -> list[Sighting]:
    where = (table.c.installation_id == installation_id, table.c.day >= since_day)
    rows = connection.execute(sa.select(table).where(*where)).mappings()
    return [Sighting(*(row[name] for name in Sighting.__struct_fields__)) for row in rows]
