"""Events and what Insider gets for them; each is a test case, and an example of the page."""

from datafly.integrations.insider.sample_consents import CONSENTS
from datafly.integrations.insider.sample_orders import ORDERS
from datafly.integrations.insider.sample_pages import PAGES
from datafly.integrations.insider.sample_products import PRODUCTS
from datafly.integrations.insider.sample_requests import CONTACT, JANE, KNOWN, OUTSIDE, event, request, track
from datafly.integrations.insider.sample_users import USERS, VISITORS
from datafly.spec.integration import Sample

OTHERS = (
    Sample(
        "a purchase under Insider's own names",
        event=track(
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
        event=track("Confirmation page view", event_group_id="ORD-9", total=10),
        refuses="no_products",
    ),
    Sample(
        "a cart of one product under Insider's own names",
        event=track("cart_page_view", event_group_id="C-7", product_id="SKU-1", unit_sale_price=10, currency="EUR"),
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
        event={**track("Newsletter Signed-Up!", listId="weekly", source={"page": "home"}), "known_traits": JANE},
        sends=request(
            event("newsletter_signed_up", custom={"list_id": "weekly", "source_page": "home"}),
            identifiers=KNOWN,
            attributes=CONTACT,
        ),
        warns=(OUTSIDE,),
    ),
    Sample(
        "somebody signs up",
        event=track("Signed Up", method="e-mail"),
        sends=request(event("sign_up_confirmation", custom={"method": "e-mail"})),
    ),
    Sample(
        "somebody signs in",
        event=track("Signed In", method="e-mail"),
        sends=request(event("login", custom={"method": "e-mail"})),
        warns=(OUTSIDE,),
    ),
    Sample(
        "an event under an Insider name that has no row above",
        event=track("lead_collected", form="callback"),
        sends=request(event("lead_collected", custom={"form": "callback"})),
    ),
    Sample(
        "an event of one's own without properties",
        event=track("Store Visited"),
        sends=request(event("store_visited")),
        warns=(OUTSIDE,),
    ),
    Sample("an event that Insider makes itself", event=track("Session Start"), refuses="reserved_event"),
    Sample("an event whose name Insider cannot take", event=track("注文"), refuses="unusable_event_name"),
)

SAMPLES: tuple[Sample, ...] = (*PAGES, *PRODUCTS, *ORDERS, *USERS, *VISITORS, *CONSENTS, *OTHERS)
