"""A definition → what a room says of its vendor."""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from datafly.sandbox.drawn import answers
from datafly.sandbox.drawn.naming import naming_of
from datafly.sandbox.drawn.opening import Opening, authenticator, made_key, opening_of
from datafly.sandbox.drawn.taking import CALLS, ITEMS, PEOPLE, Read, Taking
from datafly.sandbox.kit import Endpoint, Kind, Pool, Vendor
from datafly.spec.integration import Integration
from datafly.spec.request import TEMPLATE
from datafly.spec.setting import Choice

_MINUTE: Final = 60.0
_SPARE_BYTES: Final = 1_000
_PAGES: Final = frozenset({"panel", "sandbox", "_control"})
"""What stands under the prefix of a room beside the vendor's API."""


def drawn(integration: Integration) -> Vendor | None:
    """None where no setting says where requests go, or where they go is where the room has its own pages."""
    opening = opening_of(integration)
    endpoints = () if opening is None else tuple(_endpoints(integration, opening))
    roots = tuple(dict.fromkeys(one.path.lstrip("/").partition("/")[0] for one in endpoints))
    if opening is None or _PAGES & set(roots):
        return None
    slug, path = integration.slug, endpoints[0].path
    return Vendor(
        slug=slug,
        name=integration.name,
        summary=f"Drawn from the definition: it takes what {integration.name} is declared to take.",
        basis=f"It is drawn from Signal’s own definition, and knows no more of {integration.name} than that.",
        example=path,
        endpoints=endpoints,
        roots=roots,
        credential_fields={field: (label, made_key) for field, label in opening.fields.items()},
        settings=opening.settings,
        authenticate=authenticator(integration, opening, lambda what: answers.refused(integration, what)),
        refused={"missing": answers.missing, "method": answers.wrong_method},
        too_many=lambda uses: answers.too_many(integration, uses),
        limit_headers=answers.limit_headers,
        fault_reply=lambda fault: answers.on_demand(integration, fault),
        kinds=_KINDS,
        curl=_curl(integration, endpoints[0]),
        modes={answers.FAILURE: (answers.NOTHING, *dict.fromkeys(one.symptom for one in integration.failures))},
        mode_words={
            answers.FAILURE: "Answer with a declared failure",
            f"{answers.FAILURE}.{answers.NOTHING}": "no: as each request deserves",
        },
        ours=answers.OURS,
        most_bytes=integration.limits.max_bytes + _SPARE_BYTES,
    )


_KINDS: Final = (
    Kind(
        key=PEOPLE,
        title="People",
        one="person",
        columns=(("Last item", "last_item"),),
        feeds=(ITEMS,),
        empty="Nobody has arrived yet.",
    ),
    Kind(key=ITEMS, title="Items", one="item", columns=(("Name", "event"), ("By", "route"), ("Item", "item"))),
    Kind(key=CALLS, title="Calls about people", one="call", columns=(("Call", "call"), ("About", "user"))),
)


class _Way(msgspec.Struct, frozen=True):
    """What may be meant by a call. `requests_per_minute`: 0, if it shares in the rate of the limits."""

    method: str
    path: str
    read: Read
    requests_per_minute: int = 0


def _endpoints(integration: Integration, opening: Opening) -> Iterator[Endpoint]:
    taking, limits = Taking(integration, naming_of(integration)), integration.limits
    found: dict[tuple[str, str], list[_Way]] = {}
    for way in _ways(integration, taking):
        found.setdefault((way.method, way.path), []).append(way)
    for (method, path), ways in found.items():
        own = next((way.requests_per_minute for way in ways if way.requests_per_minute), 0)
        pool = Pool(f"{method} {path}", own, _MINUTE) if own else Pool("all", limits.requests_per_minute, _MINUTE)
        answer = taking.answer([way.read for way in ways])
        yield Endpoint(method=method, path=opening.prefix + path, answer=answer, pools=(pool,), open=not opening.fields)


def _ways(integration: Integration, taking: Taking) -> Iterator[_Way]:
    """Those that say most of themselves first: several may share a path."""
    names = integration.names.requests if integration.names else ()
    for one in (*([integration.check] if integration.check else []), *names):
        for method in _methods(integration, one.method):
            yield _Way(method, one.path.partition("?")[0], taking.of_check(one))
    for call in integration.calls:
        yield _Way(call.method, call.path, taking.of_call(call), call.requests_per_minute)
    for route in integration.routes:
        for method in _methods(integration, route.method):
            yield _Way(method, route.path, taking.of_route(route), route.requests_per_minute)
        if later := route.later:
            yield _Way("GET", later.path, taking.of_job(later), later.requests_per_minute)


def _methods(integration: Integration, method: str) -> list[str]:
    """One that a setting chooses is any of its options."""
    chosen = TEMPLATE.fullmatch(method)
    setting = integration.setting(chosen.group(1)) if chosen else None
    return [option.value for option in setting.options] if isinstance(setting, Choice) else [method]


def _curl(integration: Integration, endpoint: Endpoint) -> str:
    """With the request of the first sample that is sent."""
    sent: Any = next((one.sends for one in integration.samples if not one.refuses), {})
    headers = {"Content-Type": "application/json", **integration.headers}
    shown = [f'-H "{name}: {TEMPLATE.sub(_in_capitals, text)}"' for name, text in headers.items()]
    path, body = TEMPLATE.sub(_in_capitals, endpoint.path), json.dumps(sent, ensure_ascii=False)
    parts = [f"curl -X {endpoint.method} $BASE{path}", *shown, f"-d {shlex.quote(body)}"]
    return " \\\n  ".join(parts)


def _in_capitals(setting: re.Match[str]) -> str:
    return setting.group(1).upper()
