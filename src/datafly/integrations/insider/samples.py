"""Events and what Insider gets for them; each is a test case, and an example of the page."""

from typing import Any

from datafly.integrations.insider.sample_orders import ORDERS
from datafly.integrations.insider.sample_requests import event, request
from datafly.spec.integration import Sample

JANE = {"email": "jane@example.com", "phone": "+447700900123"}
KNOWN = {"uuid": "user-123", "email": "jane@example.com", "phone_number": "+447700900123"}
CONTACT = {"email": "jane@example.com", "phone_number": "+447700900123"}
PAGE = {
    "url": "https://shop.example/mugs",
    "path": "/mugs",
    "title": "Mugs",
    "referrer": "https://search.example/",
}
MUG = {
    "product_id": "SKU-1",
    "name": "Mug",
    "category": "Home > Kitchen",
    "price": 10.0,
    "list_price": 12.0,
    "currency": "gbp",
    "image_url": "https://shop.example/mug.jpg",
    "brand": "Acme",
    "variant": "blue",
}
MUG_PARAMS = {
    "product_id": "SKU-1",
    "name": "Mug",
    "taxonomy": ["Home", "Kitchen"],
    "currency": "GBP",
    "unit_price": 12.0,
    "unit_sale_price": 10.0,
    "product_image_url": "https://shop.example/mug.jpg",
    "custom": {"brand": "Acme", "variant": "blue"},
}


def _track(name: str, /, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": name, "user_id": "user-123", "properties": properties}


def _identify(**traits: Any) -> dict[str, Any]:
    return {"type": "identify", "user_id": "user-123", "traits": traits}


PAGES = (
    Sample(
        "a page is viewed",
        event={
            "type": "page",
            "name": "Mugs",
            "user_id": "user-123",
            "context": {"page": PAGE},
            "properties": {"section": "kitchen", "pageCount": 3},
        },
        sends=request(
            event(
                "page_view",
                url="https://shop.example/mugs",
                referrer="https://search.example/",
                custom={"title": "Mugs", "name": "Mugs", "path": "/mugs", "section": "kitchen", "page_count": 3},
            )
        ),
    ),
    Sample(
        "a page of which nothing is known",
        event={"type": "page", "user_id": "user-123"},
        sends=request(event("page_view")),
    ),
    Sample("nobody is known yet", event={"type": "page", "context": {"page": PAGE}}, refuses="missing_uuid"),
    Sample(
        "an e-mail is known but no user id",
        event={"type": "page", "known_traits": {"email": "jane@example.com"}},
        refuses="missing_uuid",
    ),
    Sample(
        "the user id is a placeholder",
        event={"type": "page", "user_id": "undefined"},
        refuses="missing_uuid",
    ),
    Sample("a group", event={"type": "group", "user_id": "user-123", "group_id": "g-1"}, refuses="not_mapped"),
)

PRODUCTS = (
    Sample(
        "a product is viewed",
        event={
            **_track("Product Viewed", **MUG),
            "context": {"page": {"url": "https://shop.example/mug", "referrer": "https://shop.example/mugs"}},
            "known_traits": JANE,
        },
        sends=request(
            event(
                "product_detail_page_view",
                **MUG_PARAMS,
                url="https://shop.example/mug",
                referrer="https://shop.example/mugs",
            ),
            identifiers=KNOWN,
            attributes=CONTACT,
        ),
    ),
    Sample(
        "a product without a list price, with a category of one word",
        event=_track("Product Viewed", product_id=4711, name="Mug", category="Kitchen", price="10.50"),
        sends=request(
            event(
                "product_detail_page_view",
                product_id="4711",
                name="Mug",
                taxonomy=["Kitchen"],
                unit_price=10.5,
                unit_sale_price=10.5,
            )
        ),
    ),
    Sample(
        "a product known by its sku, with a list of categories",
        event=_track("Product Viewed", sku="SKU-1", category=["Home", "Kitchen"]),
        sends=request(
            event(
                "product_detail_page_view",
                product_id="SKU-1",
                taxonomy=["Home", "Kitchen"],
                custom={"sku": "SKU-1"},
            )
        ),
    ),
    Sample(
        "a product with a price that is none",
        event=_track("Product Viewed", product_id="SKU-1", price="on request", quantity=0),
        sends=request(event("product_detail_page_view", product_id="SKU-1")),
        warns=(
            "properties.price is not an amount (a number, not negative); it was left out.",
            "properties.quantity is not a whole number of at least 1; it was left out.",
        ),
    ),
    Sample("a product that is not named", event=_track("Product Viewed", name="Mug"), refuses="missing_product_id"),
    Sample(
        "a product is added to the cart",
        event=_track("Product Added", **MUG, quantity=2, cart_id="C-7"),
        sends=request(event("item_added_to_cart", event_group_id="C-7", quantity=2, **MUG_PARAMS)),
    ),
    Sample(
        "a product is removed from the cart, and the event names more than one",
        event=_track(
            "Product Removed", product_id="SKU-1", products=[{"product_id": "SKU-1"}, {"product_id": "SKU-2"}]
        ),
        sends=request(event("item_removed_from_cart", product_id="SKU-1")),
        warns=("properties.products is not sent with a Product Removed event.",),
    ),
    Sample(
        "a list of products is viewed",
        event={
            **_track("Product List Viewed", category="Home/Kitchen", list_id="l-1", products=[MUG]),
            "context": {"page": PAGE},
        },
        sends=request(
            event(
                "listing_page_view",
                taxonomy=["Home", "Kitchen"],
                url="https://shop.example/mugs",
                referrer="https://search.example/",
                custom={"list_id": "l-1"},
            )
        ),
        warns=("properties.products is not sent with a Product List Viewed event.",),
    ),
)

USERS = (
    Sample(
        "a user logs in",
        event=_identify(**JANE, firstName="Jane", **{"Loyalty tier": "gold"}, vip=True, visits=3),
        sends=request(
            identifiers=KNOWN,
            attributes={
                **CONTACT,
                "custom": {"first_name": "Jane", "loyalty_tier": "gold", "vip": True, "visits": 3},
            },
        ),
    ),
    Sample(
        "traits of earlier calls, lists and an address",
        event={
            **_identify(interests=["tea", "mugs"], address={"city": "Leeds", "postalCode": "LS1"}),
            "known_traits": {"email": " Jane@Example.COM ", "interests": ["coffee"]},
        },
        sends=request(
            identifiers={"uuid": "user-123", "email": "jane@example.com"},
            attributes={
                "email": "jane@example.com",
                "custom": {"interests": ["tea", "mugs"], "address_city": "Leeds", "address_postal_code": "LS1"},
            },
        ),
    ),
    Sample(
        "contacts that are none",
        event=_identify(email="jane", phone="07700 900123", plan="pro"),
        sends=request(attributes={"custom": {"plan": "pro"}}),
        warns=(
            "traits.email is not an e-mail address; it was left out.",
            "is not a phone number in international form (E.164, e.g. +447700900123); it was left out.",
        ),
    ),
    Sample(
        "a phone number as people write it",
        event=_identify(phone="+44 7700 900-123"),
        sends=request(
            identifiers={"uuid": "user-123", "phone_number": "+447700900123"},
            attributes={"phone_number": "+447700900123"},
        ),
    ),
    Sample(
        "two traits of one name",
        event=_identify(loyaltyTier="gold", loyalty_tier="silver", **{"2nd": "x", "日本": "y"}),
        sends=request(attributes={"custom": {"loyalty_tier": "gold", "n_2nd": "x"}}),
        warns=(
            "traits.loyalty_tier becomes loyalty_tier, as another field already did; it was left out.",
            "traits.日本 has no letter or digit of a-z, 0-9 in its name; it was left out.",
        ),
    ),
    Sample("a login of which nothing is told", event=_identify(), refuses="no_attributes"),
)

GRANTED = {"categories": {"marketing": True, "analytics": False}, "source": "event"}
DENIED = {"categories": {"marketing": False, "analytics": False}, "source": "event"}
WITHDRAWN = {**DENIED, "changed": ["marketing"], "withdrawn": ["marketing"]}
BY_OPTIN = {"forward_consent": "gdpr_optin"}


def _consent(consent: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "consent", "user_id": "user-123", "consent": consent, **more}


def _told(**consents: bool) -> dict[str, Any]:
    return {"custom": {f"consent_{category}": granted for category, granted in consents.items()}}


CONSENTS = (
    Sample(
        "what the visitor chose goes along",
        event={**_track("Store Visited"), "known_traits": JANE, "consent": GRANTED},
        sends=request(
            event("store_visited"),
            identifiers=KNOWN,
            attributes={**CONTACT, **_told(marketing=True, analytics=False)},
        ),
    ),
    Sample(
        "what the visitor chose goes along as gdpr_optin",
        event={**_identify(plan="pro"), "consent": GRANTED},
        config=BY_OPTIN,
        sends=request(attributes={"gdpr_optin": True, "custom": {"plan": "pro"}}),
    ),
    Sample(
        "what the visitor chose stays here",
        event={**_track("Store Visited"), "consent": GRANTED},
        config={"forward_consent": "off"},
        sends=request(event("store_visited")),
    ),
    Sample(
        "a login of which only consent is told",
        event={**_identify(), "consent": GRANTED},
        sends=request(attributes=_told(marketing=True, analytics=False)),
    ),
    Sample(
        "only the pipeline's default grants consent for marketing",
        event={
            **_track("Store Visited"),
            "consent": {"categories": {"marketing": True, "analytics": True}, "source": "event"}
            | {"chosen": {"analytics": True}},
        },
        sends=request(event("store_visited"), attributes=_told(analytics=True)),
    ),
    Sample(
        "consent is granted",
        event=_consent({**GRANTED, "changed": ["marketing", "analytics"]}, known_traits=JANE),
        sends=request(identifiers=KNOWN, attributes={**CONTACT, **_told(marketing=True, analytics=False)}),
    ),
    Sample("consent is granted once more", event=_consent(GRANTED), refuses="consent_unchanged"),
    Sample(
        "a choice of no interest to gdpr_optin",
        event=_consent({**GRANTED, "changed": ["analytics"]}),
        config=BY_OPTIN,
        refuses="consent_unchanged",
    ),
    Sample(
        "consent is granted by somebody unknown",
        event={"type": "consent", "consent": {**GRANTED, "changed": ["marketing", "analytics"]}},
        refuses="missing_uuid",
    ),
    Sample(
        "consent is withdrawn",
        event=_consent(WITHDRAWN, known_traits=JANE),
        sends=request(attributes=_told(marketing=False, analytics=False)),
    ),
    Sample(
        "consent is withdrawn as gdpr_optin",
        event=_consent(WITHDRAWN),
        config=BY_OPTIN,
        sends=request(attributes={"gdpr_optin": False}),
    ),
    Sample(
        "consent is withdrawn with another event",
        event={**_track("Store Visited", store="Leeds"), "known_traits": JANE, "consent": WITHDRAWN},
        sends=request(attributes=_told(marketing=False, analytics=False)),
        warns=("The event itself is not sent: consent for marketing is withdrawn with it; only that is told.",),
    ),
)

OTHERS = (
    Sample(
        "a purchase under Insider's own names",
        event=_track(
            "confirmation_page_view",
            event_group_id="ORD-9",
            product_id="SKU-1",
            unit_price=12,
            unit_sale_price=10,
            quantity=2,
            currency="gbp",
            taxonomy=["Home", "Kitchen"],
        ),
        sends=request(
            event(
                "confirmation_page_view",
                event_group_id="ORD-9",
                product_id="SKU-1",
                taxonomy=["Home", "Kitchen"],
                currency="GBP",
                unit_price=12,
                unit_sale_price=10,
                quantity=2,
            )
        ),
    ),
    Sample(
        "a purchase under Insider's own name that Insider would refuse",
        event=_track("Confirmation page view", event_group_id="ORD-9", total=10),
        refuses="no_products",
    ),
    Sample(
        "a cart of one product under Insider's own names",
        event=_track("cart_page_view", event_group_id="C-7", product_id="SKU-1", unit_sale_price=10, currency="EUR"),
        sends=request(
            event(
                "cart_page_view",
                event_group_id="C-7",
                product_id="SKU-1",
                currency="EUR",
                unit_price=10,
                unit_sale_price=10,
                quantity=1,
            )
        ),
    ),
    Sample(
        "an event of one's own",
        event={**_track("Newsletter Signed-Up!", listId="weekly", source={"page": "home"}), "known_traits": JANE},
        sends=request(
            event("newsletter_signed_up", custom={"list_id": "weekly", "source_page": "home"}),
            identifiers=KNOWN,
            attributes=CONTACT,
        ),
    ),
    Sample(
        "an event of one's own without properties",
        event=_track("Store Visited"),
        sends=request(event("store_visited")),
    ),
    Sample("an event whose name Insider cannot take", event=_track("注文"), refuses="unusable_event_name"),
)

SAMPLES: tuple[Sample, ...] = (*PAGES, *PRODUCTS, *ORDERS, *USERS, *CONSENTS, *OTHERS)
