"""One canonical name for each standard event and property, whatever the spelling."""

import copy
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.model import taxonomy
from datafly.model.taxonomy import EVENTS, canonical_event, canonical_properties, is_called

# contracts/signal.md §5.4, §5.5 and contracts/insider.md §10.2, spelled out
SPELLINGS = [
    ("Product List Viewed", "product_list_viewed", "view_item_list"),
    ("Product Clicked", "product_clicked", "select_item"),
    ("Product Viewed", "product_viewed", "view_item"),
    ("Product Added", "product_added", "add_to_cart"),
    ("Product Removed", "product_removed", "remove_from_cart"),
    ("Cart Viewed", "cart_viewed", "view_cart"),
    ("Checkout Started", "checkout_started", "begin_checkout"),
    ("Shipping Info Entered", "shipping_info_entered", "add_shipping_info"),
    ("Payment Info Entered", "payment_info_entered", "add_payment_info"),
    ("Order Completed", "order_completed", "purchase"),
    ("Order Refunded", "order_refunded", "refund"),
    ("Products Searched", "products_searched", "product_searched", "search"),
    ("Promotion Viewed", "promotion_viewed", "view_promotion"),
    ("Promotion Clicked", "promotion_clicked", "select_promotion"),
    ("Product List Filtered", "product_list_filtered"),
    ("Cart Cleared", "cart_cleared"),
    ("Checkout Step Viewed", "checkout_step_viewed"),
    ("Order Cancelled", "order_cancelled", "Order Canceled"),
    ("Signed Up", "signed_up", "User Registered", "user_registered", "Account Created", "account_created", "sign_up"),
    ("Signed In", "signed_in", "Logged In", "logged_in", "Login", "login"),
    ("Signed Out", "Logged Out", "logged_out"),
    ("Product Added to Wishlist", "product_added_to_wishlist", "add_to_wishlist"),
    ("Product Removed from Wishlist", "product_removed_from_wishlist", "remove_from_wishlist"),
    ("Trial Started", "trial_started"),
    ("Article Read", "article_read"),
    ("Application Opened", "application_opened"),
]


@pytest.mark.parametrize(("canonical", "spelling"), [(row[0], name) for row in SPELLINGS for name in row])
def test_every_spelling_of_the_contracts_is_one_event(canonical, spelling):
    assert canonical_event(spelling) == canonical
    assert canonical_event(spelling.upper()) == canonical


def test_no_spelling_means_two_events():
    meanings = defaultdict(set)
    for event in EVENTS:
        for spelling in taxonomy._spellings(event):
            meanings[taxonomy.fold(spelling)].add(event.name)
    assert all(len(names) == 1 for names in meanings.values())


def test_another_name_stays_as_sent():
    assert canonical_event("Loyalty  Card-Scanned") == "Loyalty  Card-Scanned"


def test_a_custom_event_keeps_its_own_properties():
    properties = {"transaction_id": "T-1", "items": [{"item_id": 1}]}
    assert canonical_properties("Loyalty Card Scanned", properties) == (properties, [])


ORDER = {"order_id": "O-1", "revenue": 30.5, "currency": "GBP", "tax": 1, "shipping": 2, "coupon": "SPRING"}
LINE = {"product_id": "P-1", "name": "Mug", "price": 10, "quantity": 2, "category": "Home", "brand": "B", "position": 1}


@pytest.mark.parametrize(
    "sent",
    [
        {**ORDER, "products": [LINE]},
        {
            "orderId": "O-1",
            **{name: ORDER[name] for name in ("revenue", "currency", "tax", "shipping", "coupon")},
            "products": [{"productId": "P-1", **{name: LINE[name] for name in LINE if name != "product_id"}}],
        },
        {
            "transaction_id": "O-1",
            "value": 30.5,
            **{name: ORDER[name] for name in ("currency", "tax", "shipping", "coupon")},
            "items": [
                {
                    "item_id": "P-1",
                    "item_name": "Mug",
                    "price": 10,
                    "quantity": 2,
                    "item_category": "Home",
                    "item_brand": "B",
                    "index": 1,
                }
            ],
        },
    ],
    ids=["canonical", "camelCase", "GA4"],
)
def test_an_order_is_the_same_order_in_every_style(sent):
    assert canonical_properties("Order Completed", sent)[0] == {**ORDER, "products": [LINE]}


def test_the_value_of_an_order_is_its_revenue_unless_one_is_told():
    assert canonical_properties("Order Completed", {"value": 3})[0] == {"revenue": 3}
    assert canonical_properties("Order Completed", {"value": 3, "total": 4})[0] == {"value": 3, "total": 4}
    assert canonical_properties("Order Completed", {"value": 3, "revenue": 4})[0] == {"value": 3, "revenue": 4}
    assert canonical_properties("Checkout Started", {"value": 3})[0] == {"value": 3}


def test_a_ga4_category_path_is_a_list_from_broad_to_narrow():
    line = {"item_category": "Home", "item_category2": "Kitchen", "item_category3": "Mugs"}
    found, renames = canonical_properties("Cart Viewed", {"items": [line]})
    assert found == {"products": [{"category": ["Home", "Kitchen", "Mugs"]}]}
    assert ("item_category2", "category") in renames


def test_an_event_about_one_product_has_its_fields_as_its_own():
    found, _ = canonical_properties("Product Viewed", {"currency": "GBP", "items": [{"item_id": "P-1", "price": 3}]})
    assert found == {"currency": "GBP", "product_id": "P-1", "price": 3}


def test_more_products_than_one_are_kept_beside_the_first():
    found, _ = canonical_properties("Product Added", {"items": [{"item_id": "P-1"}, {"item_id": "P-2"}]})
    assert found == {"product_id": "P-1", "products": [{"product_id": "P-1"}, {"product_id": "P-2"}]}


def test_a_canonical_name_that_was_sent_wins_and_the_other_is_kept():
    found, renames = canonical_properties("Order Completed", {"transaction_id": "T", "order_id": "O"})
    assert found == {"transaction_id": "T", "order_id": "O"}
    assert renames == []


@pytest.mark.parametrize("sent", [{"orderId": "A", "transaction_id": "B"}, {"transaction_id": "B", "orderId": "A"}])
def test_of_two_spellings_the_better_one_counts_whatever_their_order(sent):
    assert canonical_properties("Order Completed", sent)[0] == {"order_id": "A", "transaction_id": "B"}


def test_items_that_are_no_list_stay_what_they_are():
    assert canonical_properties("Order Completed", {"items": 3}) == ({"items": 3}, [])


NAMES = st.sampled_from(
    sorted(
        {
            *taxonomy._TABLES["product"],
            *taxonomy._TABLES["promotion"],
            "products",
            "order_id",
            "name",
            "value",
            "colour",
        }
    )
)
SCALARS = st.one_of(st.text(max_size=5), st.integers(), st.booleans())
LINES = st.lists(st.one_of(st.dictionaries(NAMES, SCALARS, max_size=5), SCALARS), max_size=3)
PROPERTIES = st.dictionaries(NAMES, st.one_of(SCALARS, LINES), max_size=8)
CANONICAL = st.sampled_from([event.name for event in EVENTS])


def _values(value):
    if isinstance(value, dict):
        return sorted(found for item in value.values() for found in _values(item))
    if isinstance(value, list):
        return sorted(found for item in value for found in _values(item))
    return [repr(value)]


@given(CANONICAL, PROPERTIES)
def test_nothing_that_was_sent_is_lost_and_the_argument_is_untouched(event, sent):
    before = copy.deepcopy(sent)
    found, _ = canonical_properties(event, sent)
    assert sent == before
    assert set(_values(sent)) <= set(_values(found)) | _overshadowed(event, found, sent)


def _overshadowed(event, found, sent):
    """What a line said and the event itself said too: the event's own word counts."""
    if not next(item for item in EVENTS if item.name == event).single or "products" in found:
        return set()
    lines = [line for value in sent.values() if isinstance(value, list) for line in value if isinstance(line, dict)]
    return {value for line in lines for value in _values(line)}


@given(CANONICAL, PROPERTIES)
def test_a_canonical_event_is_left_alone(event, sent):
    once, _ = canonical_properties(event, sent)
    twice, _ = canonical_properties(event, once)
    assert canonical_properties(event, twice) == (twice, [])


@given(st.text(max_size=30))
def test_a_name_once_canonical_stays(name):
    assert canonical_event(canonical_event(name)) == canonical_event(name)


def test_the_fields_of_the_first_of_several_products_are_told_as_lifted_only_where_they_are():
    event, sent = "Product Viewed", {"products": [{"sku": "A"}, {"sku": "B"}]}
    once, renames = canonical_properties(event, sent)
    assert once == {"sku": "A", **sent}
    assert renames == [("products[0]", "properties")]
    assert canonical_properties(event, once) == (once, [])


@pytest.mark.parametrize("asked", ["Order Completed", "order completed", "ORDER_COMPLETED", "purchase"])
def test_an_event_is_called_by_any_spelling_of_its_name(asked):
    assert is_called({"Order Completed", None}, asked)
    assert not is_called({"Order Updated", None}, asked)


def test_an_event_of_ones_own_is_called_in_any_case_and_not_by_half_of_its_name():
    assert is_called({"Quiz Finished"}, "quiz_finished")
    assert not is_called({"Quiz Finished"}, "Quiz")
