"""What becomes of a request: read by what is declared, kept under whose it is, answered."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from datafly.sandbox.drawn.answers import FAILURE, as_declared, said, taken
from datafly.sandbox.drawn.naming import Naming
from datafly.sandbox.drawn.reading import Arrived, Unlike, given_in, items_in
from datafly.sandbox.kit import Call, Outcome, Verdict
from datafly.spec.asking import Check, Later
from datafly.spec.calls import DELETE_USER
from datafly.spec.calls import Call as BesideEvents
from datafly.spec.integration import Integration, Route
from datafly.spec.request import TEMPLATE

PEOPLE = "people"
ITEMS = "items"
CALLS = "calls"
_WHOLE = ""


class Read(msgspec.Struct, frozen=True):
    """What one way to one path makes of a document. `read` raises `Unlike`."""

    route: str | None
    read: Callable[[Call, Any], Outcome]


class Taking:
    """The calls of one definition."""

    def __init__(self, integration: Integration, naming: Naming) -> None:
        self._integration = integration
        self._naming = naming
        fixed = {name: text for name, text in integration.headers.items() if not TEMPLATE.search(text)}
        self._constant = {name.lower(): text for name, text in fixed.items()}

    def of_route(self, route: Route) -> Read:
        return Read(route.key, lambda call, document: self._take(route, call, document))

    def of_call(self, beside: BesideEvents) -> Read:
        return Read(None, lambda call, document: self._do(beside, call, document))

    def of_check(self, check: Check) -> Read:
        """It only reads."""
        return Read(None, lambda _, document: _told(check, document))

    def of_job(self, later: Later) -> Read:
        return Read(None, lambda call, _: taken(later.answer, 1, call.match["ticket"]))

    def answer(self, reads: Sequence[Read]) -> Callable[[Call], Outcome]:
        """A path may be that of several; the first whose shape fits takes it."""

        def answer(call: Call) -> Outcome:
            early = self._asked_for(call, {one.route for one in reads}) or self._early(call)
            if early is not None:
                return early
            try:
                document = call.document() if call.incoming.body else None
            except ValueError:
                return said(400, "no_json", "the body is not JSON")
            return _first_that_fits(reads, call, document)

        return answer

    def _asked_for(self, call: Call, routes: set[str | None]) -> Outcome | None:
        """The declared failure that the sandbox is set to answer with, if it is one of this call."""
        known = (one for one in self._integration.failures if one.symptom == call.mode[FAILURE])
        found = next((one for one in known if one.route is None or one.route in routes), None)
        return Outcome(as_declared(found)) if found else None

    def _early(self, call: Call) -> Outcome | None:
        if len(call.incoming.body) > self._integration.limits.max_bytes:
            return said(413, "too_large", f"a body has at most {self._integration.limits.max_bytes:,} bytes")
        for name, text in self._constant.items():
            if call.incoming.headers.get(name) != text:
                return said(400, "no_constant", f"the header {name} must be {text}")
        return None

    def _take(self, route: Route, call: Call, document: Any) -> Outcome:
        found = items_in(route, document)
        most = route.max_items or self._integration.limits.max_items
        counted = max(_counts(found).values()) if self._integration.limits.per_part else len(found)
        if route.has_list and counted > most:
            return said(400, "too_many_items", f"a request holds at most {most:,} items")
        verdicts = [self._keep(route, call, number, one) for number, one in enumerate(found)]
        outcome = taken(route.answer, len(found), str(call.request_id))
        return msgspec.structs.replace(outcome, verdicts=verdicts)

    def _keep(self, route: Route, call: Call, number: int, arrived: Arrived) -> Verdict:
        identifiers = self._naming.identifiers(arrived.item, arrived.group)
        name = self._naming.event_name(arrived.item)
        person = self._person(call, identifiers, name)
        told = {"event": name, "route": route.path or "/", "group": arrived.group, "item": arrived.item}
        key = f"{call.request_id}.{number}"
        call.put(ITEMS, key, {field: value for field, value in told.items() if value not in (None, "")}, owner=person)
        return Verdict(place=arrived.place, accepted=True, who=person or name, kind=ITEMS, id=key)

    def _person(self, call: Call, identifiers: Mapping[str, str], name: str) -> str:
        """Whoever one of the identifiers is known of, tried in their order; else somebody new."""
        if not identifiers:
            return ""
        known = (call.store.named(field, value) for field, value in identifiers.items())
        person = next((one for one in known if one), None) or next(iter(identifiers.values()))
        for field, value in identifiers.items():
            if call.store.named(field, value) is None:
                call.store.name(field, value, person)
        before = call.store.get(PEOPLE, person)
        call.put(PEOPLE, person, {**(before.body if before else {}), **identifiers, "last_item": name})
        return person

    def _do(self, beside: BesideEvents, call: Call, document: Any) -> Outcome:
        given = given_in(beside.body, document)
        call.put(CALLS, str(call.request_id), {"call": beside.key, **given})
        if beside.key == DELETE_USER:
            self._forget(call, given.get("user"))
        return taken("", 1, str(call.request_id))

    def _forget(self, call: Call, user: Any) -> None:
        values = [str(value) for value in user.values()] if isinstance(user, dict) else [str(user)]
        for field, _ in self._naming.fields:
            for person in [one for value in values if (one := call.store.named(field, value))]:
                call.store.forget(person)


def _told(check: Check, document: Any) -> Outcome:
    if document != check.body:
        raise Unlike(f"the body must be {check.body}")
    return taken(check.answer, 1, "")


def _first_that_fits(reads: Sequence[Read], call: Call, document: Any) -> Outcome:
    problems = []
    for one in reads:
        try:
            return one.read(call, document)
        except Unlike as error:
            problems.append(str(error))
    return said(400, "unlike", "; or ".join(problems))


def _counts(found: Sequence[Arrived]) -> dict[str, int]:
    counts: dict[str, int] = {_WHOLE: 0}
    for one in found:
        counts[one.part] = counts.get(one.part, 0) + 1
    return counts
