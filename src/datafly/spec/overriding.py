"""A definition and an operator's overrides → another definition, which compiles like any."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from datafly.model.errors import Invalid
from datafly.model.event import TYPES, Event
from datafly.model.overrides import EventOverride, FieldMapping, Overrides
from datafly.model.taxonomy import canonical_event
from datafly.model.verdict import Ruling, Verdict
from datafly.spec.choices import Refused
from datafly.spec.integration import ANY, WITHDRAWN, Integration, Overridable, Place, Rule
from datafly.spec.native import native_names
from datafly.spec.nodes import Const, Node
from datafly.spec.override_nodes import Holds
from datafly.spec.override_values import WrongError, node_of, place_of, require_condition
from datafly.spec.placing import (
    NeededError,
    NoPlaceError,
    body_at,
    chosen,
    has_event_name,
    inlined,
    left_out,
    put,
    renamed,
    settled,
    with_body_at,
)
from datafly.spec.rule import compile_node
from datafly.spec.scope import Scope
from datafly.spec.setting import Problem
from datafly.spec.source import Making
from datafly.spec.words import Refusal

Problems = dict[str, Problem]
"""Entry (`overrides.events.Order Completed.mappings[0].target`) → what is wrong with it."""
FIELD: Final = "overrides"
_UNTOUCHED: Final = frozenset({WITHDRAWN, "consent"})
_DISABLED: Final = Refusal(
    Verdict.SKIPPED,
    "event_disabled",
    cause="The mapping of the integration has events of this kind switched off.",
    cure="Nothing, if it is meant so; else enable the event in the mapping of the integration.",
)


class Overridden(msgspec.Struct, frozen=True):
    """`lapsed`: what of the overrides has no effect, since the definition has no such place, name or event."""

    integration: Integration
    lapsed: Problems = {}


def canonical_overrides(overrides: Overrides) -> Overrides:
    """With the names of events as rules have them. Raises `Invalid` where two entries are about one event."""
    found: dict[str, EventOverride] = {}
    for name, override in overrides.events.items():
        event = _canonical(name)
        if event in found:
            problem = Problem("twice", f"is {event}, which is there already")
            raise _invalid("The mapping", {f"{FIELD}.events.{name}": problem})
        found[event] = override
    return msgspec.structs.replace(overrides, events=found)


def require_overrides(integration: Integration, overrides: Overrides, config: Mapping[str, Any]) -> Overrides:
    """As they are kept. Raises `Invalid` with all that is wrong, as `spec.config.validate_config` does."""
    known = canonical_overrides(overrides)
    problems = overridden(integration, known, config).lapsed
    if problems:
        raise _invalid(f"The mapping of {integration.name}", problems)
    return known


def overridden(integration: Integration, overrides: Overrides, config: Mapping[str, Any]) -> Overridden:
    """`config` complete, `overrides` canonical. The definition itself where there are none."""
    if not overrides:
        return Overridden(integration)
    if integration.overridable is None:
        problem = Problem("unknown", f"cannot be: the mapping of {integration.name} is not to be changed")
        return Overridden(integration, {FIELD: problem})
    applying = _Applying(integration, integration.overridable, config)
    rules = applying.rules(overrides)
    changed = msgspec.structs.replace(integration, rules=rules)
    return Overridden(changed, applying.problems)


def require_conditions(changed: Overridden) -> None:
    """Raises `Invalid` where a condition cannot be read any more: what it kept back must not be sent meanwhile."""
    broken = {entry: problem for entry, problem in changed.lapsed.items() if problem.code == "condition"}
    if broken:
        raise _invalid(f"The mapping of {changed.integration.name}", broken)


class _Applying:
    def __init__(self, integration: Integration, overridable: Overridable, config: Mapping[str, Any]) -> None:
        self.problems: Problems = {}
        self._integration = integration
        self._overridable = overridable
        self._making = Making(config=config, hints={hint.symptom: hint for hint in integration.hints})
        self._own = {rule.event: rule for rule in integration.rules}

    def rules(self, overrides: Overrides) -> tuple[Rule, ...]:
        rules = dict(self._own)
        for event, override in overrides.events.items():
            rule = self._rule_for(event, override)
            if rule is not None:
                rules[event] = rule
        rules = self._everywhere(overrides, rules)
        for event, override in overrides.events.items():
            if event in rules and event not in _UNTOUCHED:
                rules[event] = self._changed(rules[event], override, f"{FIELD}.events.{event}")
        return tuple(rules.values())

    def _rule_for(self, event: str, override: EventOverride) -> Rule | None:
        """The definition's; one of its own for an event that is added."""
        entry = f"{FIELD}.events.{event}"
        if event in _UNTOUCHED or event == "track":
            says = "needs the name of an event" if event == "track" else "is told as the settings say; it stays so"
            self.problems[entry] = Problem("unknown", says)
            return None
        if event in self._own:
            if override.like is not None:
                has_one = f"is for an event without a rule; {event} has one"
                self.problems[f"{entry}.like"] = Problem("extra", has_one)
            return self._own[event]
        return self._added(event, override, entry)

    def _added(self, event: str, override: EventOverride, entry: str) -> Rule | None:
        model = ANY if override.like is None and event not in TYPES else _canonical(override.like or "")
        like = None if model in _UNTOUCHED else self._own.get(model)
        if like is None:
            known = ", ".join(name for name in self._own if name not in _UNTOUCHED)
            self.problems[f"{entry}.like"] = Problem("unknown", f"must be an event with a rule: {known}")
            like = self._own.get(ANY)  # what is switched off or has a condition stays so
        if like is None:
            return None
        name = Const(like.name) if isinstance(like.name, str) and like.name else like.name
        return msgspec.structs.replace(like, event=event, name=name, names=(), native={})

    def _everywhere(self, overrides: Overrides, rules: dict[str, Rule]) -> dict[str, Rule]:
        entry, touched = f"{FIELD}.global", {name: rule for name, rule in rules.items() if name not in _UNTOUCHED}
        if overrides.everywhere.condition is not None:
            touched = {name: self._gated(rule, overrides.everywhere.condition, entry) for name, rule in touched.items()}
        for index, mapping in enumerate(overrides.everywhere.mappings):
            touched = self._mapped_everywhere(touched, mapping, f"{entry}.mappings[{index}]")
        self._require_once(overrides.everywhere.mappings, entry)
        return {**rules, **touched}

    def _mapped_everywhere(self, rules: dict[str, Rule], mapping: FieldMapping, entry: str) -> dict[str, Rule]:
        found, problems = dict(rules), list[WrongError]()
        for name, rule in rules.items():
            try:
                found[name] = self._mapped(rule, mapping, entry)
            except WrongError as wrong:
                problems.append(wrong)
        if len(problems) == len(rules) and problems:
            self._note(entry, problems[0])
        return found

    def _changed(self, rule: Rule, override: EventOverride, entry: str) -> Rule:
        if override.vendor_event_name is not None:
            rule = self._renamed(rule, override.vendor_event_name, f"{entry}.vendor_event_name")
        for index, mapping in enumerate(override.mappings):
            at = f"{entry}.mappings[{index}]"
            try:
                rule = self._mapped(rule, mapping, at)
            except WrongError as wrong:
                self._note(at, wrong)
        self._require_once(override.mappings, entry)
        if override.condition is not None:
            rule = self._gated(rule, override.condition, entry)
        if not override.enabled:
            rule = msgspec.structs.replace(rule, gates=(Refused(_DISABLED),))
        return rule

    def _gated(self, rule: Rule, condition: str, entry: str) -> Rule:
        try:
            require_condition(condition)
        except WrongError as wrong:
            self._note(entry, wrong)
            return rule
        return msgspec.structs.replace(rule, gates=(*rule.gates, Holds(condition)))

    def _mapped(self, rule: Rule, mapping: FieldMapping, entry: str) -> Rule:
        place, name = place_of(self._overridable, mapping.target)
        former = body_at(rule, place, self._integration.body)
        if former is None:
            raise WrongError("target", self._no_place(rule, mapping))
        body, steps = inlined(chosen(former, self._making), rule.params), [*place.steps, name]
        node = node_of(mapping, place.fields.get(name), entry)
        try:
            changed = put(body, steps, node) if node else left_out(body, steps)
        except NoPlaceError:
            raise WrongError("target", self._no_place(rule, mapping)) from None
        except NeededError:
            needed = f"{mapping.target} cannot be left out: {self._integration.name} needs it"
            raise WrongError("omit", Problem("needed", needed)) from None
        return with_body_at(rule, place, changed, former)

    def _no_place(self, rule: Rule, mapping: FieldMapping) -> Problem:
        there = [place.path for place in self._overridable.places if self._has(rule, place)]
        if mapping.omit:
            return Problem("unknown", f"{mapping.target} is not sent with {rule.event} events")
        has = f"it has {', '.join(there)}" if there else "it has no place for values"
        return Problem("unknown", f"{mapping.target} is nowhere in {rule.event} events; {has}")

    def _has(self, rule: Rule, place: Place) -> bool:
        body = body_at(rule, place, self._integration.body)
        return body is not None and _is_there(inlined(chosen(body, self._making), rule.params), place)

    def _renamed(self, rule: Rule, name: str, entry: str) -> Rule:
        body = inlined(rule.body or self._integration.body, rule.params)
        if not rule.name or not has_event_name(body):
            vendor = self._integration.name
            self.problems[entry] = Problem("extra", f"cannot be: {vendor} knows {rule.event} by no event name")
            return rule
        template = self._overridable.event_name
        made = compile_node(template, self._making)(Scope(Event("", "track", "", "", 0, 0, event=name), 0))
        if not isinstance(made, str):
            self.problems[entry] = _unusable(name, made)
            return rule
        own = settled(template, made)
        now: Node = own if isinstance(rule.name, str) else renamed(rule.name, own)
        return msgspec.structs.replace(rule, name=now, names=tuple(dict.fromkeys(native_names(rule))))

    def _require_once(self, mappings: Sequence[FieldMapping], entry: str) -> None:
        targets = [mapping.target for mapping in mappings]
        for index, target in enumerate(targets):
            if target in targets[:index]:
                twice = Problem("twice", f"{target} is mapped already")
                self.problems.setdefault(f"{entry}.mappings[{index}].target", twice)

    def _note(self, entry: str, wrong: WrongError) -> None:
        self.problems[f"{entry}.{wrong.field}"] = wrong.problem


def lapsed_notes(lapsed: Problems) -> Iterator[str]:
    """What has no effect any more, for a person."""
    for entry, problem in lapsed.items():
        yield f"A part of its mapping has no effect: {entry} {problem.says}. Change or remove it."


def is_somewhere(integration: Integration, place: Place) -> bool:
    """Whether any rule has the place."""
    bodies = ((rule, body_at(rule, place, integration.body)) for rule in integration.rules)
    return any(body is not None and _is_there(inlined(body, rule.params), place) for rule, body in bodies)


def _is_there(body: Node, place: Place) -> bool:
    try:
        put(body, [*place.steps, "_"], Const(0))
    except NoPlaceError:
        return False
    return True


def _canonical(name: str) -> str:
    lower = name.strip().lower()
    return lower if lower in TYPES or lower == ANY else canonical_event(name)


def _unusable(name: str, made: Any) -> Problem:
    if isinstance(made, Ruling):
        return Problem("refused", f"{name} cannot be: {made.cause.rstrip('.')}")
    return Problem("form", f"{name} is no name: it needs a letter or digit of a-z, 0-9")


def _invalid(what: str, problems: Problems) -> Invalid:
    sentences = {entry: f"{entry}: {problem.says}." for entry, problem in problems.items()}
    return Invalid(
        f"{what} cannot be changed like this. {' '.join(sentences.values())}",
        field=next(iter(problems)),
        problems=sentences,
        codes={entry: problem.code for entry, problem in problems.items()},
    )
