"""What the SDKs of Segment and its kin mean, where their words are not ours."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from datafly.ingest import sound
from datafly.model.unique import is_unique

_decode: Final = msgspec.json.Decoder().decode


def mend_ids(event: Any, names: Sequence[str]) -> bool:
    """In place: an id that is a whole number becomes its text, an empty one is none. Whether there was any.

    The Python SDKs let a groupId be a number; RudderStack's browser SDK sends "" for who is not known.
    """
    if not isinstance(event, dict):
        return False
    found = [name for name in names if _is_odd(event.get(name))]
    for name in found:
        event[name] = str(event[name]) or None
    return bool(found)


def _is_odd(told: object) -> bool:
    return told == "" or (isinstance(told, int) and not isinstance(told, bool))


def with_common(item: bytes, common: Mapping[str, dict[str, Any]]) -> bytes:
    """An event of a batch with what the batch says for all of them; its own word counts first, name by name.

    What is no event stays as it is: it is refused by its own code later.
    """
    try:
        event = _decode(item)
        if not isinstance(event, dict) or not is_unique(item, event):
            return item
    except sound.FAULTS:
        return item
    for name, shared in common.items():
        own = event.get(name)
        if own is None or isinstance(own, dict):
            event[name] = shared | (own or {})
    return msgspec.json.encode(event)
