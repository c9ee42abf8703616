"""A definition and one installation's config → plain closures; after this, nothing is interpreted."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from datafly.model.delivery import Item, Outgoing
from datafly.model.event import Event
from datafly.model.secret import Secret
from datafly.model.taxonomy import canonical_properties
from datafly.model.verdict import Ruling, Verdict
from datafly.spec.compiled import Compiled, Shaped
from datafly.spec.config import complete_config, require_fitting
from datafly.spec.integration import ANY, WITHDRAWN, IdentityRow, Integration, Lines, Rule
from datafly.spec.judging import judge_by, judge_check_by
from datafly.spec.names import snake_name
from datafly.spec.nodes import Const, Making
from datafly.spec.request import Caller, assembler, caller_of, picker
from datafly.spec.scope import Read, Scope
from datafly.spec.setting import Address

Prepare = Callable[[Scope], Ruling | None]
"""Makes a scope ready for the mapping, or tells why the event is not sent."""


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
    return Compiled(
        vendor=integration.slug,
        consent=integration.consent,
        limits=integration.limits,
        shape=_shaper(integration, whole),
        assemble=assembler(integration, caller),
        judge=judge_by(integration),
        pick=picker(integration),
        secrets=frozenset(value.reveal() for value in whole.values() if isinstance(value, Secret)),
        credential=_credential(integration, caller),
        credential_check=_credential_check(integration, caller),
        judge_check=judge_check_by(integration),
        notes=(*_elsewhere(integration, whole), *notes),
        tells_withdrawal=any(rule.event == WITHDRAWN and rule.holds(whole) for rule in integration.rules),
    )


def _shaper(integration: Integration, config: Mapping[str, Any]) -> Callable[[Event, int], Shaped]:
    hints = {hint.symptom: hint for hint in integration.hints}
    making = Making(config=config, hints=hints)
    identify = _identify(integration.identity, making)
    rules = [(rule, _mapped(integration, rule, making)) for rule in integration.rules if rule.holds(config)]
    by_type = {rule.event: mapped for rule, mapped in rules if rule.is_type}
    by_name = {rule.event: mapped for rule, mapped in rules if not rule.is_type}
    by_any, withdrawn, category = by_name.get(ANY), by_name.pop(WITHDRAWN, None), integration.consent
    as_native = _native([(rule, mapped) for rule, mapped in rules if rule.event != WITHDRAWN])
    encode = msgspec.json.Encoder().encode

    def shape(event: Event, now_ms: int) -> Shaped:
        rule = by_name.get(event.event or "") if event.type == "track" else by_type.get(event.type)
        if rule is None and event.type == "track":
            event, rule = as_native(event) or (event, by_any)
        withdraws = withdrawn is not None and category in event.consent.withdrawn
        if withdraws:
            rule = withdrawn
        if rule is None:
            return _unmapped(integration.name, event)
        scope = Scope(event, now_ms)
        if withdraws and event.type != "consent":
            scope.warn(f"The event itself is not sent: consent for {category} is withdrawn with it; only that is told.")
        refusal = identify(scope) or rule.prepare(scope)
        if refusal is not None:
            return refusal
        body = rule.read(scope)
        if scope.refusal is not None:
            return scope.refusal
        return _item(encode, body, rule.route, scope)

    return shape


class _Mapped(msgspec.Struct, frozen=True):
    """A rule, compiled."""

    route: str
    prepare: Prepare
    read: Read


def _mapped(integration: Integration, rule: Rule, making: Making) -> _Mapped:
    name = Const(rule.name) if isinstance(rule.name, str) else rule.name
    for_rule = msgspec.structs.replace(making, params=rule.params, event_name=name if rule.name else None)
    read = (rule.body or integration.body).build(for_rule)
    return _Mapped(rule.route, _preparing(rule, making), read)


def _native(rules: list[tuple[Rule, _Mapped]]) -> Callable[[Event], tuple[Event, _Mapped] | None]:
    """The reader of an event that bears the vendor's own name of a rule: the vendor would judge it as that one."""
    by_native = {rule.name: (rule, mapped) for rule, mapped in rules if rule.name and isinstance(rule.name, str)}

    def as_native(event: Event) -> tuple[Event, _Mapped] | None:
        found = by_native.get(snake_name(event.event or "") or "")
        if found is None:
            return None
        rule, mapped = found
        named, _ = canonical_properties(rule.event, _renamed(event.properties, rule.native))
        return msgspec.structs.replace(event, properties=named), mapped

    return as_native


def _renamed(sent: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A canonical name that was sent counts before the vendor's, also in the lines of a list."""
    found = {names[name] if names.get(name, name) not in sent else name: value for name, value in sent.items()}
    products = found.get("products")
    if isinstance(products, list):
        found["products"] = [_renamed(line, names) if isinstance(line, dict) else line for line in products]
    return found


def _item(encode: Callable[[Any], bytes], body: Any, route: str, scope: Scope) -> Shaped:
    if body is None:
        return Ruling(Verdict.SKIPPED, "nothing_to_send", cause="The event holds nothing that is sent.")
    try:
        encoded = encode(body)
    except (UnicodeEncodeError, OverflowError, TypeError, RecursionError) as error:
        cause = f"The event cannot be written as JSON: {error}."
        return Ruling(Verdict.REJECTED, "not_encodable", cause=cause, cure="Correct the event, then replay it.")
    return (Item(encoded, route, scope.event.message_id, tuple(scope.warnings)),)


def _identify(rows: tuple[IdentityRow, ...], making: Making) -> Prepare:
    reads = [(row.field, row.value.build(making), _needed(row, making)) for row in rows if row.value]

    def identify(scope: Scope) -> Ruling | None:
        for field, read, refusal in reads:
            value = read(scope)
            if value is not None:
                scope.identity[field] = value
            elif refusal is not None:
                return refusal
        return None

    return identify


def _needed(row: IdentityRow, making: Making) -> Ruling | None:
    return row.required.ruling(making.hints) if row.required else None


def _preparing(rule: Rule, making: Making) -> Prepare:
    ignored, lines = frozenset(rule.ignores), rule.lines and _lines(rule.lines, making)

    def prepare(scope: Scope) -> Ruling | None:
        if ignored and not ignored.isdisjoint(scope.properties):
            for name in sorted(ignored & scope.properties.keys()):
                scope.warn(f"properties.{name} is not sent with a {rule.event} event.")
        return lines(scope) if lines else None

    return prepare


def _lines(lines: Lines, making: Making) -> Prepare:
    of, none = lines.of.build(making), lines.none.ruling(making.hints)
    alone, alone_if = frozenset(lines.alone), frozenset(lines.alone_if)

    def prepare(scope: Scope) -> Ruling | None:
        sent = of(scope)
        found = [line for line in sent if isinstance(line, dict)] if isinstance(sent, list) else []
        if found:
            scope.lines = found
            if len(found) < len(sent):
                scope.warn(f"{lines.of} holds something that is no object; it was left out.")
            return None
        if not alone_if or not alone_if <= scope.properties.keys():
            return none
        own = scope.properties
        scope.line = {name: value for name, value in own.items() if name in alone}
        scope.properties = {name: value for name, value in own.items() if name not in alone}
        return None

    return prepare


def _elsewhere(integration: Integration, config: Mapping[str, Any]) -> Iterator[str]:
    """An address of one's own is said wherever the installation is shown."""
    for setting in integration.settings:
        sent_to = config.get(setting.name)
        if isinstance(setting, Address) and setting.default and sent_to != setting.default:
            yield f"Requests go to {sent_to}, not to {integration.name} ({setting.default})."


def _credential(integration: Integration, caller: Caller) -> str:
    """Same vendor, address and credentials, same rate; the text does not tell them."""
    shown = [value.reveal() if isinstance(value, Secret) else value for value in caller.headers.values()]
    digest = hashlib.sha256("\0".join([caller.base, *shown]).encode()).hexdigest()
    return f"{integration.slug}:{digest[:16]}"


def _credential_check(integration: Integration, caller: Caller) -> Outgoing | None:
    check = integration.check
    if check is None:
        return None
    return caller.request(check.method, check.path, b"" if check.body is None else msgspec.json.encode(check.body))


def _unmapped(name: str, event: Event) -> Ruling:
    return Ruling(Verdict.SKIPPED, "not_mapped", cause=f"{name} has no mapping for {event.label} events.")
