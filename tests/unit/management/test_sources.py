"""Webhook sources and the signing secret of a pipeline, over the API."""

import pytest

from datafly.model.installation import Pipeline
from datafly.model.secret import Secret
from datafly.model.source import SIGNING, Source
from datafly.runtime.pipelines import Pipelines

STRIPE = {"kind": "stripe", "secret": "whsec_very-secret"}


@pytest.fixture
def at(house):
    return f"/v1/admin/pipelines/{house.pipeline.id}"


def made(call, at, **body):
    reply = call("POST", f"{at}/sources", role="editor", json={**STRIPE, **body})
    assert reply.status_code == 201, reply.text
    return reply


def test_a_source_is_made_changed_and_removed_and_the_gateway_follows(house, call, at, refused):
    gateway = Pipelines(house.control, clock=house.clock)
    told = made(call, at, name="Payments", mappings={"userId": "$.customer"}).json()
    assert told["path"] == f"/v1/webhook?source={told['id']}"
    assert told["url"] == f"https://YOUR_GATEWAY{told['path']}"
    assert call.get(f"{at}/sources", role="viewer")["data"] == [told]
    one = f"{at}/sources/{told['id']}"
    assert call.get(one, role="viewer") == told
    gateway.refresh()
    assert gateway.sources()[told["id"]].secret == Secret("whsec_very-secret")

    changed = call("PATCH", one, role="editor", json={"secret": "whsec_other", "mappings": {}})
    assert changed.json() == {**told, "mappings": {}}
    gateway.refresh()
    assert gateway.sources()[told["id"]].secret == Secret("whsec_other")

    refused(call("DELETE", one, role="editor"), 403, "FORBIDDEN")
    assert call("DELETE", one).status_code == 204
    gateway.refresh()
    assert gateway.sources() == {}
    for method in ("GET", "PATCH", "DELETE"):
        refused(call(method, one, json={} if method == "PATCH" else None), 404, "NOT_FOUND")


@pytest.mark.parametrize("settings", [{"gateway_url": "https://events.example.com"}], indirect=True)
def test_the_address_to_post_to_is_told_whole_where_that_of_the_gateway_is_known(call, at):
    told = made(call, at).json()
    assert told["url"] == f"https://events.example.com/v1/webhook?source={told['id']}"


def test_a_change_of_what_was_changed_meanwhile_is_412_also_if_only_the_secret_was(house, call, at, refused):
    first = made(call, at)
    one, tag = f"{at}/sources/{first.json()['id']}", first.headers["ETag"]
    assert call("GET", one).headers["ETag"] == tag
    call("PATCH", one, json={"secret": "whsec_other"})
    for method in ("PATCH", "DELETE"):
        refused(call(method, one, json={}, headers={"If-Match": tag}), 412, "STALE")
    assert [source.secret for source in house.control.sources()] == [Secret("whsec_other")]
    now = call("GET", one).headers["ETag"]
    assert call("DELETE", one, headers={"If-Match": now}).status_code == 204


def test_a_call_that_is_repeated_makes_one_source(house, call, at):
    headers = {"Idempotency-Key": "once"}
    answers = [call("POST", f"{at}/sources", json=STRIPE, headers=headers).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(house.control.sources()) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "paypal"}, "kind"),
        ({"kind": "events"}, "kind"),
        ({"secret": ""}, "secret"),
        ({"secret": "***"}, "secret"),
        ({"kind": "custom"}, "header"),
        ({"kind": "custom", "header": "X Signature"}, "header"),
        ({"kind": "custom", "header": "X-Signature", "verify": "maybe"}, "verify"),
        ({"header": "X-Signature"}, "header"),
        ({"verify": "none"}, "verify"),
        ({"mappings": {"amount": "$.amount"}}, "mappings"),
        ({"mappings": {"properties.amount": "$.lines[*].amount"}}, "mappings"),
        ({"event_type_path": "$"}, "event_type_path"),
        ({"name": "two\nlines"}, "name"),
        ({"id": "wh_mine"}, "id"),
    ],
)
def test_a_source_that_could_never_work_is_refused_by_its_field(call, at, refused, body, field):
    told = refused(call("POST", f"{at}/sources", json={**STRIPE, **body}), 422, "VALIDATION_FAILED")
    assert told["details"]["field"].startswith(field)
    assert call.get(f"{at}/sources")["data"] == []


def test_a_source_needs_its_secret_but_for_one_that_is_let_in_on_the_word_of_nobody(call, at, refused):
    path = f"{at}/sources"
    refused(call("POST", path, json={"kind": "shopify"}), 422, "VALIDATION_FAILED", field="secret")
    told = call("POST", path, json={"kind": "custom", "verify": "none"}).json()
    assert (told["secret"], told["verify"]) == (None, "none")
    one = f"{path}/{told['id']}"
    refused(call("PATCH", one, json={"verify": "hmac", "header": "X-S"}), 422, "VALIDATION_FAILED", field="secret")
    assert call("PATCH", one, json={"verify": "hmac", "header": "X-S", "secret": "s"}).json()["secret"] == "***"


def test_sources_are_told_apart_by_names_as_a_document_tells_them(house, call, at, refused):
    house.control.put_source(Source("wh_old", house.pipeline.id, "stripe", Secret("s")))
    assert [one["name"] for one in call.get(f"{at}/sources")["data"]] == ["stripe"]
    second = made(call, at).json()
    assert second["name"] == "stripe 2"
    tag = call("GET", f"{at}/sources/wh_old").headers["ETag"]
    assert call("PATCH", f"{at}/sources/wh_old", json={"secret": "t"}, headers={"If-Match": tag}).status_code == 200
    refused(call("PATCH", f"{at}/sources/wh_old", json={}, headers={"If-Match": tag}), 412, "STALE")
    refused(call("POST", f"{at}/sources", json={**STRIPE, "name": "stripe"}), 409, "CONFLICT", field="name")
    renaming = call("PATCH", f"{at}/sources/{second['id']}", json={"name": "stripe"})
    refused(renaming, 409, "CONFLICT", field="name")
    kept = call("PATCH", f"{at}/sources/{second['id']}", json={"name": "stripe 2"})
    assert kept.status_code == 200
    webhooks = call.get("/v1/admin/config")["document"]["webhooks"]
    assert set(webhooks) == {"stripe", "stripe 2"}


def test_a_source_belongs_to_its_pipeline(house, call, at, refused):
    other = house.control.create_pipeline(Pipeline(id="", name="Other", slug="", pipeline_key=""))
    mine = made(call, at).json()["id"]
    elsewhere = f"/v1/admin/pipelines/{other.id}/sources"
    assert call.get(elsewhere)["data"] == []
    for method in ("GET", "PATCH", "DELETE"):
        reply = call(method, f"{elsewhere}/{mine}", json={} if method == "PATCH" else None)
        refused(reply, 404, "NOT_FOUND")
    refused(call("POST", "/v1/admin/pipelines/pip_no/sources", json=STRIPE), 404, "NOT_FOUND")
    refused(call("GET", "/v1/admin/pipelines/pip_no/sources"), 404, "NOT_FOUND")


def test_pages_of_sources_follow_each_other(call, at):
    names = {made(call, at).json()["name"] for _ in range(3)}
    first = call.get(f"{at}/sources?limit=2")
    rest = call.get(f"{at}/sources?limit=2&cursor={first['next_cursor']}")
    assert {one["name"] for one in [*first["data"], *rest["data"]]} == names
    assert not rest["has_more"]


def test_the_signing_secret_is_shown_once_made_anew_and_removed(house, call, at, refused):
    path = f"{at}/signing-secret"
    refused(call("GET", path), 404, "NOT_FOUND")
    refused(call("DELETE", path), 404, "NOT_FOUND")
    first = call("POST", path, role="editor")
    assert first.status_code == 201
    secret, tag = first.json()["signing_secret"], first.headers["ETag"]
    (kept,) = house.control.sources()
    assert (kept.kind, kept.secret) == (SIGNING, Secret(secret))
    read = call("GET", path, role="viewer")
    assert (set(read.json()), read.headers["ETag"]) == ({"made_at"}, tag)
    assert call.get(f"{at}/sources")["data"] == []
    refused(call("GET", f"{at}/sources/{kept.id}"), 404, "NOT_FOUND")

    anew = call("POST", path, headers={"If-Match": tag}).json()["signing_secret"]
    assert anew != secret
    assert [source.secret for source in house.control.sources()] == [Secret(anew)]
    refused(call("POST", path, headers={"If-Match": tag}), 412, "STALE")
    refused(call("DELETE", path, headers={"If-Match": tag}), 412, "STALE")
    refused(call("DELETE", path, role="editor"), 403, "FORBIDDEN")
    assert call("DELETE", path).status_code == 204
    assert house.control.sources() == []


def test_a_call_for_a_signing_secret_that_is_repeated_tells_the_same_one(house, call, at):
    headers = {"Idempotency-Key": "once"}
    answers = [call("POST", f"{at}/signing-secret", headers=headers).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert [source.secret for source in house.control.sources()] == [Secret(answers[0]["signing_secret"])]


def test_no_secret_of_a_sender_is_ever_told_again_nor_kept_readably(house, call, at, tmp_path):
    one = f"{at}/sources/{made(call, at).json()['id']}"
    call("PATCH", one, json={"secret": "whsec_other-secret"})
    signing = call("POST", f"{at}/signing-secret").json()["signing_secret"]
    call("POST", f"{at}/signing-secret")
    call("DELETE", one)
    call("DELETE", f"{at}/signing-secret")
    entries = call.get("/v1/admin/audit-log")["data"]
    assert [entry["action"] for entry in entries] == [
        "source.deleted",
        "source.deleted",
        "source.signing_secret_renewed",
        "source.signing_secret_renewed",
        "source.updated",
        "source.created",
    ]
    assert entries[4]["changes"] == {"secret": {"old": "***", "new": "***"}}
    files = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    for secret in ("whsec_very-secret", "whsec_other-secret", signing):
        assert secret not in str(entries)
        assert not any(secret.encode() in content for content in files)
