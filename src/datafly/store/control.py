"""The control plane in SQL."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from datafly.model.secret import Secret
from datafly.model.source import Source
from datafly.store import rows
from datafly.store.alerts import Alerts
from datafly.store.audit import Audit
from datafly.store.base import Tagged
from datafly.store.consent import Consents
from datafly.store.database import Database
from datafly.store.erasures import Erasures
from datafly.store.failures import Failures
from datafly.store.installations import Installations
from datafly.store.links import Links
from datafly.store.pipelines import Pipelines
from datafly.store.replays import Replays
from datafly.store.retries import Retries
from datafly.store.schema import control_version
from datafly.store.seal import Sealer
from datafly.store.sessions import Sessions
from datafly.store.sources import Sources
from datafly.store.tokens import Tokens
from datafly.store.users import Users


class SqlControl(
    Pipelines,
    Consents,
    Erasures,
    Sources,
    Installations,
    Tokens,
    Replays,
    Users,
    Sessions,
    Links,
    Failures,
    Audit,
    Retries,
    Alerts,
):
    """`Control` over SQLAlchemy. A change also counts the version up; a token's last use does not."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def version(self) -> int:
        with self._database.read() as connection:
            return int(connection.execute(sa.select(control_version.c.version)).scalar_one())

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is changed inside, by this thread, is one transaction."""
        with self._database.change():
            yield

    def signing_key(self, purpose: str) -> Secret:
        """The same in every process that has the store's encryption key; another for every purpose."""
        return self._sealer.derived(purpose)

    def etag(self, value: Tagged | Source) -> str:
        """Hexadecimal, without the quotes of HTTP."""
        return self._tag(value) if isinstance(value, Source) else rows.etag(value)
