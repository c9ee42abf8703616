"""Samples of profiles, subscriptions and withdrawn consent."""

from datafly.integrations.klaviyo.sample_requests import (
    CONTACT,
    JANE,
    LIST,
    consent,
    identify,
    job,
    profile,
    subscribe,
    unsubscribe,
)
from datafly.spec.integration import Sample

_SUBSCRIBED, _UNSUBSCRIBED = consent("SUBSCRIBED"), consent("UNSUBSCRIBED")
_DENIED = {"categories": {"marketing": False}, "source": "event"}
_WITHDRAWN = {**_DENIED, "changed": ["marketing"], "withdrawn": ["marketing"]}
_UNSUBSCRIBES = {"on_withdrawal": "unsubscribe"}
_PHONE_OF_HERS = {"device": {"type": "iOS", "token": "1234567890abcdef", "model": "iPhone17,1"}}
_TOKEN = {"token": "1234567890abcdef", "platform": "ios", "vendor": "apns"}

PROFILES = (
    Sample(
        "a login",
        event={
            **identify(
                **JANE,
                first_name="Jane",
                last_name="Doe",
                locale="en_GB",
                company={"name": "Acme"},
                address={"street": "1 High St", "city": "London", "postal_code": "N1", "country": "United Kingdom"},
                loyalty_tier="gold",
            ),
            "anonymous_id": "anon-1",
            "context": {"timezone": "Europe/London"},
        },
        sends=profile(
            **CONTACT,
            external_id="user-123",
            first_name="Jane",
            last_name="Doe",
            organization="Acme",
            locale="en-GB",
            location={
                "address1": "1 High St",
                "city": "London",
                "country": "United Kingdom",
                "zip": "N1",
                "timezone": "Europe/London",
            },
            properties={"loyalty_tier": "gold"},
        ),
    ),
    Sample(
        "a login of last year",
        event={**identify(email="jane@example.com", email_optin=True), "historical": True},
        config=LIST,
        sends=job(
            "profile-bulk-import-job",
            {"email": "jane@example.com", "external_id": "user-123", "properties": {"email_optin": True}},
        ),
    ),
    Sample(
        "a login, where the e-mail address comes first",
        event=identify(**JANE),
        config={"user_id_as": "property", "phone_identifies": False},
        sends=profile(email="jane@example.com", properties={"user_id": "user-123", "phone": "+447700900123"}),
    ),
    Sample(
        "a newsletter form of a visitor",
        event={"type": "identify", "anonymous_id": "anon-1", "traits": {"email": "jane@example.com"}},
        sends=profile(email="jane@example.com"),
    ),
    Sample(
        "a user id that is too long",
        event={**identify(email="jane@example.com"), "user_id": "u" * 256},
        sends=profile(email="jane@example.com"),
        warns=("more than 255 characters",),
    ),
    Sample(
        "a group",
        event={
            "type": "group",
            "user_id": "user-123",
            "group_id": "G-1",
            "traits": {"name": "Acme", "plan": "pro"},
        },
        sends=profile(
            external_id="user-123",
            organization="Acme",
            properties={"group_name": "Acme", "group_plan": "pro", "group_id": "G-1"},
        ),
    ),
    Sample(
        "a group without an id",
        event={"type": "group", "user_id": "user-123", "traits": {"name": "Acme"}},
        refuses="missing_group_id",
    ),
    Sample(
        "a visitor tells her first name",
        event={"type": "identify", "anonymous_id": "anon-1", "traits": {"first_name": "Jane"}},
        refuses="no_profile_identifier",
    ),
    Sample("too much is told of a user", event=identify(notes="x" * 100_000), refuses="profile_too_large"),
)
SUBSCRIPTIONS = (
    Sample(
        "a user opts in to e-mail and SMS",
        event=identify(**JANE, email_optin=True, sms_optin="yes"),
        config=LIST,
        sends=[
            profile(**CONTACT, external_id="user-123", properties={"email_optin": True, "sms_optin": "yes"}),
            subscribe(**CONTACT, subscriptions={"email": _SUBSCRIBED, "sms": _SUBSCRIBED}),
        ],
    ),
    Sample(
        "an opt-in that was known before",
        event={**identify(**JANE, email_optin=True), "known_traits": {"email_optin": True}},
        config=LIST,
        sends=profile(**CONTACT, external_id="user-123", properties={"email_optin": True}),
    ),
    Sample(
        "an opt-in that was known before, where each one counts",
        event={**identify(**JANE, email_optin=True), "known_traits": {"email_optin": True}},
        config={**LIST, "subscribe_when": "told"},
        sends=[
            profile(**CONTACT, external_id="user-123", properties={"email_optin": True}),
            subscribe(email="jane@example.com", subscriptions={"email": _SUBSCRIBED}),
        ],
    ),
    Sample(
        "a user of an app opts in to push",
        event={**identify(email="jane@example.com", push_optin=True), "context": _PHONE_OF_HERS},
        config=LIST,
        sends=[
            profile(email="jane@example.com", external_id="user-123", properties={"push_optin": True}),
            subscribe(
                email="jane@example.com",
                subscriptions={"push": {**_SUBSCRIBED, "tokens": [_TOKEN]}},
            ),
        ],
    ),
    Sample(
        "a user of an app of whom only an id is known opts in to push",
        event={**identify(push_optin=True), "anonymous_id": "anon-1", "context": _PHONE_OF_HERS},
        config=LIST,
        sends=profile(external_id="user-123", properties={"push_optin": True}),
    ),
    Sample(
        "a user of an app opts out of push",
        event={**identify(phone="+447700900123", push_optin=False), "context": _PHONE_OF_HERS},
        sends=[
            profile(phone_number="+447700900123", external_id="user-123", properties={"push_optin": False}),
            unsubscribe(
                phone_number="+447700900123",
                subscriptions={"push": {**_UNSUBSCRIBED, "tokens": [_TOKEN]}},
            ),
        ],
    ),
    Sample(
        "an opt-in without a list",
        event=identify(email="jane@example.com", email_optin=True),
        sends=profile(email="jane@example.com", external_id="user-123", properties={"email_optin": True}),
    ),
    Sample(
        "an opt-in to WhatsApp without a number",
        event=identify(email="jane@example.com", whatsapp_optin=True),
        config=LIST,
        sends=profile(email="jane@example.com", external_id="user-123", properties={"whatsapp_optin": True}),
    ),
    Sample(
        "a user opts out of e-mail and in to WhatsApp",
        event=identify(**JANE, email_optin=False, whatsapp_optin=True),
        config=LIST,
        sends=[
            profile(**CONTACT, external_id="user-123", properties={"email_optin": False, "whatsapp_optin": True}),
            subscribe(phone_number="+447700900123", subscriptions={"whatsapp": _SUBSCRIBED}),
            unsubscribe(email="jane@example.com", subscriptions={"email": _UNSUBSCRIBED}),
        ],
    ),
    Sample(
        "a user withdraws consent for marketing",
        event={"type": "consent", "user_id": "user-123", "known_traits": JANE, "consent": _WITHDRAWN},
        config=_UNSUBSCRIBES,
        sends=unsubscribe(**CONTACT, subscriptions={"email": _UNSUBSCRIBED, "sms": _UNSUBSCRIBED}),
    ),
    Sample(
        "a user of whom no address is known withdraws consent for marketing",
        event={"type": "consent", "user_id": "user-123", "consent": _WITHDRAWN},
        config=_UNSUBSCRIBES,
        refuses="no_channel",
    ),
)
