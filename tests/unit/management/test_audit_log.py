import csv
import io
import sqlite3
from functools import reduce

import msgspec
import pytest
from litestar.routes import HTTPRoute

from datafly.model.people import AuditEntry

PATH = "/v1/admin/audit-log"
SAFE = {"GET", "HEAD", "OPTIONS"}


def newest(call, **filters):
    return call.get(PATH, params={"limit": 1} | filters)["data"][0]


def test_a_change_is_on_record_with_old_and_new_and_who_and_from_where(house, call):
    path = f"/v1/admin/pipelines/{house.pipeline.id}"
    call("PATCH", path, json={"name": "Shop", "rate_limit_rps": 5}, headers={"User-Agent": "a test"})
    entry = newest(call)
    assert (entry["action"], entry["resource_type"]) == ("pipeline.updated", "pipeline")
    assert entry["resource_id"] == house.pipeline.id
    assert entry["changes"] == {"name": {"old": "Default", "new": "Shop"}, "rate_limit_rps": {"old": 0, "new": 5}}
    assert (entry["token_name"], entry["user_id"]) == ("owner", None)
    assert (entry["ip_address"], entry["user_agent"]) == ("testclient", "a test")


def test_a_secret_that_changes_is_told_and_not_shown(house, call):
    installed = house.installed()
    path = f"/v1/admin/pipeline-integrations/{installed.id}"
    assert call("PATCH", path, json={"config": {"api_key": "another-s3cret"}}).status_code == 200
    entry = newest(call)
    assert entry["changes"]["config.api_key"] == {"old": "***", "new": "***"}
    assert entry["changes"]["revision_number"] == {"old": 1, "new": 2}
    assert "s3cret" not in call("GET", PATH).text


def test_a_change_that_is_refused_leaves_no_entry(house, call, refused):
    before = house.control.audit_log()
    refused(call("PATCH", f"/v1/admin/pipelines/{house.pipeline.id}", json={"name": 5}), 422, "VALIDATION_FAILED")
    refused(call("DELETE", "/v1/admin/tokens/tok_none"), 404, "NOT_FOUND")
    assert house.control.audit_log() == before


def test_entry_and_change_are_kept_together_or_not_at_all(house):
    class Stopped(Exception):
        pass

    before = house.control.audit_log(), house.control.tokens()

    def stop_half_way():
        with house.control.together():
            token, _ = house.control.create_token("half", "viewer")
            house.control.note(AuditEntry("", "token.created", "token", token.id, 0))
            raise Stopped

    with pytest.raises(Stopped):
        stop_half_way()
    assert (house.control.audit_log(), house.control.tokens()) == before


def test_the_log_can_only_be_added_to(house, tmp_path, call):
    call("POST", "/v1/admin/tokens", json={"name": "ci"})
    connection = sqlite3.connect(tmp_path / "store.db")
    for statement in ("DELETE FROM audit", "UPDATE audit SET action = 'nothing'"):
        with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
            connection.execute(statement)
    connection.close()
    assert newest(call)["action"] == "token.created"


def test_entries_are_found_by_filter_and_time_in_pages(house, call):
    for name in ("a", "b", "c"):
        call("POST", "/v1/admin/pipelines", json={"name": name})
        house.clock.pass_by(60)
    call("POST", "/v1/admin/tokens", json={"name": "ci"})
    first = call.get(PATH, params={"action": "pipeline.created", "limit": 2})
    rest = call.get(PATH, params={"action": "pipeline.created", "limit": 2, "cursor": first["next_cursor"]})
    names = [entry["changes"]["name"]["new"] for entry in first["data"] + rest["data"]]
    assert names == ["c", "b", "a"]
    assert not rest["has_more"]
    since = first["data"][0]["timestamp"]
    assert len(call.get(PATH, params={"since": since})["data"]) == 2
    assert {one["action"] for one in call.get(PATH, params={"until": since})["data"]} == {"pipeline.created"}


def test_a_time_without_its_offset_is_refused(call, refused):
    refused(call("GET", f"{PATH}?since=2026-01-01T00:00:00"), 422, "VALIDATION_FAILED", field="since")


def test_all_of_it_comes_as_json_lines_or_csv(house, call):
    for number in range(3):
        call("POST", "/v1/admin/tokens", json={"name": f"=cmd|{number}"})
    listed = call.get(PATH)["data"]
    exported = call("GET", f"{PATH}/export")
    assert exported.headers["content-type"].startswith("application/x-ndjson")
    assert [msgspec.json.decode(line) for line in exported.text.splitlines()] == listed
    reply = call("GET", f"{PATH}/export?format=csv&action=token.created")
    rows = list(csv.DictReader(io.StringIO(reply.text)))
    assert [row["id"] for row in rows] == [entry["id"] for entry in listed if entry["action"] == "token.created"]
    assert "attachment" in reply.headers["content-disposition"]


def test_a_cell_that_begins_like_a_formula_is_made_harmless(house, call):
    token = house.control.create_token("=1+1", "owner")[1]
    house.tokens["formula"] = token
    call("POST", "/v1/admin/tokens", json={"name": "ci"}, role="formula")
    rows = list(csv.DictReader(io.StringIO(call("GET", f"{PATH}/export?format=csv").text)))
    assert rows[0]["token_name"] == "'=1+1"


def in_order(operation):
    """What is used is removed after what uses it."""
    method, path, _ = operation
    return method == "DELETE", path.endswith("{pipeline_id}")


def test_whatever_changes_something_is_on_record_told_or_not(house, call):
    """Every route that is no reading one: if it succeeds, the log has grown."""
    installed = house.installed()
    token = house.control.create_token("x", "viewer")[0]
    house.control.renew_key(house.pipeline.id, expires_ms=None)
    (key,) = house.control.pipeline_keys()
    known = {
        "pipeline_id": house.pipeline.id,
        "integration_id": installed.id,
        "token_id": token.id,
        "vendor": "insider",
        "key_id": key.id,
    }
    bodies = {
        "/v1/admin/pipelines": {"name": "More"},
        "/v1/admin/tokens": {"name": "more"},
        "/v1/admin/users": {"email": "new@example.com"},
    }
    grown = set()
    for method, path, handler in sorted(changing(house.app), key=in_order):
        before = len(house.control.audit_log(limit=1000))
        filled = reduce(lambda text, name: text.replace(f"{{{name}}}", known[name]), known, path)
        reply = call(method, filled, json=bodies.get(path, {}))
        if reply.status_code < 300 and handler.opt.get("changes", True):
            assert len(house.control.audit_log(limit=1000)) == before + 1, (method, path)
            grown.add((method, path))
    assert {("POST", "/v1/admin/pipeline-integrations/{integration_id}/pause"), ("POST", "/v1/admin/users")} <= grown


def changing(app):
    for route in app.routes:
        if isinstance(route, HTTPRoute) and route.path_format.startswith("/v1/admin/"):
            for method in route.methods - SAFE:
                yield method, route.path_format, route.route_handler_map[method][0]
