"""Whether an address that somebody gives may be called: asked before it is kept, with no lock held meanwhile."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from datafly.management.services import Composed
from datafly.model.errors import Invalid
from datafly.model.secret import MASK, Secret
from datafly.spec.integration import Integration
from datafly.transport.base import CURE

Objection = Callable[[str], str]


def require_url(services: Composed, url: Any) -> None:
    """Of an alert's webhook; nothing where none is given. Raises `Invalid`."""
    if isinstance(url, str) and (objection := services.objection(url)):
        raise Invalid(f"url: {objection}. Give {CURE}", field="url")


def require_addresses(
    services: Composed, integration: Integration, config: Any, kept: Mapping[str, Any] | None = None
) -> None:
    """Of an integration; `kept`: its config before. Raises `Invalid`."""
    given = config if isinstance(config, Mapping) else {}
    problems = dict(objections(services.objection, integration, given, kept or {}))
    if problems:
        field = next(iter(problems))
        raise Invalid(" ".join(problems.values()), field=field, problems=problems)


def objections(
    objection: Objection, integration: Integration, config: Mapping[str, Any], kept: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """`config.url` → what is wrong with it and what to give instead, of addresses that are given and not kept already.

    One that a parameter of the pipeline is part of is judged when it is called; one that is none is told elsewhere.
    """
    names = integration.address_names()
    for setting in (one for one in integration.settings if one.name in names):
        field, address = f"config.{setting.name}", _text(config.get(setting.name))
        if address in {"", MASK, _text(kept.get(setting.name))} or "{{" in address or setting.problem(address):
            continue
        if found := objection(address):
            yield field, f"{field} is {found}. Give {CURE}"


def _text(value: Any) -> str:
    return value.reveal() if isinstance(value, Secret) else value if isinstance(value, str) else ""
