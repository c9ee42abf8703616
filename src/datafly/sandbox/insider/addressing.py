"""Whose profile a request names, where it must name exactly one."""

from datafly.sandbox.insider import replies
from datafly.sandbox.insider.account import Account
from datafly.sandbox.insider.findings import Findings
from datafly.sandbox.insider.identifiers import Identifier, read_identifiers
from datafly.sandbox.insider.replies import Answer
from datafly.sandbox.insider.state import State
from datafly.sandbox.insider.state.profiles import Profile


def named_profile(state: State, account: Account, document: dict[str, object]) -> Profile | Answer | None:
    """The profile of `identifiers`, tried by priority, or of `insider_id`; an answer where not one of them is there."""
    if ("identifiers" in document) == ("insider_id" in document):
        return replies.NOT_ONE_IDENTITY
    if isinstance(insider_id := document.get("insider_id"), str):
        return state.profiles.of_insider_id(account, insider_id)
    read = read_identifiers(document.get("identifiers"), Findings(0), account.rules)
    holders = (state.profiles.holder(account, identifier) for identifier in read.identifying)
    found = next((holder for holder in holders if holder is not None), None)
    return None if found is None else state.profiles.of_id(account, found)


def sole_entry(raw: object) -> tuple[str, object] | None:
    """Type and value where exactly one identifier is given; a custom one is `custom.<name>`."""
    entry = _sole(raw)
    if entry is None or entry[0] != "custom":
        return entry
    inner = _sole(entry[1])
    return None if inner is None else (f"custom.{inner[0]}", inner[1])


def _sole(raw: object) -> tuple[str, object] | None:
    return next(iter(raw.items())) if isinstance(raw, dict) and len(raw) == 1 else None


def read_entry(entry: tuple[str, object], account: Account) -> Identifier | Answer:
    """The identifier of an entry, if its type identifies in the account and its value may."""
    name, value = entry
    raw = {"custom": {name.removeprefix("custom."): value}} if name.startswith("custom.") else {name: value}
    findings = Findings(0)
    read = read_identifiers(raw, findings, account.rules)
    if len(read.identifying) == 1:
        return read.identifying[0]
    is_known = name in account.rules.identifier_types or name in {"em", "pn"}
    return replies.BAD_IDENTIFIER_VALUE if is_known else replies.NO_VALID_IDENTIFIER
