"""What is decided on consent for all pipelines."""

from typing import Any, Final

import msgspec
import sqlalchemy as sa

from datafly.model.consent import ConsentSettings
from datafly.store import rows
from datafly.store.database import Database
from datafly.store.dialect import upsert
from datafly.store.schema import consent_settings

_ONLY: Final = 1


class Consents:
    """The part of `Control` that keeps the consent settings."""

    _database: Database

    def consent_settings(self) -> ConsentSettings:
        """The usual ones while nothing was decided."""
        with self._database.read() as connection:
            found: Any = connection.execute(sa.select(consent_settings.c.document)).scalar()
        return msgspec.convert(found or {}, ConsentSettings)

    def change_consent_settings(self, changes: dict[str, Any], *, if_match: str | None = None) -> ConsentSettings:
        with self._database.change() as connection:
            before = self.consent_settings()
            rows.require_match(before, if_match)
            after = msgspec.structs.replace(before, **changes)
            upsert(connection, consent_settings, [{"id": _ONLY, "document": msgspec.to_builtins(after)}])
            return after
