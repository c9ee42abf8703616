import msgspec

from datafly import catalog
from datafly.deliver.batch import Batch, Member, Unit
from datafly.deliver.entries import Entry
from datafly.deliver.sightings import DAY_MS, Sightings
from datafly.model.delivery import Item, Sighting
from datafly.observe import counts
from datafly.testing.integration_suite import compiled

MADE = compiled(catalog.get("insider"))


def batch(*bodies):
    units = [Unit(Member(Entry(offset, offset), 0.0), Item(body)) for offset, body in enumerate(bodies)]
    return Batch(MADE, "rev_1", 1, units)


def user(*events):
    return msgspec.json.encode(
        {
            "identifiers": {"uuid": "u"},
            "events": [{"event_name": name, "event_params": given} for name, given in events],
        }
    )


def seen(sightings, sent, *offsets):
    return {(one.name, one.param): one.count for one in sightings.of(sent, offsets, at_ms=3 * DAY_MS + 5)}


def test_standard_events_count_with_the_parameters_that_the_vendor_documents():
    sent = batch(
        user(("product_detail_page_view", {"product_id": "a", "currency": "EUR", "mine": 1, "custom": {"url": 1}})),
        user(("product_detail_page_view", {"product_id": "b"}), ("cart_cleared", {"url": "x"})),
        b'{"identifiers":{},"attributes":{"age":5}}',
    )
    assert seen(Sightings("pi"), sent, 0, 1, 2) == {
        ("product_detail_page_view", ""): 2,
        ("product_detail_page_view", "product_id"): 2,
        ("product_detail_page_view", "currency"): 1,
        ("cart_cleared", ""): 1,
    }


def test_only_what_was_delivered_counts_and_on_its_day():
    sent = batch(user(("cart_cleared", {})), user(("homepage_view", {})))
    assert Sightings("pi").of(sent, [1], at_ms=3 * DAY_MS) == (Sighting("pi", 3, "homepage_view", "", 1),)
    assert Sightings("pi").of(sent, [], at_ms=3 * DAY_MS) == ()


def test_another_name_of_a_standard_event_counts_as_that():
    assert seen(Sightings("pi"), batch(user(("purchase", {"currency": "EUR"}))), 0) == {
        ("confirmation_page_view", ""): 1,
        ("confirmation_page_view", "currency"): 1,
    }


def test_invented_names_are_bounded_and_lose_no_event():
    sightings = Sightings("pi")
    found = seen(sightings, batch(*(user((f"mine_{number}", {"currency": "EUR"})) for number in range(80))), *range(80))
    assert len(found) == 51
    assert found["", ""] == 30
    assert seen(sightings, batch(user(("mine_7", {})), user(("mine_79", {}))), 0, 1) == {("mine_7", ""): 1, ("", ""): 1}
    assert all(len(name) <= 100 for name, _ in seen(Sightings("pi"), batch(user(("x" * 300, {}))), 0))


def test_what_cannot_be_read_again_is_told_and_harms_nothing():
    before = counts().get("DeliverSightingFailed", 0)
    assert Sightings("pi").of(batch(b'{"events":[{"event_name":7}]}'), [0], at_ms=1) == ()
    assert counts()["DeliverSightingFailed"] == before + 1
