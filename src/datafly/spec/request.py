"""Items → requests: where they go, with which headers, and which part of a body is whose."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from datafly.model.delivery import Item, Outgoing
from datafly.model.secret import Secret
from datafly.spec.compiled import HISTORICAL, Limits
from datafly.spec.frame import ITEMS, Grouped, Layout, Listed, Parted, Whole
from datafly.spec.integration import Integration, Route
from datafly.spec.setting import SecretAddress

TEMPLATE: Final = re.compile(r"{(\w+)}")
"""A setting in a text of a definition."""


class Caller(msgspec.Struct, frozen=True):
    """What all requests of one installation have in common."""

    base: str
    headers: dict[str, str | Secret]
    timeout_seconds: float

    def request(self, method: str, path: str, body: bytes) -> Outgoing:
        return Outgoing(method, self.base + path, self.headers, body, self.timeout_seconds)


def caller_of(integration: Integration, config: Mapping[str, Any], limits: Limits) -> Caller:
    revealed = {name: value.reveal() if isinstance(value, Secret) else value for name, value in config.items()}
    secrets = [f"{{{name}}}" for name in integration.secret_names()]

    def header(template: str) -> str | Secret:
        filled = template.format_map(revealed)
        return Secret(filled) if any(name in template for name in secrets) else filled

    headers = {"Content-Type": "application/json"} | {name: header(text) for name, text in integration.headers.items()}
    if integration.functions.headers is not None:
        own = integration.functions.headers(config)
        said = {name.lower() for name in own}
        headers = {name: text for name, text in headers.items() if name.lower() not in said} | dict(own)
    base = integration.base.format_map(revealed)
    return Caller(base if _is_whole(integration) else base.rstrip("/"), headers, limits.timeout_seconds)


def _is_whole(integration: Integration) -> bool:
    """An address that is called to the letter keeps the slash at its end."""
    found = TEMPLATE.fullmatch(integration.base)
    setting = integration.setting(found.group(1)) if found else None
    return isinstance(setting, SecretAddress) and setting.whole


class Assembly:
    """How requests of each route are made; items are encoded already, so joining bytes is all that is left to do."""

    def __init__(self, integration: Integration, caller: Caller, config: Mapping[str, Any]) -> None:
        self._caller = caller
        self._routes = {route.key: route for route in integration.routes}
        self._layouts: dict[str, tuple[Route, Layout]] = {}
        for route in (_filled_route(route, config) for route in integration.routes):
            self._layouts[route.key] = (route, layout_of(route, route.also))
            self._layouts[historical_key(route.key)] = (route, layout_of(route, {**route.also, **route.historical}))
        self._of_one = calls_of_one(integration, config)

    def assemble(self, items: Sequence[Item]) -> Outgoing:
        route, layout = self._of(items)
        return self._caller.request(route.method, route.path, layout.body(items))

    def arrange(self, items: Sequence[Item]) -> list[int] | None:
        return self._of(items)[1].arrange(items)

    def pick(self, body: str, index: int) -> str:
        """A list that several routes could mean is found by its names."""
        for route in self._routes:
            if (found := self._layouts[route][1].pick(body, index)) is not None:
                return found
        return body

    def _of(self, items: Sequence[Item]) -> tuple[Route, Layout]:
        key = items[0].route
        return self._layouts[self._of_one.get(key, key) if len(items) == 1 else key]


def calls_of_one(integration: Integration, config: Mapping[str, Any]) -> dict[str, str]:
    """Route → the route by which a request of one item goes, where that is another."""
    of_one = [route for route in integration.routes if route.listed_if is None or not route.is_listed(config)]
    found = {route.key: route.single for route in of_one if route.single is not None}
    return found | {historical_key(key): historical_key(single) for key, single in found.items()}


def _filled_route(route: Route, config: Mapping[str, Any]) -> Route:
    return msgspec.structs.replace(route, wrap=_filled(route.wrap, config), method=_filled(route.method, config))


def filled_text(template: str, config: Mapping[str, Any]) -> str:
    """`{setting}` is what the config says, or nothing."""
    return TEMPLATE.sub(lambda found: str(config.get(found.group(1)) or ""), template)


def _filled(template: Any, config: Mapping[str, Any]) -> Any:
    """A secret has no place in a body."""
    if isinstance(template, str):
        return filled_text(template, config)
    if isinstance(template, list):
        return [_filled(inner, config) for inner in template]
    if isinstance(template, dict):
        return {name: _filled(inner, config) for name, inner in template.items()}
    return template


def layout_of(route: Route, also: Mapping[str, Any]) -> Layout:
    if route.parts:
        return Parted(route.parts, also)
    if route.wrap:
        wrap = {**route.wrap, **also}
        return Grouped(wrap, route.group, route.item) if route.group else Listed(wrap, route.item)
    if route.items_key:
        return Listed({**also, route.items_key: [ITEMS]}, route.item)
    return Whole(route.item)


def historical_key(route: str) -> str:
    """The route's own key for requests of historical events."""
    return route + HISTORICAL
