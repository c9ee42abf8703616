"""Every path that takes events: our own, and those that the published SDKs of others post to (decision 0046)."""

from typing import Final

import msgspec


class Door(msgspec.Struct, frozen=True):
    """`kind`: the type that the path implies, None where the body says it. `sdk`: only SDKs of others come here, and
    are read leniently. `flat`: the sender looks for `code` and `message` at the top of an error. `signed`: None where a
    signature is not looked at, else whether there must be one.
    """

    path: str
    kind: str | None = None
    batch: bool = False
    historical: bool = False
    sdk: bool = False
    flat: bool = False
    signed: bool | None = None


_LETTERS: Final = {"t": "track", "p": "page", "i": "identify", "g": "group"}
_KINDS: Final = ("track", "page", "screen", "identify", "group", "alias")


def _doors() -> tuple[Door, ...]:
    own = [Door(f"/v1/{letter}", kind) for letter, kind in _LETTERS.items()]
    own += [Door("/v1/events", signed=True), Door("/v1/batch", batch=True, flat=True, signed=False)]
    others = [Door(f"/v1/{kind}", kind, sdk=True, flat=True) for kind in _KINDS]
    # Segment's browser SDK writes the first letter of the type, and b for batches.
    others += [Door("/v1/s", "screen", sdk=True, flat=True), Door("/v1/a", "alias", sdk=True, flat=True)]
    others += [Door("/v1/b", batch=True, sdk=True, flat=True)]
    others += [Door("/v1/import", batch=True, historical=True, sdk=True, flat=True)]
    others += [Door("/beacon/v1/batch", batch=True, sdk=True, flat=True)]
    others += [Door(f"/api/s/{way}{kind}", kind, sdk=True, flat=True) for way in ("", "s2s/") for kind in _KINDS]
    return (*own, *others)


DOORS: Final = _doors()
