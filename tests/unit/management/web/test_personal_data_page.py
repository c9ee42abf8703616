"""Rules on personal data, as the pages have them."""

import re

from datafly.model.pii import PiiRules

CARD = "4111 1111 1111 1111"


def came(house):
    house.happens("m1", event="Paid", properties={"card": CARD}, traits={"email": "ann@shop.example"})


def test_rules_are_made_on_the_page_and_a_field_that_was_found_is_added_with_a_button(house, browser):
    came(house)
    house.installed("Insider")
    path = f"/settings/pipelines/{house.pipeline.id}/personal-data"
    first = browser.get(path, role="viewer").text
    assert "Save rules" not in first
    assert CARD not in first
    etag = re.search(r'name="etag" value="([^"]+)"', first)[1]
    form = {"etag": etag, "enabled": "true", "redact_fields": "traits.ssn\r\n", "hash_fields": "traits.phone"}
    browser.post(path, {**form, "raw.insider": "true", "add": "redact_fields:properties.card"}, role="editor")
    rules = house.control.pipeline(house.pipeline.id).pii_rules
    assert rules.redact_fields == ("traits.ssn", "properties.card")
    assert (rules.hash_fields, rules.raw_for, rules.enabled) == (("traits.phone",), ("insider",), True)
    assert "Nothing was saved" in browser.post(path, form, status=412).text
    wrong = browser.post(path, {"redact_fields": "card"}, status=422).text
    assert "traits.email" in wrong
    assert ">card</textarea>" in wrong


def test_one_event_tells_what_of_it_looks_like_personal_data_and_has_no_rule(house, browser):
    came(house)
    assert "2 fields without a rule" in browser.page("/events?id=m1")
    house.control.update_pipeline(house.pipeline.id, {"pii_rules": PiiRules(redact_fields=("properties.card",))})
    house.clock.clock.jump(1_000)
    page = browser.page("/events?id=m1")
    assert "1 field without a rule" in page
    assert CARD not in page
