"""Calls about a user that no event makes: to erase her, to take away attributes, to change who she is."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from datafly.spec.pacing import Window
from datafly.spec.words import Failure

DELETE_USER: Final = "delete_user"
DELETE_ATTRIBUTES: Final = "delete_attributes"
REPLACE_IDENTIFIER: Final = "replace_identifier"
REMOVE_IDENTIFIER: Final = "remove_identifier"

TAKES: Final[dict[str, frozenset[str]]] = {
    DELETE_USER: frozenset({"user"}),
    DELETE_ATTRIBUTES: frozenset({"user", "attributes", "custom"}),
    REPLACE_IDENTIFIER: frozenset({"old", "new"}),
    REMOVE_IDENTIFIER: frozenset({"user"}),
}
"""The calls that there are, by what each is given. `user`, `old` and `new` are objects of identifiers as the vendor
calls them; `attributes` are names of its own, `custom` names of the customer's.
"""
USERS: Final = frozenset({"user", "old", "new"})
"""Those of them without which a call is not made."""


class Call(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of `TAKES`. In `body`, `$name` stands for what is given under that name, `$name.field` for a field of it; a
    field without it is left out, and so is an object in which nothing is left but what it always says.

    `by_one_of`: identifiers of `user` of which the vendor takes just one; the first that is there is sent.

    `requests_per_minute` 0: it shares the rate of `limits`; `windows` are kept beside the minute. `per_item`: a good
    answer tells what became of items, or is an empty object. `failures` come before those of the definition that
    belong to no route.
    """

    key: str
    path: str
    body: dict[str, Any]
    method: str = "POST"
    requests_per_minute: int = 0
    windows: tuple[Window, ...] = ()
    per_item: bool = False
    failures: tuple[Failure, ...] = ()
    by_one_of: tuple[str, ...] = ()

    def names(self) -> frozenset[str]:
        """What the body stands for."""
        return frozenset(_names(self.body))

    def filled(self, given: Mapping[str, Any]) -> dict[str, Any]:
        filled: dict[str, Any] = _filled(self.body, {**given, **self._by_one(given)})
        return filled

    def _by_one(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Raises ValueError where the user has none of them: whom would the call be about?"""
        if not self.by_one_of:
            return {}
        user = given["user"]
        found = next((name for name in self.by_one_of if user.get(name)), None)
        if found is None:
            raise ValueError(f"The call {self.key} needs {' or '.join(self.by_one_of)} of the user.")
        return {"user": {found: user[found]}}


def rate_key(key: str) -> str:
    """The route under which a call that has a rate of its own is paced."""
    return f"call:{key}"


def _names(template: Any) -> list[str]:
    if isinstance(template, str):
        return [template[1:].partition(".")[0]] if template.startswith("$") else []
    inner = template.values() if isinstance(template, dict) else template if isinstance(template, list) else ()
    return [name for one in inner for name in _names(one)]


def _filled(template: Any, given: Mapping[str, Any]) -> Any:
    """None where nothing is left of it."""
    if isinstance(template, str) and template.startswith("$"):
        name, _, field = template[1:].partition(".")
        found = given.get(name) or None
        return (found or {}).get(field) or None if field else found
    if isinstance(template, list):
        return [filled for one in template if (filled := _filled(one, given)) is not None] or None
    if isinstance(template, dict):
        fields = {name: filled for name, one in template.items() if (filled := _filled(one, given)) is not None}
        asked = [name for name, one in template.items() if _names(one)]
        return fields if fields and (not asked or any(name in fields for name in asked)) else None
    return template
