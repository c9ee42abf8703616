"""A vendor that refuses, is away, is slow, or dislikes one record: nothing is lost, and a person is told what to do."""

import json

import pytest

INVALID_KEY = ("Invalid API key or wrong scopes", "Regenerate the key with Unification API scope.")
WRONG_PARTNER = ("Slug doesn’t match account", "Confirm the partner name in Settings > Account.")
NOT_AN_ADDRESS = "not a valid email address: jane@broken"


def _journeys(demo, users: int, steps: int) -> list[dict]:
    """Events of several people, interleaved, each numbered."""
    return [demo.track("Step Taken", f"user-{user}", step=step) for step in range(steps) for user in range(users)]


def _steps_of(demo) -> dict[str, list[int]]:
    """User id → the steps that the vendor has of her, in the order in which they came; each must have come once."""
    names = {one["id"]: one["identifiers"][0]["value"] for one in demo.vendor_users("user-")}
    steps: dict[str, list[int]] = {}
    for event in demo.arrivals():
        assert (event["name"], event["times_received"]) == ("step_taken", 1)
        steps.setdefault(names[event["profile_id"]], []).append(event["custom"]["step"])
    return steps


@pytest.mark.parametrize(
    ("wrong", "status", "symptom", "words"),
    [
        ({"api_key": "no-such-key"}, 401, "401 Unauthorized", INVALID_KEY),
        ({"api_key": "no-such-key"}, 403, "403 Access Denied", INVALID_KEY),
        ({"partner_name": "another"}, 400, "400 partner_name invalid", WRONG_PARTNER),
    ],
    ids=["key", "key as documented", "partner"],
)
def test_a_wrong_setting_suspends_with_the_pages_cure_and_once_it_is_right_everything_queued_arrives(
    demo, wrong, status, symptom, words
):
    right = {"api_key": demo.vendor_key(), "partner_name": "myco"}
    demo.control("PATCH", "settings", {"auth_errors": "documented_403" if status == 403 else "catalogue"})
    installation = demo.install(right["api_key"])
    demo.api("PATCH", f"pipeline-integrations/{installation}", {"config": wrong})
    sent = _journeys(demo, users=5, steps=6)
    demo.send(*sent)

    state = demo.has_state(installation, "suspended")
    assert (state["cause"], state["cure"], state["symptom"]) == (*words, symptom)
    demo.send(*(more := _journeys(demo, users=5, steps=1)))
    for message_id in (sent[0]["messageId"], more[0]["messageId"]):
        event = demo.event(
            message_id, lambda one: one["pending"] and one["pending"][0]["state"] == "suspended", "waits"
        )
        (pending,) = event["pending"]
        assert (event["deliveries"], pending["cause"], pending["cure"]) == ([], *words)
    asked = demo.event(sent[0]["messageId"], lambda one: one["pending"][0]["last_answer"], "was answered")
    assert asked["pending"][0]["last_answer"]["status"] == status
    assert demo.arrivals() == []

    demo.api("PATCH", f"pipeline-integrations/{installation}", {"config": {name: right[name] for name in wrong}})
    demo.is_through(installation, delivered=35)
    assert _steps_of(demo) == {f"user-{number}": [*range(6), 0] for number in range(5)}
    assert demo.installed(installation)["counts"]["DELIVERED"] == 35
    assert demo.installed(installation)["state"]["name"] == "running"
    assert {demo.final(one["messageId"])["verdict"] for one in sent} == {"DELIVERED"}


def test_a_key_revoked_in_the_panel_stops_the_flow_and_another_one_frees_it(demo):
    installation = demo.install(demo.vendor_key())
    demo.send(before := demo.track("Step Taken", "user-1", step=0))
    assert demo.final(before["messageId"])["status"] == 200

    (key,) = demo.control("GET", "keys")
    demo.control("DELETE", f"keys/{key['id']}")
    demo.send(after := demo.track("Step Taken", "user-1", step=1))
    state = demo.has_state(installation, "suspended")
    assert (state["cause"], state["cure"]) == INVALID_KEY

    demo.api("PATCH", f"pipeline-integrations/{installation}", {"config": {"api_key": demo.vendor_key()}})
    assert demo.final(after["messageId"])["verdict"] == "DELIVERED"
    assert _steps_of(demo) == {"user-1": [0, 1]}


def test_what_the_vendor_could_not_take_for_a_while_arrives_in_order_and_once(demo):
    installation = demo.install(demo.vendor_key())
    demo.control("POST", "faults", {"status": 503, "count": 5})
    demo.control("POST", "faults", {"status": 429, "retry_after": 1, "count": 2})
    demo.control("POST", "faults", {"status": 503})
    sent = _journeys(demo, users=8, steps=20)
    for first in range(0, len(sent), 40):
        demo.send(*sent[first : first + 40])

    def was_answered(event: dict) -> bool:
        return any(one["last_answer"] and one["last_answer"]["status"] in (429, 503) for one in event["pending"])

    assert demo.event(sent[0]["messageId"], was_answered, "was put off")["deliveries"] == []
    demo.is_through(installation, delivered=160)
    assert _steps_of(demo) == {f"user-{number}": [*range(20)] for number in range(8)}
    assert demo.control("GET", "faults") == []
    first = demo.final(sent[0]["messageId"])
    assert (first["verdict"], first["status"]) == ("DELIVERED", 200)
    assert first["attempts"] > 1


def test_one_bad_record_is_refused_with_the_vendors_words_and_the_others_arrive(demo):
    installation = demo.install(demo.vendor_key())
    demo.api("POST", f"pipeline-integrations/{installation}/pause")
    sent = [{**demo.track("Step Taken", f"user-{number}", step=number), "anonymousId": "one"} for number in range(3)]
    demo.send(*sent)
    for one in sent:
        demo.event(one["messageId"], lambda event: event["pending"], "waits")
    errors = {r"users.1.identifiers.*.regexp(^.+@.+\..+$)": [NOT_AN_ADDRESS]}
    answer = {"data": {"successful": {"count": 2}, "fail": {"count": 1, "errors": errors}}}
    demo.control("POST", "faults", {"status": 200, "applied": True, "body": json.dumps(answer)})
    demo.api("POST", f"pipeline-integrations/{installation}/resume")

    fates = [demo.final(one["messageId"]) for one in sent]
    assert [(fate["verdict"], fate["status"]) for fate in fates] == [
        ("DELIVERED", 200),
        ("REJECTED", 200),
        ("DELIVERED", 200),
    ]
    bad = fates[1]
    assert bad["reason"] == NOT_AN_ADDRESS
    assert bad["cause"] == "The e-mail address of the user is not one for Insider"
    assert bad["cure"] == "Correct the trait email."
    assert bad["request"]["body"]["users"][0]["identifiers"] == {"uuid": "user-1"}

    (letter,) = demo.pages("dead-letters")
    assert (letter["event"]["message_id"], letter["reason"]) == (sent[1]["messageId"], NOT_AN_ADDRESS)
    assert letter["replayed"] is False
    replay = demo.api("POST", "dead-letters/replay", {"ids": [letter["id"]]}, expect=202)
    demo.until(lambda: demo.api("GET", f"replays/{replay['id']}")["state"] == "done", "the replay is done")
    assert demo.api("GET", f"replays/{replay['id']}")["verdicts"] == {"DELIVERED": 1}
    assert demo.pages("dead-letters")[0]["replays"] == [{"id": replay["id"], "state": "done", "verdict": "DELIVERED"}]
    (event,) = demo.live(message_id=sent[1]["messageId"])
    assert {(one["run_id"], one["verdict"]) for one in event["deliveries"]} == {
        (None, "REJECTED"),
        (replay["id"], "DELIVERED"),
    }
