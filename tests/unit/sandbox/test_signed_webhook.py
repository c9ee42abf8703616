"""The room of webhooks: what it says of signatures, and what it keeps. Who signs here is a library, or the test."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks import Webhook

from datafly import catalog
from datafly.model.delivery import Item
from datafly.model.secret import Secret
from datafly.sandbox.app import Sandbox
from datafly.sandbox.settings import SandboxSettings
from datafly.sandbox.signed_webhook import room
from datafly.testing.integration_suite import compiled

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
PRIVATE = "whsk_" + base64.b64encode(b"p" * 32).decode()
VALUES = {"inbox": "shop", "signing_secret": KEY, "ed25519_key": PRIVATE, "hmac_secret": "shh", "bearer_token": "t-1"}
PATH = "/signed_webhook/inbox/shop"
BODY = b'{"type":"track","event":"Quiz Finished","userId":"user-123"}'
SECONDS = int(NOON.timestamp())


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("webhooks")
    (folder / "sandbox").mkdir()
    made = Sandbox((room,), SandboxSettings(data_dir=folder), lambda: NOON)
    yield made
    made.close()


@pytest.fixture
async def client(alone):
    """The one room, empty but for an inbox."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(alone), base_url="http://localhost") as made:
        made.headers["content-type"] = "application/json"
        keys = {**VALUES, "basic_user": "jane", "basic_password": "pw"}
        (await made.post("/signed_webhook/_control/reset", json={})).raise_for_status()
        (await made.post("/signed_webhook/_control/keys", json={"name": "Shop", "values": keys})).raise_for_status()
        yield made


def signed(body=BODY, key=KEY, message_id="msg_1", at=NOON):
    signature = Webhook(key).sign(message_id, at, body.decode())
    told = {"webhook-id": message_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    return {"content": body, "headers": told}


async def last(client):
    """The newest request on record, and what was said of it."""
    newest = (await client.get("/signed_webhook/_control/requests")).json()[0]
    record = (await client.get(f"/signed_webhook/_control/requests/{newest['id']}")).json()
    return record, {one["place"]: (one["accepted"], *one.get("said", ())) for one in record["verdicts"]}


async def test_what_the_library_signs_holds_and_stands_in_the_panel_with_its_events(client):
    reply = await client.post(PATH, **signed())
    assert (reply.status_code, reply.json()) == (200, {"ok": True})
    _, said = await last(client)
    assert said["webhook-signature 1 (v1)"] == (True, "holds by the signing secret")
    page = (await client.get("/signed_webhook/panel/records/messages/msg_1")).text
    assert "holds by the signing secret" in page
    assert "Quiz Finished" in page


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"webhook-timestamp": str(SECONDS + 1)}, "it is over other bytes"),
        ({"webhook-id": "msg_2"}, "it is over other bytes"),
        ({"webhook-id": ""}, "it is over other bytes"),
        ({"webhook-timestamp": "soon"}, "it is over other bytes"),
        ({"webhook-signature": "v1,%%%"}, "it is no base64"),
        ({"webhook-signature": "v1"}, "it is over other bytes"),
        ({"webhook-signature": "v9,AAAA"}, "version v9 is unknown"),
        ({"webhook-signature": ""}, "version  is unknown"),
    ],
)
async def test_a_signature_that_does_not_hold_is_refused_and_told_why(client, changed, why):
    told = signed()
    reply = await client.post(PATH, content=told["content"], headers={**told["headers"], **changed})
    assert (reply.status_code, reply.headers["x-sandbox-ours"]) == (401, "unproven")
    assert why in reply.json()["why"][0]
    assert (await client.get("/signed_webhook/_control/totals")).json()["messages"] == 0


@pytest.mark.parametrize(("away", "word"), [(-301, "old"), (301, "ahead")])
async def test_a_signature_of_another_time_is_refused_and_one_within_five_minutes_holds(client, away, word):
    late = await client.post(PATH, **signed(at=NOON + timedelta(seconds=away)))
    assert f"webhook-timestamp is 301 seconds {word}" in late.json()["why"][0]
    within = timedelta(seconds=away - (1 if away > 0 else -1))
    assert (await client.post(PATH, **signed(at=NOON + within))).status_code == 200


async def test_of_several_signatures_one_that_holds_is_enough(client):
    told = signed()
    both = f"{Webhook(OTHER).sign('msg_1', NOON, BODY.decode())} {told['headers']['webhook-signature']}"
    reply = await client.post(PATH, content=BODY, headers={**told["headers"], "webhook-signature": both})
    assert reply.status_code == 200
    _, said = await last(client)
    assert [said[f"webhook-signature {number} (v1)"][0] for number in (1, 2)] == [False, True]


async def test_an_ed25519_signature_holds_by_the_public_key(client):
    told = signed()["headers"]
    message = f"msg_1.{told['webhook-timestamp']}.".encode() + BODY
    signature = base64.b64encode(Ed25519PrivateKey.from_private_bytes(b"p" * 32).sign(message)).decode()
    reply = await client.post(PATH, content=BODY, headers={**told, "webhook-signature": f"v1a,{signature}"})
    assert reply.status_code == 200
    wrong = await client.post(PATH, content=BODY + b" ", headers={**told, "webhook-signature": f"v1a,{signature}"})
    assert "over other bytes" in wrong.json()["why"][0]


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"x-signature": hmac.digest(b"shh", BODY, "sha1").hex()}, "holds: HMAC-SHA1 in hex of the body"),
        (
            {"x-hub": "sha256=" + hmac.digest(b"shh", BODY, "sha256").hex()},
            "holds: HMAC-SHA256 in hex, behind sha256= of the body",
        ),
        (
            {"x-mac": base64.b64encode(hmac.digest(b"shh", BODY, "sha512")).decode()},
            "holds: HMAC-SHA512 in base64 of the body",
        ),
        (
            {"x-signature": f"t={SECONDS},v1=" + hmac.new(b"shh", b"%d." % SECONDS + BODY, hashlib.sha256).hexdigest()},
            "holds: HMAC-SHA256 in hex of t and the body",
        ),
        ({"authorization": "Bearer t-1"}, "holds: Bearer"),
        ({"authorization": "Basic " + base64.b64encode(b"jane:pw").decode()}, "holds: Basic"),
    ],
)
async def test_other_proofs_are_known_in_whatever_header(client, headers, said):
    assert (await client.post(PATH, content=BODY, headers=headers)).status_code == 200
    _, told = await last(client)
    assert told[next(iter(headers))] == (True, said)


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, []),
        ({"x-signature": "abc"}, ["x-signature: it is over other bytes, or by a key that this inbox does not have"]),
        (
            {
                "x-signature": f"t={SECONDS - 400},v1="
                + hmac.new(b"shh", b"%d." % (SECONDS - 400) + BODY, "sha256").hexdigest()
            },
            ["x-signature: t is 400 seconds old; 300 are allowed"],
        ),
        ({"authorization": "Bearer other"}, ["authorization: these are no credentials of this inbox"]),
    ],
)
async def test_what_proves_nothing_is_refused_unless_the_panel_says_otherwise(client, headers, why):
    refused = await client.post(PATH, content=BODY, headers=headers)
    assert (refused.status_code, refused.json()["why"]) == (401, why)
    await client.patch("/signed_webhook/_control/settings", json={"mode": {"signatures": "told"}})
    assert (await client.post(PATH, content=BODY, headers=headers)).status_code == 200


async def test_what_comes_again_is_passed_over_and_another_body_under_its_id_is_told(client):
    for _ in range(2):
        await client.post(PATH, **signed())
    (message,) = (await client.get("/signed_webhook/_control/records/messages")).json()
    assert message["times"] == 2
    assert len((await client.get("/signed_webhook/_control/records/events")).json()) == 1
    await client.post(PATH, **signed(body=b'{"type":"page"}'))
    record, _ = await last(client)
    assert "came before with another body" in json.dumps(record["verdicts"])


async def test_the_inspector_shows_a_request_with_its_headers_and_no_credential(client):
    await client.post(PATH, content=BODY, headers={"authorization": "Bearer t-1", "x-source": "shop"})
    record, _ = await last(client)
    assert record["headers"]["x-source"] == "shop"
    page = (await client.get(f"/signed_webhook/panel/sandbox/requests/{record['summary']['id']}")).text
    assert "holds: Bearer" in page
    assert "Bearer t-1" not in page


async def test_it_answers_otherwise_on_demand_and_to_what_is_no_inbox(client):
    for fault, status in (({"status": 410}, 410), ({"status": 429, "retry_after": 9}, 429), ({"status": 500}, 500)):
        await client.post("/signed_webhook/_control/faults", json=fault)
        reply = await client.post(PATH, **signed())
        assert (reply.status_code, reply.headers.get("retry-after")) == (status, "9" if status == 429 else None)
    assert (await client.post("/signed_webhook/inbox/other", **signed())).status_code == 404
    assert (await client.get(PATH)).status_code == 405
    assert (await client.put(PATH, **signed())).status_code == 200
    await client.patch("/signed_webhook/_control/settings", json={"mode": {"status": "gone"}})
    assert (await client.post(PATH, **signed())).status_code == 410


async def test_what_is_no_json_is_kept_as_text(client):
    await client.post(PATH, content=b"\xff\x00 not json", headers={"authorization": "Bearer t-1"})
    (event,) = (await client.get("/signed_webhook/_control/records/events")).json()
    assert event["body"]["text"].endswith("not json")


@pytest.mark.parametrize(
    "config",
    [
        {"signing_secret": KEY},
        {"signing_secret": PRIVATE, "previous_signing_secret": OTHER},
        {"signing_secret": OTHER, "previous_signing_secret": KEY, "batching": "on"},
        {"signature": "hmac", "hmac_secret": "shh", "hmac_prefix": "sha512=", "hmac_algorithm": "sha512"},
        {"signature": "timestamped", "hmac_secret": "shh", "hmac_encoding": "base64"},
        {"signature": "hmac", "hmac_secret": "new", "previous_hmac_secret": "shh"},
        {"signature": "timestamped", "hmac_secret": "new", "previous_hmac_secret": "shh"},
        {"signature": "none", "authentication": "basic", "basic_user": "jane", "basic_password": "pw"},
        {"signature": "none", "authentication": "bearer", "bearer_token": "t-1", "method": "PUT"},
    ],
)
async def test_what_signal_sends_holds_whatever_was_chosen_and_the_test_of_credentials_too(client, config):
    made = compiled(catalog.get("signed_webhook"), url=f"http://localhost{PATH}", **config)
    items = [Item(b'{"type":"page"}', key="m-1")]
    for outgoing in (made.assemble(items), made.credential_check):
        sent = made.sign(outgoing, items, SECONDS * 1000)
        shown = {name: text.reveal() if isinstance(text, Secret) else text for name, text in sent.headers.items()}
        reply = await client.request(sent.method, sent.url, content=sent.body, headers=shown)
        assert reply.status_code == 200, reply.text
