"""A mapping is seen, changed, tried on events, compared, deployed, tried by some, and taken back."""

import pytest

from datafly.model.consent import Consent

BASE = "/v1/admin/pipeline-integrations"
TEMPLATES = "/v1/admin/integration-templates"
RENAMED = {"events": {"page": {"vendor_event_name": "seen"}}}
OFF = {"events": {"Product Viewed": {"enabled": False}}}
GRANTED = Consent({"marketing": True}, "event")


@pytest.fixture
def installed(call):
    body = {"config": {"api_key": "s3cret-key", "partner_name": "myco"}}
    return call("POST", "/v1/admin/integration-catalog/insider/install", json=body).json()["pipeline_integrations"][0]


@pytest.fixture
def path(installed):
    return f"{BASE}/{installed['id']}"


@pytest.fixture
def template(installed):
    return f"{TEMPLATES}/{installed['integration_id']}"


def draft(call, template, **said):
    answer = call("POST", f"{template}/revisions", json=said)
    assert answer.status_code == 201, answer.json()
    return answer.json()


def view(house, number=0, **fields):
    properties = {"product_id": f"p{number}", "price": 5, "currency": "EUR"}
    more = {"event": "Product Viewed", "properties": properties, "user_id": "u1", "consent": GRANTED}
    return house.happens(f"m{number}", **{**more, **fields})


def test_overrides_are_a_new_revision_and_are_shown(call, path):
    changed = call("PATCH", path, json={"overrides": RENAMED}).json()
    assert (changed["revision_number"], changed["overrides"]) == (2, RENAMED)
    assert call.get(path)["overrides"] == RENAMED
    assert call("PATCH", path, json={"overrides": RENAMED}).json()["revision_number"] == 2
    assert call("PATCH", path, json={"config": {"page_mode": "auto"}}).json()["overrides"] == RENAMED
    assert call("PATCH", path, json={"overrides": {}}).json()["overrides"] == {}


def test_an_install_may_bring_its_overrides(call):
    body = {"config": {"api_key": "k", "partner_name": "myco"}, "overrides": {"events": {"order_completed": {}}}}
    made = call("POST", "/v1/admin/integration-catalog/insider/install", json=body).json()
    assert made["revision"]["overrides"] == {"events": {"Order Completed": {}}}


def test_what_is_wrong_with_an_override_is_told_by_entry_and_nothing_is_kept(call, path):
    wrong = {"events": {"page": {"condition": "nobody == 1", "mappings": [{"target": "x.y", "value": 1}]}}}
    answer = call("PATCH", path, json={"overrides": wrong})
    problems = answer.json()["error"]["details"]["problems"]
    assert answer.status_code == 422
    assert problems.keys() == {"overrides.events.page.condition", "overrides.events.page.mappings[0].target"}
    assert "line 1, column 1" in problems["overrides.events.page.condition"]
    assert call.get(path)["revision_number"] == 1


def test_the_mapping_is_shown_with_what_overrides_made_of_it_and_what_they_may_say(call, path):
    said = {
        "page": {"vendor_event_name": "seen", "condition": "properties.a == 1"},
        "Order Completed": {"mappings": [{"target": "event_params.custom.band", "source": "properties.margin"}]},
        "Coupon Applied": {"enabled": False},
    }
    call("PATCH", path, json={"overrides": {"events": said}})
    shown = call.get(f"{path}/mapping", role="viewer")
    events = {one["event"]: one for one in shown["events"]}
    assert (events["page"]["name"], events["page"]["conditions"]) == ("seen", ["properties.a == 1"])
    assert (events["Coupon Applied"]["enabled"], events["Product Viewed"]["enabled"]) == (False, True)
    values = {one["path"]: one for one in events["Order Completed"]["values"]}
    band = values["events[].event_params.custom.band"]
    assert (band["source"], band["override"]) == (
        "properties.margin",
        "overrides.events.Order Completed.mappings[0]",
    )
    price = values["events[].event_params.unit_sale_price"]
    assert (price["source"], price["required"], price["override"]) == ("line.price as amount", True, None)
    assert "identifiers.uuid" in values
    assert [place["path"] for place in shown["places"]][:2] == ["event_params", "event_params.custom"]
    assert {"name": "sha256", "gives": "text that can be hashed"} in shown["transforms"]
    assert "properties" in shown["condition_variables"]
    assert shown["lapsed"] == {}


def test_a_shape_that_overrides_do_not_have_is_refused_with_its_field(call, path):
    answer = call("PATCH", path, json={"overrides": {"events": {"page": {"enable": False}}}})
    assert (answer.status_code, answer.json()["error"]["details"]["field"][-6:]) == (422, "enable")


def test_a_draft_is_a_numbered_revision_that_is_deployed_nowhere(call, path, template):
    made = draft(call, template, overrides=RENAMED, change_summary="Pages are called seen")
    assert (made["revision_number"], made["change_summary"], made["config"]["api_key"]) == (
        2,
        "Pages are called seen",
        "***",
    )
    assert call.get(path)["revision_number"] == 1
    assert call.get(path)["latest_revision"] == 2
    shown = call.get(f"{template}/revisions")["data"]
    assert [one["revision_number"] for one in shown] == [2, 1]
    assert call.get(f"{template}/revisions/{made['id']}") == made
    assert call("POST", f"{template}/revisions", json={"overrides": RENAMED}).status_code == 409
    assert call.get(TEMPLATES)["data"][0]["id"] == call.get(template)["id"]


def test_publish_and_roll_back_are_one_call_each_that_names_the_state_it_is_meant_for(call, path, template):
    made = draft(call, template, overrides=RENAMED)
    seen = call("GET", path).headers["ETag"]
    deployed = call("PATCH", path, json={"revision_id": made["id"]}, headers={"If-Match": seen})
    assert (deployed.status_code, deployed.json()["revision_number"]) == (200, 2)
    assert call("POST", f"{path}/rollback", json={}, headers={"If-Match": seen}).status_code == 412
    back = call("POST", f"{path}/rollback", json={}, headers={"If-Match": deployed.headers["ETag"]}).json()
    assert (back["revision_number"], back["former_revision_id"]) == (1, made["id"])
    assert call("POST", f"{path}/rollback", json={"revision_id": made["id"]}).json()["revision_number"] == 2


def test_there_is_nothing_to_roll_back_to_at_first(call, path):
    answer = call("POST", f"{path}/rollback", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "NO_FORMER_REVISION")


def test_a_canary_is_started_widened_promoted_or_dropped(call, path, template):
    made = draft(call, template, overrides=RENAMED)
    assert call("POST", f"{path}/canary/promote").status_code == 409
    tried = call("POST", f"{path}/canary", json={"revision_id": made["id"], "percent": 5}).json()
    assert tried["canary"] == {"revision_id": made["id"], "revision_number": 2, "percent": 5.0}
    assert tried["revision_number"] == 1
    wider = call("POST", f"{path}/canary", json={"revision_id": made["id"], "percent": 20.5}).json()
    assert wider["canary"]["percent"] == 20.5
    assert call("POST", f"{path}/canary/drop").json()["canary"] is None
    call("POST", f"{path}/canary", json={"revision_id": made["id"], "percent": 5})
    promoted = call("POST", f"{path}/canary/promote").json()
    assert (promoted["revision_number"], promoted["canary"]) == (2, None)


@pytest.mark.parametrize("percent", [0, 101, -1])
def test_a_canary_is_for_more_than_none_and_at_most_for_all(call, path, template, percent):
    made = draft(call, template, overrides=RENAMED)
    answer = call("POST", f"{path}/canary", json={"revision_id": made["id"], "percent": percent})
    assert answer.status_code == 422


def test_an_editor_may_and_a_viewer_may_not(call, path, template):
    for method, where, body in (
        ("POST", f"{template}/revisions", {"overrides": OFF}),
        ("POST", f"{path}/canary", {"revision_id": "rev_none", "percent": 5}),
        ("POST", f"{path}/rollback", {}),
    ):
        assert call(method, where, json=body, role="viewer").status_code == 403
        assert call(method, where, json=body, role="editor").status_code != 403


def test_a_preview_tells_the_request_where_each_value_comes_from_and_what_the_sandbox_answers(house, call, path):
    view(house)
    said = {"overrides": {"events": {"Product Viewed": {"mappings": [{"target": "event_params.size", "value": "XL"}]}}}}
    shown = call("POST", f"{path}/preview", json={"message_id": "m0", **said}).json()
    assert (shown["refused"], shown["is_draft"], shown["event"]["event"]) == (None, True, "Product Viewed")
    (tried,) = shown["requests"]
    assert tried["request"]["headers"]["X-REQUEST-TOKEN"] == "***"
    assert tried["request"]["body"]["users"][0]["events"][0]["event_params"]["size"] == "XL"
    fields = {field["path"]: field for field in tried["fields"]}
    size = fields["users[0].events[0].event_params.size"]
    assert (size["kind"], size["override"]) == ("constant", "overrides.events.Product Viewed.mappings[0]")
    price = fields["users[0].events[0].event_params.unit_sale_price"]
    assert (price["kind"], price["source"], price["value"]) == ("event", "properties.price", 5)
    assert tried["sandbox"]["judged"]["verdict"] == "DELIVERED"
    assert tried["sandbox"]["response"]["status"] == 200
    assert house.sent == []


VIEWED = {"type": "track", "event": "Product Viewed", "userId": "u1", "properties": {"product_id": "p1", "name": "Mug"}}
CONFIGS = {
    "klaviyo": {"private_api_key": "s3cret-key"},
    "movable_ink": {
        "endpoint_url": "https://collector.example/behavioral/s3cret-key",
        "access_key": "s3cret-key",
        "access_secret": "s3cret-key",
    },
}


@pytest.mark.parametrize("vendor", CONFIGS)
def test_a_preview_needs_only_settings_and_has_the_sandboxs_verdict(call, vendor):
    body = {"config": CONFIGS[vendor], "event": {**VIEWED, "context": {"consent": {"marketing": True}}}}
    said = {"properties.Style" if vendor == "klaviyo" else "properties.meta.style": "plain"}
    mappings = [{"target": target, "value": value} for target, value in said.items()]
    body["overrides"] = {"events": {"Product Viewed": {"mappings": mappings}}}
    answer = call("POST", f"/v1/admin/integration-catalog/{vendor}/preview", json=body)
    (tried,) = answer.json()["requests"]
    assert (tried["sandbox"]["judged"]["verdict"], "s3cret-key" in answer.text) == ("DELIVERED", False)
    assert [field["value"] for field in tried["fields"] if field["override"]] == ["plain"]
    assert call.get("/v1/admin/pipeline-integrations")["data"] == []


def test_a_preview_tells_where_who_it_is_about_comes_from_too(call):
    body = {"config": CONFIGS["klaviyo"], "event": {**VIEWED, "context": {"consent": {"marketing": True}}}}
    (tried,) = call("POST", "/v1/admin/integration-catalog/klaviyo/preview", json=body).json()["requests"]
    fields = {field["path"]: field["source"] for field in tried["fields"]}
    assert fields["data.attributes.profile.data.attributes.external_id"] == "user_id"
    assert fields["data.attributes.properties.ProductName"] == "properties.name"


def test_a_preview_before_it_is_installed_tells_what_is_wrong_with_the_settings(call):
    answer = call("POST", "/v1/admin/integration-catalog/klaviyo/preview", json={"event": VIEWED})
    assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (422, "config.private_api_key")


def test_a_preview_by_place_and_by_revision_shows_what_each_would_send(house, call, path, template):
    partition, offset = view(house)
    made = draft(call, template, overrides=OFF)
    place = {"partition": partition, "offset": offset}
    assert call("POST", f"{path}/preview", json=place).json()["refused"] is None
    off = call("POST", f"{path}/preview", json={**place, "revision_id": made["id"]}).json()
    assert (off["refused"]["reason"], off["revision_number"], off["requests"]) == ("event_disabled", 2, [])


def test_a_pasted_event_is_governed_as_one_that_is_posted(call, path):
    pasted = {
        "type": "track",
        "event": "order_completed",
        "userId": "u1",
        "properties": {"transaction_id": "O1", "currency": "EUR", "items": [{"item_id": "a", "price": 5}]},
        "context": {"consent": {"marketing": True}},
    }
    shown = call("POST", f"{path}/preview", json={"event": pasted}).json()
    assert shown["event"]["event"] == "Order Completed"
    assert shown["requests"][0]["sandbox"]["judged"]["verdict"] == "DELIVERED"
    assert (
        call("POST", f"{path}/preview", json={"event": {"type": "nothing"}}).json()["refused"]["verdict"] == "REJECTED"
    )


def test_a_preview_says_why_an_event_without_consent_is_not_sent(house, call, path):
    view(house, consent=Consent({"marketing": False}, "event"))
    shown = call("POST", f"{path}/preview", json={"message_id": "m0"}).json()
    assert shown["refused"]["reason"] == "consent_marketing"


def test_a_preview_needs_one_event_that_there_is(call, path):
    assert call("POST", f"{path}/preview", json={}).status_code == 422
    assert call("POST", f"{path}/preview", json={"message_id": "m", "event": {}}).status_code == 422
    assert call("POST", f"{path}/preview", json={"message_id": "nobody"}).status_code == 404


def compared(call, path, body):
    """Once it is done: what takes longer than the answer waits is asked for by its id."""
    found = call("POST", f"{path}/compare", json=body).json()
    while found["state"] == "running":
        found = call.get(f"/v1/admin/comparisons/{found['id']}")
    return found


def test_a_comparison_groups_and_counts_what_changes(house, call, path):
    for number in range(6):
        view(house, number, partition=number % 2)
    for number in range(6, 9):
        view(house, number, event="Order Completed", properties={"total": 1})
    house.happens("other", pipeline_id="pip_other")
    said = {
        "events": {
            "Product Viewed": {"mappings": [{"target": "event_params.size", "value": "XL"}]},
            "Order Completed": {"enabled": False},
        }
    }
    found = compared(call, path, {"overrides": said})
    assert (found["state"], found["events_seen"], found["is_draft"]) == ("done", 9, True)
    assert found["counts"] == {"changed": 6, "other_reason": 3}
    changed = found["groups"][0]
    assert (changed["kind"], changed["event"], changed["count"]) == ("changed", "Product Viewed", 6)
    assert changed["paths"] == ["events[].event_params.size"]
    assert changed["samples"][0]["changes"] == [{"path": "events[0].event_params.size", "before": None, "after": "XL"}]
    assert len(changed["samples"]) == 3
    assert found["groups"][1]["after"] == "SKIPPED event_disabled"
    assert found["sandbox"] == {
        "asked": 9,
        "is_sampled": False,
        "before": {"DELIVERED": 6, "REJECTED no_products": 3},
        "after": {"DELIVERED": 6, "SKIPPED event_disabled": 3},
    }
    assert call.get(f"/v1/admin/comparisons/{found['id']}") == found


def test_a_comparison_tells_what_is_newly_skipped_newly_sent_and_the_same(house, call, path, template):
    view(house, 0)
    view(house, 1, event="page", type="page")
    off = draft(call, template, overrides=OFF)
    found = compared(call, path, {"revision_id": off["id"]})
    assert found["counts"] == {"newly_skipped": 1, "same": 1}
    call("PATCH", path, json={"revision_id": off["id"]})
    assert compared(call, path, {"overrides": {}})["counts"] == {"newly_sent": 1, "same": 1}


def test_a_comparison_looks_at_so_many_events_as_are_asked_for(house, call, path):
    for number in range(5):
        view(house, number)
    found = compared(call, path, {"events": 2, "overrides": OFF})
    assert (found["events_seen"], found["counts"]) == (2, {"newly_skipped": 2})
    assert found["groups"][0]["samples"][0]["message_id"] == "m4"


def test_a_config_may_name_parameters_of_its_pipeline(house, call, installed, path):
    named = {"config": {"partner_name": "{{pipeline_param.PARTNER}}"}}
    missing = call("PATCH", path, json=named)
    assert missing.status_code == 422
    assert missing.json()["error"]["details"]["codes"] == {"config.partner_name": "missing_parameter"}
    pipeline = f"/v1/admin/pipelines/{installed['pipeline_id']}"
    call("PATCH", pipeline, json={"parameters": {"PARTNER": "otherco", "SITE": "de"}})
    assert call("PATCH", path, json=named).json()["config"]["partner_name"] == "{{pipeline_param.PARTNER}}"
    view(house)
    mapping = {"target": "event_params.custom.site", "value": "{{pipeline_param.SITE}}"}
    call("PATCH", path, json={"overrides": {"events": {"Product Viewed": {"mappings": [mapping]}}}})
    (tried,) = call("POST", f"{path}/preview", json={"message_id": "m0"}).json()["requests"]
    assert tried["request"]["headers"]["X-PARTNER-NAME"] == "otherco"
    assert tried["request"]["body"]["users"][0]["events"][0]["event_params"]["custom"]["site"] == "de"


def test_what_a_parameter_stands_for_must_fit_the_setting(call, installed, path):
    pipeline = f"/v1/admin/pipelines/{installed['pipeline_id']}"
    call("PATCH", pipeline, json={"parameters": {"PARTNER": "NOT A SLUG"}})
    answer = call("PATCH", path, json={"config": {"partner_name": "{{pipeline_param.PARTNER}}"}})
    assert answer.json()["error"]["details"]["codes"] == {"config.partner_name": "pattern"}


def test_a_parameter_that_is_used_is_not_taken_away(call, installed, path):
    pipeline = f"/v1/admin/pipelines/{installed['pipeline_id']}"
    call("PATCH", pipeline, json={"parameters": {"PARTNER": "otherco"}})
    call("PATCH", path, json={"config": {"partner_name": "{{pipeline_param.PARTNER}}"}})
    answer = call("PATCH", pipeline, json={"parameters": {}})
    assert answer.status_code == 422
    assert call.get(pipeline)["parameters"] == {"PARTNER": "otherco"}
