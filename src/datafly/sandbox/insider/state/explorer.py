"""Questions over all events of an account, for the panel's explorer and its segments; nothing here writes."""

import json

import msgspec

from datafly.sandbox.database import Database, Row
from datafly.sandbox.insider.account import Account
from datafly.sandbox.insider.state.profiles import StoredEvent, event_of

_OF_ACCOUNT = "FROM events e JOIN profiles p ON p.id = e.profile_id WHERE p.account_id = :account"


class EventName(msgspec.Struct, frozen=True, kw_only=True):
    """An event by its name: how many are stored, of how many users, the newest moment."""

    name: str
    count: int
    users: int
    latest: str


class FoundEvent(msgspec.Struct, frozen=True, kw_only=True):
    event: StoredEvent
    who: str


class Filling(msgspec.Struct, frozen=True, kw_only=True):
    """How many events of a name carry a parameter."""

    parameter: str
    custom: bool
    count: int


class Explorer:
    def __init__(self, database: Database) -> None:
        self._database = database

    def names(self, account: Account) -> list[EventName]:
        rows = self._database.rows(
            "SELECT e.name AS name, count(*) AS count, count(DISTINCT e.profile_id) AS users, max(e.moment) AS latest"
            f" {_OF_ACCOUNT} GROUP BY e.name ORDER BY count DESC, name",
            {"account": account.id},
        )
        return [msgspec.convert(dict(row), EventName) for row in rows]

    def found(self, account: Account, *, name: str, before: int | None, limit: int) -> list[FoundEvent]:
        """Of that name, or of any for an empty one; the last to arrive first."""
        rows = self._database.rows(
            "SELECT e.*, (SELECT i.value FROM identifiers i WHERE i.profile_id = e.profile_id"  # noqa: S608 - no word from outside
            f" ORDER BY CASE i.type WHEN 'uuid' THEN 0 WHEN 'email' THEN 1 ELSE 2 END LIMIT 1) AS who {_OF_ACCOUNT}"
            " AND (:name = '' OR e.name = :name) AND (:before IS NULL OR e.id < :before)"
            " ORDER BY e.id DESC LIMIT :limit",
            {"account": account.id, "name": name, "before": before, "limit": limit},
        )
        return [FoundEvent(event=event_of(row), who=row["who"] or f"profile {row['profile_id']}") for row in rows]

    def fillings(self, account: Account, name: str) -> list[Filling]:
        """Which parameters the events of a name carry, the most frequent first."""
        values = {"account": account.id, "name": name}
        found = [
            Filling(parameter=row["key"], custom=custom, count=row["count"])
            for column, custom in (("parameters", False), ("custom", True))
            for row in self._filled(column, values)
        ]
        return sorted(found, key=lambda each: (-each.count, each.custom, each.parameter))

    def _filled(self, column: str, values: dict[str, object]) -> list[Row]:
        return self._database.rows(
            f"SELECT j.key AS key, count(*) AS count FROM events e JOIN profiles p ON p.id = e.profile_id,"  # noqa: S608
            f" json_each(e.{column}) j WHERE p.account_id = :account AND e.name = :name GROUP BY j.key",
            values,
        )

    def count(
        self, account: Account, names: tuple[str, ...], *, since: str = "", carrying: tuple[str, ...] = ()
    ) -> int:
        """Events of these names (any for none) that happened since then and carry all these parameters."""
        row = self._database.row(
            f"SELECT count(*) AS n {_OF_ACCOUNT} AND e.moment >= :since"  # noqa: S608 - no word from outside
            " AND (:names = '[]' OR e.name IN (SELECT value FROM json_each(:names)))"
            " AND NOT EXISTS (SELECT 1 FROM json_each(:carrying) w"
            " WHERE json_extract(e.parameters, '$.' || w.value) IS NULL)",
            {"account": account.id, "since": since, "names": json.dumps(names), "carrying": json.dumps(carrying)},
        )
        return row["n"] if row else 0

    def oldest(self, account: Account) -> str | None:
        """The moment of the first event that is stored."""
        row = self._database.row(f"SELECT min(e.moment) AS oldest {_OF_ACCOUNT}", {"account": account.id})
        return row["oldest"] if row else None

    def users_with(self, account: Account, attribute: str) -> int:
        row = self._database.row(
            "SELECT count(*) AS n FROM profiles"
            " WHERE account_id = ? AND json_extract(attributes, '$.' || ?) IS NOT NULL",
            (account.id, attribute),
        )
        return row["n"] if row else 0
