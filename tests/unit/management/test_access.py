import pytest
from litestar.routes import HTTPRoute

from datafly.management.access import Role, lowest_role

UNKNOWN_IDS = {"pipeline_id", "token_id", "dead_letter_id", "replay_id", "vendor", "integration_id"}
OPEN = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/v1/admin/openapi.json")}


def operations(app):
    for route in app.routes:
        if isinstance(route, HTTPRoute) and not route.path_format.startswith("/v1/admin/openapi.json/"):
            for method in sorted(route.methods - {"OPTIONS"}):
                yield method, route.path_format


def filled(path):
    return path.replace("{", "no-").replace("}", "")


def test_without_a_token_nothing_but_health_and_the_document_answers(house, call, refused):
    for method, path in operations(house.app):
        reply = call(method, filled(path), role=None)
        if (method, path) in OPEN:
            assert reply.status_code == 200, path
        else:
            refused(reply, 401, "INVALID_TOKEN")
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("role", ["owner", "admin", "editor", "viewer"])
def test_every_route_holds_every_role_to_the_table(house, call, refused, role):
    for method, path in operations(house.app):
        reply = call(method, filled(path), role=role, json={} if method in {"POST", "PATCH"} else None)
        if Role[role.upper()] < lowest_role(method, path):
            refused(reply, 403, "FORBIDDEN", role=role)
        else:
            assert reply.status_code not in {401, 403}, (method, path, reply.text)
            assert reply.status_code < 500, (method, path, reply.text)


def test_a_viewer_may_only_read(house):
    for method, path in operations(house.app):
        if lowest_role(method, path) <= Role.VIEWER:
            assert method == "GET"


def test_tokens_are_for_admins_and_removing_is_too(house):
    for method, path in operations(house.app):
        if path.startswith("/v1/admin/tokens") or method == "DELETE":
            assert lowest_role(method, path) == Role.ADMIN


def test_what_no_rule_knows_is_nobodys():
    assert lowest_role("GET", "/somewhere/else") is None
    assert lowest_role("GET", "/v1/administrators") is None


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer dft_wrong", "Basic dXNlcjpwYXNz", "dft_without_scheme", "Bearer dft_\xe9"],
)
def test_a_bad_token_is_told_and_where_to_get_one(call, refused, header):
    reply = call("GET", "/v1/admin/pipelines", role=None, headers={"Authorization": header.encode("latin-1")})
    assert "datafly token create" in refused(reply, 401, "INVALID_TOKEN")["message"]


def test_a_revoked_token_opens_nothing(house, call, refused):
    token, text = house.control.create_token("gone", "owner")
    house.control.revoke_token(token.id)
    house.tokens["gone"] = text
    refused(call("GET", "/v1/admin/pipelines", role="gone"), 401, "INVALID_TOKEN")


def test_a_path_written_oddly_is_held_to_the_same_rule(call, refused):
    refused(call("GET", "/v1/admin//tokens", role="viewer"), 403, "FORBIDDEN")
    refused(call("GET", "/v1/admin/tokens/", role="viewer"), 403, "FORBIDDEN")


def test_an_api_token_is_not_held_to_a_hundred_requests_a_minute(call):
    assert {call("GET", "/v1/admin/pipelines").status_code for _ in range(150)} == {200}
