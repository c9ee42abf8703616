"""What each step changed of an event, as its page has it."""

from datafly.management.views.event import live_event
from datafly.management.web.step_diffs import step_diffs
from datafly.model.consent import Consent
from datafly.model.event import Event, Original, Step

SENT = {
    "type": "track",
    "event": "product viewed",
    "anonymousId": "visitor-7",
    "timestamp": "2999-01-01T00:00:00Z",
    "properties": {"productId": "SKU-1"},
    "context": {"consent": {"marketing": True}},
}


def event(**fields):
    return Event(
        **{
            "message_id": "m1",
            "type": "track",
            "pipeline_id": "pip_1",
            "key": "visitor-7",
            "timestamp_ms": 5,
            "received_ms": 5,
            "anonymous_id": "visitor-7",
            "event": "Product Viewed",
            "properties": {"product_id": "SKU-1"},
            "context": {"consent": {"marketing": True}},
            "consent": Consent({"marketing": True, "analytics": False}, "visitor"),
            **fields,
        }
    )


def told(one, body):
    steps = step_diffs(live_event(one, [], []), one, body)
    return {step.title: [f"{line.sign} {line.field} {line.value}" for line in step.lines] for step in steps}


def test_each_step_has_its_own_changes_and_nothing_of_others():
    learnt = event(
        user_id="user-1",
        user_id_learnt=True,
        known_traits={"email": "j@example.com"},
        original=Original(timestamp="2999-01-01T00:00:00Z"),
        steps=(Step("clock_skew", "in the future"),),
    )
    found = told(learnt, SENT)
    assert found["Names and shape"] == [
        'removed event "product viewed"',
        'added event "Product Viewed"',
        'removed properties.productId "SKU-1"',
        'added properties.product_id "SKU-1"',
    ]
    assert found["Time"] == [
        'removed timestamp "2999-01-01T00:00:00Z"',
        'added timestamp "1970-01-01T00:00:00.005000Z"',
    ]
    assert found["Who it is"] == ['added known_traits.email "j@example.com"', 'added user_id "user-1"']
    assert found["Consent"] == ["added analytics false"]
    assert found["Seen before?"] == []


def test_where_the_request_is_gone_the_event_tells_what_it_remembers():
    found = told(event(original=Original(event="product viewed")), None)
    assert found["Names and shape"] == ['removed event "product viewed"', 'added event "Product Viewed"']
    assert found["Consent"] == []
    assert found["Who it is"] == []


def test_what_was_taken_out_for_want_of_consent_is_told_by_a_step_of_its_own():
    sent = {
        **SENT,
        "traits": {"email": "jane@example.com"},
        "properties": {"productId": "SKU-1", "E-Mail": "jane@example.com"},
        "context": {"ip": "203.0.113.7", "page": {"path": "/"}},
    }
    said = Step("pii", "nothing is known of consent, so what tells who it is was taken out, but for its ids")
    found = told(event(context={"page": {"path": "/"}}, consent=Consent(), steps=(said,)), sent)
    assert found["Personal data"] == [
        'removed context.ip "203.0.113.7"',
        'removed properties.E-Mail "jane@example.com"',
        'removed traits.email "jane@example.com"',
    ]
    assert found["Names and shape"] == [
        'removed event "product viewed"',
        'added event "Product Viewed"',
        'removed properties.productId "SKU-1"',
        'added properties.product_id "SKU-1"',
    ]
    assert told(event(), SENT)["Personal data"] == []
