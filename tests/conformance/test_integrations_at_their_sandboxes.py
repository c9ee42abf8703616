"""Every integration beside its sandbox: what it takes, what a preview tells, and what an operator may change."""

import asyncio
import re

import msgspec
import pytest

from datafly import catalog
from datafly.management.previewing import judged, request_of
from datafly.model.erasure import Whom
from datafly.model.installation import Installation, Revision, Template
from datafly.model.overrides import NO_OVERRIDES, Overrides
from datafly.model.verdict import Ruling, Verdict
from datafly.runtime.trying import answers, compile_for, plain_headers, room_of
from datafly.spec.calls import DELETE_USER
from datafly.spec.compile import compile_integration, explainer
from datafly.spec.config import complete_config, validate_config
from datafly.spec.faces import event_of, example_config
from datafly.spec.overriding import overridden, require_overrides

INTEGRATIONS = catalog.all()
WITH_ROOM = [one for one in INTEGRATIONS if room_of(one.slug)]
ERASING = [one for one in WITH_ROOM if any(call.key == DELETE_USER for call in one.calls)]
SAMPLES = [(one, sample) for one in INTEGRATIONS for sample in one.samples if not sample.refuses]
VARIANTS = [(one, variant) for one in INTEGRATIONS if one.overridable for variant in one.variants]
PLACES = [(one, place) for one in INTEGRATIONS if one.overridable for place in one.overridable.places]
NAMES = ("own_name", "Own_Name", "ownname", "a_b")
VALUES = ("x", "2026-01-02", "EUR", "GB", "en", "7")


def named(pairs, name):
    return [f"{one.slug}: {name(more)}" for one, more in pairs]


def config_of(integration, sample):
    given = {**example_config(integration), **sample.config}
    return validate_config(integration, integration.variants[0].key, integration.delivery_modes[0], given)


def installed(integration, sample):
    template = Template("tmpl", integration.name, integration.slug, integration.variants[0].key)
    return Installation("pi", "pip", template, Revision("rev", "tmpl", 1, config_of(integration, sample)))


def leaves(value, path=""):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


def origins(told):
    found = [(one.path, msgspec.json.decode(msgspec.json.encode(one.value))) for one in told]
    return sorted((leaf for path, value in found for leaf in leaves(value, path)), key=repr)


def sent(encoded):
    return sorted(leaves(msgspec.json.decode(encoded)), key=repr)


@pytest.mark.parametrize("integration", WITH_ROOM, ids=lambda one: one.slug)
def test_every_sample_that_is_sent_is_taken_by_the_sandbox_and_no_secret_reaches_it(integration):
    room = room_of(integration.slug)
    assert room is not None
    sent, compiled = [], {}
    for sample in (one for one in integration.samples if not one.refuses):
        event, config = event_of(sample), repr(sample.config)
        made = compiled[config] = compiled.get(config) or compile_for(room, installed(integration, sample))
        sent += [(sample, made, item, event.received_ms) for item in made.shape(event, event.received_ms)]
    requests = [request_of(made, item, now_ms) for _, made, item, now_ms in sent]
    told = "\n".join(f"{one.url} {plain_headers(one)} {one.body.decode()}" for one in requests)
    assert not any(one.example in told for one in integration.settings if one.kind == "secret" and one.example)
    replies = asyncio.run(answers(room, requests, sent[0][3]))
    wrong = [
        (sample.title, ruling.reason)
        for (sample, made, item, _), reply in zip(sent, replies, strict=True)
        if (ruling := judged(made, reply, item)).verdict is not _expected(sample)
    ]
    assert wrong == []


@pytest.mark.parametrize("integration", ERASING, ids=lambda one: one.slug)
def test_a_person_is_erased_by_the_call_of_the_vendor_and_its_sandbox_does_it(integration):
    room, sample = room_of(integration.slug), next(one for one in integration.samples if one.sends and not one.config)
    made, whom = compile_for(room, installed(integration, sample)), Whom(("u-1",), (), {"email": "jane@example.com"})
    subject, now_ms = whom.subjects()[0], 1_795_600_000_000
    known = msgspec.structs.replace(subject, timestamp_ms=now_ms, received_ms=now_ms)
    call = made.calls[DELETE_USER]
    requests = [request_of(made, item, now_ms) for item in made.shape(known, now_ms)]
    asked = call.make({"user": made.whom(subject)})
    asked = made.sign(asked, (), now_ms) if made.sign else asked
    *_, reply = asyncio.run(answers(room, [*requests, asked], now_ms))
    assert call.judge(reply).verdict is Verdict.DELIVERED, reply


def _expected(sample):
    return Verdict.REJECTED if sample.unmapped else Verdict.DELIVERED


@pytest.mark.parametrize(("integration", "sample"), SAMPLES, ids=named(SAMPLES, lambda one: one.title))
def test_a_preview_tells_of_every_value_once_where_it_comes_from(integration, sample):
    config, event = config_of(integration, sample), event_of(sample)
    items = compile_integration(integration, config).shape(event, event.received_ms)
    explained = explainer(integration, config)(event, event.received_ms)
    assert [(item.route.partition(":")[0], item.part) for item in items] == [(one.route, one.part) for one in explained]
    for item, one in zip(items, explained, strict=True):
        assert origins(one.origins) == sent(item.body)
        if item.group:
            assert origins(one.group) == sent(item.group)


@pytest.mark.parametrize("integration", [one for one in INTEGRATIONS if one.overridable], ids=lambda one: one.slug)
def test_an_operator_may_rename_disable_add_and_hold_back_events(integration):
    config = complete_config(integration, "default", config_of(integration, integration.samples[0]), {})
    named = [rule.event for rule in integration.rules if rule.name and not rule.is_type]
    own = next((event for event in named if event != "*"), "Anything Else")
    said = {
        own: {"vendor_event_name": "Own Name", "condition": "properties.a == 1"},
        "page": {"enabled": False},
        "Something Else": {"like": own} if own in named else {"enabled": False},
    }
    kept = require_overrides(integration, msgspec.convert({"events": said}, Overrides), config)
    assert overridden(integration, kept, config).lapsed == {}


@pytest.mark.parametrize(("integration", "variant"), VARIANTS, ids=named(VARIANTS, lambda one: one.key))
def test_a_name_that_an_operator_gives_an_event_is_sent_in_every_variant(integration, variant):
    sample = next(one for one in integration.samples if one.sends and not one.config and one.event["type"] == "track")
    secrets = {one.name: one.example for one in integration.settings if one.kind == "secret" and one.example}
    given = {**example_config(integration), **secrets, **variant.defaults}
    config = validate_config(integration, variant.key, integration.delivery_modes[0], given)
    event = event_of(sample)
    said = msgspec.convert({"events": {sample.event["event"]: {"vendor_event_name": "Renamed"}}}, Overrides)
    before, after = (
        compile_integration(integration, config, variant=variant.key, overrides=one) for one in (NO_OVERRIDES, said)
    )
    now_ms = event.received_ms
    new = [value for _, value in _new(after.shape(event, now_ms), before.shape(event, now_ms))]
    assert "renamed" in {value.lower() for value in new if isinstance(value, str)}


@pytest.mark.parametrize(("integration", "place"), PLACES, ids=named(PLACES, lambda one: one.path))
def test_every_place_takes_an_operators_value_and_what_is_sent_has_it(integration, place):
    name = next(iter(place.fields), None) or next(one for one in NAMES if re.fullmatch(place.own_names, one))
    mapping = {"target": f"{place.path}.{name}", "source": "context.told"}
    overrides = msgspec.convert({"global": {"mappings": [mapping]}}, Overrides)
    found = next((paths for paths in _changes(integration, overrides) if paths), None)
    assert found, f"no sample's request changes by {place.path}.{name}"
    assert {re.split(r"[.[]", path.removesuffix("[0]"))[-1] for path in found} == {name}


def _changes(integration, overrides):
    """Of each sample and value: the paths of the item that are new with it."""
    made = []
    for sample in (one for one in integration.samples if not one.refuses and not one.config):
        config, event = config_of(integration, sample), event_of(sample)
        made = made or [compile_integration(integration, config, overrides=one) for one in (NO_OVERRIDES, overrides)]
        for value in VALUES:
            told = msgspec.structs.replace(event, context={**event.context, "told": value})
            before, after = (one.shape(told, event.received_ms) for one in made)
            yield [] if isinstance(after, Ruling) else [path for path, _ in _new(after, before)]


def _new(after, before):
    was = [leaf for item in before for leaf in sent(item.body)]
    return [leaf for item in after for leaf in sent(item.body) if leaf not in was]
