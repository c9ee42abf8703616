import pytest


def test_a_token_is_shown_once_and_works(house, call):
    reply = call("POST", "/v1/admin/tokens", json={"name": "ci", "role": "editor"})
    assert reply.status_code == 201
    created = reply.json()
    text = created.pop("token")
    assert text.startswith("dft_")
    house.tokens["new"] = text
    assert call("GET", "/v1/admin/pipelines", role="new").status_code == 200
    assert text not in call("GET", "/v1/admin/tokens").text
    assert created["id"] in [token["id"] for token in call.get("/v1/admin/tokens")["data"]]


def test_a_revoked_token_stops_at_once_and_stays_in_the_list(house, call, refused):
    created = call("POST", "/v1/admin/tokens", json={"name": "ci"}).json()
    house.tokens["new"] = created["token"]
    assert call("DELETE", f"/v1/admin/tokens/{created['id']}").status_code == 204
    assert call("DELETE", f"/v1/admin/tokens/{created['id']}").status_code == 204
    refused(call("GET", "/v1/admin/pipelines", role="new"), 401, "INVALID_TOKEN")
    listed = {token["id"]: token for token in call.get("/v1/admin/tokens")["data"]}
    assert listed[created["id"]]["revoked_at"]


def test_a_token_ends_when_it_was_said_to(house, call, refused):
    created = call("POST", "/v1/admin/tokens", json={"name": "ci", "expires_at": "2100-01-01T00:00:00Z"})
    assert created.json()["expires_at"] == "2100-01-01T00:00:00Z"
    past = call("POST", "/v1/admin/tokens", json={"name": "ci", "expires_at": "2001-01-01T00:00:00Z"})
    refused(past, 422, "VALIDATION_FAILED", field="expires_at")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "x", "role": "king"}, "role"),
        ({"name": "x", "expires_at": "tomorrow"}, "expires_at"),
        ({"name": "x", "expires_at": "2100-01-01T00:00:00"}, "expires_at"),
        ({"name": "x" * 256}, "name"),
    ],
)
def test_a_wrong_field_is_named(call, refused, body, field):
    refused(call("POST", "/v1/admin/tokens", json=body), 422, "VALIDATION_FAILED", field=field)


def test_nobody_hands_out_or_takes_away_more_than_they_have(house, call, refused):
    refused(call("POST", "/v1/admin/tokens", role="admin", json={"name": "x", "role": "owner"}), 403, "FORBIDDEN")
    owner = next(token for token in house.control.tokens() if token.role == "owner")
    refused(call("DELETE", f"/v1/admin/tokens/{owner.id}", role="admin"), 403, "FORBIDDEN")


def test_an_unknown_token_is_404(call, refused):
    refused(call("DELETE", "/v1/admin/tokens/tok_none"), 404, "NOT_FOUND")


def test_a_token_shows_its_end_and_who_made_it_and_is_changed_as_it_was_seen(call, refused):
    made = call("POST", "/v1/admin/tokens", json={"name": "ci", "role": "editor"}).json()
    path = f"/v1/admin/tokens/{made['id']}"
    seen = call("GET", path)
    assert seen.json()["masked"] == f"dft_…{made['token'][-4:]}"
    assert seen.json()["created_by"] == "owner"
    tag = {"If-Match": seen.headers["ETag"]}
    change = {"name": "CI", "expires_at": "2100-01-01T00:00:00Z"}
    changed = call("PATCH", path, json=change, headers=tag)
    assert (changed.json()["name"], changed.json()["expires_at"]) == ("CI", "2100-01-01T00:00:00Z")
    refused(call("PATCH", path, json={"name": "x"}, headers=tag), 412, "STALE")
    refused(call("DELETE", path, headers=tag), 412, "STALE")
    assert call("DELETE", path, headers={"If-Match": changed.headers["ETag"]}).status_code == 204
    refused(call("PATCH", path, json={"name": "x"}), 409, "REVOKED")


def test_using_a_token_makes_no_change_of_it_stale(house, call):
    made = call("POST", "/v1/admin/tokens", json={"name": "ci"}).json()
    path = f"/v1/admin/tokens/{made['id']}"
    tag = call("GET", path).headers["ETag"]
    house.control.find_token(made["token"])
    assert call("PATCH", path, json={"name": "x"}, headers={"If-Match": tag}).status_code == 200
