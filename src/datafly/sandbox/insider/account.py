"""An account of the sandbox and what its owner has set: which identifiers unify, which names are registered."""

import re

import msgspec

PARTNER_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
MOST_KEYS = 5
MOST_NAMES = 80
UNIFICATION_SCOPE = "unification"
DEFAULT_TYPES = ("uuid", "email", "phone_number")


class AccountRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Identity resolution and taxonomy of an account.

    `identifier_types` are those that identify, by priority; custom ones are written `custom.<name>`.
    `identifier_limits` is how many values of a type one profile may hold; ours where it is silent: one for the
    three default types, ten for a custom one. Names that are None accept any; a list ignores all others.
    `personal_attributes` are what anonymizing strips, beside e-mail and phone number; a custom one is `custom.<name>`.
    """

    identifier_types: tuple[str, ...] = DEFAULT_TYPES
    identifier_limits: dict[str, int] = {}
    blocked_values: tuple[str, ...] = ("undefined", "anonymous", "0", "1", "null", "")
    attributes: tuple[str, ...] | None = None
    events: tuple[str, ...] | None = None
    parameters: tuple[str, ...] | None = None
    strict_parameters: bool = True
    personal_attributes: tuple[str, ...] = ("email", "phone_number", "name", "surname", "birthday", "last_ip", "idfa")

    def __post_init__(self) -> None:
        if any(len(names or ()) > MOST_NAMES for names in (self.attributes, self.parameters)):
            raise ValueError(f"an account registers at most {MOST_NAMES} custom attributes, and as many parameters")
        if any(limit < 1 for limit in self.identifier_limits.values()):
            raise ValueError("identifier_limits are at least 1")
        wrong = [each for each in (*self.identifier_types, *self.identifier_limits) if not _is_type(each)]
        if wrong:
            raise ValueError(f"{wrong[0]} is no type of identifier: uuid, email, phone_number or custom.<name>")
        if len(set(self.identifier_types)) < len(self.identifier_types):
            raise ValueError("identifier_types names each type once")

    def limit_of(self, identifier_type: str) -> int:
        return self.identifier_limits.get(identifier_type, 10 if identifier_type.startswith("custom.") else 1)


def _is_type(name: str) -> bool:
    return name in DEFAULT_TYPES or (name.startswith("custom.") and len(name) > len("custom."))


class Account(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    partner: str
    rules: AccountRules


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A generated key as the list shows it; the key itself is known only by its hash."""

    id: int
    account_id: int
    name: str
    scopes: tuple[str, ...]
    allowed_ips: tuple[str, ...]
    ending: str
    created_at: str
    last_used_at: str | None

    @property
    def unifies(self) -> bool:
        return UNIFICATION_SCOPE in self.scopes
