"""Items → requests: where they go, with which headers, and which part of a body is whose."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from datafly.model.delivery import Item, Outgoing
from datafly.model.secret import Secret
from datafly.spec.integration import Integration, Route

P = TypeVar("P")


class Caller(msgspec.Struct, frozen=True):
    """What all requests of one installation have in common."""

    base: str
    headers: dict[str, str | Secret]
    timeout_seconds: float

    def request(self, method: str, path: str, body: bytes) -> Outgoing:
        return Outgoing(method, self.base + path, self.headers, body, self.timeout_seconds)


def caller_of(integration: Integration, config: Mapping[str, Any]) -> Caller:
    revealed = {name: value.reveal() if isinstance(value, Secret) else value for name, value in config.items()}
    secrets = [f"{{{name}}}" for name in integration.secret_names()]

    def header(template: str) -> str | Secret:
        filled = template.format_map(revealed)
        return Secret(filled) if any(name in template for name in secrets) else filled

    headers = {"Content-Type": "application/json"} | {name: header(text) for name, text in integration.headers.items()}
    base = integration.base.format_map(revealed).rstrip("/")
    return Caller(base, headers, integration.limits.timeout_seconds)


def assembler(integration: Integration, caller: Caller) -> Callable[[Sequence[Item]], Outgoing]:
    """Items are encoded already: joining bytes is all that is left to do."""
    routes = {}
    for route in integration.routes:
        routes[route.key] = (route, *_wrapping(route, route.also))
        routes[historical_key(route.key)] = (route, *_wrapping(route, {**route.also, **route.historical}))

    def assemble(items: Sequence[Item]) -> Outgoing:
        route, before, after = routes[items[0].route]
        return caller.request(route.method, route.path, before + b",".join([item.body for item in items]) + after)

    return assemble


def picker(integration: Integration) -> Callable[[str, int], str]:
    """A list that several routes could mean is found by its key.

    Of a body that may hold thousands of items only the one is looked into.
    """
    keys = [route.items_key for route in integration.routes if route.items_key]

    def pick(body: str, index: int) -> str:
        for key in keys:
            sent, items = _taken_apart(body, key)
            if index < len(items):
                return msgspec.json.encode({**sent, key: [items[index]]}).decode()
        return body

    return pick


def historical_key(route: str) -> str:
    """The route's own key for requests of historical events."""
    return f"{route}:historical"


def _wrapping(route: Route, also: Mapping[str, Any]) -> tuple[bytes, bytes]:
    if not route.items_key:
        return b"", b""
    empty = msgspec.json.encode({**also, route.items_key: []})
    return empty[:-2], empty[-2:]


@lru_cache(maxsize=8)
def _taken_apart(body: str, key: str) -> tuple[dict[str, msgspec.Raw], list[msgspec.Raw]]:
    """The fields of a body and the items of one; undecoded, since whoever asks is after one item of thousands.

    Events that are shown together were mostly sent together, so the next one asks for the same body.
    """
    sent = _parts(body, dict[str, msgspec.Raw], {})
    return sent, _parts(sent[key], list[msgspec.Raw], []) if key in sent else []


def _parts(body: str | msgspec.Raw, kind: type[P], otherwise: P) -> P:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return otherwise
