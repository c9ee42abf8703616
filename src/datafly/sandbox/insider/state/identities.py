"""Changing who a profile is: values renamed or taken away, PII stripped, all of it erased, what is stale forgotten."""

from collections.abc import Collection
from datetime import datetime, timedelta

from datafly.sandbox.database import Database, as_utc
from datafly.sandbox.insider import reference
from datafly.sandbox.insider.account import Account
from datafly.sandbox.insider.fields import Fields
from datafly.sandbox.insider.identifiers import Identifier
from datafly.sandbox.insider.state.history import History, Stamp
from datafly.sandbox.insider.state.profiles import Profiles

_SWEEP_EVERY = timedelta(hours=1)
_OF_A_PROFILE = ("identifiers", "events", "ignored", "history")


class Identities:
    def __init__(self, database: Database, profiles: Profiles, history: History) -> None:
        self._database = database
        self._profiles = profiles
        self._history = history
        self._swept_at: datetime | None = None

    def rename(self, account: Account, profile_id: int, old: Identifier, new: Identifier, stamp: Stamp) -> None:
        """Another value for an identifier, and for the attribute that repeats it."""
        self._database.write(
            "UPDATE identifiers SET value = ? WHERE account_id = ? AND type = ? AND value = ?",
            (new.value, account.id, old.type, old.value),
        )
        self._history.note(profile_id, "renamed", {old.type: new.value, "before": old.value}, stamp)
        held = self._profiles.fields(profile_id)
        if held.defaults.get(old.type) == old.value:
            self._profiles.replace_fields(
                profile_id, Fields({**held.defaults, old.type: new.value}, held.custom), stamp
            )

    def remove(self, account: Account, profile_id: int, identifier: Identifier, stamp: Stamp) -> None:
        """One identifier less, and the attribute that repeats it."""
        self._database.write(
            "DELETE FROM identifiers WHERE account_id = ? AND type = ? AND value = ?",
            (account.id, identifier.type, identifier.value),
        )
        self._history.note(profile_id, "removed", {identifier.type: None}, stamp)
        held = self._profiles.fields(profile_id)
        if held.defaults.get(identifier.type) == identifier.value:
            self._profiles.replace_fields(profile_id, _without(held, {identifier.type}), stamp)

    def erase(self, profile_id: int) -> None:
        """Nothing of the profile is left; requests that named it are kept as long as requests are."""
        for table in _OF_A_PROFILE:
            self._database.write(f"DELETE FROM {table} WHERE profile_id = ?", (profile_id,))  # noqa: S608
        self._database.write("DELETE FROM profiles WHERE id = ?", (profile_id,))

    def anonymize(self, profile_id: int, personal: Collection[str], stamp: Stamp) -> None:
        """E-mail, phone number and every personal attribute go, also where nothing identifies the profile then."""
        self._database.write(
            "DELETE FROM identifiers WHERE profile_id = ? AND type IN ('email', 'phone_number')", (profile_id,)
        )
        # What was written before would tell it all again.
        for table in ("history", "ignored"):
            self._database.write(f"DELETE FROM {table} WHERE profile_id = ?", (profile_id,))  # noqa: S608
        self._profiles.replace_fields(profile_id, _without(self._profiles.fields(profile_id), personal), stamp)
        self._history.note(profile_id, "anonymized", {}, stamp)

    def forget_stale(self, now: datetime) -> None:
        """Drop profiles that nobody wrote to and events past their retention; looked for once an hour."""
        if self._swept_at is not None and abs(now - self._swept_at) < _SWEEP_EVERY:
            return
        self._swept_at = now
        limit = as_utc(now - timedelta(days=reference.PROFILE_DAYS_KEPT))
        for row in self._database.rows("SELECT id FROM profiles WHERE updated_at < ?", (limit,)):
            self.erase(row["id"])
        self._forget_events(now)

    def _forget_events(self, now: datetime) -> None:
        days = {name: event.days_kept for name, event in reference.EVENTS.items()}
        for row in self._database.rows("SELECT DISTINCT name FROM events"):
            kept = days.get(row["name"], reference.CUSTOM_EVENT.days_kept)
            limit = as_utc(now - timedelta(days=kept), "microseconds")
            self._database.write("DELETE FROM events WHERE name = ? AND moment < ?", (row["name"], limit))


def _without(fields: Fields, names: Collection[str]) -> Fields:
    return Fields(
        {name: value for name, value in fields.defaults.items() if name not in names},
        {name: value for name, value in fields.custom.items() if f"custom.{name}" not in names},
    )
