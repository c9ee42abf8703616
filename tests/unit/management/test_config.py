"""The configuration as one document: exported, planned, applied."""

import json
import re

import jsonschema_rs
import pytest

from datafly import catalog
from datafly.management.alerts.readings import DEFAULTS
from datafly.management.declared.references import references
from datafly.management.declared.schema import schema
from datafly.model.consent import ConsentSettings
from datafly.model.installation import Installation
from datafly.model.secret import Secret
from datafly.model.source import SIGNING, Source, signing_id

PATH = "/v1/admin/config"
OVERRIDES = {"events": {"Product Viewed": {"enabled": False}}}


@pytest.fixture
def full(house, call):
    """A store with everything that a document can say."""
    told = {
        "name": "Shop €",
        "type": "server",
        "domain_allowlist": ["*.example.com"],
        "rate_limit_rps": 200,
        "consent_defaults": {"marketing": True},
        "parameters": {"partner": "shopco"},
        "js_builder_config": {"script_filename": "shop.js", "auto_page": False},
        "pii_rules": {"redact_fields": ["traits.ssn"], "hash_fields": ["traits.email"], "raw_for": ["insider"]},
    }
    shop = call("POST", "/v1/admin/pipelines", json=told).json()
    control = house.control
    control.put_source(Source(signing_id(shop["id"]), shop["id"], SIGNING, Secret("dsk_signing")))
    control.put_source(Source("wh_1", shop["id"], "stripe", Secret("whsec_stripe")))
    control.put_source(Source("wh_2", shop["id"], "stripe", Secret("whsec_other"), name="payments abroad"))
    mapped = {"properties.order": "order.id", "event": "kind"}
    control.put_source(Source("wh_3", house.pipeline.id, "custom", None, 0, "none", "", "kind", mapped))
    body = {
        "name": "Insider",
        "config": {"api_key": "s3cret-key", "partner_name": "{{pipeline_param.partner}}"},
        "overrides": OVERRIDES,
        "pipeline_ids": [shop["id"]],
    }
    installed = call("POST", "/v1/admin/integration-catalog/insider/install", json=body)
    assert installed.status_code == 201, installed.text
    second = house.installed("Second")
    control.attach(Installation("pi_x", shop["id"], second.template, second.revision, enabled=False, paused=True))
    changed = call("PATCH", "/v1/admin/pipeline-integrations/pi_x", json={"config": {"partner_name": "else"}})
    assert changed.status_code == 200, changed.text
    watches(call, shop["id"], second.id)
    return house


def watches(call, pipeline_id, installation_id):
    """What is watched, whom it is told, and what is decided on consent."""
    ids = {}
    for name, told in {
        "Shop is silent": {"kind": "zero_traffic", "pipeline_id": pipeline_id},
        "Second is slow": {"kind": "backlog_age", "threshold": 60, "pipeline_integration_id": installation_id},
        "The disk is full": {"kind": "disk", "threshold": 0.05, "enabled": False},
    }.items():
        ids[name] = call("POST", "/v1/admin/alerts", json={"name": name, **told}).json()["id"]
    hook = {"name": "Ops", "kind": "webhook", "url": "https://hooks.example/s3cret", "secret": "whsec_" + "a" * 24}
    mail = {"name": "Shopkeeper", "kind": "email", "to": ["a@shop.example"], "alert_ids": [ids["Shop is silent"]]}
    for body in (hook, mail):
        assert call("POST", "/v1/admin/alert-channels", json=body).status_code == 201
    settings = {"defaults": {"analytics": True}, "words": {"werbung": "marketing"}, "without_consent": "strip"}
    assert call("PATCH", "/v1/admin/consent-settings", json=settings).status_code == 200


def exported(call):
    return call.get(PATH)["document"]


def secrets_of(call):
    """What stands for each variable; the same where the secret is the same."""
    told = {
        "env:SIGNAL_INSIDER_API_KEY": "s3cret-key",
        "env:SIGNAL_SECOND_API_KEY": "s3cret-key",
        "env:SIGNAL_SECOND_SHOP_API_KEY": "s3cret-key",
        "env:SIGNAL_SHOP_SIGNING_SECRET": "dsk_signing",
        "env:SIGNAL_STRIPE_SECRET": "whsec_stripe",
        "env:SIGNAL_PAYMENTS_ABROAD_SECRET": "whsec_other",
        "env:SIGNAL_OPS_URL": "https://hooks.example/s3cret",
        "env:SIGNAL_OPS_SECRET": "whsec_" + "a" * 24,
    }
    assert set(call.get(PATH)["variables"]) == set(told)
    return told


def plan(call, document, **body):
    reply = call("POST", f"{PATH}/plan", json={"document": document, **body})
    assert reply.status_code == 200, reply.text
    return reply.json()


def applied(call, document, **body):
    reply = call("POST", f"{PATH}/apply", json={"document": document, **body})
    assert reply.status_code == 200, reply.text
    return reply.json()["changes"]


def told(changes):
    return [(one["action"], one["kind"], one["name"], one["pipeline"]) for one in changes]


def problems(reply, refused):
    error = refused(reply, 422, "VALIDATION_FAILED")
    return {tuple(one["path"]): one["message"] for one in error["details"]["problems"]}


def test_an_export_holds_all_but_secrets_and_ids(full, call):
    document = exported(call)
    text = json.dumps(call.get(PATH))
    for secret in ("s3cret", "dsk_", "whsec"):
        assert secret not in text
    assert re.search(r'"(pip|pi|tmpl|rev|wh|dk_live|alr|alc)_', text) is None
    assert document["pipelines"]["Shop €"]["signing_secret"] == "env:SIGNAL_SHOP_SIGNING_SECRET"
    assert set(document["webhooks"]) == {"stripe", "payments abroad", "custom"}
    assert document["version"] == 1
    assert document["pipelines"]["Default"] == {}
    assert document["integrations"]["Insider"]["overrides"] == OVERRIDES
    assert document["integrations"]["Second"]["pipelines"]["Shop €"]["paused"] is True
    assert document["pipelines"]["Shop €"]["js_builder_config"] == {"script_filename": "shop.js", "auto_page": False}
    rules = {"redact_fields": ["traits.ssn"], "hash_fields": ["traits.email"], "raw_for": ["insider"]}
    assert document["pipelines"]["Shop €"]["pii_rules"] == rules
    slow = {"kind": "backlog_age", "threshold": 60, "pipeline": "Default", "integration": "Second"}
    assert document["alerts"]["Second is slow"] == slow
    assert document["alert_channels"]["Ops"]["url"] == "env:SIGNAL_OPS_URL"
    assert document["alert_channels"]["Shopkeeper"]["alerts"] == ["Shop is silent"]
    assert document["consent"]["without_consent"] == "strip"


def test_what_was_exported_changes_nothing_where_it_came_from(full, call):
    found = plan(call, exported(call), secrets=secrets_of(call))
    assert found["changes"] == []
    assert applied(call, exported(call), secrets=secrets_of(call)) == []
    assert call.get("/v1/admin/audit-log", params={"limit": 1})["data"][0]["action"] == "consent_settings.updated"


def test_an_empty_store_becomes_the_same_and_a_second_time_changes_nothing(full, call):
    document, secrets = exported(call), secrets_of(call)
    applied(call, NOTHING)
    assert (full.control.pipelines(), full.control.installations(), full.control.sources()) == ([], [], [])

    changes = applied(call, document, secrets=secrets)
    assert {action for action, kind, *_ in told(changes) if kind != "consent"} == {"add"}
    assert exported(call) == document
    assert plan(call, document, secrets=secrets)["changes"] == []
    kept = {one.name: one.revision.config for one in full.control.installations()}
    assert kept["Insider"]["api_key"] == Secret("s3cret-key")


def test_a_new_integration_begins_at_the_head_and_a_removed_one_ends_there(full, call):
    document, secrets = exported(call), secrets_of(call)
    full.happens("m1", user_id="jane", event="Order Completed")
    del document["integrations"]["Second"], document["alerts"]["Second is slow"]
    document["integrations"]["Third"] = {**document["integrations"]["Insider"], "pipelines": {"Shop €": {}}}
    assert told(applied(call, document, secrets=secrets)) == [
        ("remove", "integration", "Second", "Default"),
        ("remove", "integration", "Second", "Shop €"),
        ("add", "integration", "Third", "Shop €"),
        ("remove", "alert", "Second is slow", None),
    ]
    third = next(one for one in full.control.installations() if one.name == "Third")
    assert third.start == full.heads()
    removed = [one for one in full.control.installations(removed=True) if one.name == "Second"]
    assert [one.end for one in removed] == [full.heads()] * 2


def test_a_plan_shows_fields_with_old_and_new_and_no_secret(full, call):
    document, secrets = exported(call), secrets_of(call)
    document["pipelines"]["Shop €"]["rate_limit_rps"] = 5
    document["integrations"]["Insider"]["overrides"] = {}
    found = plan(call, document, secrets=secrets | {"env:SIGNAL_INSIDER_API_KEY": "another-s3cret"})
    assert told(found["changes"]) == [
        ("change", "pipeline", "Shop €", None),
        ("change", "integration", "Insider", "Shop €"),
    ]
    shop, insider = (one["fields"] for one in found["changes"])
    assert shop == [{"field": "rate_limit_rps", "old": 200, "new": 5}]
    assert {one["field"]: one["new"] for one in insider} == {"config.api_key": "***", "overrides": {}}
    assert "s3cret" not in json.dumps(found)


def test_planning_changes_nothing(full, call):
    before, entries = exported(call), len(full.control.audit_log())
    plan(call, {"pipelines": {}, "integrations": {}, "webhooks": {}})
    assert exported(call) == before
    assert len(full.control.audit_log()) == entries


def test_a_section_that_is_left_out_stays_as_it_is(full, call):
    before = exported(call)
    assert applied(call, {"version": 1}) == []
    assert told(applied(call, {"webhooks": {}})) == [
        ("remove", "webhook", name, None) for name in ("custom", "payments abroad", "stripe")
    ]
    assert exported(call) == {**before, "webhooks": {}}


def test_pipelines_take_what_is_on_them_along(full, call):
    document, secrets = exported(call), secrets_of(call)
    gone = applied(call, {"pipelines": {"Default": document["pipelines"]["Default"]}}, secrets=secrets)
    assert ("remove", "pipeline", "Shop €", None) in told(gone)
    assert ("remove", "integration", "Insider", "Shop €") in told(gone)
    assert ("remove", "webhook", "stripe", None) in told(gone)
    assert [one.name for one in full.control.pipelines()] == ["Default"]


def test_an_error_in_the_middle_applies_nothing(full, call, refused, monkeypatch):
    document, secrets = exported(call), secrets_of(call)
    document["pipelines"]["New"] = {}
    document["webhooks"]["new"] = {"kind": "custom", "verify": "none", "pipeline": "New"}
    before, entries = exported(call), len(full.control.audit_log())
    put, puts = full.control.put_source, []

    def fails(source):
        puts.append(put(source))
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(full.control, "put_source", fails)
    refused(call("POST", f"{PATH}/apply", json={"document": document, "secrets": secrets}), 500, "INTERNAL")
    assert len(puts) == 1
    assert exported(call) == before
    assert len(full.control.audit_log()) == entries


def test_all_that_is_wrong_is_told_with_its_place(full, call, refused):
    document = {
        "pipelines": {
            "Default": {"rate_limit_rps": "many", "colour": "red"},
            "Other": {"consent_defaults": {"everything": True}},
        },
        "integrations": {
            "A": {"vendor": "nobody", "pipelines": {"Default": {}}},
            "B": {"vendor": "insider", "config": {"api_key": "in the clear"}, "pipelines": {"Default": {}}},
        },
    }
    shape = problems(call("POST", f"{PATH}/plan", json={"document": document}), refused)
    assert len(shape) == 1
    assert next(iter(shape)) in {("pipelines", "Default", "rate_limit_rps"), ("pipelines", "Default", "colour")}
    document["pipelines"]["Default"] = {}
    meaning = problems(call("POST", f"{PATH}/plan", json={"document": document}), refused)
    assert set(meaning) == {
        ("pipelines", "Other", "consent_defaults"),
        ("integrations", "A", "vendor"),
        ("integrations", "B", "config", "api_key"),
    }
    assert "insider" in meaning["integrations", "A", "vendor"]
    assert "env:NAME" in meaning["integrations", "B", "config", "api_key"]
    assert "in the clear" not in json.dumps(list(meaning.values()))


def test_a_name_that_is_unknown_names_those_there_are(full, call, refused):
    document, secrets = exported(call), secrets_of(call)
    document["integrations"]["Insider"]["pipelines"]["Shpo"] = {}
    document["integrations"]["Second"]["vendor"] = "webhook"
    document["webhooks"]["stripe"]["pipeline"] = "Shpo"
    found = problems(call("POST", f"{PATH}/plan", json={"document": document, "secrets": secrets}), refused)
    assert "Shop €" in found["integrations", "Insider", "pipelines", "Shpo"]
    assert "Shop €" in found["webhooks", "stripe", "pipeline"]


def test_a_secret_that_is_not_there_is_refused_unless_what_is_kept_may_stay(full, call, refused):
    document, secrets = exported(call), secrets_of(call)
    found = problems(call("POST", f"{PATH}/plan", json={"document": document}), refused)
    assert found["integrations", "Insider", "config", "api_key"].startswith("env:SIGNAL_INSIDER_API_KEY is not there")
    assert plan(call, document, keep_secrets=True)["changes"] == []
    document["integrations"]["New"] = {**document["integrations"]["Insider"], "pipelines": {"Shop €": {}}}
    document["integrations"]["New"]["config"] = {"partner_name": "x", "api_key": "env:NEW"}
    reply = call("POST", f"{PATH}/plan", json={"document": document, "secrets": secrets, "keep_secrets": True})
    assert list(problems(reply, refused)) == [("integrations", "New", "config", "api_key")]


def test_what_was_agreed_to_is_what_is_applied(full, call, refused):
    document, secrets = exported(call), secrets_of(call)
    document["pipelines"]["Shop €"]["rate_limit_rps"] = 7
    agreed = plan(call, document, secrets=secrets)["id"]
    applied(call, {"webhooks": {}})
    body = {"document": document, "secrets": secrets, "plan_id": agreed}
    refused(call("POST", f"{PATH}/apply", json=body), 412, "STALE")
    body["plan_id"] = plan(call, document, secrets=secrets)["id"]
    assert call("POST", f"{PATH}/apply", json=body).status_code == 200


def test_each_change_is_in_the_audit_log_with_who_made_it(full, call):
    document, secrets = exported(call), secrets_of(call)
    document["pipelines"]["Shop €"]["rate_limit_rps"] = 7
    del document["webhooks"]["stripe"]
    entries = len(full.control.audit_log())
    call("POST", f"{PATH}/apply", role="admin", json={"document": document, "secrets": secrets})
    new = full.control.audit_log()[: len(full.control.audit_log()) - entries]
    assert [(one.action, one.token_name) for one in new] == [
        ("source.deleted", "admin"),
        ("pipeline.updated", "admin"),
    ]
    assert new[1].changes == {"rate_limit_rps": {"old": 200, "new": 7}}


def test_pipelines_that_say_the_same_share_a_revision(full, call):
    document, secrets = exported(call), secrets_of(call)
    document["integrations"]["Second"]["config"]["partner_name"] = "both"
    document["integrations"]["Second"]["pipelines"] = {"Default": {}, "Shop €": {}}
    applied(call, document, secrets=secrets)
    second = [one for one in full.control.installations() if one.name == "Second"]
    assert len({one.revision.id for one in second}) == 1
    assert {one.revision.config["partner_name"] for one in second} == {"both"}


def test_the_schema_takes_what_is_exported_and_refuses_what_an_integration_has_not(full, call):
    document, told = exported(call), schema(catalog)
    assert [one.message for one in jsonschema_rs.iter_errors(told, document)] == []
    document["integrations"]["Insider"]["config"]["colour"] = "red"
    assert not jsonschema_rs.is_valid(told, document)


def test_every_variable_stands_in_the_document(full, call):
    found = call.get(PATH)
    assert references(found["document"]) == set(found["variables"])


NOTHING = {name: {} for name in ("pipelines", "integrations", "webhooks", "alerts", "alert_channels", "consent")}


def test_alerts_channels_and_consent_are_taken_away_and_come_back_as_they_were(full, call):
    document, secrets = exported(call), secrets_of(call)
    gone = told(applied(call, NOTHING))
    assert {("remove", "alert", "Shop is silent", None), ("remove", "alert_channel", "Ops", None)} <= set(gone)
    assert ("change", "consent", "for all pipelines", None) in gone
    control = full.control
    assert (control.alert_rules(), control.alert_channels()) == ([], [])
    assert control.consent_settings() == ConsentSettings()

    applied(call, document, secrets=secrets)
    assert exported(call) == document
    assert plan(call, document, secrets=secrets)["changes"] == []
    ops, mail = sorted(control.alert_channels(), key=lambda one: one.name)
    assert ops.url == Secret("https://hooks.example/s3cret")
    assert [control.alert_rule(one).name for one in mail.rule_ids] == ["Shop is silent"]
    second = next(one for one in control.alert_rules() if one.name == "Second is slow")
    assert control.installation(second.installation_id).name == "Second"


def test_what_is_about_a_pipeline_goes_with_it_and_who_heard_of_nothing_else_hears_nothing(full, call):
    document, secrets = exported(call), secrets_of(call)
    gone = told(applied(call, {"pipelines": {"Default": document["pipelines"]["Default"]}}, secrets=secrets))
    assert ("remove", "alert", "Shop is silent", None) in gone
    assert ("change", "alert_channel", "Shopkeeper", None) in gone
    kept = {one.name: one for one in full.control.alert_channels()}
    assert (kept["Shopkeeper"].enabled, kept["Shopkeeper"].rule_ids, kept["Ops"].enabled) == (False, (), True)


def test_a_document_that_says_what_is_watched_gets_nothing_added_by_the_first_start(full, call):
    applied(call, {"alerts": {"Disk": {"kind": "disk", "threshold": 0.2}}})
    full.control.ensure_alert_rules(DEFAULTS)
    assert [one.name for one in full.control.alert_rules()] == ["Disk"]


def test_what_is_wrong_with_alerts_channels_and_consent_is_told_with_its_place(full, call, refused):
    document = {
        "alerts": {
            "A": {"kind": "disk", "threshold": 2},
            "B": {"kind": "suspended", "pipeline": "Nowhere"},
            "C": {"kind": "suspended", "integration": "Insider"},
            "D": {"kind": "suspended", "integration": "Insider", "pipeline": "Default"},
            "E": {"kind": "zero_traffic", "integration": "Insider", "pipeline": "Shop €"},
            "The disk is full": {"kind": "suspended"},
        },
        "alert_channels": {
            "F": {"kind": "webhook", "url": "https://hooks.example/in-clear"},
            "G": {"kind": "email"},
            "H": {"kind": "email", "to": ["a@x.example"], "alerts": ["Z"]},
            "Ops": {"kind": "email", "to": ["a@x.example"]},
        },
        "consent": {"words": {"werbung": "telepathy"}},
        "pipelines": {"Default": {}, "Shop €": {"js_builder_config": {"script_filename": "x"}}},
    }
    reply = call("POST", f"{PATH}/plan", json={"document": document})
    found = problems(reply, refused)
    script = ("pipelines", "Shop €", "js_builder_config", "script_filename")
    assert set(found) == {script, ("alert_channels", "F", "url")}
    assert "in-clear" not in json.dumps(list(found.values()))
    del document["pipelines"], document["alert_channels"]["F"]
    found = problems(call("POST", f"{PATH}/plan", json={"document": document}), refused)
    assert set(found) == {
        ("alerts", "A", "threshold"),
        ("alerts", "B", "pipeline"),
        ("alerts", "C", "pipeline"),
        ("alerts", "D", "integration"),
        ("alerts", "E", "integration"),
        ("alerts", "The disk is full", "kind"),
        ("alert_channels", "G", "to"),
        ("alert_channels", "H", "alerts"),
        ("alert_channels", "Ops", "kind"),
        ("consent", "words"),
    }
