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
