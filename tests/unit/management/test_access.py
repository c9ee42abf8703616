import pytest
from litestar.routes import HTTPRoute

from datafly.management.access import Role, lowest_role
from datafly.model.people import User

OPEN = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/v1/admin/openapi.json")}
COMING_IN = {
    ("GET", "/login"),
    ("POST", "/login"),
    ("GET", "/login/sso"),
    ("GET", "/login/sso/callback"),
    ("GET", "/welcome"),
    ("POST", "/welcome"),
    ("POST", "/v1/admin/auth/login"),
    ("POST", "/v1/admin/auth/refresh"),
}
OWN = ("/v1/admin/auth", "/logout")
"""What is one's own account: everybody may change it."""


def operations(app):
    for route in app.routes:
        if isinstance(route, HTTPRoute) and not route.path_format.startswith("/v1/admin/openapi.json/"):
            for method in sorted(route.methods - {"OPTIONS"}):
                yield method, route.path_format


def filled(path):
    return path.replace("{", "no-").replace("}", "")


def body(method):
    return {} if method in {"POST", "PATCH", "PUT"} else None


def test_without_a_token_nothing_answers_but_health_the_document_and_what_lets_one_in(house, call, refused):
    for method, path in operations(house.app):
        reply = call(method, filled(path), role=None, follow_redirects=False)
        if (method, path) in OPEN:
            assert reply.status_code == 200, path
        elif (method, path) in COMING_IN:
            assert "WWW-Authenticate" not in reply.headers or path == "/v1/admin/auth/refresh", path
        else:
            refused(reply, 401, "INVALID_TOKEN")
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.fixture(params=["token", "cookie"])
def by(request, house, call):
    """Calls with an API token, or with the cookie of a session that is new for every call."""

    def by_token(method, path, role, **kwargs):
        return call(method, path, role=role, **kwargs)

    def by_cookie(method, path, role, **kwargs):
        email = f"{role}@example.com"
        user = house.control.user_by_email(email) or house.control.create_user(
            User(id="", email=email, role=role, status="active")
        )
        text = house.control.open_session(user.id, "browser", method="link", lasts_ms=10**9)[1]
        headers = {"Cookie": f"datafly_session={text}", "Sec-Fetch-Site": "same-origin"}
        return call(method, path, role=None, headers=headers, **kwargs)

    return by_token if request.param == "token" else by_cookie


@pytest.mark.parametrize("role", ["owner", "admin", "editor", "viewer"])
def test_every_route_holds_every_role_to_the_table_whichever_way_they_come(house, by, refused, role):
    for method, path in operations(house.app):
        reply = by(method, filled(path), role, json=body(method), follow_redirects=False)
        lowest = lowest_role(method, path)
        assert lowest is not None, (method, path)
        if Role[role.upper()] < lowest:
            refused(reply, 403, "FORBIDDEN", role=role)
        elif (method, path) not in COMING_IN and reply.status_code == 403:
            refused(reply, 403, "USERS_ONLY")
        elif (method, path) not in COMING_IN:
            assert reply.status_code != 401, (method, path, reply.text)
        assert reply.status_code < 500, (method, path, reply.text)


def test_a_viewer_may_only_read_but_for_what_is_their_own(house):
    for method, path in operations(house.app):
        if lowest_role(method, path) <= Role.VIEWER and (method, path) not in COMING_IN:
            assert method == "GET" or path.startswith(OWN), path


def test_tokens_users_and_the_audit_log_are_for_admins_and_removing_is_too(house):
    for method, path in operations(house.app):
        guarded = path.startswith(("/v1/admin/tokens", "/v1/admin/users", "/v1/admin/audit-log"))
        if guarded or (method == "DELETE" and not path.startswith(OWN)):
            assert lowest_role(method, path) == Role.ADMIN, path


def test_what_no_rule_knows_is_nobodys():
    assert lowest_role("GET", "/somewhere/else") is None
    assert lowest_role("GET", "/v1/administrators") is None
    assert lowest_role("POST", "/") is None


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
