"""A document is planned and applied: all of it in one transaction, each change in the audit log with its own entry."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from datafly.management.allowing import objections
from datafly.management.auditing import note
from datafly.management.declared.document import Problems, read
from datafly.management.declared.executing import Execution
from datafly.management.declared.planning import Change, Plan, PlanView, make_plan
from datafly.management.declared.references import References
from datafly.management.declared.standing import standing
from datafly.management.declared.wanting import Wants
from datafly.management.place import COMMAND_LINE, Place
from datafly.management.services import Catalog
from datafly.model.clock import Clock
from datafly.model.errors import Conflict
from datafly.model.installation import Installation
from datafly.model.people import Actor
from datafly.model.secret import Secret
from datafly.store.base import Control
from datafly.transport.base import CURE

_RESOURCES: Final = {
    "pipeline": "pipeline",
    "integration": "pipeline_integration",
    "webhook": "source",
    "alert": "alert",
    "alert_channel": "alert_channel",
    "consent": "consent_settings",
}
_VERBS: Final = {"add": "created", "change": "updated", "remove": "deleted"}


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What it is applied to. `heads`: the ends of the log of events. `compile` raises `Invalid` for what cannot be.
    `objection`: as of `Composed`.

    `by`: who applies it, None on the command line.
    """

    control: Control
    catalog: Catalog
    heads: Callable[[], dict[int, int]]
    compile: Callable[[Installation], object]
    objection: Callable[[str], str] = lambda _: ""
    clock: Clock
    by: Actor | None = None
    place: Place = COMMAND_LINE


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """`document` as JSON has it. `secrets`: reference → secret. `keep_secrets`: one that is not told stays as it is."""

    document: Any
    secrets: Mapping[str, Secret] = {}
    keep_secrets: bool = False


class _Rehearsed(Exception):
    """Takes the transaction back."""


def plan(ground: Ground, told: Told) -> PlanView:
    """Raises `Invalid` with all that is wrong. It is applied and taken back: what would fail then fails here."""
    _require_allowed(ground, _planned(ground, told))
    made: list[Plan] = []
    with contextlib.suppress(_Rehearsed), ground.control.together():
        made.append(_planned(ground, told))
        _executed(ground, made[0])
        raise _Rehearsed
    return made[0].view()


def apply(ground: Ground, told: Told, *, expected: str | None = None) -> PlanView:
    """What was changed. `expected`: the id of the plan that was agreed to; another → `Conflict` 412, code `STALE`."""
    _require_allowed(ground, _planned(ground, told))
    with ground.control.together():
        made = _planned(ground, told)
        shown = made.view()
        if expected not in {None, shown.id}:
            says = "What would be changed is not what was planned: it was changed meanwhile. Plan it again."
            raise Conflict(says, code="STALE", status=412)
        ids = _executed(ground, made)
        for change in made.changes:
            _note(ground, change, ids)
    return shown


def _planned(ground: Ground, told: Told) -> Plan:
    declaration, problems = read(told.document), Problems()
    found = standing(ground.control)
    references = References(told.secrets, problems, keep=told.keep_secrets)
    made = make_plan(found, Wants(declaration, found, ground.catalog, problems), references)
    problems.require_none()
    return made


def _require_allowed(ground: Ground, made: Plan) -> None:
    """Addresses that are new may be called; asked before the store is held. Raises `Invalid`."""
    problems = Problems()
    for name in [*made.of("alert_channel", "add"), *made.of("alert_channel", "change")]:
        before, url = made.standing.channels.get(name), made.channels[name].channel.url
        if url and not (before and before.channel.url == url) and (found := ground.objection(url.reveal())):
            problems.add(("alert_channels", name, "url"), f"{found}. Give {CURE}")
    for on in [*made.of("integration", "add"), *made.of("integration", "change")]:
        wanted, kept = made.installations[on], made.standing.installations.get(on)
        integration, config = ground.catalog.get(wanted.vendor), kept.revision.config if kept else {}
        for field, says in objections(ground.objection, integration, wanted.config, config):
            problems.add(("integrations", on[0], *field.split(".")), says)
    problems.require_none()


def _executed(ground: Ground, made: Plan) -> Mapping[Any, str]:
    by = ground.by.name if ground.by else ground.place.user_agent
    execution = Execution(ground.control, ground.catalog, ground.heads(), ground.clock.now_ms(), by)
    ids = execution.run(made)
    problems = Problems()
    for one in ground.control.installations():
        problems.attempt(("integrations", one.name), lambda one=one: ground.compile(one))  # type: ignore[misc]
    problems.require_none()
    return ids


def _note(ground: Ground, change: Change, ids: Mapping[Any, str]) -> None:
    resource = _RESOURCES[change.kind]
    note(
        ground.control,
        f"{resource}.{_VERBS[change.action]}",
        resource,
        ids[change.kind, change.name],
        actor=ground.by,
        changes=change.fields,
        place=ground.place,
    )
