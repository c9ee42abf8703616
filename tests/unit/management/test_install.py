import json
import re
import shlex
from pathlib import Path

import pytest

from datafly import catalog
from datafly.model.secret import Secret
from datafly.spec.faces import curl_install

PATH = "/v1/admin/integration-catalog/insider/install"
BODY = {
    "name": "Insider",
    "variant": "default",
    "config": {"api_key": "xxxxxxxxxxxxxxxxxxxx", "partner_name": "myco"},
    "delivery_mode": "server_side",
}


def body(**changes):
    return {**BODY, **changes}


def config(**changes):
    return body(config={**BODY["config"], **changes})


def test_the_documented_call_installs_word_for_word(house, call):
    words = shlex.split(curl_install(catalog.get("insider")))
    url = next(word for word in words if word.startswith("http"))
    headers = dict(word.split(": ", 1) for word in words if re.match(r"[A-Za-z-]+: ", word))
    assert headers["Authorization"] == "Bearer YOUR_TOKEN"
    reply = call(
        words[words.index("-X") + 1],
        url.removeprefix("http://localhost:8084"),
        content=words[words.index("-d") + 1].encode(),
        headers={"Content-Type": headers["Content-Type"]},
    )
    assert reply.status_code == 201
    made = reply.json()
    assert set(made) == {"template", "revision", "pipeline_integrations"}
    assert made["template"]["name"] == "Insider"
    assert made["template"]["vendor"] == "insider"
    assert made["template"]["catalog_vendor_key"] == "insider"
    assert made["template"]["catalog_variant_key"] == "default"
    assert made["revision"]["revision_number"] == 1
    assert made["revision"]["integration_id"] == made["template"]["id"]
    assert made["revision"]["config"] == {"api_key": "***", "partner_name": "myco"}
    assert made["revision"]["delivery_mode"] == "server_side"
    assert made["revision"]["created_by"] == "owner"
    (attached,) = made["pipeline_integrations"]
    assert attached["pipeline_id"] == house.pipeline.id
    assert attached["revision_id"] == made["revision"]["id"]
    assert attached["enabled"] is True
    assert attached["state"]["name"] == "running"


def test_an_editor_may_install_and_a_viewer_may_not(call, refused):
    refused(call("POST", PATH, role="viewer", json=BODY), 403, "FORBIDDEN")
    assert call("POST", PATH, role="editor", json=BODY).status_code == 201


def test_the_secret_is_kept_as_a_secret_and_shown_nowhere(house, call):
    made = call("POST", PATH, json=config(api_key="a-very-secret-key"))
    installation_id = made.json()["pipeline_integrations"][0]["id"]
    kept = house.control.installation(installation_id).revision.config["api_key"]
    assert isinstance(kept, Secret)
    assert kept.reveal() == "a-very-secret-key"
    for path in (f"/v1/admin/pipeline-integrations/{installation_id}", "/v1/admin/pipeline-integrations"):
        assert "a-very-secret-key" not in call("GET", path).text
    assert "a-very-secret-key" not in made.text


def test_it_begins_at_the_head_of_the_moment(house, call):
    for number in range(3):
        house.happens(f"before {number}", partition=number % 2)
    heads = house.heads()
    made = call("POST", PATH, json=BODY).json()
    assert house.control.installation(made["pipeline_integrations"][0]["id"]).start == heads
    assert made["pipeline_integrations"][0]["lag"] == 0
    house.happens("after")
    after, *before = call.get("/v1/admin/live-events")["data"]
    assert len(after["pending"]) == 1
    assert [event["pending"] for event in before] == [[], [], []]


def test_name_variant_and_mode_have_defaults(call):
    made = call("POST", PATH, json={"config": BODY["config"]}).json()
    assert made["template"]["name"] == "Insider"
    assert made["template"]["catalog_variant_key"] == "default"
    assert made["revision"]["delivery_mode"] == "server_side"


def test_a_duplicate_name_is_409(call, refused):
    assert call("POST", PATH, json=BODY).status_code == 201
    refused(call("POST", PATH, json=BODY), 409, "CONFLICT", field="name")
    assert call("POST", PATH, json=body(name="Insider 2")).status_code == 201


def test_the_name_is_free_again_once_it_is_uninstalled(call):
    made = call("POST", PATH, json=BODY).json()
    installation_id = made["pipeline_integrations"][0]["id"]
    assert call("DELETE", f"/v1/admin/pipeline-integrations/{installation_id}").status_code == 204
    assert call("POST", PATH, json=BODY).status_code == 201


def test_an_unknown_vendor_is_404(call, refused):
    refused(call("POST", PATH.replace("insider", "outsider"), json=BODY), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (body(variant="gardening"), "variant"),
        (body(delivery_mode="by_pigeon"), "delivery_mode"),
        (body(config={"partner_name": "myco"}), "config.api_key"),
        (body(config={"api_key": "x"}), "config.partner_name"),
        (body(config={}), "config.api_key"),
        (config(api_key=5), "config.api_key"),
        (config(api_key=None), "config.api_key"),
        (config(api_key=""), "config.api_key"),
        (config(api_key="***"), "config.api_key"),
        (config(partner_name=["myco"]), "config.partner_name"),
        (config(partner_name="My Co"), "config.partner_name"),
        (config(colour="red"), "config.colour"),
        (config(base_url="ftp://example.com"), "config.base_url"),
        (config(base_url="not a url"), "config.base_url"),
        (body(config="api_key"), "config"),
        (body(config=None), "config"),
        (body(name=""), "name"),
        (body(name=7), "name"),
        (body(name="x" * 256), "name"),
        (body(variant=1), "variant"),
        (body(templates=1), "templates"),
        (body(pipeline_ids=[]), "pipeline_ids"),
        (body(pipeline_ids=["pip_none"]), "pipeline_ids"),
        (body(pipeline_ids="pip_none"), "pipeline_ids"),
    ],
)
def test_a_wrong_field_is_422_names_it_and_installs_nothing(house, call, refused, wrong, field):
    refused(call("POST", PATH, json=wrong), 422, "VALIDATION_FAILED", field=field)
    assert house.control.installations() == []


def test_everything_that_is_wrong_is_named_at_once(call, refused):
    wrong = {"variant": "gardening", "config": {"partner_name": 5, "colour": "red"}}
    problems = refused(call("POST", PATH, json=wrong), 422, "VALIDATION_FAILED")["details"]["problems"]
    assert set(problems) == {"variant", "config.api_key", "config.partner_name", "config.colour"}
    assert problems["variant"] == "variant 'gardening' is not known; there is default, retail, travel, media."


@pytest.mark.parametrize("deep", ['{"a":' * 100_000, '{"a":' + "[" * 100_000])
def test_a_config_without_bottom_is_not_read(call, refused, deep):
    refused(call("POST", PATH, content=b'{"config": ' + deep.encode()), 400, "BAD_REQUEST")


def test_numbers_beyond_measure_are_refused(call, refused):
    sent = json.dumps(BODY).replace('"myco"', "1e400").encode()
    refused(call("POST", PATH, content=sent), 422, "VALIDATION_FAILED")


def test_several_pipelines_must_be_chosen_from(house, call, refused):
    other = call("POST", "/v1/admin/pipelines", json={"name": "Other"}).json()
    known = refused(call("POST", PATH, json=BODY), 422, "VALIDATION_FAILED", field="pipeline_ids")["details"]["known"]
    assert {pipeline["id"] for pipeline in known} == {house.pipeline.id, other["id"]}
    chosen = call("POST", PATH, json=body(pipeline_ids=[other["id"], house.pipeline.id, other["id"]])).json()
    assert [one["pipeline_id"] for one in chosen["pipeline_integrations"]] == [other["id"], house.pipeline.id]


def test_the_library_lists_vendors_with_their_form(call):
    listed = call.get("/v1/admin/integration-catalog", role="viewer")
    insider = next(vendor for vendor in listed["data"] if vendor["key"] == "insider")
    assert insider == call.get("/v1/admin/integration-catalog/insider")
    assert insider["name"] == "Insider"
    assert insider["category"] == "marketing_automation"
    assert insider["category_name"] == "Marketing Automation"
    assert insider["status"] == "alpha"
    assert insider["consent_category"] == "marketing"
    fields = {field["key"]: field for field in insider["config_fields"]}
    assert (fields["api_key"]["type"], fields["api_key"]["required"]) == ("secret", True)
    assert (fields["partner_name"]["type"], fields["partner_name"]["required"]) == ("string", True)
    assert fields["base_url"]["advanced"] is True
    assert [variant["key"] for variant in insider["variants"]] == ["default", "retail", "travel", "media"]
    assert [row["symptom"] for row in insider["troubleshooting"]][:2] == [
        "401 Unauthorized",
        "400 partner_name invalid",
    ]
    assert insider["installed"] == 0


def test_the_library_counts_what_is_installed(call):
    call("POST", PATH, json=BODY)
    assert call.get("/v1/admin/integration-catalog/insider")["installed"] == 1


def test_an_unknown_vendor_has_no_page(call, refused):
    refused(call("GET", "/v1/admin/integration-catalog/outsider"), 404, "NOT_FOUND")


def test_the_page_of_the_product_shows_this_very_call():
    page = Path(__file__).parents[3] / "docs" / "integrations"
    shown = [file.read_text() for file in page.glob("*.md") if PATH in file.read_text()]
    assert all(curl_install(catalog.get("insider")) in text for text in shown)


def test_an_integration_is_put_on_another_pipeline_from_now_on(house, call, refused):
    installed = house.installed()
    house.happens("m1")
    shop = call("POST", "/v1/admin/pipelines", json={"name": "Shop"}).json()
    body = {"integration_id": installed.template.id, "pipeline_id": shop["id"], "paused": True}
    path = "/v1/admin/pipeline-integrations"
    reply = call("POST", path, role="editor", json=body)
    assert reply.status_code == 201, reply.text
    made = house.control.installation(reply.json()["id"])
    assert (made.pipeline_id, made.revision.id, made.paused) == (shop["id"], installed.revision.id, True)
    assert made.start == house.heads()
    assert reply.headers["ETag"]
    refused(call("POST", path, json=body), 409, "CONFLICT", field="pipeline_id")
    refused(call("POST", path, json=body | {"pipeline_id": "pip_none"}), 404, "NOT_FOUND")
    refused(call("POST", path, json=body | {"integration_id": "tmpl_none"}), 404, "NOT_FOUND")
    third = call("POST", "/v1/admin/pipelines", json={"name": "Third"}).json()["id"]
    refused(call("POST", path, json=body | {"pipeline_id": third, "revision_id": "rev_none"}), 404, "NOT_FOUND")
    for one in house.control.installations():
        assert call("DELETE", f"{path}/{one.id}").status_code == 204
    again = call("POST", path, json=body | {"pipeline_id": third})
    assert again.status_code == 201, again.text
    made = house.control.installation(again.json()["id"])
    assert (made.revision.config, made.start) == (installed.revision.config, house.heads())


def test_what_was_uninstalled_does_not_come_back_beside_another_of_its_name(house, call, refused):
    first = house.installed()
    call("DELETE", f"/v1/admin/pipeline-integrations/{first.id}")
    house.installed(first.name)
    body = {"integration_id": first.template.id, "pipeline_id": house.pipeline.id}
    refused(call("POST", "/v1/admin/pipeline-integrations", json=body), 409, "CONFLICT", field="name")


def test_a_pipeline_that_lacks_a_parameter_gets_no_integration_that_names_it(house, call, refused):
    call("PATCH", f"/v1/admin/pipelines/{house.pipeline.id}", json={"parameters": {"partner": "myco"}})
    config = {"api_key": "s3cret-key", "partner_name": "{{pipeline_param.partner}}"}
    installed = call("POST", "/v1/admin/integration-catalog/insider/install", json={"config": config}).json()
    shop = call("POST", "/v1/admin/pipelines", json={"name": "Shop"}).json()["id"]
    body = {"integration_id": installed["template"]["id"], "pipeline_id": shop}
    error = refused(call("POST", "/v1/admin/pipeline-integrations", json=body), 422, "VALIDATION_FAILED")
    assert "partner" in error["message"]
    assert len(house.control.installations()) == 1


def test_an_integration_is_renamed_on_all_its_pipelines(house, call, refused):
    installed = house.installed()
    house.installed("Second")
    path = f"/v1/admin/integration-templates/{installed.template.id}"
    tag = call("GET", path).headers["ETag"]
    refused(call("PATCH", path, json={"name": "Second"}), 409, "CONFLICT", field="name")
    assert call("PATCH", path, json={"name": "Europe"}, headers={"If-Match": tag}).json()["name"] == "Europe"
    assert house.control.installation(installed.id).name == "Europe"
    refused(call("PATCH", path, json={"name": "Asia"}, headers={"If-Match": tag}), 412, "STALE")
    (entry,) = house.control.audit_log(limit=1)
    assert (entry.action, entry.changes) == (
        "integration_template.updated",
        {"name": {"old": "Insider", "new": "Europe"}},
    )
    assert house.installed("Insider").name == "Insider"


def test_an_integration_that_is_installed_is_not_deleted_and_says_where_it_is(house, call, refused):
    installed = house.installed()
    path = f"/v1/admin/integration-templates/{installed.template.id}"
    refused(call("DELETE", path, role="editor"), 403, "FORBIDDEN")
    error = refused(call("DELETE", path), 409, "INSTALLED", pipeline_integrations=[installed.id])
    assert error["message"] == (
        "Insider is installed on Default, at one of its revisions. Uninstall it there, then delete it."
    )
    refused(call("DELETE", "/v1/admin/integration-templates/tmpl_none"), 404, "NOT_FOUND")


def test_an_uninstalled_integration_is_deleted_and_what_it_sent_stays_on_record(house, call, refused):
    installed = house.installed()
    house.delivers(installed, house.happens("m1"))
    path = f"/v1/admin/integration-templates/{installed.template.id}"
    assert call("DELETE", f"/v1/admin/pipeline-integrations/{installed.id}").status_code == 204
    refused(call("DELETE", path, headers={"If-Match": '"stale"'}), 412, "STALE")
    tag = call("GET", path).headers["ETag"]
    assert call("DELETE", path, headers={"If-Match": tag}).status_code == 204
    refused(call("GET", path), 404, "NOT_FOUND")
    refused(call("GET", f"{path}/revisions"), 404, "NOT_FOUND")
    refused(call("DELETE", path), 404, "NOT_FOUND")
    assert call.get("/v1/admin/integration-templates")["data"] == []
    (entry,) = house.control.audit_log(limit=1)
    assert (entry.action, entry.resource_id) == ("integration_template.deleted", installed.template.id)
    assert entry.changes["name"] == {"old": "Insider", "new": None}
    shown = call.get(f"/v1/admin/pipeline-integrations/{installed.id}")
    assert (shown["state"]["name"], shown["config"]["api_key"]) == ("removed", "***")
    (event,) = call.get("/v1/admin/live-events")["data"]
    assert event["deliveries"][0]["revision_number"] == 1
    assert house.installed("Insider").name == "Insider"
