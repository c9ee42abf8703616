"""What a vendor counts as spent, and what of it need not be spent: fields that it took before with the same value."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

import msgspec

from datafly.model.delivery import Item

_DIGEST_BYTES: Final = 8
_MOST_FIELDS: Final = 200
"""Of one subject; what is beyond is sent each time, and whoever sends events cannot fill the disk."""
_decode: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Cost(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of one item: `each`, and `per_field` for each of its fields but `who`, which say whom it is about.

    `only_changed`: a field is sent again only with another value; those of `always` are sent whenever they are there,
    since the vendor may have changed them itself.
    """

    each: int = 0
    per_field: int = 0
    who: tuple[str, ...] = ()
    only_changed: bool = False
    always: tuple[str, ...] = ()


class Spend(msgspec.Struct, frozen=True, omit_defaults=True):
    """`unit`: what the vendor counts, in the plural. `costs`: the list that an item stands in, or its route where it
    stands in none → what it costs. `note`: where that is documented. Settings: `cap`, a number, is how much may be
    spent in a day (UTC); `holds`, with this option events wait for the next day then, else they are skipped; `repeats`,
    with this option unchanged fields are sent all the same.
    """

    unit: str
    note: str
    costs: dict[str, Cost]
    cap: str = ""
    holds: tuple[str, str] | None = None
    repeats: tuple[str, str] | None = None


class Told(msgspec.Struct, frozen=True):
    """What an item says of whom: name of a field → digest of its value. `whose` is a digest, too."""

    whose: bytes
    fields: dict[str, bytes]


class Meter(msgspec.Struct, frozen=True):
    """For one installation; all of it pure. `cap` 0: there is none.

    `told(item)` is None where nothing of the item may be left out. `without(item, names)` is the item less those
    fields; None where nothing is left of it.
    """

    unit: str
    cap: int
    holds: bool
    cost: Callable[[Item], int]
    told: Callable[[Item], Told | None]
    without: Callable[[Item, Collection[str]], Item | None]


def meter_of(spend: Spend | None, config: Mapping[str, Any]) -> Meter | None:
    if spend is None:
        return None
    metering = _Metering(spend, repeats=_chosen(spend.repeats, config))
    return Meter(
        unit=spend.unit,
        cap=int(config.get(spend.cap) or 0),
        holds=_chosen(spend.holds, config),
        cost=metering.cost,
        told=metering.told,
        without=metering.without,
    )


def predicted(spend: Spend, request: Any) -> int:
    """What a request costs whose lists hold items, as a sample shows it; of a list of requests, all of them."""
    if isinstance(request, list):
        return sum(predicted(spend, one) for one in request)
    lists = request.items() if isinstance(request, dict) else ()
    found = ((spend.costs.get(name), items) for name, items in lists)
    return sum(_cost(cost, one) for cost, items in found if cost and isinstance(items, list) for one in items)


class _Metering:
    def __init__(self, spend: Spend, *, repeats: bool) -> None:
        self._costs = spend.costs
        self._spares = not repeats

    def cost(self, item: Item) -> int:
        cost = self._of(item)
        if cost is None or not cost.per_field:
            return cost.each if cost else 0
        return _cost(cost, _decode(item.body))

    def told(self, item: Item) -> Told | None:
        cost = self._of(item)
        if cost is None or not cost.only_changed or not self._spares:
            return None
        sent = _decode(item.body)
        if sent.keys().isdisjoint(cost.who):
            return None
        digest = hashlib.blake2b(digest_size=16)
        for name in cost.who:
            digest.update(bytes(sent.get(name, b"")) + b"\0")
        kept = [name for name in sent if name not in cost.who and name not in cost.always]
        return Told(digest.digest(), {name: _digest(bytes(sent[name])) for name in kept[:_MOST_FIELDS]})

    def without(self, item: Item, names: Collection[str]) -> Item | None:
        cost = self._of(item)
        left = {name: value for name, value in _decode(item.body).items() if name not in names}
        if cost is None or left.keys() <= set(cost.who):
            return None
        return msgspec.structs.replace(item, body=msgspec.json.encode(left))

    def _of(self, item: Item) -> Cost | None:
        return self._costs.get(item.part or item.route)


def _cost(cost: Cost, fields: Iterable[str]) -> int:
    return cost.each + cost.per_field * sum(name not in cost.who for name in fields)


def _digest(value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=_DIGEST_BYTES).digest()


def _chosen(choice: tuple[str, str] | None, config: Mapping[str, Any]) -> bool:
    return choice is not None and config.get(choice[0]) == choice[1]
