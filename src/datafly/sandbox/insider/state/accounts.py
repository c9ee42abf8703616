"""Accounts, their API keys, and who is signed in to the panel."""

import hashlib
import ipaddress
import secrets
from datetime import UTC, datetime

import msgspec

from datafly.model.errors import OperatorError
from datafly.sandbox.database import Database, Row, as_utc, from_text, to_text
from datafly.sandbox.insider.account import (
    MOST_KEYS,
    PARTNER_PATTERN,
    UNIFICATION_SCOPE,
    Account,
    AccountRules,
    ApiKey,
)
from datafly.sandbox.settings import Seed, SeedKey


class NotPossible(Exception):
    """An account or key cannot be as asked; the message is for the person who asked."""


class Accounts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def plant(self, seed: Seed) -> None:
        """The partners in an empty file only, since a person may have renamed them; keys wherever they are missing."""
        if not self.all():
            for partner in seed.partners:
                self.add(partner)
        for key in seed.keys:
            self._plant_key(key)

    def _plant_key(self, key: SeedKey) -> None:
        account = self.of_partner(key.partner) or self.add(key.partner)
        if self.key_of_token(account, key.key):
            return
        try:
            self.add_key(account, name=key.name, key=key.key, created_at=as_utc(datetime.now(UTC)))
        except NotPossible as error:
            raise OperatorError(f"The key that was given for {key.partner} cannot be had: {error}") from error

    def all(self) -> list[Account]:
        return [_account(row) for row in self._database.rows("SELECT * FROM accounts ORDER BY id")]

    def of_partner(self, partner: str) -> Account | None:
        row = self._database.row("SELECT * FROM accounts WHERE partner = ?", (partner,))
        return _account(row) if row else None

    def of_id(self, account_id: int) -> Account | None:
        row = self._database.row("SELECT * FROM accounts WHERE id = ?", (account_id,))
        return _account(row) if row else None

    def add(self, partner: str, rules: AccountRules | None = None) -> Account:
        self._check_partner(partner)
        self._database.write(
            "INSERT INTO accounts (partner, rules) VALUES (?, ?)", (partner, to_text(rules or AccountRules()))
        )
        added = self.of_partner(partner)
        assert added is not None  # noqa: S101 - just written
        return added

    def change(self, account: Account, *, partner: str, rules: AccountRules) -> None:
        """Users and keys stay with the account when its partner name changes."""
        if partner != account.partner:
            self._check_partner(partner)
        self._database.write(
            "UPDATE accounts SET partner = ?, rules = ? WHERE id = ?", (partner, to_text(rules), account.id)
        )

    def _check_partner(self, partner: str) -> None:
        if not PARTNER_PATTERN.fullmatch(partner):
            raise NotPossible("A partner name is lower-case letters, digits, - and _, without spaces.")
        if self.of_partner(partner):
            raise NotPossible(f"The partner name {partner} is taken.")

    def keys(self, account: Account) -> list[ApiKey]:
        rows = self._database.rows("SELECT * FROM keys WHERE account_id = ? ORDER BY id", (account.id,))
        return [_key(row) for row in rows]

    def add_key(
        self,
        account: Account,
        *,
        name: str,
        created_at: str,
        key: str | None = None,
        scopes: tuple[str, ...] = (UNIFICATION_SCOPE,),
        allowed_ips: tuple[str, ...] = (),
    ) -> tuple[ApiKey, str]:
        """The key's row and the key itself, which is not kept. At most five of an account are active."""
        if len(self.keys(account)) >= MOST_KEYS:
            raise NotPossible(f"An account has at most {MOST_KEYS} active keys. Revoke one first.")
        _check_addresses(allowed_ips)
        secret = key or secrets.token_hex(20)
        if self._database.row("SELECT 1 FROM keys WHERE digest = ?", (_digest(secret),)):
            raise NotPossible("This key exists already.")
        key_id = self._database.write(
            "INSERT INTO keys (account_id, digest, name, scopes, allowed_ips, ending, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                account.id,
                _digest(secret),
                name,
                to_text(scopes),
                to_text(allowed_ips),
                secret[-4:],
                created_at,
            ),
        )
        made = self._database.row("SELECT * FROM keys WHERE id = ?", (key_id,))
        assert made is not None  # noqa: S101 - just written
        return _key(made), secret

    def key_of_token(self, account: Account, token: str) -> ApiKey | None:
        """The active key that this token is, if it belongs to the account."""
        row = self._database.row("SELECT * FROM keys WHERE digest = ? AND account_id = ?", (_digest(token), account.id))
        return _key(row) if row else None

    def note_use(self, key: ApiKey, when: datetime) -> None:
        self._database.write("UPDATE keys SET last_used_at = ? WHERE id = ?", (as_utc(when), key.id))

    def revoke(self, account: Account, key_id: int) -> bool:
        return self._database.changed("DELETE FROM keys WHERE id = ? AND account_id = ?", (key_id, account.id)) > 0

    def sign_in(self, account: Account) -> str:
        """A session's token, for the cookie."""
        token = secrets.token_urlsafe(32)
        self._database.write("INSERT INTO sessions VALUES (?, ?)", (_digest(token), account.id))
        return token

    def switch(self, token: str, account: Account) -> None:
        self._database.write("UPDATE sessions SET account_id = ? WHERE digest = ?", (account.id, _digest(token)))

    def signed_in(self, token: str) -> Account | None:
        row = self._database.row("SELECT account_id FROM sessions WHERE digest = ?", (_digest(token),))
        return self.of_id(row["account_id"]) if row else None

    def sign_out(self, token: str) -> None:
        self._database.write("DELETE FROM sessions WHERE digest = ?", (_digest(token),))


def _check_addresses(allowed_ips: tuple[str, ...]) -> None:
    for address in allowed_ips:
        try:
            ipaddress.IPv4Network(address, strict=False)
        except ValueError:
            raise NotPossible(f"{address} is no IPv4 address or network.") from None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _account(row: Row) -> Account:
    rules = msgspec.json.decode(row["rules"], type=AccountRules)
    return Account(id=row["id"], partner=row["partner"], rules=rules)


def _key(row: Row) -> ApiKey:
    return ApiKey(
        id=row["id"],
        account_id=row["account_id"],
        name=row["name"],
        scopes=tuple(from_text(row["scopes"])),
        allowed_ips=tuple(from_text(row["allowed_ips"])),
        ending=row["ending"],
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
    )
