"""How requests of one installation are made, at which rates, and what of them may be sent again how."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from datafly.model.delivery import Item, Outgoing
from datafly.model.secret import Secret
from datafly.spec import later
from datafly.spec.asking import Later
from datafly.spec.calls import Call, rate_key
from datafly.spec.compiled import Limits
from datafly.spec.integration import Integration, Route
from datafly.spec.pacing import Pacing
from datafly.spec.request import Assembly, Caller, calls_of_one, historical_key

Sign = Callable[[Outgoing, Sequence[Item], int], Outgoing]


def sending_of(integration: Integration, caller: Caller, config: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """Those fields of `Compiled`."""
    assembly = Assembly(integration, caller, config)
    return {
        "assemble": assembly.assemble,
        "arrange": assembly.arrange,
        "pick": assembly.pick,
        "limits": limits,
        "rates": _rates(integration),
        "credential": _credential(integration, caller),
        "alone": _alone(integration, config),
        "most_items": _most_items(integration, config),
        "calls_of_one": calls_of_one(integration, config),
        "few": _few(integration),
        "repeats_alone": _repeats_alone(integration),
        "amend": partial(amend, config) if (amend := integration.functions.amend) else None,
        "idempotent": integration.idempotent,
        "sign": _signer(integration, config),
        "later": later.laters_of(integration, caller, config),
    }


def paced_apart(integration: Integration) -> dict[str, Route | Later | Call]:
    """By its method and path: each call that does not share in the rate of `limits`."""
    return {pool: one for _, pool, one in _paced(integration) if one.requests_per_minute}


def _rates(integration: Integration) -> dict[str, Pacing]:
    every = [one for one in _paced(integration) if one[2].requests_per_minute]
    return {key: Pacing(one.requests_per_minute, one.windows, pool) for key, pool, one in every}


def _paced(integration: Integration) -> Iterator[tuple[str, str, Route | Later | Call]]:
    """Its key, and what is counted together."""
    yield from ((route.key, f"{route.method} {route.path}", route) for route in integration.routes)
    asked = ((route.key, route.later) for route in integration.routes)
    yield from ((later.rate_key(key), f"GET {one.path}", one) for key, one in asked if one)
    yield from ((rate_key(call.key), f"{call.method} {call.path}", call) for call in integration.calls)


def limits_of(integration: Integration, config: Mapping[str, Any]) -> Limits:
    """An installation may ask for less than the vendor takes, never for more items."""
    chosen = {field: config[name] for field, name in integration.limit_settings.items() if name in config}
    return msgspec.structs.replace(integration.limits, **chosen)


def _alone(integration: Integration, config: Mapping[str, Any]) -> frozenset[str]:
    return _with_historical(route.key for route in integration.routes if not route.is_listed(config))


def _repeats_alone(integration: Integration) -> frozenset[str]:
    return _with_historical(route.key for route in integration.routes if route.repeat_alone)


def _few(integration: Integration) -> dict[str, int]:
    said = {route.key: route.few for route in integration.routes if route.few > 1}
    return said | {historical_key(key): count for key, count in said.items()}


def _most_items(integration: Integration, config: Mapping[str, Any]) -> dict[str, int]:
    said = {route.key: config.get(route.max_items_by) or route.max_items for route in integration.routes}
    most = {key: count for key, count in said.items() if count}
    return most | {historical_key(key): count for key, count in most.items()}


def _with_historical(routes: Iterable[str]) -> frozenset[str]:
    return frozenset(key for route in routes for key in (route, historical_key(route)))


def _signer(integration: Integration, config: Mapping[str, Any]) -> Sign | None:
    make = integration.functions.sign
    if make is None:
        return None

    def sign(outgoing: Outgoing, items: Sequence[Item], now_ms: int) -> Outgoing:
        told = make(config, outgoing, _id_of(items, outgoing.body), now_ms)
        return msgspec.structs.replace(outgoing, headers={**outgoing.headers, **told})

    return sign


def _id_of(items: Sequence[Item], body: bytes) -> str:
    """The same each time that these items are sent together as they are. It holds no dot, whatever a message id holds.

    Of one event two installations may make two bodies for one receiver, which must not take one for the other.
    """
    digest = hashlib.sha256("\0".join(item.key for item in items).encode("utf-8", "surrogatepass"))
    digest.update(b"\0\0" + hashlib.sha256(body).digest())
    return f"msg_{digest.hexdigest()[:32]}"


def _credential(integration: Integration, caller: Caller) -> str:
    """Same vendor, address and credentials, same rate; the text does not tell them."""
    shown = [value.reveal() if isinstance(value, Secret) else value for value in caller.headers.values()]
    digest = hashlib.sha256("\0".join([caller.base, *shown]).encode()).hexdigest()
    return f"{integration.slug}:{digest[:16]}"
