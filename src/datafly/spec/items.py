"""What a rule makes of an event → the items that are sent, encoded."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from datafly.model.delivery import Item
from datafly.model.verdict import Ruling, Verdict
from datafly.spec.bounds import Fits
from datafly.spec.compiled import Shaped
from datafly.spec.integration import Ahead, Integration, More, Route, Rule
from datafly.spec.request import historical_key
from datafly.spec.scope import Scope

_encode: Final = msgspec.json.Encoder().encode
_NOTHING: Final = Ruling(Verdict.SKIPPED, "nothing_to_send", cause="The event holds nothing that is sent.")
_FAULTS: Final = (UnicodeEncodeError, OverflowError, TypeError, RecursionError)


class Itemiser:
    """The key of an event's own item is its message id; of what goes ahead of it, the route beside it; of what goes
    behind, also the place.
    """

    def __init__(self, integration: Integration, rule: Rule, ahead: Sequence[Ahead], more: Sequence[More]) -> None:
        self._own = _Place(integration, rule.route, rule.part, rule.historical_route)
        self._ahead = tuple(one.route for one in ahead)
        self._more = tuple((one, _Place(integration, one.route, one.part)) for one in more)
        self._is_simple = not (ahead or more or rule.group or self._own.is_demanding)

    def items(self, scope: Scope, body: Any, group: Any, *others: Any) -> Shaped:
        """`others`: the bodies of what goes ahead, then of what goes behind."""
        try:
            if self._is_simple:
                return self._only(scope, body)
            return (self._every(scope, body, group, others) if others else self._lone(scope, body, group)) or _NOTHING
        except _TooLargeError as error:
            return error.ruling
        except _FAULTS as error:
            cause = f"The event cannot be written as JSON: {error}."
            return Ruling(Verdict.REJECTED, "not_encodable", cause=cause, cure="Correct the event, then replay it.")

    def _only(self, scope: Scope, body: Any) -> Shaped:
        if body is None:
            return _NOTHING
        event = scope.event
        route = self._own.historical if event.historical else self._own.route
        return (Item(_encode(body), route, event.message_id, tuple(scope.warnings), self._own.part),)

    def _lone(self, scope: Scope, body: Any, group: Any) -> tuple[Item, ...]:
        if body is None:
            return ()
        item = self._own.item(scope, body, b"" if group is None else _encode(group), scope.event.message_id)
        return (msgspec.structs.replace(item, warnings=tuple(scope.warnings)) if scope.warnings else item,)

    def _every(self, scope: Scope, body: Any, group: Any, others: tuple[Any, ...]) -> tuple[Item, ...]:
        event, before = scope.event, len(self._ahead)
        ahead = [
            Item(_encode(value), route, f"{event.message_id}:{route}")
            for route, value in zip(self._ahead, others, strict=False)
            if value is not None
        ]
        common = b"" if group is None else _encode(group)
        found = [] if body is None else [self._own.item(scope, body, common, event.message_id)]
        for (more, place), value in zip(self._more, others[before:], strict=True):
            for index, one in enumerate(_spread(more, value)):
                key = f"{event.message_id}:{more.route or more.part}:{index}"
                found.append(place.item(scope, one, common, key))
        if scope.warnings and found:
            found[0] = msgspec.structs.replace(found[0], warnings=tuple(scope.warnings))
        return (*ahead, *found)


def _spread(more: More, value: Any) -> Sequence[Any]:
    if value is None:
        return ()
    return value if more.spread and isinstance(value, list) else (value,)


class _Place:
    """Where an item of a rule goes."""

    def __init__(self, integration: Integration, route: str, part: str, historical: str | None = None) -> None:
        found: Route = next(one for one in integration.routes if one.key == route)
        self.route = route
        self.historical = historical or (historical_key(route) if found.historical else route)
        self.part = part
        self.unique = tuple(path.split(".") for path in found.unique)
        self._fits = fits = found.part_fits.get(part, found.fits)
        self._harmless_bytes = fits.harmless_bytes if fits else 0
        too_large = fits.too_large if fits else None
        hints = {hint.symptom: hint for hint in integration.hints}
        self._too_large = too_large.ruling(hints) if too_large else None

    @property
    def is_demanding(self) -> bool:
        return bool(self.unique or self._fits)

    def item(self, scope: Scope, body: Any, group: bytes, key: str) -> Item:
        route = self.historical if scope.event.historical else self.route
        unique = _unique(body, group, self.unique) if self.unique else ""
        encoded = _encode(body)
        if self._fits and len(encoded) > self._harmless_bytes:
            encoded = self._fitted(self._fits, scope, body)
        return Item(encoded, route, key, (), self.part, group, unique)

    def _fitted(self, fits: Fits, scope: Scope, body: Any) -> bytes:
        encoded = _encode(fits.fitted(scope, body))
        if self._too_large and len(encoded) > fits.item_bytes > 0:
            raise _TooLargeError(self._too_large)
        return encoded


class _TooLargeError(Exception):
    """Whoever sends events must act."""

    def __init__(self, ruling: Ruling) -> None:
        super().__init__(ruling.reason)
        self.ruling = ruling


def _unique(body: Any, group: bytes, paths: Sequence[Sequence[str]]) -> str:
    """Empty where one of the values is not there: then nothing can be alike."""
    found = group.decode()
    try:
        for path in paths:
            value = body
            for name in path:
                value = value[name]
            found += f"\0{value}"
    except (KeyError, TypeError):
        return ""
    return found
