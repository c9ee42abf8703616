"""What an operator changes of the mapping to Klaviyo, and that Klaviyo's bounds hold all the same."""

import json

import msgspec
import pytest

from datafly import catalog
from datafly.model.errors import Invalid
from datafly.model.event import Event
from datafly.model.overrides import Overrides
from datafly.model.verdict import Ruling
from datafly.spec.compile import compile_integration
from datafly.spec.config import complete_config, validate_config
from datafly.spec.faces import example_config
from datafly.spec.overriding import require_overrides

KLAVIYO = catalog.get("klaviyo")
CONFIG = validate_config(KLAVIYO, "default", "server_side", example_config(KLAVIYO))
NOW = 1_795_600_000_000


def kept(**said):
    return require_overrides(KLAVIYO, msgspec.convert(said, Overrides), complete_config(KLAVIYO, "default", CONFIG, {}))


def attributes_of(event, properties, **said):
    made = compile_integration(KLAVIYO, CONFIG, overrides=kept(**said))
    shaped = made.shape(Event("m", "track", "pl", "k", NOW, NOW, "u", event=event, properties=properties), NOW)
    return shaped if isinstance(shaped, Ruling) else (json.loads(shaped[0].body), shaped[0].warnings)


def test_an_event_may_have_another_name_and_further_properties():
    mapping = {"source": "properties.score", "target": "properties.Quiz Score"}
    change = {"vendor_event_name": "Finished Quiz", "mappings": [mapping]}
    told, _ = attributes_of("Quiz Finished", {"score": 7}, events={"Quiz Finished": change})
    assert told["metric"]["data"]["attributes"]["name"] == "Finished Quiz"
    assert told["properties"]["Quiz Score"] == 7


def test_a_product_is_told_by_what_the_operator_says():
    change = {"mappings": [{"source": "properties.style", "target": "properties.ProductID"}]}
    told, _ = attributes_of("Product Viewed", {"product_id": "a", "style": "b"}, events={"Product Viewed": change})
    assert told["properties"]["ProductID"] == "b"


def test_a_property_more_does_not_break_the_bound_of_properties():
    change = {"mappings": [{"value": "x", "target": "properties.More"}]}
    properties = {f"a{number}": number for number in range(400)}
    told, warnings = attributes_of("Quiz Finished", properties, events={"Quiz Finished": change})
    assert (len(told["properties"]), "401 properties" in warnings[0]) == (400, True)


@pytest.mark.parametrize(
    "change",
    [
        {"vendor_event_name": "x" * 128},
        {"mappings": [{"value": "x", "target": "unique_id"}]},
        {"mappings": [{"value": "x", "target": "properties.Ä"}]},
        {"mappings": [{"value": "x", "target": "profile.email"}]},
    ],
)
def test_what_klaviyo_would_not_take_cannot_be_said(change):
    with pytest.raises(Invalid):
        kept(events={"Quiz Finished": change})
