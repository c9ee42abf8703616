"""Samples of attributes, subscriptions, visitors who become known, and withdrawn consent."""

from typing import Any

from datafly.integrations.braze.sample_requests import CONTACT, JANE, VISITOR, attributes, identify, joined
from datafly.spec.integration import Sample

_DENIED = {"categories": {"marketing": False}, "source": "event"}
_WITHDRAWN = {**_DENIED, "changed": ["marketing"], "withdrawn": ["marketing"]}
_UNSUBSCRIBES = {"on_withdrawal": "unsubscribe"}
_GROUP_ID = "bed58f6f-6f65-4a39-8a4e-2d7c5f0a0c01"
_OFF = {"email_subscribe": "unsubscribed", "push_subscribe": "unsubscribed"}


def _member(state: str) -> dict[str, str]:
    return {"subscription_group_id": _GROUP_ID, "subscription_state": state}


def _merged(before: str) -> dict[str, Any]:
    kept, other = {"external_id": "user-123"}, {"external_id": before}
    return {"merge_updates": [{"identifier_to_merge": other, "identifier_to_keep": kept}]}


PROFILES = (
    Sample(
        "a login",
        event={
            **identify(
                **JANE,
                first_name="Jane",
                last_name="Doe",
                birthday="1990-05-17",
                gender="Female",
                locale="en_GB",
                address={"city": "London", "country": "United Kingdom"},
                loyalty_tier="gold",
            ),
            "context": {"timezone": "Europe/London"},
        },
        sends=attributes(
            loyalty_tier="gold",
            **CONTACT,
            first_name="Jane",
            last_name="Doe",
            dob="1990-05-17",
            gender="F",
            country="GB",
            language="en",
            home_city="London",
            time_zone="Europe/London",
        ),
    ),
    Sample(
        "a visitor becomes known",
        event={**identify(email="jane@example.com"), "anonymous_id": "anon-1", "links": "anon-1"},
        sends=[joined(), attributes(email="jane@example.com")],
    ),
    Sample(
        "a visitor becomes known, and nothing is merged",
        event={**identify(), "anonymous_id": "anon-1", "links": "anon-1"},
        config={"merge_behavior": "none"},
        sends=joined("none"),
    ),
    Sample(
        "a visitor becomes known, where visitors are not sent",
        event={**identify(plan="gold"), "anonymous_id": "anon-1", "links": "anon-1"},
        config={"anonymous_events": "skip"},
        sends=attributes(plan="gold"),
    ),
    Sample(
        "a visitor tells her first name",
        event={"type": "identify", "anonymous_id": "anon-1", "traits": {"first_name": "Jane"}},
        sends=attributes(VISITOR, first_name="Jane"),
    ),
    Sample(
        "a newsletter form of nobody",
        event={"type": "identify", "traits": {"email": "jane@example.com"}},
        sends={"attributes": [{"email": "jane@example.com"}]},
    ),
    Sample("a login that tells nothing", event=identify(), refuses="nothing_to_send"),
    Sample(
        "a group",
        event={"type": "group", "user_id": "user-123", "group_id": "G-1", "traits": {"name": "Acme", "plan": "pro"}},
        sends=attributes(group_name="Acme", group_plan="pro", group_id="G-1"),
    ),
    Sample(
        "a group without an id",
        event={"type": "group", "user_id": "user-123", "traits": {"name": "Acme"}},
        refuses="missing_group_id",
    ),
    Sample(
        "a user gets another id",
        event={"type": "alias", "user_id": "user-123", "previous_id": "user-007"},
        sends=_merged("user-007"),
    ),
    Sample(
        "an alias that may make a visitor known",
        event={"type": "alias", "user_id": "user-123", "previous_id": "anon-1", "links": "anon-1"},
        sends=[joined(), _merged("anon-1")],
    ),
    Sample("an alias of nobody", event={"type": "alias", "user_id": "user-123"}, refuses="missing_previous_id"),
)
SUBSCRIPTIONS = (
    Sample(
        "a user opts in to e-mail and SMS",
        event=identify(**JANE, email_optin=True, sms_optin="yes"),
        config={"sms_group_id": _GROUP_ID},
        sends=attributes(
            email_optin=True,
            sms_optin="yes",
            **CONTACT,
            email_subscribe="opted_in",
            subscription_groups=[_member("subscribed")],
        ),
    ),
    Sample(
        "an opt-in that was known before",
        event={**identify(plan="gold", email_optin=True), "known_traits": {"email_optin": True}},
        sends=attributes(plan="gold", email_optin=True),
    ),
    Sample(
        "an opt-in that was known before, where each one counts",
        event={**identify(email_optin=True), "known_traits": {"email_optin": True}},
        config={"subscribe_when": "told"},
        sends=attributes(email_optin=True, email_subscribe="opted_in"),
    ),
    Sample(
        "a user opts out of push messages and WhatsApp",
        event=identify(push_optin=False, whatsapp_optin=False),
        config={"whatsapp_group_id": _GROUP_ID},
        sends=attributes(
            push_optin=False,
            whatsapp_optin=False,
            push_subscribe="unsubscribed",
            subscription_groups=[_member("unsubscribed")],
        ),
    ),
    Sample(
        "a subscription in Braze's own words",
        event=identify(email_subscribe="subscribed", push_subscribe="later"),
        sends=attributes(email_subscribe="subscribed"),
    ),
    Sample(
        "subscription groups in Braze's own words",
        event=identify(
            subscription_groups=[{**_member("subscribed"), "since": "2026"}, {"subscription_group_id": "x"}],
            email_optin=True,
        ),
        config={"email_group_id": "other"},
        sends=attributes(email_optin=True, email_subscribe="opted_in", subscription_groups=[_member("subscribed")]),
        warns=("what is not was left out",),
    ),
    Sample(
        "an opt-in of last year",
        event={**identify(email_optin=True), "historical": True},
        sends=attributes(email_optin=True),
    ),
    Sample(
        "a user withdraws consent for marketing",
        event={"type": "consent", "user_id": "user-123", "consent": _WITHDRAWN},
        config=_UNSUBSCRIBES,
        sends=attributes(_update_existing_only=True, **_OFF),
    ),
)
