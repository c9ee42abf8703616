"""What was found wrong with one user: what refuses it, and what is ignored without a word to the sender."""

import msgspec

from datafly.sandbox.insider.kinds import shown
from datafly.sandbox.insider.rules import Rule


class Ignored(msgspec.Struct, frozen=True):
    """A value that Insider would take with a 200 and not keep; the inspector tells why. All sentences are ours."""

    path: str
    value: str
    reason: str

    @property
    def within_user(self) -> str:
        """The path without the user's place in the request."""
        return self.path.split(".", 2)[-1]


class Findings:
    """Collects for one user; `errors` is in the shape of `data.fail.errors`, `ours` names those messages that are."""

    def __init__(self, index: int) -> None:
        self.prefix = f"users.{index}."
        self.errors: dict[str, list[str]] = {}
        self.ours: dict[str, str] = {}
        self.ignored: list[Ignored] = []

    def refuse(self, rule: Rule, *, under: str = "", **words: object) -> None:
        key = f"{self.prefix}{under}{rule.path}"
        message = rule.said_of({name: shown(word) for name, word in words.items()})
        self.errors.setdefault(key, []).append(message)
        if rule.ours:
            self.ours[message] = rule.ours

    def ignore(self, path: str, value: object, reason: str) -> None:
        self.ignored.append(Ignored(f"{self.prefix}{path}", shown(value)[:200], reason))
