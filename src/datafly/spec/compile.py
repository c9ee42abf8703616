"""A definition and one installation's config → plain functions; after this, nothing is interpreted."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from datafly.model.consent import Consent
from datafly.model.delivery import Outgoing
from datafly.model.event import Event
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling, Verdict
from datafly.spec.calling import calls_of
from datafly.spec.compiled import Compiled, Shaped
from datafly.spec.config import complete_config, require_fitting
from datafly.spec.integration import ANY, WITHDRAWN, Check, Integration
from datafly.spec.judging import judge_by, judge_check_by
from datafly.spec.native import reader_of_native
from datafly.spec.readiness import reader_of
from datafly.spec.request import Caller, caller_of
from datafly.spec.rule import write_rule
from datafly.spec.scope import Scope
from datafly.spec.sending import sending_of
from datafly.spec.setting import Address
from datafly.spec.source import Making


def compile_integration(
    integration: Integration,
    config: Mapping[str, Any],
    *,
    variant: str = "default",
    notes: tuple[str, ...] = (),
    defaults: Mapping[str, Any] | None = None,
) -> Compiled:
    """`config` as `validate_config` gave it; `defaults` are the operator's, for settings that it does not name.

    Raises `Invalid` where the config does not fit the settings (any more).
    """
    whole = complete_config(integration, variant, config, defaults or {})
    require_fitting(integration, whole)
    caller = caller_of(integration, whole)
    shape = _shaper(integration, whole)
    tells_withdrawal = any(rule.event == WITHDRAWN and rule.holds(whole) for rule in integration.rules)
    return Compiled(
        vendor=integration.slug,
        consent=integration.consent,
        **sending_of(integration, caller, whole),
        calls=calls_of(integration, caller),
        shape=shape,
        judge=judge_by(integration),
        secrets=frozenset(value.reveal() for value in whole.values() if isinstance(value, Secret)),
        credential_check=_credential_check(integration, caller),
        judge_check=judge_check_by(integration),
        seen=reader_of(integration.readiness) if integration.readiness else None,
        standard=integration.readiness.standard_names() if integration.readiness else {},
        name_requests=tuple(_request(caller, one) for one in integration.names.requests) if integration.names else (),
        notes=(*_elsewhere(integration, whole), *notes),
        tells_withdrawal=tells_withdrawal,
        tells_of_visitors=tells_withdrawal and _tells_of_visitors(shape, integration.consent or ""),
    )


def _tells_of_visitors(shape: Callable[[Event, int], Shaped], category: str) -> bool:
    """Tried with one, since which settings let a visitor be identified is said by the mapping alone."""
    withdrawn = Consent({category: False}, "event", changed=(category,), withdrawn=(category,))
    visitor = Event("m", "consent", "", "", 0, 0, anonymous_id="visitor", consent=withdrawn)
    return not isinstance(shape(visitor, 0), Ruling)


def _shaper(integration: Integration, config: Mapping[str, Any]) -> Callable[[Event, int], Shaped]:
    hints = {hint.symptom: hint for hint in integration.hints}
    making = Making(config=config, hints=hints)
    rules = [(rule, write_rule(integration, rule, making)) for rule in integration.rules if rule.holds(config)]
    by_type = {rule.event: written for rule, written in rules if rule.is_type}
    by_name = {rule.event: written for rule, written in rules if not rule.is_type}
    by_any, withdrawn, category = by_name.get(ANY), by_name.pop(WITHDRAWN, None), integration.consent
    as_native = reader_of_native(rules)

    def shape(event: Event, now_ms: int) -> Shaped:
        if withdrawn is not None and category in event.consent.withdrawn:
            return withdrawn(_only_told(category, event, now_ms))
        rule = by_name.get(event.event or "") if event.type == "track" else by_type.get(event.type)
        if rule is None and event.type == "track":
            event, rule = as_native(event) or (event, by_any)
        return _unmapped(integration.name, event) if rule is None else rule(Scope(event, now_ms))

    return shape


def _only_told(category: str | None, event: Event, now_ms: int) -> Scope:
    scope = Scope(event, now_ms)
    if event.type != "consent":
        scope.warn(f"The event itself is not sent: consent for {category} is withdrawn with it; only that is told.")
    return scope


def _elsewhere(integration: Integration, config: Mapping[str, Any]) -> Iterator[str]:
    """An address of one's own is said wherever the installation is shown."""
    for setting in integration.settings:
        sent_to = config.get(setting.name)
        if isinstance(setting, Address) and setting.default and sent_to != setting.default:
            yield f"Requests go to {sent_to}, not to {integration.name} ({setting.default})."


def _credential_check(integration: Integration, caller: Caller) -> Outgoing | None:
    return _request(caller, integration.check) if integration.check else None


def _request(caller: Caller, check: Check) -> Outgoing:
    return caller.request(check.method, check.path, b"" if check.body is None else msgspec.json.encode(check.body))


def _unmapped(name: str, event: Event) -> Ruling:
    return Ruling(Verdict.SKIPPED, "not_mapped", cause=f"{name} has no mapping for {event.label} events.")
