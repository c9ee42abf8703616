import asyncio
import base64
import hmac
import socketserver
import threading
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from datafly import catalog
from datafly.management.alerts.watch import Watch
from datafly.management.services import hand_in
from datafly.management.settings import SmtpSettings
from datafly.model.alert import AlertRule
from datafly.model.delivery import Reply
from datafly.model.installation import Revision
from datafly.model.refusal import ACCEPTED, IntakeCount
from datafly.model.secret import Secret
from datafly.model.verdict import Verdict
from datafly.spec.faces import example_config
from datafly.store.base import Writing
from datafly.transport.http import HttpTransport

ALERTS = "/v1/admin/alerts"
CHANNELS = "/v1/admin/alert-channels"
EPISODES = "/v1/admin/alert-episodes"
MESSAGES = "/v1/admin/alert-messages"
HOOK = {"name": "On call", "kind": "webhook", "url": "https://hooks.example.com/T0/very-secret-path"}
MAIL = {"name": "Team", "kind": "email", "to": ["team@example.com"]}


class Watched:
    """The watch of a deployment, looking every ten seconds of a clock that the test moves."""

    def __init__(self, house):
        self.house = house
        self.begin()

    def begin(self):
        """A process begins; what another one knew is in the store alone."""
        self.watch = Watch(self.house.app.state["services"])
        self.watch.begin()

    def passes(self, seconds, *, every=10):
        async def look():
            for _ in range(max(seconds // every, 1)):
                self.house.clock.clock.pass_by(min(every, seconds))
                await self.watch.look()

        asyncio.run(look())

    def alone(self, **fields):
        """Only this is watched."""
        for rule in self.house.control.alert_rules():
            self.house.control.drop_alert_rule(rule.id)
        return self.house.control.put_alert_rule(AlertRule(**{"id": "", "name": "Watched", **fields}))

    @property
    def told(self):
        """What went to webhooks: (what, subject) of each message."""
        bodies = [msgspec.json.decode(one.body) for one in self.house.sent]
        return [[(alert["what"], alert["subject"]) for alert in body["alerts"]] for body in bodies]


@pytest.fixture
def watched(house):
    return Watched(house)


@pytest.fixture
def hook(call):
    return call("POST", CHANNELS, json=HOOK).json()


def test_everything_is_watched_without_any_set_up_and_what_people_remove_stays_away(house, call, watched):
    found = call.get(ALERTS, role="viewer")["data"]
    assert {one["kind"] for one in found} == {
        "delivery_success",
        "error_rate",
        "backlog_age",
        "zero_traffic",
        "suspended",
        "disk",
        "spend",
    }
    assert {one["state"] for one in found} == {"ok"}
    assert call("DELETE", f"{ALERTS}/{found[0]['id']}").status_code == 204
    watched.begin()
    assert len(call.get(ALERTS)["data"]) == 6


def test_a_suspended_integration_is_told_once_reminded_of_and_told_resolved_once(house, call, watched, hook):
    watched.alone(kind="suspended", for_seconds=30, clear_seconds=60, remind_seconds=3_600)
    installation = house.installed()
    house.stands(installation, "suspended", cause="The key is wrong", cure="Correct the key.")
    watched.passes(20)
    assert call.get(ALERTS)["data"][0]["state"] == "pending"
    assert watched.told == []
    watched.passes(600)
    assert call.get(ALERTS)["data"][0]["state"] == "firing"
    assert watched.told == [[("firing", installation.id)]]
    watched.passes(3_600)
    assert watched.told == [[("firing", installation.id)], [("reminder", installation.id)]]
    house.stands(installation, "running")
    watched.passes(600)
    assert watched.told[2:] == [[("resolved", installation.id)]]
    (episode,) = call.get(EPISODES)["data"]
    assert (episode["state"], episode["alert_name"], episode["subject"]) == ("resolved", "Watched", installation.id)
    assert "The key is wrong. Correct the key." in episode["sentence"]
    assert call.get(ALERTS)["data"][0]["state"] == "ok"


def test_what_lasts_less_than_its_time_is_told_to_nobody_and_leaves_no_trace(house, call, watched, hook):
    watched.alone(kind="suspended", for_seconds=60)
    installation = house.installed()
    for _ in range(5):
        house.stands(installation, "suspended")
        watched.passes(40)
        house.stands(installation, "running")
        watched.passes(40)
    assert watched.told == []
    assert call.get(EPISODES)["data"] == []


def test_what_comes_and_goes_within_its_time_to_clear_is_one_episode(house, call, watched, hook):
    watched.alone(kind="suspended", for_seconds=0, clear_seconds=120)
    installation = house.installed()
    for _ in range(10):
        house.stands(installation, "suspended")
        watched.passes(50)
        house.stands(installation, "running")
        watched.passes(50)
    watched.passes(200)
    assert watched.told == [[("firing", installation.id)], [("resolved", installation.id)]]
    assert len(call.get(EPISODES)["data"]) == 1


def test_what_happens_at_once_is_one_message(house, call, watched, hook):
    watched.alone(kind="suspended", for_seconds=0)
    installations = [house.installed(f"Number {number}") for number in range(5)]
    for installation in installations:
        house.stands(installation, "suspended")
    watched.passes(60)
    assert watched.told == [[("firing", one.id) for one in installations]]
    (message,) = call.get(MESSAGES)["data"]
    assert (message["state"], len(message["alerts"]), message["tries"]) == ("sent", 5, 1)


def test_a_restart_tells_nothing_twice_and_goes_on_where_it_was(house, call, watched, hook):
    watched.alone(kind="suspended", for_seconds=30, clear_seconds=0)
    installation = house.installed()
    house.stands(installation, "suspended")
    for _ in range(10):
        watched.begin()
        watched.passes(10)
    assert watched.told == [[("firing", installation.id)]]
    house.stands(installation, "running")
    for _ in range(5):
        watched.begin()
        watched.passes(10)
    assert watched.told[1:] == [[("resolved", installation.id)]]


def test_a_process_that_ends_while_it_sends_does_not_send_again(house, call, watched, hook):
    watched.alone(kind="suspended", for_seconds=0, remind_seconds=600)
    installation = house.installed()
    house.stands(installation, "suspended")

    class Killed(BaseException):
        pass

    async def killed(_outgoing):
        raise Killed

    services = house.app.state["services"]
    watched.watch = Watch(msgspec.structs.replace(services, send=killed))
    with pytest.raises(Killed):
        watched.passes(60)
    watched.begin()
    watched.passes(60)
    assert watched.told == []
    assert [one["state"] for one in call.get(MESSAGES)["data"]] == ["unknown"]
    watched.passes(600)
    assert watched.told == [[("reminder", installation.id)]]


def test_a_receiver_that_fails_is_tried_again_and_the_others_are_not_held(house, call, watched, hook):
    watched.alone(kind="suspended", for_seconds=0)
    installation = house.installed()
    house.stands(installation, "suspended")
    house.reply = Reply(status=500)
    watched.passes(20)
    (message,) = call.get(MESSAGES)["data"]
    assert (message["state"], message["tries"], message["error"]) == ("due", 1, "It answered with status 500.")
    house.reply = Reply(status=204)
    watched.passes(60)
    (message,) = call.get(MESSAGES)["data"]
    assert (message["state"], message["tries"]) == ("sent", 2)
    assert {one.headers["webhook-id"] for one in house.sent} == {message["id"]}


def test_a_receiver_that_never_answers_is_given_up(house, call, watched, hook):
    watched.alone(kind="suspended", for_seconds=0, remind_seconds=0)
    house.stands(house.installed(), "suspended")
    house.reply = Reply(status=None, error="connecting took too long")
    watched.passes(20_000, every=100)
    (message,) = call.get(MESSAGES)["data"]
    assert (message["state"], message["tries"]) == ("failed", 8)
    assert len(house.sent) == 8


def test_an_alert_that_is_removed_ends_what_it_fired(house, call, watched, hook):
    rule = watched.alone(kind="suspended", for_seconds=0)
    installation = house.installed()
    house.stands(installation, "suspended")
    watched.passes(60)
    call("DELETE", f"{ALERTS}/{rule.id}")
    watched.passes(60)
    assert watched.told == [[("firing", installation.id)], [("resolved", installation.id)]]


# --- what is read ---------------------------------------------------------------------------------------------------


def firing(call):
    return [(one["subject"], one["sentence"]) for one in call.get(f"{EPISODES}?status=firing")["data"]]


def test_refused_events_fire_delivery_success(house, call, watched):
    watched.alone(kind="delivery_success", threshold=0.9, for_seconds=0, least=10)
    good, bad = house.installed("Good"), house.installed("Bad")
    house.delivers(good, *[house.happens(f"g{number}") for number in range(20)])
    house.delivers(bad, *[house.happens(f"b{number}") for number in range(15)])
    house.decides(bad, Verdict.REJECTED, *[house.happens(f"r{number}") for number in range(5)])
    watched.passes(10)
    ((subject, sentence),) = firing(call)
    assert subject == bad.id
    assert sentence.startswith("75.0 % of 20 events were delivered")


def test_few_events_conclude_nothing(house, call, watched):
    watched.alone(kind="delivery_success", threshold=0.9, for_seconds=0, least=10)
    house.decides(house.installed(), Verdict.REJECTED, house.happens("only one"))
    watched.passes(10)
    assert firing(call) == []


def test_failed_requests_and_a_vendor_that_is_away_fire_error_rate(house, call, watched):
    watched.alone(kind="error_rate", threshold=0.5, for_seconds=0, least=3)
    failing, away, fine = house.installed("Failing"), house.installed("Away"), house.installed("Fine")
    house.ledger.write([Writing(failed=((failing.id, house.clock.now_ms(), 5),))])
    house.stands(away, "backing_off")
    for number in range(5):
        house.delivers(fine, house.happens(f"m{number}"))
    watched.passes(10)
    assert {subject for subject, _ in firing(call)} == {failing.id, away.id}


def test_an_event_that_waits_fires_backlog_age_until_it_is_decided(house, call, watched):
    watched.alone(kind="backlog_age", threshold=600.0, for_seconds=0, clear_seconds=0)
    installation = house.installed()
    place = house.happens("m1")
    watched.passes(590)
    assert firing(call) == []
    watched.passes(20)
    assert [subject for subject, _ in firing(call)] == [installation.id]
    house.delivers(installation, place)
    watched.passes(20)
    assert firing(call) == []


def test_a_pipeline_that_falls_silent_fires_and_one_that_nobody_uses_does_not(house, call, watched):
    watched.alone(kind="zero_traffic", window_seconds=600, for_seconds=0, least=5)
    watched.passes(10)
    assert firing(call) == []
    house.store.intake.add([IntakeCount(house.pipeline.id, ACCEPTED, house.clock.now_ms(), 9)], [], most=1)
    watched.passes(500)
    assert firing(call) == []
    watched.passes(300)
    assert [subject for subject, _ in firing(call)] == [house.pipeline.id]


def test_what_is_spent_of_a_cap_fires_before_it_is_reached_and_only_where_there_is_one(house, call, watched):
    watched.alone(kind="spend", threshold=0.8, for_seconds=0, clear_seconds=0)
    capped, free = house.installed("Capped", vendor="braze"), house.installed("Free", vendor="braze")
    for one, more in ((capped, {"daily_data_points": 10}), (free, {})):
        config = {**example_config(catalog.get("braze")), **more}
        house.control.revise(one.id, Revision(id="", template_id="", number=0, config=config))
    spent = [(one.id, house.clock.now_ms(), what, 8) for one in (capped, free) for what in ("track", "spared")]
    house.ledger.write([Writing(spent=tuple(spent))])
    watched.passes(10)
    assert firing(call) == []
    house.ledger.write([Writing(spent=((capped.id, house.clock.now_ms(), "identify", 1),))])
    watched.passes(10)
    ((subject, sentence),) = firing(call)
    assert subject == capped.id
    assert "9 of 10 data points" in sentence
    house.clock.clock.pass_by(86_400)
    watched.passes(20)
    assert firing(call) == []


@pytest.mark.parametrize("settings", [{"data_dir": "/"}], indirect=True)
def test_a_full_disk_fires(house, call, watched):
    watched.alone(kind="disk", threshold=1.0, for_seconds=0)
    watched.passes(10)
    ((subject, sentence),) = firing(call)
    assert subject == ""
    assert "at least 100.0 % is needed" in sentence


# --- the resource ---------------------------------------------------------------------------------------------------


def test_an_alert_is_made_changed_and_removed_with_its_tag_and_on_record(house, call, refused):
    made = call("POST", ALERTS, json={"name": "Slow", "kind": "backlog_age", "threshold": 60}, role="editor")
    assert made.status_code == 201
    path, tag = f"{ALERTS}/{made.json()['id']}", made.headers["etag"]
    assert call("GET", path).headers["etag"] == tag
    changed = call("PATCH", path, json={"threshold": 90, "enabled": False}, headers={"If-Match": tag})
    assert (changed.json()["threshold"], changed.json()["enabled"], changed.json()["name"]) == (90, False, "Slow")
    refused(call("PATCH", path, json={"threshold": 1}, headers={"If-Match": tag}), 412, "STALE")
    refused(call("DELETE", path, headers={"If-Match": tag}), 412, "STALE")
    assert call("DELETE", path).status_code == 204
    refused(call("GET", path), 404, "NOT_FOUND")
    noted = [one["action"] for one in call.get("/v1/admin/audit-log")["data"]]
    assert noted[:3] == ["alert.deleted", "alert.updated", "alert.created"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "disk", "threshold": 20}, "threshold"),
        ({"kind": "delivery_success", "window_seconds": 5}, "window_seconds"),
        ({"kind": "moon"}, "kind"),
        ({"kind": "zero_traffic", "pipeline_integration_id": "pi_0"}, "pipeline_integration_id"),
    ],
)
def test_an_alert_that_makes_no_sense_is_refused(call, refused, body, field):
    refused(call("POST", ALERTS, json={"name": "Odd", **body}), 422, "VALIDATION_FAILED", field=field)


def test_an_alert_on_what_is_not_there_is_refused(call, refused):
    body = {"name": "Odd", "kind": "suspended", "pipeline_integration_id": "pi_nothing"}
    refused(call("POST", ALERTS, json=body), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "webhook"}, "url"),
        ({"kind": "webhook", "url": "ftp://example.com"}, "url"),
        ({"kind": "webhook", "url": "https://user:pw@example.com"}, "url"),
        ({"kind": "webhook", "url": "https://example.com", "to": ["a@example.com"]}, "to"),
        ({"kind": "email"}, "to"),
        ({"kind": "email", "to": ["a@example.com\nBcc: b@example.com"]}, "to"),
        ({"kind": "email", "to": ["a@example.com"], "url": "https://example.com"}, "url"),
    ],
)
def test_a_channel_that_reaches_nobody_is_refused(call, refused, body, field):
    error = refused(call("POST", CHANNELS, json={"name": "Odd", **body}), 422, "VALIDATION_FAILED")
    assert error["details"]["field"].startswith(field)


def test_secrets_of_a_channel_are_shown_once_and_never_again(house, call, hook):
    secret = hook["signing_secret"]
    assert secret.startswith("whsec_")
    assert hook["url"] == "https://hooks.example.com/…"
    told = call.get(CHANNELS)["data"][0]
    assert "signing_secret" not in told
    shown = [*house.app.state["services"].control.alert_channels(), told, call.get("/v1/admin/audit-log")]
    assert secret not in str(shown)
    assert "very-secret-path" not in str(shown)


def test_a_viewer_looks_and_changes_nothing(call, refused, hook):
    assert call.get(CHANNELS, role="viewer")["data"]
    refused(call("POST", CHANNELS, json=HOOK, role="viewer"), 403, "FORBIDDEN")
    refused(call("POST", f"{CHANNELS}/{hook['id']}/test", role="viewer"), 403, "FORBIDDEN")


# --- over sockets ---------------------------------------------------------------------------------------------------


class Receiver:
    """An HTTP server on loopback that keeps what it is sent."""

    def __init__(self):
        kept = self.kept = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                kept.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"


class Postbox:
    """A mail server on loopback that keeps what it is sent."""

    def __init__(self, *, refuses=False):
        kept = self.kept = []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(b"220 postbox\r\n")
                for line in self.rfile:
                    word = line[:4].upper()
                    if word in {b"EHLO", b"HELO"}:
                        self.wfile.write(b"250-postbox\r\n250 AUTH PLAIN\r\n")
                    elif word == b"AUTH":
                        kept.append(base64.b64decode(line.split()[2]).decode())
                        self.wfile.write(b"235 welcome\r\n")
                    elif word == b"RCPT" and refuses:
                        self.wfile.write(b"550 nobody of that name\r\n")
                    elif word == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        kept.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
                        self.wfile.write(b"250 taken\r\n")
                    elif word == b"QUIT":
                        self.wfile.write(b"221 bye\r\n")
                        return
                    else:
                        self.wfile.write(b"250 well\r\n")

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]


@pytest.fixture
def serving():
    servers = []

    def begin(one):
        servers.append(one.server)
        threading.Thread(target=one.server.serve_forever, args=(0.01,), daemon=True).start()
        return one

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


def over_http(house, *, allow_private):
    """From now on requests go out, by the transport that delivery uses."""

    async def send(outgoing):
        transport = HttpTransport(allow_private=allow_private)
        try:
            return await transport.send(outgoing)
        finally:
            await transport.close()

    house.transport = send


def test_the_test_button_reaches_a_webhook_that_can_tell_who_sent_it(house, call, serving):
    receiver = serving(Receiver())
    over_http(house, allow_private=True)
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    made = call("POST", CHANNELS, json={**HOOK, "url": receiver.url, "secret": secret}).json()
    assert made["signing_secret"] is None
    told = call("POST", f"{CHANNELS}/{made['id']}/test").json()
    assert (told["ok"], told["status"], told["error"]) == (True, 204, None)
    ((headers, body),) = receiver.kept
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(b"k" * 32, signed, sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    sent = msgspec.json.decode(body)
    assert sent["alerts"][0]["what"] == "test"
    assert sent["text"].startswith("Test: A test of this channel")


def judged_by_transport(house, **opened):
    """From now on addresses are judged at save by the transport that would send."""
    names = {"inside.example": ["10.0.0.7"], "both.example": ["10.0.0.7", "93.184.215.14"]}
    transport = HttpTransport(look_up=lambda host: names.get(host, []), **opened)
    hand_in(house.app, msgspec.structs.replace(house.services, objection=transport.foreseen))


@pytest.mark.parametrize("host", ["10.0.0.1", "localhost", "[::1]", "inside.example"])
def test_a_webhook_that_leads_to_a_private_address_is_refused_at_save_with_what_to_do(house, call, refused, host):
    judged_by_transport(house)
    body = {**HOOK, "url": f"https://{host}/hook"}
    error = refused(call("POST", CHANNELS, json=body), 422, "VALIDATION_FAILED", field="url")
    assert "not allowed: the address is private" in error["message"]
    assert "DATAFLY_PRIVATE_HOSTS" in error["message"]
    document = {"alert_channels": {"On call": {"kind": "webhook", "url": "env:HOOK"}}}
    told = {"document": document, "secrets": {"env:HOOK": body["url"]}}
    error = refused(call("POST", "/v1/admin/config/plan", json=told), 422, "VALIDATION_FAILED")
    assert error["details"]["problems"][0]["path"] == ["alert_channels", "On call", "url"]
    assert house.control.alert_channels() == []
    judged_by_transport(house, allow_private=True)
    made = f"{CHANNELS}/{call('POST', CHANNELS, json=body).json()['id']}"
    judged_by_transport(house)
    assert call("PATCH", made, json={"name": "Night shift"}).json()["name"] == "Night shift"
    refused(call("PATCH", made, json={"url": body["url"]}), 422, "VALIDATION_FAILED", field="url")


@pytest.mark.parametrize("url", ["http://localhost:9/hook", "https://both.example/x", "https://nobody.example/x"])
def test_an_address_that_was_opened_or_may_be_reached_or_leads_nowhere_yet_is_taken_at_save(house, call, url):
    judged_by_transport(house, private_hosts=["localhost"])
    assert call("POST", CHANNELS, json={**HOOK, "url": url}).status_code == 201


def test_an_integration_is_not_set_up_with_an_address_that_is_private(house, call, refused):
    judged_by_transport(house)
    path = "/v1/admin/integration-catalog/insider/install"
    config = {"api_key": "k3y-of-mine", "partner_name": "myco", "base_url": "https://inside.example"}
    error = refused(call("POST", path, json={"config": config}), 422, "VALIDATION_FAILED", field="config.base_url")
    assert "config.base_url is not allowed: the address is private" in error["message"]
    taken = call("POST", path, json={"config": {**config, "base_url": "https://both.example"}}).json()
    made = f"/v1/admin/pipeline-integrations/{taken['pipeline_integrations'][0]['id']}"
    patch = {"config": {"base_url": "https://inside.example"}}
    refused(call("PATCH", made, json=patch), 422, "VALIDATION_FAILED", field="config.base_url")
    drafts = f"/v1/admin/integration-templates/{taken['template']['id']}/revisions"
    refused(call("POST", drafts, json=patch), 422, "VALIDATION_FAILED", field="config.base_url")
    on = {"vendor": "insider", "config": {**config, "api_key": "env:KEY"}, "pipelines": {"Default": {}}}
    told = {"document": {"integrations": {"Insider": on}}, "secrets": {"env:KEY": "k"}}
    error = refused(call("POST", "/v1/admin/config/plan", json=told), 422, "VALIDATION_FAILED")
    assert error["details"]["problems"][0]["path"] == ["integrations", "Insider", "config", "base_url"]


def test_a_webhook_leads_to_no_private_address_unless_the_operator_allows_it(house, call, serving):
    receiver = serving(Receiver())
    over_http(house, allow_private=False)
    made = call("POST", CHANNELS, json={**HOOK, "url": receiver.url.replace("http:", "https:")}).json()
    told = call("POST", f"{CHANNELS}/{made['id']}/test").json()
    assert told["ok"] is False
    assert "not allowed" in told["error"]
    assert receiver.kept == []


def with_smtp(house, box, **fields):
    smtp = SmtpSettings(host="127.0.0.1", port=box.port, sender="signal@example.com", security="none", **fields)
    services = house.app.state["services"]
    replaced = msgspec.structs.replace(services.settings, smtp=smtp)
    return msgspec.structs.replace(services, settings=replaced)


def test_an_alert_arrives_as_an_e_mail(house, call, watched, serving):
    box = serving(Postbox())
    call("POST", CHANNELS, json=MAIL)
    watched.alone(name="An integration is\nsuspended", kind="suspended", for_seconds=0)
    watched.watch = Watch(with_smtp(house, box, user="signal", password=Secret("pass word")))
    house.stands(house.installed("Insider"), "suspended", cause="The key is wrong.")
    watched.passes(60)
    login, mail = box.kept
    assert login == "\0signal\0pass word"
    assert "Subject: [Signal] Firing: An integration is suspended: Insider" in mail
    assert "To: team@example.com" in mail
    assert "The key is wrong." in mail
    (message,) = call.get(MESSAGES)["data"]
    assert message["state"] == "sent"


def test_a_mail_server_that_refuses_says_why(house, call, watched, serving):
    box = serving(Postbox(refuses=True))
    call("POST", CHANNELS, json=MAIL)
    watched.alone(kind="suspended", for_seconds=0)
    watched.watch = Watch(with_smtp(house, box))
    house.stands(house.installed(), "suspended")
    watched.passes(20)
    (message,) = call.get(MESSAGES)["data"]
    assert message["state"] == "due"
    assert "nobody of that name" in message["error"]


def test_without_a_mail_server_the_test_says_what_to_set(call):
    made = call("POST", CHANNELS, json=MAIL).json()
    told = call("POST", f"{CHANNELS}/{made['id']}/test").json()
    assert told["ok"] is False
    assert "DATAFLY_SMTP_HOST" in told["error"]


def test_an_alert_can_be_tried_with_all_that_it_is_told_to(house, call, watched, hook):
    (first, *_) = call.get(ALERTS)["data"]
    call("POST", CHANNELS, json={**HOOK, "name": "Others", "alert_ids": [call.get(ALERTS)["data"][1]["id"]]})
    told = call("POST", f"{ALERTS}/{first['id']}/test").json()["data"]
    assert [(one["channel_name"], one["ok"]) for one in told] == [("On call", True)]


def test_only_an_admin_says_whom_alerts_are_told(house, call, refused, hook):
    path = f"/v1/admin/alert-channels/{hook['id']}"
    body = {"name": "Mine", "kind": "email", "to": ["eve@elsewhere.example"]}
    refused(call("POST", "/v1/admin/alert-channels", role="editor", json=body), 403, "FORBIDDEN")
    refused(call("PATCH", path, role="editor", json={"url": "https://elsewhere.example"}), 403, "FORBIDDEN")
    refused(call("POST", f"{path}/test", role="editor"), 403, "FORBIDDEN")
    assert call("GET", path, role="viewer").status_code == 200


def test_two_alerts_and_two_channels_have_no_name_in_common(call, refused, hook):
    for path, body in (
        ("/v1/admin/alerts", {"name": "Twice", "kind": "disk", "threshold": 0.1}),
        ("/v1/admin/alert-channels", {"name": "Twice", "kind": "email", "to": ["a@x.example"]}),
    ):
        made = call("POST", path, json=body)
        assert made.status_code == 201
        refused(call("POST", path, json=body), 409, "CONFLICT", field="name")
        other = call("POST", path, json=body | {"name": "Other"}).json()
        refused(call("PATCH", f"{path}/{other['id']}", json={"name": "Twice"}), 409, "CONFLICT", field="name")
        assert call("PATCH", f"{path}/{other['id']}", json={"name": "Other"}).status_code == 200


def test_a_channel_of_an_alert_that_goes_is_told_nothing_instead_of_everything(house, call):
    alert = call("POST", "/v1/admin/alerts", json={"name": "One", "kind": "disk", "threshold": 0.1}).json()["id"]
    body = {"name": "Only", "kind": "email", "to": ["a@x.example"], "alert_ids": [alert]}
    channel = call("POST", "/v1/admin/alert-channels", json=body).json()["id"]
    assert call("DELETE", f"/v1/admin/alerts/{alert}").status_code == 204
    told = call.get(f"/v1/admin/alert-channels/{channel}")
    assert (told["enabled"], told["alert_ids"]) == (False, [])
    assert [one.action for one in house.control.audit_log(limit=2)] == ["alert_channel.updated", "alert.deleted"]
