import pytest

from datafly.model.delivery import Sighting
from datafly.store.base import Writing

DAY_MS = 86_400_000
VIEWED, BOUGHT = "product_detail_page_view", "confirmation_page_view"
CARRIED = ("product_id", "unit_price", "unit_sale_price", "currency")


@pytest.fixture
def insider(house):
    return house.installed(created_ms=house.clock.now_ms() - 60 * DAY_MS)


@pytest.fixture
def arrives(house, insider):
    """So many events of a name came so many days ago, each with these parameters (a dict: parameter → how many)."""

    def write(name, count, *params, ago=0, **some):
        day = house.clock.now_ms() // DAY_MS - ago
        counts = {"": count} | dict.fromkeys(params, count) | some
        seen = tuple(Sighting(insider.id, day, name, param, many) for param, many in counts.items() if many)
        house.ledger.write([Writing(sightings=seen)])

    return write


@pytest.fixture
def told(call, insider):
    def get():
        return call.get(f"/v1/admin/pipeline-integrations/{insider.id}/readiness", role="viewer")

    return get


def segment(shown, name):
    return next(one for one in shown["segments"] if one["name"] == name)


def event(shown, name):
    return next(one for one in shown["events"] if one["name"] == name)


def states(one):
    return {parameter["name"]: parameter["state"] for parameter in one["parameters"]}


def unmet(one):
    return [need["need"] for need in one["needs"] if not need["met"]]


def test_nothing_has_arrived_yet(told):
    shown = told()
    assert {one["state"] for one in shown["events"]} == {"missing"}
    assert shown["window"]["events"] == 0
    assert segment(shown, "Likelihood to Purchase")["state"] == "not_ready"
    assert segment(shown, "Likelihood to Purchase")["hint"] is None
    assert segment(shown, "Channel engagement")["state"] == "vendor_only"


def test_a_shop_that_sends_all_of_it_for_a_month_is_ready(told, arrives):
    for ago in range(31):
        arrives(VIEWED, 200, *CARRIED, ago=ago)
        arrives(BOUGHT, 20, *CARRIED, ago=ago)
    shown = told()
    assert [one["state"] for one in shown["segments"]] == ["ready", "ready", "vendor_only"]
    assert [need for one in shown["segments"] for need in one["needs"] if not need["met"]] == []
    assert shown["window"] == shown["window"] | {"days": 7, "events": 7 * 220}
    assert event(shown, VIEWED)["count"] == 1_400


@pytest.mark.parametrize(
    ("views", "purchases", "lacking"),
    [
        (1_001, 100, []),
        (1_000, 100, ["at least 1,001 product_detail_page_view in 7 days"]),
        (1_001, 99, ["at least 100 confirmation_page_view in 7 days"]),
    ],
)
def test_likelihood_to_purchase_needs_more_than_1000_views_and_100_purchases_in_7_days(
    told, arrives, views, purchases, lacking
):
    """contracts/insider.md §8."""
    arrives(VIEWED, 1, *CARRIED, ago=14)
    arrives(BOUGHT, 1, *CARRIED, ago=14)
    arrives(VIEWED, 5_000, *CARRIED, ago=7)
    arrives(VIEWED, views, *CARRIED, ago=6)
    arrives(BOUGHT, purchases, *CARRIED)
    found = segment(told(), "Likelihood to Purchase")
    assert unmet(found) == lacking
    assert found["state"] == ("not_ready" if lacking else "ready")


@pytest.mark.parametrize(("days", "segments"), [(13, []), (14, ["Likelihood to Purchase"]), (29, 1), (30, 2)])
def test_how_long_it_has_been_running_counts_from_the_first_day(told, arrives, days, segments):
    for name, count in ((VIEWED, 2_000), (BOUGHT, 200)):
        arrives(name, 1, *CARRIED, ago=days)
        arrives(name, count, *CARRIED)
    ready = [one["name"] for one in told()["segments"] if one["state"] == "ready"]
    assert ready == segments if isinstance(segments, list) else len(ready) == segments


def test_a_parameter_that_comes_with_some_events_only_is_told_with_how_many(told, arrives):
    arrives(VIEWED, 1_000, "product_id", "unit_sale_price", currency=949, unit_price=950)
    shown = told()
    viewed = event(shown, VIEWED)
    assert viewed["state"] == "arrives"
    expected = {"product_id": "arrives", "unit_price": "arrives", "currency": "partly", "name": "missing"}
    assert states(viewed) == states(viewed) | expected
    needed = {one["name"] for one in viewed["parameters"] if one["needed"]}
    assert needed == set(CARRIED)
    (need,) = [one for one in segment(shown, "Discount Affinity")["needs"] if one["need"] == f"currency with {VIEWED}"]
    assert (need["met"], need["have"]) == (False, "with 949 of 1,000 in 30 days")


def test_an_event_that_no_longer_comes_has_stopped(told, arrives):
    arrives("cart_page_view", 9, ago=7)
    shown = event(told(), "cart_page_view")
    assert (shown["state"], shown["count"]) == ("stopped", 0)
    assert shown["first_seen_on"] == shown["last_seen_on"]


def test_events_by_names_of_ones_own_bring_the_row_of_the_products_page_in_its_words(told, arrives):
    arrives("product_viewed", 2_000)
    arrives("page_view", 3_000)
    shown = told()
    assert [(one["name"], one["count"]) for one in shown["other_events"]] == [
        ("page_view", 3_000),
        ("product_viewed", 2_000),
    ]
    assert segment(shown, "Likelihood to Purchase")["hint"] == {
        "symptom": "Predictive segments not updating",
        "cause": "Event name not in Insider’s taxonomy",
        "cure": "Use Insider’s standard event names (product_detail_page_view, confirmation_page_view) for full "
        "segmentation support.",
    }


def test_the_row_does_not_appear_where_names_are_not_the_reason(told, arrives):
    arrives("page_view", 3_000)
    arrives(VIEWED, 10, *CARRIED)
    arrives(BOUGHT, 1, *CARRIED)
    assert segment(told(), "Likelihood to Purchase")["state"] == "not_ready"
    assert segment(told(), "Likelihood to Purchase")["hint"] is None


def test_purchase_is_the_same_event_by_another_name(told):
    assert BOUGHT in {one["name"] for one in told()["events"]}
    assert "purchase" not in {one["name"] for one in told()["events"]}


def test_there_is_none_of_an_integration_that_is_not_there(call, refused):
    refused(call("GET", "/v1/admin/pipeline-integrations/pi_none/readiness"), 404, "NOT_FOUND")
