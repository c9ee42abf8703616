from datafly import catalog
from datafly.model.installation import Revision
from datafly.spec.faces import example_config
from datafly.store.base import Writing

DAY_MS = 86_400_000


def test_what_is_spent_today_is_told_by_type_with_the_cap_and_what_events_cost(house, call):
    braze = house.installed("Braze", vendor="braze")
    config = {**example_config(catalog.get("braze")), "daily_data_points": 100}
    house.control.revise(braze.id, Revision(id="", template_id="", number=0, config=config))
    now = house.clock.now_ms()
    today, yesterday = (("track", 5), ("identify", 3), ("spared", 9)), (("track", 70),)
    for at, counts in ((now, today), (now - DAY_MS, yesterday)):
        house.ledger.write([Writing(spent=tuple((braze.id, at, what, count) for what, count in counts))])
    told = call.get(f"/v1/admin/pipeline-integrations/{braze.id}/spending", role="viewer")
    assert (told["unit"], told["spent"], told["spared"], told["cap"]) == ("data points", 8, 9, 100)
    assert told["by_type"] == {"identify": 3, "track": 5}
    assert {"event": "Order Completed", "cost": 1} in told["predicted"]
    assert {"event": "alias", "cost": 0} in told["predicted"]


def test_a_vendor_that_does_not_bill_so_has_no_spending(house, call, refused):
    insider = house.installed()
    refused(call("GET", f"/v1/admin/pipeline-integrations/{insider.id}/spending"), 409, "NO_SPENDING")
