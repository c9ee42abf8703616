"""The four rows of the page's Event Mapping and its Identity table, as requests; and every way of not being sent."""

import json

import msgspec
import pytest

from datafly import catalog
from datafly.model.errors import Invalid, NotFound
from datafly.runtime.preview import Preview
from datafly.spec.signature import standard_headers

NOW_MS = 1_795_600_000_000
JANE = {"uuid": "user-123", "email": "jane@example.com", "phone_number": "+447700900123"}


def event(**fields):
    return {"userId": "user-123", "context": {"consent": {"marketing": True}}, **fields}


def previewed(*events, config=None):
    sent = [one if isinstance(one, bytes) else msgspec.json.encode(one) for one in events]
    previews = Preview("insider", config, lambda: NOW_MS)
    return [previews.of(one).as_json() for one in sent]


def sent_user(one):
    """The only user of the only request."""
    assert (one["verdict"], one["reason"]) == (None, None)
    (request,) = one["requests"]
    (user,) = request["body"]["users"]
    return user


def test_the_request_is_complete_and_hides_the_secret():
    (one,) = previewed(event(type="page"), config={"api_key": "hidden", "partner_name": "acme"})
    (request,) = one["requests"]
    assert list(request) == ["method", "url", "headers", "body"]
    assert (request["method"], request["url"]) == ("POST", "https://unification.useinsider.com/api/user/v1/upsert")
    assert request["headers"] == {
        "Content-Type": "application/json",
        "X-PARTNER-NAME": "acme",
        "X-REQUEST-TOKEN": "***",
    }
    assert "hidden" not in json.dumps(one)


def test_a_withdrawal_is_told_once_and_nothing_is_sent_after_it():
    withdrawn = {"consent": {"marketing": False}}
    told, again, page = previewed(
        event(type="identify", traits={"email": "jane@example.com"}),
        event(type="consent", context=withdrawn),
        event(type="consent", context=withdrawn),
        event(type="page", context=withdrawn),
    )[1:]
    assert sent_user(told) == {
        "identifiers": {"uuid": "user-123"},
        "attributes": {"custom": {"consent_marketing": False}},
        "not_append": True,
    }
    assert again["reason"] == page["reason"] == "consent_marketing"


def test_a_page_is_a_page_view_with_url_and_referrer_at_the_root():
    properties = {"url": "https://shop.example/", "referrer": "https://a.example/", "title": "Home", "path": "/"}
    (one,) = previewed(event(type="page", name="Start", properties=properties))
    (viewed,) = sent_user(one)["events"]
    assert viewed["event_name"] == "page_view"
    assert viewed["event_params"] == {
        "url": "https://shop.example/",
        "referrer": "https://a.example/",
        "custom": {"title": "Home", "path": "/", "name": "Start"},
    }


@pytest.mark.parametrize("name", ["Product Viewed", "product_viewed", "view_item"])
def test_a_viewed_product_has_its_id_and_name_whatever_the_spelling(name):
    (one,) = previewed(event(type="track", event=name, properties={"product_id": 17, "name": "Mug"}))
    (viewed,) = sent_user(one)["events"]
    assert viewed["event_name"] == "product_detail_page_view"
    assert viewed["event_params"] == {"product_id": "17", "name": "Mug"}


def test_an_order_is_one_event_a_line_with_its_totals_as_custom_parameters():
    lines = [
        {"product_id": "SKU-1", "name": "Mug", "category": "Home > Kitchen", "price": 10, "quantity": 2},
        {"product_id": "SKU-2", "name": "Teapot", "price": "15.50"},
    ]
    order = {"order_id": "ORD-9", "total": 38.95, "currency": "gbp", "shipping": 3.45, "products": lines}
    (one,) = previewed(event(type="track", event="Order Completed", properties=order))
    first, second = sent_user(one)["events"]

    assert {first["event_name"], second["event_name"]} == {"confirmation_page_view"}
    assert first["timestamp"] == second["timestamp"]
    assert first["event_params"] == {
        "event_group_id": "ORD-9",
        "product_id": "SKU-1",
        "name": "Mug",
        "taxonomy": ["Home", "Kitchen"],
        "currency": "GBP",
        "unit_price": 10,
        "unit_sale_price": 10,
        "quantity": 2,
        "shipping_cost": "3.45",
        "custom": {"order_total": 38.95},
    }
    assert second["event_params"]["unit_sale_price"] == 15.5
    assert second["event_params"]["quantity"] == 1
    assert "shipping_cost" not in second["event_params"]


def test_an_identify_is_identifiers_and_attributes_without_an_event():
    traits = {"email": " Jane@Example.com ", "phone": "+447700900123", "plan": "gold"}
    (one,) = previewed(event(type="identify", traits=traits))
    user = sent_user(one)
    assert user["identifiers"] == JANE
    assert user["attributes"]["custom"] == {"plan": "gold", "consent_marketing": True}
    assert "events" not in user


def test_what_an_identify_teaches_holds_for_the_events_after_it():
    identify = event(type="identify", anonymousId="a-1", traits={"email": "jane@example.com", "phone": "+447700900123"})
    stranger = {"type": "page", "anonymousId": "a-1", "context": {"consent": {"marketing": True}}}
    _, learnt = previewed(identify, stranger)
    assert sent_user(learnt)["identifiers"] == JANE


@pytest.mark.parametrize(
    ("consent", "reason"),
    [
        ({"consent": {"marketing": True}}, None),
        ({"consent": {"canonical": {"marketing": True}, "categories": {"C4": True}}}, None),
        ({"consent": {"marketing": False}}, "consent_marketing"),
        ({"consent": {"analytics": True}}, "consent_marketing"),
        ({}, "consent_marketing"),
    ],
)
def test_without_consent_nothing_is_sent_and_the_reason_is_said(consent, reason):
    (one,) = previewed({"type": "page", "userId": "user-123", "context": consent})
    assert one["reason"] == reason
    assert one["verdict"] == ("SKIPPED" if reason else None)
    assert bool(one["requests"]) is (reason is None)


def test_nobody_known_is_skipped_also_where_an_email_is_known():
    (one,) = previewed(
        {
            "type": "track",
            "event": "Signed Up",
            "traits": {"email": "a@b.example"},
            "context": {"consent": {"marketing": True}},
        }
    )
    assert one == {"verdict": "SKIPPED", "reason": "missing_uuid", "requests": [], "warnings": []}


def test_what_the_vendor_could_not_take_is_rejected():
    (one,) = previewed(event(type="track", event="Order Completed", properties={"order_id": "ORD-9"}))
    assert (one["verdict"], one["requests"]) == ("REJECTED", [])
    assert one["reason"] == "no_products"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"3", "INVALID_PAYLOAD: "),
        (b'{"userId": "u"}', "MISSING_TYPE: "),
        (b'{"type": "track"}', "MISSING_EVENT_NAME: "),
        (b'{"type": "page", "userId": 5}', "INVALID_FIELD: userId must be a string"),
        (b'{"type": "page", "sentAt": "now"}', "INVALID_TIMESTAMP: sentAt"),
        (b'{"type": "page", "n": 1e400}', "NUMBER_OUT_OF_RANGE: "),
        (b'{"type": "page", "x": "' + b"x" * 70_000 + b'"}', "EVENT_TOO_LARGE: "),
    ],
)
def test_what_the_gateway_would_refuse_is_rejected_with_its_code(sent, reason):
    (one,) = previewed(sent)
    assert one["verdict"] == "REJECTED"
    assert one["reason"].startswith(reason)


def test_a_second_event_with_the_same_message_id_is_a_duplicate():
    _, second = previewed(event(type="page", messageId="m-1"), event(type="page", messageId="m-1"))
    assert (second["verdict"], second["reason"]) == ("SKIPPED", "duplicate_message_id")


def test_what_is_posted_to_the_track_path_needs_no_type():
    (one,) = previewed(event(event="Product Viewed", properties={"product_id": "p-1"}))
    assert sent_user(one)["events"][0]["event_name"] == "product_detail_page_view"


def test_a_value_that_is_left_out_is_a_warning():
    (one,) = previewed(event(type="identify", traits={"email": "jane@example.com", "phone": "call me"}))
    assert "phone_number" not in sent_user(one)["identifiers"]
    assert any("phone" in warning for warning in one["warnings"])


def test_an_address_of_ones_own_is_used():
    config = {"api_key": "k", "partner_name": "myco", "base_url": "http://127.0.0.1:8090/insider"}
    (one,) = previewed(event(type="page"), config=config)
    assert one["requests"][0]["url"] == "http://127.0.0.1:8090/insider/api/user/v1/upsert"


def test_an_unknown_integration_or_a_wrong_config_is_an_error_of_the_caller():
    with pytest.raises(NotFound, match=r"there is .*insider"):
        Preview("nope", None, lambda: NOW_MS)
    with pytest.raises(Invalid, match="partner_name"):
        previewed(event(type="page"), config={"api_key": "k"})


def test_events_without_any_id_are_strangers_to_each_other():
    allowed = {"type": "page", "context": {"consent": {"marketing": True}}}
    _, second = previewed(allowed, {"type": "page"})
    assert second["reason"] == "consent_marketing"


def test_a_request_that_is_signed_is_shown_with_its_signature_and_without_its_secrets():
    key, address = "whsec_" + "QUJD" * 8, "https://hooks.example.com/of-nobody-else"
    previews = Preview("signed_webhook", {"url": address, "signing_secret": key}, lambda: NOW_MS)
    previewed = previews.of(msgspec.json.encode(event(type="page", messageId="m-1", timestamp="2026-11-25T09:46:40Z")))
    (request,) = previewed.as_json()["requests"]
    headers = request["headers"]
    body = msgspec.json.encode(request["body"])
    signed = standard_headers([key], headers["webhook-id"], NOW_MS // 1000, body)
    assert headers == {"Content-Type": "application/json", **signed}
    assert (address in repr(request), key in repr(request), request["url"]) == (False, False, "***")


def test_what_an_event_costs_is_told_where_the_vendor_bills_by_what_it_is_told_and_nowhere_else():
    """By the definition itself: whoever bills has `spend`, and its page tells the same of the same example."""
    for one in catalog.all():
        previews = Preview(one.slug, None, lambda: NOW_MS)
        told = previews.of(msgspec.json.encode(event(type="identify", traits={"plan": "gold"}))).as_json()
        assert ("cost" in told) == (one.spend is not None)
        if one.spend is not None:
            assert told["cost"]["unit"] == one.spend.unit
            assert told["cost"]["count"] > 0
    refused = Preview("insider", None, lambda: NOW_MS).of(msgspec.json.encode({"type": "page"})).as_json()
    assert "cost" not in refused
