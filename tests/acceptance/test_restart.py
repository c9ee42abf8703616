"""What was set up, learnt and sealed is there after a restart, and what is secret is nowhere to be read."""

import re

import httpx
import pytest

API_KEY = "4f9c1e7ab2d84c5c9e30a7d1f6b85e02"
"""As recognisable as a vendor's."""
PATCHED_KEY = "77aa02d9c4e14b6fb0a3e5c8d1f29b64"


def _contents(folder):
    """What is in every file, write-ahead logs among them."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_restart_keeps_installations_tokens_what_waits_and_who_a_visitor_is(new_signal):
    demo = new_signal()
    right = demo.vendor_key()
    installation = demo.install(right)
    token = demo.run("token", "create", "--name", "kept").strip()
    browser = {**demo.track("", ""), "anonymousId": "browser-1"}
    traits = {"email": "jane@example.com"}
    demo.send({**browser, "type": "identify", "userId": "user-123", "traits": traits, "messageId": "identified"})
    assert demo.final("identified")["verdict"] == "DELIVERED"
    demo.api("PATCH", f"pipeline-integrations/{installation}", {"config": {"api_key": "wrong"}})
    demo.send(demo.track("Step Taken", "user-123", "before", step=0))
    demo.has_state(installation, "suspended")
    demo.until(lambda: demo.installed(installation)["counts"]["requests"] > 1, "the refused request is counted")
    before = demo.installed(installation)
    assert demo.terminate() == 0

    demo.start()
    demo.token = token
    after = demo.installed(installation)
    for name in ("id", "integration_name", "config", "revision_number", "created_at", "enabled", "paused"):
        assert after[name] == before[name]
    assert after["counts"] == {**before["counts"], "requests": after["counts"]["requests"]}
    assert after["counts"]["requests"] >= before["counts"]["requests"] >= 2  # a suspended one is probed now and then
    assert demo.has_state(installation, "suspended")["cure"] == before["state"]["cure"]
    assert demo.final("identified")["status"] == 200
    assert demo.live(message_id="before")[0]["deliveries"] == []

    anonymous = {name: value for name, value in browser.items() if name != "userId"}
    demo.send({**anonymous, "event": "Step Taken", "messageId": "after", "properties": {"step": 1}})
    demo.send(demo.track("Step Taken", "user-123", "before", step=9))
    demo.api("PATCH", f"pipeline-integrations/{installation}", {"config": {"api_key": right}})
    assert demo.final("before")["verdict"] == "DELIVERED"
    assert demo.final("after")["verdict"] == "DELIVERED"
    (event,) = demo.live(message_id="after")
    assert (event["user_id"], event["user_id_learnt"]) == ("user-123", True)
    assert event["known_traits"] == traits
    demo.is_through(installation, delivered=3)
    assert sorted(one["custom"]["step"] for one in demo.arrivals()) == [0, 1]
    assert len(demo.vendor_users("")) == 1


def test_secrets_are_in_no_file_no_line_and_no_answer(new_signal):
    demo = new_signal()
    token = demo.run("token", "create", "--name", "secret").strip()
    pipeline = demo.pipeline()["id"]
    for key in (API_KEY, PATCHED_KEY):
        demo.control("POST", "keys", {"partner": "myco", "name": key[:4], "key": key})
    installation = demo.install(API_KEY)
    demo.send(one := demo.track("Step Taken", "user-1"))
    assert demo.final(one["messageId"])["status"] == 200
    demo.control("POST", "faults", {"status": 401, "body": f'{{"message": "bad key {PATCHED_KEY}"}}'})
    demo.api("PATCH", f"pipeline-integrations/{installation}", {"config": {"api_key": PATCHED_KEY}})
    demo.send(two := demo.track("Step Taken", "user-1"))
    waiting = demo.event(
        two["messageId"], lambda event: event["pending"] and event["pending"][0]["last_answer"], "waits"
    )
    assert waiting["pending"][0]["last_answer"]["body"] == {"message": "bad key ***"}
    demo.api("POST", f"pipeline-integrations/{installation}/test")

    paths = re.findall(r'"(/v1/admin/[^"{}]*)"', httpx.get(f"{demo.management}/v1/admin/openapi.json", timeout=60).text)
    assert len(set(paths)) > 5
    answers, answered = [], 0
    for path in [
        *sorted(set(paths)),
        f"/v1/admin/pipeline-integrations/{installation}",
        f"/v1/admin/pipelines/{pipeline}",
    ]:
        reply = httpx.get(f"{demo.management}{path}", headers={"Authorization": f"Bearer {demo.token}"}, timeout=60)
        # What is about a person's own account is no token's (403), and some ask for words to look for (422).
        assert reply.status_code in (200, 403, 405, 422), reply.text
        answered += reply.status_code == 200
        answers.append(reply.text)
    assert answered > 5
    files = _contents(demo.data)
    demo.interrupt()

    assert "store.db-wal" in map(str, files)
    sealing = (demo.data / "encryption.key").read_text().strip()
    for secret in (API_KEY, PATCHED_KEY, token, sealing):
        holders = [str(path) for path, content in files.items() if secret.encode() in content]
        assert holders == (["encryption.key"] if secret == sealing else [])
        assert secret not in demo.out.read_text()
        assert not [text for text in answers if secret in text]
    shown = demo.token
    assert [str(path) for path, content in files.items() if shown.encode() in content] == ["demo-token"]
    assert not [text for text in answers if shown in text]
    assert demo.data.stat().st_mode & 0o077 == 0


def test_what_is_kept_is_its_owners_alone_also_where_the_folder_is_open_to_others(new_signal):
    demo = new_signal(start=False)
    demo.data.mkdir(mode=0o755)
    demo.start()
    installation = demo.install(demo.vendor_key())
    demo.send(one := demo.track("Step Taken", "user-1"))
    assert demo.final(one["messageId"])["status"] == 200
    demo.is_through(installation, delivered=1)
    kept = {path.relative_to(demo.data): path.stat().st_mode & 0o077 for path in demo.data.rglob("*")}
    assert len(kept) > 10
    assert {path: mode for path, mode in kept.items() if mode} == {}


@pytest.mark.parametrize("words", [("settings",), ("settings", "--json")])
def test_the_settings_are_printed_without_the_secret_one(new_signal, words):
    idle = new_signal(start=False)
    key = "ab" * 32
    assert key not in idle.run(*words, DATAFLY_ENCRYPTION_KEY=key)
