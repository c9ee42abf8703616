"""What the log holds, as the rules on personal data have it now: what was kept before there was such a rule is neither
shown nor found. The log itself is written once, and forgets by age.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from datafly.log.base import Record
from datafly.model.clock import Clock
from datafly.model.event import Event, Received
from datafly.model.pii import REDACTED, Cleaner, kept
from datafly.store.base import Control

_LOOK_MS: Final = 500
_EVENT: Final = msgspec.json.Decoder(Event).decode
_RECEIVED: Final = msgspec.json.Decoder(Received).decode

Records = list[Record]


class _Of(msgspec.Struct, frozen=True):
    pipeline_id: str = ""


_OF: Final = msgspec.json.Decoder(_Of).decode


class AsKept:
    """Records of `events` and of `raw`; the list itself where no pipeline has rules."""

    def __init__(self, control: Control, clock: Clock) -> None:
        self._control = control
        self._clock = clock
        self._cleaners: Mapping[str, Cleaner] = {}
        self._version = -1
        self._looked_ms = -_LOOK_MS

    def events(self, records: Records) -> Records:
        return self._each(records, _event)

    def received(self, records: Records) -> Records:
        """In place of what was taken out stands that it was."""
        return self._each(records, _as_received)

    def _each(self, records: Records, clean: Callable[[Cleaner, bytes], bytes]) -> Records:
        known = self._known()
        return [_cleaned(one, known, clean) for one in records] if known else records

    def _known(self) -> Mapping[str, Cleaner]:
        now_ms = self._clock.now_ms()
        if abs(now_ms - self._looked_ms) >= _LOOK_MS:
            self._looked_ms = now_ms
            version = self._control.version()
            if version != self._version:
                found = {one.id: kept(one.pii_rules) for one in self._control.pipelines()}
                self._cleaners = {name: one for name, one in found.items() if one is not None}
                self._version = version
        return self._cleaners


def _cleaned(record: Record, known: Mapping[str, Cleaner], clean: Callable[[Cleaner, bytes], bytes]) -> Record:
    """What cannot be read stays: nothing of it is shown."""
    try:
        cleaner = known.get(_OF(record.value).pipeline_id)
        value = clean(cleaner, record.value) if cleaner else record.value
    except (msgspec.DecodeError, UnicodeError):
        return record
    return record if value is record.value else msgspec.structs.replace(record, value=value)


def _event(cleaner: Cleaner, value: bytes) -> bytes:
    event = _EVENT(value)
    cleaned = cleaner.event(event)
    return value if cleaned is event else msgspec.json.encode(cleaned)


def _as_received(cleaner: Cleaner, value: bytes) -> bytes:
    received = _RECEIVED(value)
    sent: dict[str, Any] = msgspec.json.decode(received.body)
    body = cleaner.body(sent, REDACTED)
    beside = {"ip": received.ip, "userAgent": received.user_agent}
    seen = cleaner.part("context", beside, {}, REDACTED)
    if body is sent and seen is beside:
        return value
    told = {"ip": seen["ip"], "user_agent": seen["userAgent"], "body": msgspec.Raw(msgspec.json.encode(body))}
    return msgspec.json.encode(msgspec.structs.replace(received, **told))
