"""A definition and one installation's config → plain functions; after this, nothing is interpreted."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec

from datafly.model.consent import Consent
from datafly.model.delivery import Outgoing
from datafly.model.event import Event
from datafly.model.overrides import NO_OVERRIDES, Overrides
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling, Verdict
from datafly.spec.asking import Check
from datafly.spec.calling import calls_of
from datafly.spec.compiled import Compiled, Shaped
from datafly.spec.config import complete_config, consent_of, require_fitting
from datafly.spec.explaining import Explained, explain_rule
from datafly.spec.integration import ANY, WITHDRAWN, Integration, Route, Rule
from datafly.spec.judging import judge_by, judge_check_by
from datafly.spec.native import reader_of_native
from datafly.spec.overriding import lapsed_notes, overridden, require_conditions
from datafly.spec.parts import identified
from datafly.spec.readiness import reader_of
from datafly.spec.request import Caller, caller_of, filled_text
from datafly.spec.rule import write_rule
from datafly.spec.scope import Scope
from datafly.spec.sending import limits_of, sending_of
from datafly.spec.setting import Address
from datafly.spec.source import Making
from datafly.spec.spending import meter_of

S = TypeVar("S")


def compile_integration(
    integration: Integration,
    config: Mapping[str, Any],
    *,
    variant: str = "default",
    notes: tuple[str, ...] = (),
    defaults: Mapping[str, Any] | None = None,
    overrides: Overrides = NO_OVERRIDES,
) -> Compiled:
    """`config` as `validate_config` gave it; `defaults` are the operator's, for settings that it does not name.

    Overrides that do not fit (any more) have no effect, and `notes` tell of it. Raises `Invalid` where the config does
    not fit (any more), or a condition cannot be read: nothing is sent without it.
    """
    whole = complete_config(integration, variant, config, defaults or {})
    changed, lapsed = _overridden(integration, overrides, whole)
    return _compiled(changed, whole, (*lapsed, *notes))


def _compiled(integration: Integration, whole: Mapping[str, Any], notes: tuple[str, ...]) -> Compiled:
    limits = limits_of(integration, whole)
    caller, shape = caller_of(integration, whole, limits), _shaper(integration, whole, write_rule)
    tells = any(rule.event == WITHDRAWN and rule.holds(whole) for rule in integration.rules)
    return Compiled(
        vendor=integration.slug,
        consent=integration.consent,
        **sending_of(integration, caller, whole, limits),
        calls=calls_of(integration, caller),
        whom=_whom(integration, whole),
        base=caller.base,
        shape=shape,
        judge=judge_by(integration, whole),
        secrets=_secrets(whole) | _derived_secrets(whole, caller),
        credential_check=_credential_check(integration, caller, whole),
        judge_check=judge_check_by(integration),
        seen=reader_of(ready) if (ready := integration.readiness) else None,
        standard=ready.standard_names() if ready else {},
        name_requests=_name_requests(integration, caller, whole),
        meter=meter_of(integration.spend, whole),
        notes=(*_elsewhere(integration, whole), *notes),
        tells_withdrawal=tells,
        tells_of_visitors=tells and _tells_of_visitors(shape, integration.consent or ""),
    )


def _whom(integration: Integration, config: Mapping[str, Any]) -> Callable[[Event], Mapping[str, Any]]:
    """Written when it is asked for first: that is seldom."""

    @cache
    def written() -> Callable[[Event, int], Shaped]:
        alone = Rule("identify", "", "", body=identified(), route=integration.routes[0].key)
        route = Route("", key=alone.route)
        return _shaper(msgspec.structs.replace(integration, rules=(alone,), routes=(route,)), config, write_rule)

    def whom(event: Event) -> Mapping[str, Any]:
        shaped = written()(event, 0)
        found: Mapping[str, Any] = {} if isinstance(shaped, Ruling) else msgspec.json.decode(shaped[0].body)
        return found

    return whom


def _secrets(config: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(value.reveal() for value in config.values() if isinstance(value, Secret))


def _derived_secrets(config: Mapping[str, Any], caller: Caller) -> frozenset[str]:
    """Headers that show none of the config's secrets as they are, but tell them: a receiver may repeat these, too."""
    given = _secrets(config)
    return frozenset(text for text in _secrets(caller.headers) if not any(secret in text for secret in given))


def _name_requests(integration: Integration, caller: Caller, config: Mapping[str, Any]) -> tuple[Outgoing, ...]:
    return tuple(_request(caller, one, config) for one in integration.names.requests) if integration.names else ()


def _overridden(
    integration: Integration, overrides: Overrides, config: Mapping[str, Any]
) -> tuple[Integration, Iterator[str]]:
    require_fitting(integration, config)
    asking = msgspec.structs.replace(integration, consent=consent_of(integration, config))
    changed = overridden(asking if integration.consent_by else integration, overrides, config)
    require_conditions(changed)
    return changed.integration, lapsed_notes(changed.lapsed)


def _tells_of_visitors(shape: Callable[[Event, int], Shaped], category: str) -> bool:
    """Tried with one, since which settings let a visitor be identified is said by the mapping alone."""
    withdrawn = Consent({category: False}, "event", changed=(category,), withdrawn=(category,))
    visitor = Event("m", "consent", "", "", 0, 0, anonymous_id="visitor", consent=withdrawn)
    return not isinstance(shape(visitor, 0), Ruling)


def explainer(
    integration: Integration,
    config: Mapping[str, Any],
    *,
    variant: str = "default",
    defaults: Mapping[str, Any] | None = None,
    overrides: Overrides = NO_OVERRIDES,
) -> Callable[[Event, int], Explained | Ruling]:
    """(event, now) → where each value comes from that `compile_integration` of the same would send."""
    whole = complete_config(integration, variant, config, defaults or {})
    changed, _ = _overridden(integration, overrides, whole)
    return _shaper(changed, whole, explain_rule)


def _shaper(
    integration: Integration,
    config: Mapping[str, Any],
    write: Callable[[Integration, Rule, Making], Callable[[Scope], S]],
) -> Callable[[Event, int], S | Ruling]:
    hints = {hint.symptom: hint for hint in integration.hints}
    making = Making(config=config, hints=hints)
    rules = [(rule, write(integration, rule, making)) for rule in integration.rules if rule.holds(config)]
    by_type = {rule.event: written for rule, written in rules if rule.is_type}
    by_name = {rule.event: written for rule, written in rules if not rule.is_type}
    by_any, withdrawn, category = by_name.get(ANY), by_name.pop(WITHDRAWN, None), integration.consent
    as_native = reader_of_native(rules)

    def shape(event: Event, now_ms: int) -> S | Ruling:
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


def _credential_check(integration: Integration, caller: Caller, config: Mapping[str, Any]) -> Outgoing | None:
    return _request(caller, integration.check, config) if integration.check else None


def _request(caller: Caller, check: Check, config: Mapping[str, Any]) -> Outgoing:
    body = b"" if check.body is None else msgspec.json.encode(check.body)
    return caller.request(filled_text(check.method, config), check.path, body)


def _unmapped(name: str, event: Event) -> Ruling:
    return Ruling(Verdict.SKIPPED, "not_mapped", cause=f"{name} has no mapping for {event.label} events.")
