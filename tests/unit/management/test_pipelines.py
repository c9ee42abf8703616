from datafly.management.views.times import moment
from datafly.model.secret import Secret
from datafly.model.source import Source
from datafly.runtime.pipelines import Pipelines


def test_the_default_pipeline_is_listed_with_its_public_key(house, call):
    body = call.get("/v1/admin/pipelines", role="viewer")
    assert body["next_cursor"] is None
    assert body["has_more"] is False
    (pipeline,) = body["data"]
    assert pipeline["id"] == house.pipeline.id
    assert pipeline["pipeline_key"].startswith("dk_")
    assert pipeline["rate_limit_rps"] == 0
    assert pipeline["consent_defaults"] == {}


def test_a_pipeline_is_created_with_slug_and_key(call):
    reply = call("POST", "/v1/admin/pipelines", json={"name": "My Shop", "domain_allowlist": ["*.example.com"]})
    assert reply.status_code == 201
    created = reply.json()
    assert created["slug"] == "my-shop"
    assert call.get(f"/v1/admin/pipelines/{created['id']}") == created


def test_a_name_in_use_is_409(call, refused):
    refused(call("POST", "/v1/admin/pipelines", json={"name": "Default"}), 409, "CONFLICT", field="name")


def test_patch_changes_what_it_names_and_nothing_else(house, call):
    path = f"/v1/admin/pipelines/{house.pipeline.id}"
    reply = call("PATCH", path, role="editor", json={"consent_defaults": {"advertising": True}, "rate_limit_rps": 7})
    assert reply.status_code == 200
    changed = reply.json()
    assert changed["consent_defaults"] == {"marketing": True}
    assert changed["rate_limit_rps"] == 7
    assert changed["name"] == "Default"
    assert house.control.pipeline(house.pipeline.id).consent_defaults == {"marketing": True}


def test_if_match_is_honoured_and_not_demanded(house, call, refused):
    path = f"/v1/admin/pipelines/{house.pipeline.id}"
    read = call("GET", path).headers["ETag"]
    assert call("PATCH", path, json={"rate_limit_rps": 1}).status_code == 200
    refused(call("PATCH", path, json={"rate_limit_rps": 2}, headers={"If-Match": read}), 412, "STALE")
    fresh = call("GET", path).headers["ETag"]
    assert call("PATCH", path, json={"rate_limit_rps": 3}, headers={"If-Match": fresh}).status_code == 200
    assert call("PATCH", path, json={"rate_limit_rps": 4}, headers={"If-Match": "*"}).status_code == 200


def test_what_is_made_by_us_cannot_be_changed(house, call, refused):
    path = f"/v1/admin/pipelines/{house.pipeline.id}"
    refused(call("PATCH", path, json={"pipeline_key": "dk_x"}), 422, "VALIDATION_FAILED", field="pipeline_key")


def test_an_unknown_pipeline_is_404(call, refused):
    refused(call("GET", "/v1/admin/pipelines/pip_none"), 404, "NOT_FOUND")
    refused(call("PATCH", "/v1/admin/pipelines/pip_none", json={}), 404, "NOT_FOUND")


def test_pages_follow_each_other_without_gap_or_repeat(house, call):
    for number in range(7):
        house.clock.jump(number % 2)
        call("POST", "/v1/admin/pipelines", json={"name": f"Shop {number}"})
    seen, cursor = [], None
    while True:
        query = "limit=3" + (f"&cursor={cursor}" if cursor else "")
        body = call.get(f"/v1/admin/pipelines?{query}")
        seen += [pipeline["id"] for pipeline in body["data"]]
        cursor = body["next_cursor"]
        assert body["has_more"] is (cursor is not None)
        if cursor is None:
            break
    assert len(seen) == 8
    assert len(set(seen)) == 8


def test_a_new_key_is_taken_beside_the_one_before_until_that_is_revoked(house, call, refused):
    path = f"/v1/admin/pipelines/{house.pipeline.id}"
    gateway = Pipelines(house.control, clock=house.clock)
    before = call.get(path)["pipeline_key"]
    reply = call("POST", f"{path}/keys", role="editor", json={})
    assert reply.status_code == 201
    now = reply.json()["pipeline_key"]
    current, former = call.get(f"{path}/keys", role="viewer")["data"]
    assert (current["pipeline_key"], current["current"], current["id"]) == (now, True, None)
    assert (former["pipeline_key"], former["expires_at"]) == (before, None)
    gateway.refresh()
    assert {key: one.id for key, one in gateway.by_key().items()} == dict.fromkeys([now, before], house.pipeline.id)

    assert call("DELETE", f"{path}/keys/{former['id']}").status_code == 204
    gateway.refresh()
    assert {key: one.enabled for key, one in gateway.by_key().items()} == {now: True, before: False}
    refused(call("DELETE", f"{path}/keys/{former['id']}"), 404, "NOT_FOUND")
    actions = [one.action for one in house.control.audit_log(limit=2)]
    assert actions == ["pipeline.key_revoked", "pipeline.key_rotated"]


def test_a_former_key_ends_at_its_time_although_nothing_changes(house, call, refused):
    path = f"/v1/admin/pipelines/{house.pipeline.id}/keys"
    gateway = Pipelines(house.control, clock=house.clock)
    soon = moment(house.clock.now_ms() + 60_000).isoformat()
    now = call("POST", path, json={"former_expires_at": soon}).json()["pipeline_key"]
    gateway.refresh()
    assert [one.enabled for one in gateway.by_key().values()] == [True, True]
    house.clock.jump(60_000)
    gateway.refresh()
    assert [key for key, one in gateway.by_key().items() if one.enabled] == [now]
    over = moment(house.clock.now_ms()).isoformat()
    refused(call("POST", path, json={"former_expires_at": over}), 422, "VALIDATION_FAILED", field="former_expires_at")


def test_a_removed_pipeline_takes_along_what_is_on_it_and_frees_its_name(house, call, refused):
    path = f"/v1/admin/pipelines/{house.pipeline.id}"
    installed = house.installed()
    house.control.put_source(Source("wh_1", house.pipeline.id, "stripe", Secret("whsec")))
    tag = call("GET", path).headers["ETag"]
    call("PATCH", path, json={"rate_limit_rps": 1})
    refused(call("DELETE", path, headers={"If-Match": tag}), 412, "STALE")
    assert house.control.installation(installed.id).removed_ms is None
    refused(call("DELETE", path, role="editor"), 403, "FORBIDDEN")
    assert call("DELETE", path).status_code == 204

    refused(call("GET", path), 404, "NOT_FOUND")
    refused(call("DELETE", path), 404, "NOT_FOUND")
    gone = house.control.installation(installed.id)
    assert (gone.removed_ms, gone.end) == (house.clock.now_ms(), house.heads())
    assert house.control.sources() == []
    assert [one.enabled for one in Pipelines(house.control, clock=house.clock).by_key().values()] == [False]
    again = call("POST", "/v1/admin/pipelines", json={"name": "Default"}).json()
    assert (again["slug"], again["id"] != house.pipeline.id) == ("default", True)
    assert [one.action for one in house.control.audit_log(limit=3)][1:] == [
        "pipeline.deleted",
        "pipeline_integration.deleted",
    ]
