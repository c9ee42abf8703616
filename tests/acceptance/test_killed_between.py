"""Delivery is killed between the call that makes a visitor a user and what the user did: at a vendor that doubles."""

import os
import signal

import httpx

VISITOR = {"anonymousId": "visitor-1", "context": {"consent": {"marketing": True}}}


def at_vendor(one, method, path, body=None):
    reply = httpx.request(method, f"{one.sandbox}/braze/_control/{path}", json=body, timeout=60)
    assert reply.is_success, reply.text
    return reply.json() if reply.content else None


def installed(one):
    key = at_vendor(one, "POST", "keys", {"name": "Walk"})["values"]["rest_api_key"]
    config = {"rest_api_key": key, "rest_endpoint": f"{one.sandbox}/braze", "flush_interval_ms": 0}
    body = {"config": config, "delivery_mode": "server_side"}
    made = one.api("POST", "integration-catalog/braze/install", body, expect=201)
    return made["pipeline_integrations"][0]["id"]


def asked(one):
    """What was called, in the order in which it arrived."""
    every = at_vendor(one, "GET", "requests?limit=100")
    return [request["path"].removeprefix("/braze") for request in sorted(every, key=lambda request: request["id"])]


def test_who_becomes_known_is_known_before_what_she_does_and_what_may_be_doubled_says_so(new_signal):
    one = new_signal()
    installation = installed(one)
    one.send({"type": "page", "messageId": "before", "name": "Home", **VISITOR})
    one.is_through(installation, delivered=1)
    assert not one.final("before").get("reason")

    known = {**VISITOR, "userId": "user-1"}
    for fault in ({"delay_ms": 0}, {"delay_ms": 3_000}):
        at_vendor(one, "POST", "faults", fault)
    one.send(
        {"type": "identify", "messageId": "login", "traits": {"plan": "gold"}, **known},
        {"type": "track", "event": "Quiz Finished", "messageId": "after", **known},
    )
    one.until(lambda: "/users/identify" in asked(one) and not at_vendor(one, "GET", "faults"), "the login is half told")
    killed = one.pid_of("delivery")
    os.kill(killed, signal.SIGKILL)
    one.until(lambda: one.pid_of("delivery") not in (None, killed), "another takes its place", one.alive)
    one.is_through(installation, delivered=3)

    calls = asked(one)
    assert calls[:2] == ["/users/track", "/users/identify"]
    assert calls.count("/users/identify") == 2, "it repeats what was not told as done"
    assert calls.index("/users/track", 1) > calls.index("/users/identify")
    (user,) = [record["body"] for record in at_vendor(one, "GET", "records/users")]
    assert (user["external_id"], user["custom_attributes"]) == ("user-1", {"plan": "gold"})
    assert [alias["alias_name"] for alias in user["user_aliases"]] == ["visitor-1"]
    for message_id in ("login", "after"):
        assert one.final(message_id)["reason"] == "possibly_doubled"
    assert one.installed(installation)["counts"]["doubled"] == 2

    one.send({"type": "track", "event": "Quiz Finished", "messageId": "later", **known})
    one.is_through(installation, delivered=4)
    assert not one.final("later").get("reason")
    assert one.terminate() == 0
