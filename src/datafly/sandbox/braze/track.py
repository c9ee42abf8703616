"""/users/track: each object by itself, the good ones kept, the bad ones named by list and place (§2.3, §2.4)."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from datafly.sandbox.braze import checks
from datafly.sandbox.braze.checks import Object
from datafly.sandbox.braze.profiles import body_of, keep, label, of_list, resolved, write
from datafly.sandbox.braze.replies import NO_VALID_DATA, Wrong, refused, said, with_verdicts
from datafly.sandbox.kit import Call, Outcome, Verdict

_ARRAYS: Final = ("attributes", "events", "purchases")
_MOST: Final = 75
_MOST_OF_MANY: Final = 1_000
_MOST_OF_USER: Final = 100
_MOST_BYTES_OF_MANY: Final = 2_000_000
_NOBODY: Final = "there is no such user, and none is made of it: nothing is kept"

Keeper = Callable[[Call, str, Object, str], tuple[str, ...]]


class _Placed(msgspec.Struct, frozen=True):
    array: str
    index: int
    one: Any


def track_many(call: Call, document: Any) -> Outcome:
    """As `track`, of up to 1,000 objects; of one user no more than 100."""
    if len(call.incoming.body) > _MOST_BYTES_OF_MANY:
        return refused(413, ours="too_large")
    told = document if isinstance(document, dict) else {}
    objects = [one for name in _ARRAYS for one in of_list(told.get(name)) if isinstance(one, dict)]
    if max(Counter(label(one) for one in objects).values(), default=0) > _MOST_OF_USER:
        return refused(400, f"no more than {_MOST_OF_USER} objects of one user in a request", ours="too_many_of_user")
    return _tracked(call, told, _MOST_OF_MANY, len(objects))


def track(call: Call, document: Any) -> Outcome:
    """Attributes first, then events, then purchases."""
    told = document if isinstance(document, dict) else {}
    counts = [len(list(of_list(told.get(name)))) for name in _ARRAYS]
    return _tracked(call, told, _MOST, max(counts) if call.mode["limit"] == "of_each_list" else sum(counts))


def _tracked(call: Call, told: Object, most: int, count: int) -> Outcome:
    lists = {name: told[name] for name in _ARRAYS if name in told}
    if any(not isinstance(found, list) for found in lists.values()):
        return refused(400, "'attributes', 'events' and 'purchases' must be arrays of objects", ours="no_array")
    if not any(lists.values()):
        return refused(400, NO_VALID_DATA)
    if count > most:
        return refused(400, "Max Input Length Exceeded")
    placed = [_Placed(name, index, one) for name, found in lists.items() for index, one in enumerate(found)]
    problems = [_problem(one) for one in placed]
    wrong = [Wrong(said, one.array, one.index) for one, said in zip(placed, problems, strict=True) if said]
    verdicts = [_verdict(call, one, said) for one, said in zip(placed, problems, strict=True)]
    return with_verdicts(_answer(lists, wrong, len(placed)), verdicts)


def _answer(lists: dict[str, list[Any]], wrong: list[Wrong], count: int) -> Outcome:
    if len(wrong) == count:
        return refused(400, NO_VALID_DATA, wrong=wrong)
    bad = {name: sum(one.input_array == name for one in wrong) for name in lists}
    counts = {f"{name}_processed": len(found) - bad[name] for name, found in lists.items()}
    return said(201, {**counts, **({"errors": [msgspec.structs.asdict(one) for one in wrong]} if wrong else {})})


def _problem(placed: _Placed) -> str | None:
    check: Callable[[Object], str | None] = {
        "attributes": checks.attributes,
        "events": checks.event,
        "purchases": checks.purchase,
    }[placed.array]
    return check(placed.one) if isinstance(placed.one, dict) else "must be an object"


def _verdict(call: Call, placed: _Placed, problem: str | None) -> Verdict:
    place, one = f"{placed.array}.{placed.index}", placed.one
    who = label(one) if isinstance(one, dict) else "nobody"
    if problem:
        return Verdict(place=place, accepted=False, who=who, said=(problem,))
    key = resolved(call, one)
    if key is None:
        return Verdict(place=place, accepted=True, who=who, said=(_NOBODY,))
    keepers: dict[str, Keeper] = {"attributes": _attributes, "events": _event, "purchases": _purchase}
    ignored = keepers[placed.array](call, key, one, f"{call.request_id}.{placed.array}.{placed.index}")
    return Verdict(place=place, accepted=True, who=who, kind="users", id=key, said=ignored)


def _attributes(call: Call, key: str, one: Object, _id: str) -> tuple[str, ...]:
    write(call, key, one)
    return ()


def _at(call: Call, one: Object) -> datetime:
    """What is in the future happens now."""
    return min(checks.moment_of(one["time"]) or call.now, call.now)


def _event(call: Call, key: str, one: Object, record: str) -> tuple[str, ...]:
    at, properties = _at(call, one), one.get("properties", {})
    told = {"name": one["name"], "properties": properties, "app_id": one.get("app_id")}
    call.put("events", record, {name: value for name, value in told.items() if value}, owner=key, at=at)
    _known_by_address(call, key, one)
    return tuple(_cart(call, key, one["name"], properties, at))


def _known_by_address(call: Call, key: str, one: Object) -> None:
    """A profile that an address alone makes has it."""
    if not any(one.get(name) for name in ("external_id", "user_alias", "braze_id")):
        write(call, key, {name: one[name] for name in ("email", "phone") if one.get(name)})


def _cart(call: Call, key: str, name: str, properties: Object, at: datetime) -> Iterator[str]:
    """What a cart holds, as far as it is told (§2.6)."""
    cart = properties.get("cart_id")
    if name not in ("ecommerce.cart_updated", "ecommerce.checkout_started", "ecommerce.order_placed") or not cart:
        return
    before = call.store.get("carts", cart)
    is_update = name == "ecommerce.cart_updated"
    if before and is_update and before.body["at_checkout"]:
        yield "the cart is at checkout already, so the update is ignored"
    elif before and is_update and at.isoformat() <= before.body["updated"]:
        yield "it is not newer than the cart's last update, so it is ignored"
    else:
        told = {"updated": at.isoformat(), "at_checkout": not is_update, "products": properties["products"]}
        call.put("carts", cart, told, owner=key)


def _purchase(call: Call, key: str, one: Object, record: str) -> tuple[str, ...]:
    """A quantity of n is n purchases at Braze; here it is one row that says so."""
    pieces = one.get("quantity", 1)
    told = {name: one[name] for name in ("product_id", "currency", "price", "properties", "app_id") if name in one}
    revenue = round(one["price"] * pieces, 6)
    call.put("purchases", record, {**told, "quantity": pieces, "revenue": revenue}, owner=key, at=_at(call, one))
    _known_by_address(call, key, one)
    body = body_of(call, key)
    keep(call, key, {**body, "total_revenue": round(body.get("total_revenue", 0) + revenue, 6)})
    return ()
