"""What is decided on consent, and how d.js is built: as the API takes them."""

import pytest

from datafly.model.consent import ConsentSettings
from datafly.model.installation import JsBuilderConfig
from datafly.runtime.pipelines import Pipelines

CONSENT = "/v1/admin/consent-settings"


@pytest.fixture
def collector(house):
    return f"/v1/admin/pipelines/{house.pipeline.id}/collector"


def test_while_nothing_was_decided_events_are_kept_and_nothing_is_granted(call):
    told = call.get(CONSENT, role="viewer")
    assert (told["defaults"], told["words"], told["without_consent"]) == ({}, {}, "keep")
    assert told["categories"] == ["essential", "functional", "analytics", "marketing", "personalization"]
    assert told["known_words"]["c0004"] == "marketing"


def test_what_is_decided_counts_for_process_and_is_on_record(house, call):
    process = Pipelines(house.control, clock=house.clock)
    body = {"defaults": {"Advertising": False}, "words": {"Werbung": "marketing"}, "without_consent": "drop"}
    reply = call("PATCH", CONSENT, json=body)
    assert reply.status_code == 200
    assert reply.json()["defaults"] == {"marketing": False}
    process.refresh()
    wanted = ConsentSettings(defaults={"marketing": False}, words={"werbung": "marketing"}, without_consent="drop")
    assert process.consent() == wanted
    (entry,) = house.control.audit_log(limit=1)
    assert (entry.action, entry.changes["without_consent"]) == (
        "consent_settings.updated",
        {"old": "keep", "new": "drop"},
    )
    assert call("PATCH", CONSENT, json={"words": {}}).json()["without_consent"] == "drop"


def test_it_takes_an_admin_since_it_holds_for_all(call, refused):
    refused(call("PATCH", CONSENT, role="editor", json={"without_consent": "drop"}), 403, "FORBIDDEN")


def test_a_decision_that_somebody_else_was_faster_with_is_refused(call, refused):
    tag = call("GET", CONSENT).headers["ETag"]
    assert call("PATCH", CONSENT, json={"without_consent": "strip"}, headers={"If-Match": tag}).status_code == 200
    refused(call("PATCH", CONSENT, json={"without_consent": "keep"}, headers={"If-Match": tag}), 412, "STALE")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"defaults": {"telepathy": True}}, "defaults"),
        ({"words": {"Werbung": "telepathy"}}, "words"),
        ({"words": {"": "marketing"}}, "words"),
        ({"words": {"Marketing": "essential"}}, "words"),
        ({"without_consent": "grant"}, "without_consent"),
        ({"region": "eu"}, "region"),
    ],
)
def test_what_is_no_category_or_no_choice_is_refused(call, refused, body, field):
    error = refused(call("PATCH", CONSENT, json=body), 422, "VALIDATION_FAILED")
    assert error["details"]["field"].startswith(field)


def test_a_pasted_event_is_previewed_as_consent_is_decided(house, call):
    installed = house.installed()
    event = {"type": "identify", "userId": "jane", "context": {"consent": {"Werbung": True}}}
    path = f"/v1/admin/pipeline-integrations/{installed.id}/preview"

    def refused_for():
        told = call("POST", path, json={"event": event}).json()["refused"]
        return told and told["reason"]

    assert refused_for() == "consent_marketing"
    call("PATCH", CONSENT, json={"words": {"werbung": "marketing"}})
    assert refused_for() is None
    call("PATCH", CONSENT, json={"without_consent": "drop"})
    del event["context"]
    assert refused_for() == "no_consent"


def test_a_script_is_built_as_it_is_told_and_says_its_tag(house, call, collector):
    told = call.get(collector, role="viewer")
    key = house.pipeline.pipeline_key
    assert told["path"] == f"/d.js?wk={key}"
    assert told["tag"] == f'<script src="https://YOUR_GATEWAY/d.js?wk={key}"></script>'
    reply = call("PATCH", collector, role="editor", json={"script_filename": "shop.js", "batch_size": 20})
    assert reply.json()["path"] == "/shop.js"
    kept = JsBuilderConfig(script_filename="shop.js", batch_size=20)
    assert house.control.pipeline(house.pipeline.id).js_builder_config == kept
    (entry,) = house.control.audit_log(limit=1)
    assert entry.changes["js_builder_config.batch_size"] == {"old": 10, "new": 20}
    listed = call.get("/v1/admin/pipelines")["data"][0]["js_builder_config"]
    assert (listed["batch_size"], listed["auto_page"]) == (20, True)


def test_a_script_is_changed_only_as_it_was_read(call, refused, collector):
    tag = call("GET", collector).headers["ETag"]
    assert call("PATCH", collector, json={"debug": True}, headers={"If-Match": tag}).status_code == 200
    refused(call("PATCH", collector, json={"debug": False}, headers={"If-Match": tag}), 412, "STALE")


def test_two_pipelines_have_no_script_of_one_name(call, refused, collector):
    call("PATCH", collector, json={"script_filename": "shop.js"})
    body = {"name": "Second", "js_builder_config": {"script_filename": "shop.js"}}
    field = "js_builder_config.script_filename"
    refused(call("POST", "/v1/admin/pipelines", json=body), 409, "CONFLICT", field=field)
    made = call("POST", "/v1/admin/pipelines", json={"name": "Second"}).json()
    path = f"/v1/admin/pipelines/{made['id']}/collector"
    refused(call("PATCH", path, json={"script_filename": "shop.js"}), 409, "CONFLICT", field=field)
    assert call("DELETE", collector.removesuffix("/collector")).status_code == 204
    assert call("PATCH", path, json={"script_filename": "shop.js"}).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"script_filename": "../x.js"},
        {"script_filename": "x.html"},
        {"script_filename": "x\x00.js"},
        {"global_variable": "a b"},
        {"global_variable": "x;alert(1)"},
        {"endpoint": "javascript:alert(1)"},
        {"endpoint": 'https://x"'},
        {"batch_size": 0},
        {"flush_interval_ms": 1},
        {"cookie_days": 401},
        {"delivery_method": "cdn"},
    ],
)
def test_what_a_script_cannot_be_built_with_is_refused(call, refused, collector, wrong):
    refused(call("PATCH", collector, json=wrong), 422, "VALIDATION_FAILED", field=next(iter(wrong)))
