"""Samples of events about products, lists of them and wishlists."""

from datafly.integrations.insider.sample_pages import PAGE
from datafly.integrations.insider.sample_requests import CONTACT, JANE, KNOWN, OUTSIDE, event, request, track
from datafly.spec.integration import Sample

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


PRODUCTS = (
    Sample(
        "a product is viewed",
        event={
            **track("Product Viewed", **MUG),
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
        event=track("Product Viewed", product_id=4711, name="Mug", category="Kitchen", price="10.50"),
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
        event=track("Product Viewed", sku="SKU-1", category=["Home", "Kitchen"]),
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
        event=track("Product Viewed", product_id="SKU-1", price="on request", quantity=0),
        sends=request(event("product_detail_page_view", product_id="SKU-1")),
        warns=(
            "properties.price is not an amount (a number, not negative); it was left out.",
            "properties.quantity is not a whole number of at least 1; it was left out.",
        ),
    ),
    Sample("a product that is not named", event=track("Product Viewed", name="Mug"), refuses="missing_product_id"),
    Sample(
        "a product is added to the cart",
        event=track("Product Added", **MUG, quantity=2, cart_id="C-7"),
        sends=request(event("item_added_to_cart", event_group_id="C-7", quantity=2, **MUG_PARAMS)),
    ),
    Sample(
        "a product is removed from the cart, and the event names more than one",
        event=track("Product Removed", product_id="SKU-1", products=[{"product_id": "SKU-1"}, {"product_id": "SKU-2"}]),
        sends=request(event("item_removed_from_cart", product_id="SKU-1")),
        warns=("A Product Removed event is about one product: of properties.products the first is sent.",),
    ),
    Sample(
        "a list of products is viewed",
        event={
            **track("Product List Viewed", category="Home/Kitchen", list_id="l-1", products=[MUG]),
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
    Sample(
        "a list is filtered",
        event=track("Product List Filtered", category="Mugs", filters=[{"type": "color", "value": "blue"}]),
        sends=request(
            event(
                "listing_page_view",
                taxonomy=["Mugs"],
                custom={"filters": [{"type": "color", "value": "blue"}]},
            )
        ),
    ),
    Sample(
        "products are searched",
        event=track("Products Searched", query="blue mugs"),
        sends=request(event("products_searched", custom={"query": "blue mugs"})),
        warns=(OUTSIDE,),
    ),
    Sample(
        "a product is put on the wishlist",
        event=track("Product Added to Wishlist", **MUG, wishlist_id="W-1"),
        sends=request(
            event(
                "item_added_to_wishlist",
                **{**MUG_PARAMS, "custom": {"brand": "Acme", "variant": "blue", "wishlist_id": "W-1"}},
            )
        ),
    ),
    Sample(
        "a product is taken from the wishlist, under a name of one's own",
        event=track("Product Removed from Wishlist", product_id="SKU-1"),
        config={"wishlist_events": "custom"},
        sends=request(event("product_removed_from_wishlist", product_id="SKU-1")),
        warns=(OUTSIDE,),
    ),
    Sample(
        "a product is taken from the wishlist",
        event=track("Product Removed from Wishlist", product_id="SKU-1"),
        sends=request(event("item_removed_from_wishlist", product_id="SKU-1")),
    ),
    Sample(
        "a wishlist is viewed",
        event=track("Wishlist Viewed", wishlist_id="W-1"),
        sends=request(event("wishlist_page_view", custom={"wishlist_id": "W-1"})),
    ),
    Sample(
        "a wishlist is cleared",
        event=track("Wishlist Cleared", wishlist_id="W-1"),
        sends=request(event("wishlist_cleared", custom={"wishlist_id": "W-1"})),
    ),
    Sample(
        "a price in the currency of the shop",
        event=track("Product Viewed", product_id="SKU-1", price=10),
        config={"default_currency": "EUR"},
        sends=request(
            event("product_detail_page_view", product_id="SKU-1", currency="EUR", unit_price=10, unit_sale_price=10)
        ),
    ),
    Sample(
        "a property that begins with c_",
        event=track("Product Viewed", product_id="SKU-1", c_shelf="A"),
        sends=request(event("product_detail_page_view", product_id="SKU-1", custom={"c_shelf": "A"})),
        warns=("c_shelf is sent, and is not read: names must not begin with c_",),
    ),
)
