"""Samples of pages and screens."""

from datafly.integrations.insider.sample_requests import OUTSIDE, event, request
from datafly.spec.integration import Sample

PAGE = {
    "url": "https://shop.example/mugs",
    "path": "/mugs",
    "title": "Mugs",
    "referrer": "https://search.example/",
}
AUTO = {"page_mode": "auto"}

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
        warns=(OUTSIDE,),
    ),
    Sample(
        "a page of which nothing is known",
        event={"type": "page", "user_id": "user-123"},
        sends=request(event("page_view")),
        warns=(OUTSIDE,),
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
    Sample(
        "a screen of an app, which is registered as page_view",
        event={"type": "screen", "name": "Basket", "user_id": "user-123", "properties": {"tab": "shop"}},
        config={"registered_names": ["page_view", "name", "tab"]},
        sends=request(event("page_view", custom={"name": "Basket", "tab": "shop"})),
    ),
    Sample(
        "a page under a name that is not registered",
        event={"type": "page", "name": "Mugs", "user_id": "user-123"},
        config={"registered_names": ["c_plan", "store_visited"]},
        sends=request(event("page_view", custom={"name": "Mugs"})),
        warns=(
            "page_view is not in registered_names: Insider ignores what is not registered",
            "event_params.custom.name is not in registered_names",
        ),
    ),
    Sample(
        "a home page, told by its path",
        event={"type": "page", "user_id": "user-123", "context": {"page": {**PAGE, "path": "/"}}},
        config=AUTO,
        sends=request(
            event(
                "homepage_view",
                url="https://shop.example/mugs",
                referrer="https://search.example/",
                custom={"title": "Mugs", "path": "/"},
            )
        ),
    ),
    Sample(
        "a category page, told by its name",
        event={
            "type": "page",
            "name": "Category",
            "user_id": "user-123",
            "properties": {"category": "Home > Kitchen", "url": "https://shop.example/mugs"},
        },
        config=AUTO,
        sends=request(
            event(
                "listing_page_view",
                taxonomy=["Home", "Kitchen"],
                url="https://shop.example/mugs",
                custom={"name": "Category", "category": "Home > Kitchen"},
            )
        ),
    ),
    Sample(
        "any other page",
        event={"type": "page", "name": "Product", "user_id": "user-123", "properties": {"page_type": "product"}},
        config=AUTO,
        sends=request(event("other_page_view", custom={"name": "Product", "page_type": "product"})),
    ),
    Sample(
        "a page where pages are not wanted",
        event={"type": "page", "user_id": "user-123"},
        config={"page_mode": "off"},
        refuses="page_mode_off",
    ),
    Sample(
        "a page of four months ago",
        event={"type": "page", "user_id": "user-123", "timestamp_ms": 1_795_600_000_000 - 91 * 86_400_000},
        refuses="older_than_retention",
    ),
    Sample(
        "a page of history, which starts no journey",
        event={"type": "page", "user_id": "user-123", "historical": True},
        sends={**request(event("page_view")), "skip_hook": True},
        warns=(OUTSIDE,),
    ),
)
