"""Samples of users, what is known of them, and of visitors who become users."""

from datafly.integrations.insider.sample_requests import CONTACT, JANE, KNOWN, event, identify, request
from datafly.spec.integration import Sample

USERS = (
    Sample(
        "a user logs in",
        event=identify(**JANE, first_name="Jane", **{"Loyalty tier": "gold"}, vip=True, visits=3),
        sends=request(
            identifiers=KNOWN,
            attributes={
                **CONTACT,
                "name": "Jane",
                "custom": {"loyalty_tier": "gold", "vip": True, "visits": 3},
            },
        ),
    ),
    Sample(
        "traits of earlier calls, lists and an address",
        event={
            **identify(interests=["tea", "mugs"], address={"city": "Leeds", "postalCode": "LS1"}),
            "known_traits": {"email": " Jane@Example.COM ", "interests": ["coffee"]},
        },
        sends=request(
            identifiers={"uuid": "user-123", "email": "jane@example.com"},
            attributes={
                "email": "jane@example.com",
                "city": "Leeds",
                "custom": {"interests": ["tea", "mugs"], "address_postal_code": "LS1"},
            },
        ),
    ),
    Sample(
        "contacts that are none",
        event=identify(email="jane", phone="07700 900123", plan="pro"),
        sends=request(attributes={"custom": {"plan": "pro"}}),
        warns=(
            "traits.email is not an e-mail address; it was left out.",
            "is not a phone number in international form (E.164, e.g. +447700900123); it was left out.",
        ),
    ),
    Sample(
        "a phone number as people write it",
        event=identify(phone="+44 7700 900-123"),
        sends=request(
            identifiers={"uuid": "user-123", "phone_number": "+447700900123"},
            attributes={"phone_number": "+447700900123"},
        ),
    ),
    Sample(
        "two traits of one name",
        event=identify(loyaltyTier="gold", loyalty_tier="silver", **{"2nd": "x", "日本": "y"}),
        sends=request(attributes={"custom": {"loyalty_tier": "gold", "n_2nd": "x"}}),
        warns=(
            "traits.loyalty_tier becomes loyalty_tier, as another field already did; it was left out.",
            "traits.日本 has no letter or digit of a-z, 0-9 in its name; it was left out.",
        ),
    ),
    Sample("a login of which nothing is told", event=identify(), refuses="no_attributes"),
    Sample(
        "all that Insider has a place for",
        event=identify(
            first_name="Jane",
            last_name="Doe",
            name="Jane Doe",
            birthday="1990-05-17",
            gender="F",
            age="36",
            locale="en-gb",
            address={"city": "Leeds", "country": "United Kingdom", "street": "1 High St"},
            email_optin=True,
            sms_optin="no",
            whatsapp_optin=1,
            gdpr_optin=True,
        ),
        sends=request(
            attributes={
                "name": "Jane",
                "surname": "Doe",
                "birthday": "1990-05-17T00:00:00Z",
                "gender": "F",
                "age": 36,
                "language": "en_GB",
                "country": "GB",
                "city": "Leeds",
                "email_optin": True,
                "sms_optin": False,
                "whatsapp_optin": True,
                "gdpr_optin": True,
                "custom": {"address_street": "1 High St", "full_name": "Jane Doe"},
            }
        ),
    ),
    Sample(
        "a birthday, a language and a country that are none",
        event=identify(birthday="May", language="the King's", country="Narnia", name="Jane Doe"),
        sends=request(attributes={"name": "Jane Doe"}),
        warns=(
            "traits.birthday is not a date (ISO 8601); it was left out.",
            "traits.language is not a language, or a language and a country (en_GB); it was left out.",
            "traits.country is not a country (ISO 3166-1: a code or an English name); it was left out.",
        ),
    ),
    Sample(
        "a phone number of the country that is set",
        event=identify(phone="07700 900123"),
        config={"default_country": "GB"},
        sends=request(
            identifiers={"uuid": "user-123", "phone_number": "+447700900123"},
            attributes={"phone_number": "+447700900123"},
        ),
    ),
    Sample(
        "contacts that are attributes only",
        event=identify(**JANE),
        config={"email_as_identifier": False, "phone_as_identifier": False},
        sends=request(attributes=CONTACT),
    ),
    Sample(
        "lists that add up",
        event=identify(interests=["tea"]),
        config={"append_arrays": True},
        sends={
            "users": [
                {
                    "identifiers": {"uuid": "user-123"},
                    "attributes": {"custom": {"interests": ["tea"]}},
                    "append": True,
                }
            ]
        },
    ),
    Sample(
        "a trait that is not registered",
        event=identify(plan="pro", Shoe_Size=39),
        config={"registered_names": ["c_plan"]},
        sends=request(attributes={"custom": {"plan": "pro", "shoe_size": 39}}),
        warns=("attributes.custom.shoe_size is not in registered_names",),
    ),
    Sample(
        "more traits than Insider keeps",
        event=identify(**{f"trait_{number}": number for number in range(81)}),
        sends=request(attributes={"custom": {f"trait_{number}": number for number in range(81)}}),
        warns=("81 custom attributes, and Insider keeps 80 in an account: those beyond are ignored.",),
    ),
    Sample(
        "a group",
        event={
            "type": "group",
            "user_id": "user-123",
            "group_id": "g-1",
            "traits": {"name": "Acme", "plan": "pro", "email": "office@acme.example"},
            "known_traits": {"email": "jane@example.com"},
        },
        sends=request(
            identifiers={"uuid": "user-123", "email": "jane@example.com"},
            attributes={
                "email": "jane@example.com",
                "custom": {
                    "group_name": "Acme",
                    "group_plan": "pro",
                    "group_email": "office@acme.example",
                    "group_id": "g-1",
                },
            },
        ),
    ),
    Sample(
        "a group whose traits keep their names",
        event={"type": "group", "user_id": "user-123", "group_id": "g-1", "traits": {"plan": "pro"}},
        config={"group_traits": "plain"},
        sends=request(attributes={"custom": {"plan": "pro", "group_id": "g-1"}}),
    ),
    Sample(
        "a group that is not named",
        event={"type": "group", "user_id": "user-123", "traits": {"plan": "pro"}},
        refuses="missing_group_id",
    ),
)

VISITOR = {"type": "track", "event": "Product Viewed", "anonymous_id": "a-1", "properties": {"product_id": "SKU-1"}}
_VIEW = event("product_detail_page_view", product_id="SKU-1")
AS_UUID = {"anonymous_events": "as_uuid"}
CUSTOM_IDENTIFIER = {"anonymous_events": "custom_identifier"}
_MERGE = {"old_identifier": {"uuid": "a-1"}, "new_identifier": {"uuid": "user-123"}}

VISITORS = (
    Sample("somebody who has not logged in", event=VISITOR, refuses="missing_uuid"),
    Sample(
        "somebody who has not logged in, under her anonymous id as uuid",
        event=VISITOR,
        config=AS_UUID,
        sends=request(_VIEW, identifiers={"uuid": "a-1"}),
    ),
    Sample(
        "the first login: the uuid becomes the user's, then the user is told",
        event={**identify(plan="pro"), "anonymous_id": "a-1", "links": "a-1"},
        config=AS_UUID,
        sends=[_MERGE, request(attributes={"custom": {"plan": "pro"}})],
    ),
    Sample(
        "the first login of which nothing is told merges all the same",
        event={**identify(), "anonymous_id": "a-1", "links": "a-1"},
        config=AS_UUID,
        sends=_MERGE,
    ),
    Sample(
        "a later login of which nothing is told",
        event={**identify(), "anonymous_id": "a-1"},
        config=AS_UUID,
        refuses="no_attributes",
    ),
    Sample(
        "somebody who has not logged in, under a custom identifier",
        event={**VISITOR, "known_traits": {"email": "jane@example.com"}},
        config=CUSTOM_IDENTIFIER,
        sends=request(
            _VIEW,
            identifiers={"email": "jane@example.com", "custom": {"anonymous_id": "a-1"}},
            attributes={"email": "jane@example.com"},
        ),
        warns=("Insider ignores the identifier anonymous_id",),
    ),
    Sample(
        "a login with a custom identifier of another name",
        event={**identify(plan="pro"), "anonymous_id": "a-1", "links": "a-1"},
        config={**CUSTOM_IDENTIFIER, "anonymous_identifier_name": "visitor"},
        sends=request(
            identifiers={"uuid": "user-123", "custom": {"visitor": "a-1"}},
            attributes={"custom": {"plan": "pro"}},
        ),
    ),
    Sample(
        "somebody of whom nothing is known, where any identifier is enough",
        event={"type": "track", "event": "Product Viewed", "properties": {"product_id": "SKU-1"}},
        config=CUSTOM_IDENTIFIER,
        refuses="no_identifier",
    ),
    Sample(
        "a user gets another id",
        event={"type": "alias", "user_id": "user-123", "previous_id": "a-1"},
        sends=_MERGE,
    ),
    Sample(
        "a user gets an id in place of a placeholder",
        event={"type": "alias", "user_id": "user-123", "previous_id": "null"},
        refuses="missing_previous_id",
    ),
)
