"""What every definition promises of the requests that delivery makes of many events, as one check for any of them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from datafly.deliver.backlog import Backlog
from datafly.deliver.batch import Batch, Member
from datafly.deliver.entries import Entry, read_entry
from datafly.deliver.site import Parts, Plan, Served, Site
from datafly.model.event import Event
from datafly.model.installation import Installation, Revision, Template
from datafly.model.verdict import Ruling
from datafly.spec.compiled import HISTORICAL, Compiled
from datafly.testing.clock import FakeClock


def _site(compiled: Compiled) -> Site:
    """Of an installation that makes requests, and sends none."""
    none: Any = None
    revision = Revision("rev", "tmpl", 1, {})
    parts = Parts(
        log=none,
        ledger=none,
        control=none,
        transport=none,
        clock=FakeClock(),
        compile=lambda _: compiled,
        withheld=lambda *_: None,
    )
    template = Template("tmpl", compiled.vendor, compiled.vendor)
    site = Site(Installation("pi", "pip", template, revision), parts, none, none, none)
    site.plan = Plan(Served(compiled, revision))
    return site


class Made(msgspec.Struct):
    """`requests`: each batch with the body that it was sent with. `decided`: events of which nothing was sent."""

    requests: list[tuple[Batch, bytes]]
    decided: list[tuple[int, Ruling]]


def requests_for(compiled: Compiled, events: Sequence[Event]) -> Made:
    """As a lane would send them, one after the other, each taken; looked at twice, as a retry looks at it."""
    backlog = Backlog(_site(compiled))
    backlog.put([Member(_entry(offset, event), 0.0) for offset, event in enumerate(events)])
    made = Made([], [])
    while backlog:
        batch = backlog.head()
        if batch is not None and batch.outgoing is not None:
            body = batch.outgoing.body
            again = backlog.head()
            assert again is batch
            assert compiled.assemble(batch.items()).body == body, "a retry sends other bytes"
            made.requests.append((batch, body))
            backlog.replace_head([])
        made.decided += backlog.take_decided()
    return made


def _entry(offset: int, event: Event) -> Entry:
    return read_entry(offset, bytes(100), lambda _: event)


def require_kept(compiled: Compiled, events: Sequence[Event]) -> None:
    """Limits, order, and that each event is sent or decided."""
    made = requests_for(compiled, events)
    for batch, body in made.requests:
        _require_within_limits(compiled, batch, body)
    _require_order(made, events)
    sent = {unit.member.offset for batch, _ in made.requests for unit in batch.units}
    decided = {offset for offset, _ in made.decided}
    assert sent | decided == set(range(len(events)))
    assert all(ruling.reason and ruling.cause for _, ruling in made.decided)


def _require_within_limits(compiled: Compiled, batch: Batch, body: bytes) -> None:
    limits, items = compiled.limits, batch.items()
    assert len(body) <= limits.max_bytes, "a request is larger than the vendor takes"
    most = min(compiled.most_items.get(batch.route, limits.max_items), limits.max_items)
    parts = {item.part for item in items} if limits.per_part else {None}
    for part in parts:
        count = sum(part is None or item.part == part for item in items)
        assert count <= most, "a request has more items than the vendor takes"
    assert len({item.route for item in items}) == 1
    assert len(items) == 1 or batch.route.removesuffix(HISTORICAL) not in compiled.alone
    told = [item.unique for item in items if item.unique]
    assert len(told) == len(set(told)), "a request has what the vendor takes for one"


def _require_order(made: Made, events: Sequence[Event]) -> None:
    """What one user did goes in its order, over requests and in each that keeps an order of its own."""
    newest: dict[tuple[str, str, str], int] = {}
    for batch, _ in made.requests:
        for unit in batch.units:
            place = (events[unit.member.offset].key, unit.item.route, unit.item.part)
            assert unit.member.offset >= newest.get(place, -1), "an event overtook another of the same user"
            newest[place] = unit.member.offset
