"""A live event tells the effect of each step, also of those that had nothing to do."""

import msgspec

from datafly.management.views.steps import all_steps
from datafly.model.consent import Consent
from datafly.model.event import Event, Received, Step
from datafly.process import Context, Memory, process_one

EVENT = Event("m-1", "track", "pip_1", "a-1", 1, 1, event="Order Completed")


def effects(event):
    return {step.name: step.effect for step in all_steps(event)}


def test_a_silent_step_says_what_its_silence_means():
    assert effects(EVENT) == {
        "dedupe": "the first with this message id",
        "normalise": "nothing to change",
        "clock_skew": "nothing to correct",
        "identity": "no user is known",
        "consent": "nothing is known, so everything counts as denied",
        "pii": "nothing but ids tells who it is",
    }


def test_what_is_personal_is_told_by_name_and_never_by_value():
    event = msgspec.structs.replace(
        EVENT,
        traits={"phone": "+44", "email": "a@b.c"},
        properties={"Email": "x@y.z", "price": 5},
        context={"ip": "203.0.113.7", "page": {}},
    )
    said = effects(event)["pii"]
    assert said.startswith("kept as it came: traits email, phone; properties Email; context ip. ")
    assert not [value for value in ("+44", "@", "203") if value in said]


def test_known_traits_and_consent_are_told_by_name():
    event = msgspec.structs.replace(
        EVENT,
        user_id="u-1",
        known_traits={"phone": "+44", "email": "a@b.c"},
        consent=Consent({"marketing": True, "analytics": False}, "visitor"),
    )
    assert effects(event)["identity"] == "user u-1, as sent; known of them: email, phone"
    assert effects(event)["consent"] == "analytics denied, marketing granted (by the visitor)"


def test_what_a_step_said_stands():
    event = msgspec.structs.replace(EVENT, steps=(Step("identity", "user u-1 is known"), Step("later", "did it")))
    assert effects(event)["identity"] == "user u-1 is known"
    assert list(effects(event))[-1] == "later"


def test_every_step_that_process_tells_of_has_its_place():
    body = {
        "type": "track",
        "event": "purchase",
        "anonymousId": "a-1",
        "timestamp": "2031-01-01T00:00:00Z",
        "properties": {"transaction_id": "O-1"},
        "context": {"consent": {"marketing": True}},
    }
    memory = Memory()
    for number, sent in enumerate([{"type": "identify", "userId": "u-1", "anonymousId": "a-1"}, body]):
        raw = msgspec.Raw(msgspec.json.encode(sent))
        event = process_one(Received("pip_1", f"m-{number}", 1_795_600_000_000, raw, "a-1"), Context(), memory)
    assert isinstance(event, Event)
    assert {step.name for step in event.steps} <= effects(EVENT).keys()
    assert len(event.steps) >= 3
