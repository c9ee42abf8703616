"""Signal alone, with its sandbox: what arrives at Insider, and what Insider would make of it or ignore."""

from datafly.model.delivery import DRIFT, WARNING

HINT = "Predictive segments not updating"
PRODUCT = {"product_id": "SKU-1", "price": 10, "currency": "EUR"}


def test_readiness_and_warnings_tell_what_was_delivered(demo):
    installation = demo.install(demo.vendor_key())
    viewed = [demo.track("Product Viewed", f"user-{number}", **PRODUCT) for number in range(3)]
    own = [demo.track("Looked At Something", f"user-{number}") for number in range(2)]
    demo.send(*viewed, *own, demo.track("Product Viewed", "user-1", product_id="SKU-2"))
    demo.is_through(installation, delivered=6)

    shown = demo.api("GET", f"pipeline-integrations/{installation}/readiness")
    assert shown["window"]["events"] == 6
    views = next(one for one in shown["events"] if one["name"] == "product_detail_page_view")
    assert (views["state"], views["count"]) == ("arrives", 4)
    states = {one["name"]: (one["state"], one["count"]) for one in views["parameters"]}
    assert (states["product_id"], states["currency"]) == (("arrives", 4), ("partly", 3))
    assert shown["other_events"] == [{"name": "looked_at_something", "count": 2}]
    likely = next(one for one in shown["segments"] if one["name"] == "Likelihood to Purchase")
    assert (likely["state"], likely["hint"]["symptom"]) == ("not_ready", HINT)

    counted = demo.api("GET", f"pipeline-integrations/{installation}/warnings")
    told = {one["sentence"]: one["count"] for one in counted["warnings"]}
    assert [count for sentence, count in told.items() if "looked_at_something" in sentence] == [2]
    standing = demo.api("GET", f"pipeline-integrations/{installation}")
    assert standing["counts"][WARNING] == sum(told.values())
    assert DRIFT not in standing["counts"]
