"""Profiles: who they are, what is known of them, what they did, and what was ignored of what was sent."""

import hashlib
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from datafly.sandbox.database import Database, Row, as_utc, from_text, to_text
from datafly.sandbox.insider.account import Account
from datafly.sandbox.insider.events import ReadEvent
from datafly.sandbox.insider.fields import Fields
from datafly.sandbox.insider.findings import Ignored
from datafly.sandbox.insider.identifiers import Identifier
from datafly.sandbox.insider.state.history import History, Stamp, difference
from datafly.sandbox.insider.unify import Resolution


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """`times_received` counts how often the very same event arrived; it is stored once."""

    id: int
    profile_id: int
    name: str
    timestamp: str
    parameters: dict[str, object]
    custom: dict[str, object]
    times_received: int
    received_at: str
    request_id: int


class StoredIgnored(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is within the user object; `times` counts the requests kept; `request_id` and `at` are of the last."""

    request_id: int
    at: str
    times: int
    path: str
    value: str
    reason: str


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    account_id: int
    insider_id: str
    identifiers: tuple[Identifier, ...]
    attributes: dict[str, object]
    custom: dict[str, object]
    created_at: str
    updated_at: str

    def identifier(self, identifier_type: str) -> str | None:
        return next((each.value for each in self.identifiers if each.type == identifier_type), None)


class Profiles:
    def __init__(self, database: Database, history: History) -> None:
        self._database = database
        self._history = history
        self._learnt: set[tuple[int, str, str]] = set()

    def forget_names(self) -> None:
        """Names were emptied from the file: learn them anew."""
        self._learnt.clear()

    def of_id(self, account: Account, profile_id: int) -> Profile | None:
        row = self._database.row("SELECT * FROM profiles WHERE id = ? AND account_id = ?", (profile_id, account.id))
        return self._profile(row) if row else None

    def of_insider_id(self, account: Account, insider_id: str) -> Profile | None:
        row = self._database.row(
            "SELECT * FROM profiles WHERE insider_id = ? AND account_id = ?", (insider_id, account.id)
        )
        return self._profile(row) if row else None

    def holder(self, account: Account, identifier: Identifier) -> int | None:
        """The profile that this identifier belongs to."""
        row = self._database.row(
            "SELECT profile_id FROM identifiers WHERE account_id = ? AND type = ? AND value = ?",
            (account.id, identifier.type, identifier.value),
        )
        return row["profile_id"] if row else None

    def held(self, profile_ids: Iterable[int]) -> dict[int, Counter[str]]:
        """How many identifiers of each type these profiles hold."""
        return {profile_id: Counter(each.type for each in self._identifiers(profile_id)) for profile_id in profile_ids}

    def settle(self, account: Account, resolution: Resolution, stamp: Stamp) -> int:
        """Make, extend or merge profiles as resolved; the profile that results."""
        target = resolution.target if resolution.target is not None else self._create(account, stamp)
        for identifier in resolution.added:
            self._database.write(
                "INSERT INTO identifiers VALUES (?, ?, ?, ?)",
                (account.id, identifier.type, identifier.value, target),
            )
        if resolution.added:
            gained: dict[str, object] = {each.type: each.value for each in resolution.added}
            self._history.note(target, "created" if resolution.target is None else "identified", gained, stamp)
        for loser in resolution.merged:
            self._merge(target, loser, stamp)
        return target

    def set_fields(self, account: Account, profile_id: int, fields: Fields, stamp: Stamp, *, appends: bool) -> None:
        """Write attributes; arrays are added to where `appends`, without what they hold already."""
        held = self.fields(profile_id)
        written = Fields(
            _merged(held.defaults, fields.defaults, appends=appends),
            _merged(held.custom, fields.custom, appends=appends),
        )
        self._rewrite(profile_id, held, written, stamp)
        self._learn(account, "attribute", fields.custom)

    def fields(self, profile_id: int) -> Fields:
        """All attributes of a profile that is there."""
        row = self._database.row("SELECT attributes, custom FROM profiles WHERE id = ?", (profile_id,))
        return Fields(from_text(row["attributes"]), from_text(row["custom"])) if row else Fields()

    def replace_fields(self, profile_id: int, fields: Fields, stamp: Stamp) -> None:
        """Write attributes as they stand; that they changed is history, that nothing did is not."""
        self._rewrite(profile_id, self.fields(profile_id), fields, stamp)

    def _rewrite(self, profile_id: int, held: Fields, fields: Fields, stamp: Stamp) -> None:
        self._database.write(
            "UPDATE profiles SET attributes = ?, custom = ?, updated_at = ? WHERE id = ?",
            (to_text(fields.defaults), to_text(fields.custom), stamp.text, profile_id),
        )
        custom = {f"custom.{name}": value for name, value in difference(held.custom, fields.custom).items()}
        changed = {**difference(held.defaults, fields.defaults), **custom}
        written = {name: value for name, value in changed.items() if value is not None}
        removed: dict[str, object] = {name: None for name, value in changed.items() if value is None}
        if written:
            self._history.note(profile_id, "attributes", written, stamp)
        if removed:
            self._history.note(profile_id, "removed", removed, stamp)

    def append(self, account: Account, profile_id: int, events: Sequence[ReadEvent], stamp: Stamp) -> int:
        """Append events, the very same one only once; how many were new."""
        return sum(self._append(account, profile_id, event, stamp) for event in events)

    def note_ignored(self, profile_id: int, ignored: Sequence[Ignored], stamp: Stamp) -> None:
        for each in ignored:
            self._database.write(
                "INSERT INTO ignored (request_id, profile_id, path, value, reason) VALUES (?, ?, ?, ?, ?)",
                (stamp.request_id, profile_id, each.within_user, each.value, each.reason),
            )

    def search(self, account: Account, words: str, *, limit: int = 50) -> list[Profile]:
        """Profiles whose uuid or e-mail contains the words, whole matches first; all, newest first, for none."""
        pattern = f"%{_escaped(words)}%"
        rows = self._database.rows(
            "SELECT p.* FROM profiles p WHERE p.account_id = :account AND (:words = ''"
            " OR json_extract(p.attributes, '$.email') LIKE :pattern ESCAPE '!'"
            " OR EXISTS (SELECT 1 FROM identifiers i WHERE i.profile_id = p.id AND i.type IN ('uuid', 'email')"
            "            AND i.value LIKE :pattern ESCAPE '!'))"
            " ORDER BY EXISTS (SELECT 1 FROM identifiers i WHERE i.profile_id = p.id AND i.value = :words) DESC,"
            " p.updated_at DESC, p.id DESC LIMIT :limit",
            {"account": account.id, "words": words, "pattern": pattern, "limit": limit},
        )
        return [self._profile(row) for row in rows]

    def events(self, profile_id: int, *, limit: int = 200) -> list[StoredEvent]:
        """The newest first, by when they happened; lines of one moment in the order that they arrived."""
        rows = self._database.rows(
            "SELECT * FROM events WHERE profile_id = ? ORDER BY moment DESC, id LIMIT ?", (profile_id, limit)
        )
        return [event_of(row) for row in rows]

    def arrivals(self, *, after: int = 0, limit: int = 1000) -> list[StoredEvent]:
        """Events of every account in the order in which they arrived."""
        rows = self._database.rows("SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
        return [event_of(row) for row in rows]

    def ignored(self, profile_id: int, *, limit: int = 50) -> list[StoredIgnored]:
        rows = self._database.rows(
            "SELECT i.path, i.value, i.reason, count(*) AS times, max(i.request_id) AS request_id,"
            " max(r.received_at) AS at"
            " FROM ignored i JOIN requests r ON r.id = i.request_id"
            " WHERE i.profile_id = ? GROUP BY i.path, i.value, i.reason ORDER BY max(i.id) DESC LIMIT ?",
            (profile_id, limit),
        )
        return [StoredIgnored(**dict(row)) for row in rows]

    def event_count(self, profile_id: int) -> int:
        row = self._database.row("SELECT count(*) AS n FROM events WHERE profile_id = ?", (profile_id,))
        return row["n"] if row else 0

    def count(self, account: Account) -> int:
        row = self._database.row("SELECT count(*) AS n FROM profiles WHERE account_id = ?", (account.id,))
        return row["n"] if row else 0

    def totals(self) -> dict[str, int]:
        """Over every account: profiles, events stored, and how often an event arrived that was there already."""
        row = self._database.row(
            "SELECT (SELECT count(*) FROM profiles) AS users, (SELECT count(*) FROM events) AS events,"
            " (SELECT coalesce(sum(times_received - 1), 0) FROM events) AS repeated_events"
        )
        return dict(row) if row else {}

    def learnt(self, account: Account, place: str) -> list[tuple[str, str | None]]:
        """Names of the account's own that arrived: of an `attribute`, an `event`, or parameters of `event:<name>`."""
        rows = self._database.rows(
            "SELECT name, type FROM names WHERE account_id = ? AND place = ? ORDER BY name", (account.id, place)
        )
        return [(row["name"], row["type"]) for row in rows]

    def _learn(self, account: Account, place: str, named: dict[str, object]) -> None:
        for name, value in named.items():
            if (account.id, place, name) in self._learnt:
                continue
            self._learnt.add((account.id, place, name))
            column_type = "array" if isinstance(value, list) else None
            self._database.write(
                "INSERT OR IGNORE INTO names VALUES (?, ?, ?, ?)", (account.id, place, name, column_type)
            )

    def _create(self, account: Account, stamp: Stamp) -> int:
        return self._database.write(
            "INSERT INTO profiles (account_id, insider_id, attributes, custom, created_at, updated_at)"
            " VALUES (?, ?, '{}', '{}', ?, ?)",
            (account.id, uuid.uuid4().hex, stamp.text, stamp.text),
        )

    def _append(self, account: Account, profile_id: int, event: ReadEvent, stamp: Stamp) -> bool:
        moment = as_utc(event.moment, "microseconds")
        parameters, custom = event.parameters.defaults, event.parameters.custom
        seen = self._database.changed(
            "UPDATE events SET times_received = times_received + 1 WHERE profile_id = ? AND digest = ?",
            (profile_id, _digest(event.name, moment, parameters, custom)),
        )
        if seen:
            return False
        self._database.write(
            "INSERT INTO events (profile_id, digest, name, moment, parameters, custom, times_received, received_at,"
            " request_id) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)",
            (
                profile_id,
                _digest(event.name, moment, parameters, custom),
                event.name,
                moment,
                to_text(parameters),
                to_text(custom),
                stamp.text,
                stamp.request_id,
            ),
        )
        self._learn(account, "event", {event.name: None})
        self._learn(account, f"event:{event.name}", custom)
        return True

    def _merge(self, target: int, loser: int, stamp: Stamp) -> None:
        """The loser's identifiers, events and what it alone knew go to the target; then it is gone."""
        gained: dict[str, object] = {each.type: each.value for each in self._identifiers(loser)}
        mine, theirs = self.fields(target), self.fields(loser)
        both = Fields({**theirs.defaults, **mine.defaults}, {**theirs.custom, **mine.custom})
        for table in ("identifiers", "ignored", "history"):
            self._database.write(f"UPDATE {table} SET profile_id = ? WHERE profile_id = ?", (target, loser))  # noqa: S608
        self._database.write("UPDATE OR IGNORE events SET profile_id = ? WHERE profile_id = ?", (target, loser))
        self._database.write("DELETE FROM events WHERE profile_id = ?", (loser,))
        self._database.write("DELETE FROM profiles WHERE id = ?", (loser,))
        self._history.note(target, "merged", gained, stamp)
        self.replace_fields(target, both, stamp)

    def _profile(self, row: Row) -> Profile:
        return Profile(
            id=row["id"],
            account_id=row["account_id"],
            insider_id=row["insider_id"],
            identifiers=self._identifiers(row["id"]),
            attributes=from_text(row["attributes"]),
            custom=from_text(row["custom"]),
            created_at=row["created_at"],
            updated_at=row["updated_at"],
        )

    def _identifiers(self, profile_id: int) -> tuple[Identifier, ...]:
        rows = self._database.rows(
            "SELECT type, value FROM identifiers WHERE profile_id = ? ORDER BY CASE type WHEN 'uuid' THEN 0"
            " WHEN 'email' THEN 1 WHEN 'phone_number' THEN 2 ELSE 3 END, type, value",
            (profile_id,),
        )
        return tuple(Identifier(row["type"], row["value"]) for row in rows)


def _merged(old: dict[str, object], new: dict[str, object], *, appends: bool) -> dict[str, object]:
    merged = {**old, **new}
    for name, value in new.items():
        held = old.get(name)
        if appends and isinstance(value, list) and isinstance(held, list):
            merged[name] = held + [item for item in value if item not in held]
    return merged


def _digest(name: str, moment: str, parameters: dict[str, object], custom: dict[str, object]) -> bytes:
    """What makes two events the same: name, moment and every parameter, in whatever order."""
    whole = msgspec.json.encode([name, moment, parameters, custom], order="sorted")
    return hashlib.blake2b(whole, digest_size=16).digest()


def _escaped(words: str) -> str:
    return words.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def event_of(row: Row) -> StoredEvent:
    return StoredEvent(
        id=row["id"],
        profile_id=row["profile_id"],
        name=row["name"],
        timestamp=row["moment"],
        parameters=from_text(row["parameters"]),
        custom=from_text(row["custom"]),
        times_received=row["times_received"],
        received_at=row["received_at"],
        request_id=row["request_id"],
    )
