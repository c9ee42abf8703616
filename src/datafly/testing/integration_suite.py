"""What every definition promises, as tests: subclass `IntegrationSuite` in a module that pytest collects.

Definitions are found by the catalogue; nobody is named, so a new one is tested without a new test.
"""

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from datafly import catalog
from datafly.model.delivery import Item, Reply
from datafly.model.event import Event
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling, Verdict
from datafly.spec.compile import compile_integration
from datafly.spec.compiled import Compiled
from datafly.spec.config import validate_config
from datafly.spec.faces import Case, Scenario, cases, event_of, example_config, page, scenarios
from datafly.spec.faces.plain import as_json
from datafly.spec.integration import Integration

INTEGRATIONS = catalog.all()
CASES = [case for one in INTEGRATIONS for case in cases(one)]
SCENARIOS = [(one, scenario) for one in INTEGRATIONS for scenario in scenarios(one)]


_SECTIONS = (
    "Configuration",
    "Signal Setup",
    "Event Mapping",
    "Identity",
    "Verify it’s working",
    "Troubleshooting",
    "Limits",
    "Examples",
)


def compiled(integration: Integration, **config: Any) -> Compiled:
    """Installed as its page shows it."""
    given = {**example_config(integration), **config}
    variant, mode = integration.variants[0].key, integration.delivery_modes[0]
    return compile_integration(integration, validate_config(integration, variant, mode, given), variant=variant)


def sent_for(made: Compiled, event: Event) -> tuple[Any, tuple[str, ...]] | Ruling:
    """The body of the request for this event alone, and the warnings; or why there is none."""
    shaped = made.shape(event, event.received_ms)
    if isinstance(shaped, Ruling):
        return shaped
    bodies = [msgspec.json.decode(made.assemble([item]).body) for item in shaped]
    warnings = tuple(warning for item in shaped for warning in item.warnings)
    return (bodies[0] if len(bodies) == 1 else bodies), warnings


def every_value(found: Any) -> Iterator[Any]:
    if isinstance(found, dict | list):
        for inner in found.values() if isinstance(found, dict) else found:
            yield from every_value(inner)
    else:
        yield found


def every_part(found: Any) -> Iterator[Any]:
    """It, and all objects and lists inside of it."""
    if isinstance(found, dict | list):
        yield found
        for inner in found.values() if isinstance(found, dict) else found:
            yield from every_part(inner)


def require_sendable(body: Any) -> None:
    """No null, no NaN, no infinity, anywhere."""
    for value in every_value(body):
        assert value is not None, "a null is sent"
        assert not isinstance(value, float) or math.isfinite(value), f"{value} is sent"


def _to_be_told(one: Integration) -> Iterator[str]:
    yield from (setting.name for setting in one.settings)
    yield from (row.field for row in one.identity)
    yield from (rule.concept for rule in one.rules)
    for failure in one.failures:
        yield from (failure.symptom, failure.cause, failure.cure)


class IntegrationSuite:
    @pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
    def test_a_sample_is_sent_or_refused_as_it_says(self, case: Case) -> None:
        sample = case.sample
        sent = sent_for(compiled(case.integration, **sample.config), event_of(sample))
        if isinstance(sent, Ruling):
            assert (sent.reason, sample.sends) == (sample.refuses, None)
            assert sent.verdict in (Verdict.SKIPPED, Verdict.REJECTED)
            assert sent.cause
            return
        body, warnings = sent
        assert body == sample.sends
        require_sendable(body)
        assert not sample.refuses
        assert len(warnings) == len(sample.warns), warnings
        assert all(any(part in warning for warning in warnings) for part in sample.warns), warnings

    @pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
    def test_shaping_twice_gives_the_same_bytes(self, case: Case) -> None:
        made, event = compiled(case.integration, **case.sample.config), event_of(case.sample)
        again = msgspec.json.decode(msgspec.json.encode(event), type=Event)
        assert made.shape(event, 1) == made.shape(again, 1)

    @pytest.mark.parametrize(
        ("integration", "scenario"), SCENARIOS, ids=[f"{one.slug}: {scenario.name}" for one, scenario in SCENARIOS]
    )
    def test_an_answer_is_judged_as_declared(self, integration: Integration, scenario: Scenario) -> None:
        judgement = compiled(integration).judge(scenario.reply, [Item(b"{}", scenario.route)])
        ruling = judgement.items[0] if judgement.items else judgement.whole
        assert ruling.verdict is scenario.verdict
        assert ruling.reason
        if scenario.symptom:
            assert (ruling.symptom, ruling.cause, ruling.cure) == (scenario.symptom, scenario.cause, scenario.cure)

    @pytest.mark.parametrize("integration", INTEGRATIONS, ids=lambda one: one.slug)
    def test_no_answer_at_all_is_tried_again(self, integration: Integration) -> None:
        judgement = compiled(integration).judge(
            Reply(None, error="connection reset"), [Item(b"{}", integration.routes[0].key)] * 3
        )
        assert (judgement.whole.verdict, judgement.whole.cause) == (Verdict.RETRY, "connection reset")

    @pytest.mark.parametrize("integration", INTEGRATIONS, ids=lambda one: one.slug)
    def test_it_is_data_and_gives_no_secret_away(self, integration: Integration) -> None:
        said = msgspec.json.decode(as_json(integration))
        assert said["slug"] == integration.slug
        secrets = {one.name: one.example for one in integration.settings if one.kind == "secret"}
        assert all(secrets.values())
        made = compiled(integration, **secrets)
        assert made.secrets >= set(secrets.values())
        shown = repr((made.credential, made.notes, made.credential_check))
        assert not any(secret in shown for secret in made.secrets)

    @pytest.mark.parametrize("integration", INTEGRATIONS, ids=lambda one: one.slug)
    def test_items_of_many_events_share_a_request_and_are_found_in_it(self, integration: Integration) -> None:
        made = compiled(integration)
        if made.limits.max_items == 1:
            return
        shaped = [made.shape(event_of(sample), 0) for sample in integration.samples if not sample.refuses]
        items = [item for one in shaped if not isinstance(one, Ruling) for item in one if item.route == ""]
        order = made.arrange(items)
        items = items if order is None else [items[index] for index in order]
        body = made.assemble(items).body.decode()
        for index, item in enumerate(items):
            picked = msgspec.json.decode(made.pick(body, index))
            picked_parts = list(every_part(picked))
            assert msgspec.json.decode(item.body) in picked_parts
            others = [msgspec.json.decode(one.body) for one in items if one.body != item.body]
            assert not any(other in picked_parts for other in others)

    @pytest.mark.parametrize("integration", INTEGRATIONS, ids=lambda one: one.slug)
    def test_its_page_tells_all_that_a_page_tells(self, integration: Integration) -> None:
        """The sections of the mission page, and each setting, event, identifier, failure and sample."""
        told = page(integration)
        at = [told.index(f"\n## {title}\n") for title in _SECTIONS]
        assert at == sorted(at)
        for words in _to_be_told(integration):
            assert words.replace("|", "\\|") in told, f"the page does not tell {words!r}"

    @pytest.mark.parametrize("integration", INTEGRATIONS, ids=lambda one: one.slug)
    def test_credentials_travel_as_secrets(self, integration: Integration) -> None:
        made = compiled(integration)
        for outgoing in (made.credential_check, made.assemble([_any_item(made, integration)])):
            for value in outgoing.headers.values() if outgoing else ():
                assert isinstance(value, Secret) or not any(secret in value for secret in made.secrets)


def _any_item(made: Compiled, integration: Integration) -> Any:
    for sample in integration.samples:
        shaped = made.shape(event_of(sample), 0)
        if not isinstance(shaped, Ruling):
            return shaped[0]
    raise AssertionError(f"{integration.slug} has no sample that is sent")
