"""The control plane in SQL."""

import sqlalchemy as sa

from datafly.model.installation import Installation, Pipeline
from datafly.store import rows
from datafly.store.database import Database
from datafly.store.installations import Installations
from datafly.store.pipelines import Pipelines
from datafly.store.replays import Replays
from datafly.store.schema import control_version
from datafly.store.seal import Sealer
from datafly.store.sources import Sources
from datafly.store.tokens import Tokens


class SqlControl(Pipelines, Sources, Installations, Tokens, Replays):
    """`Control` over SQLAlchemy. A change also counts the version up; a token's last use does not."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def version(self) -> int:
        with self._database.read() as connection:
            return int(connection.execute(sa.select(control_version.c.version)).scalar_one())

    def etag(self, value: Pipeline | Installation) -> str:
        """Hexadecimal, without the quotes of HTTP."""
        return rows.etag(value)
