"""Whom of a job Klaviyo's answer means: offenders are refused, the others go again without them (§1.8)."""

import json

import pytest

from datafly import catalog
from datafly.model.delivery import Item, Reply
from datafly.model.verdict import Verdict
from datafly.testing.integration_suite import compiled

MADE = compiled(catalog.get("klaviyo"), list_id="Y6nRLr")
ITEMS = [Item(b"1", group=b"a"), Item(b"2", group=b"a"), Item(b"3", group=b"b"), Item(b"4", group=b"b")]
PROFILES = [Item(b"1", "subscribe"), Item(b"2", "subscribe"), Item(b"3", "subscribe")]
IN_GROUPS = "/data/attributes/events-bulk-create/data"
IN_LIST = "/data/attributes/profiles/data"


def said(*pointers, detail="Invalid phone number."):
    errors = [
        {"id": "i", "code": "invalid", "title": "Invalid input.", "detail": detail, "source": {"pointer": pointer}}
        for pointer in pointers
    ]
    return Reply(400, body=json.dumps({"errors": errors}).encode())


def verdicts(reply, items=ITEMS):
    judgement = MADE.judge(reply, items)
    return [ruling.verdict.value for ruling in judgement.items] or judgement.whole.verdict.value


@pytest.mark.parametrize(
    ("pointers", "refused"),
    [
        ([f"{IN_GROUPS}/1/attributes/events/data/0/attributes/time"], {2}),
        ([f"{IN_GROUPS}/1/attributes/profile/data/attributes/phone_number"], {2, 3}),
        ([f"{IN_GROUPS}/0", f"{IN_GROUPS}/1/attributes/events/data/1"], {0, 1, 3}),
        ([f"{IN_GROUPS}/9/attributes", f"{IN_GROUPS}/0/attributes/events/data/1/attributes"], {1}),
    ],
)
def test_whom_a_pointer_names_is_refused_and_the_others_go_again(pointers, refused):
    judgement = MADE.judge(said(*pointers), ITEMS)
    assert {index for index, ruling in enumerate(judgement.items) if ruling.verdict is Verdict.REJECTED} == refused
    assert all(ruling.verdict in (Verdict.REJECTED, Verdict.RETRY) for ruling in judgement.items)
    assert {ruling.reason for ruling in judgement.items} == {"Invalid phone number.", "others_refused"} - (
        {"others_refused"} if len(refused) == len(ITEMS) else set()
    )


def test_profiles_of_a_job_are_named_by_their_place():
    assert verdicts(said(f"{IN_LIST}/1/attributes/email"), PROFILES) == ["RETRY", "REJECTED", "RETRY"]
    assert verdicts(said(f"{IN_LIST}/7/attributes/email"), PROFILES) == "REJECTED"


@pytest.mark.parametrize(
    "reply",
    [
        said("/data/attributes"),
        said(f"{IN_GROUPS}/x"),
        said(f"{IN_GROUPS}/12345678901/attributes"),
        # Of two that are alike the first may have counted; alone each is taken, and ignored if it was there.
        said(f"{IN_GROUPS}/0/attributes/events/data/1/attributes/unique_id"),
        Reply(400, body=b'{"errors":[7,{"source":3},{"source":{"pointer":4}}]}'),
        Reply(400, body=b'{"errors":{"detail":"x"}}'),
        Reply(400, body=b"[]"),
        Reply(413, body=b""),
    ],
)
def test_where_nobody_is_named_the_job_is_split(reply):
    assert verdicts(reply) == "REJECTED"


def test_an_answer_about_one_event_is_about_it_wherever_it_points():
    judgement = MADE.judge(said(f"{IN_GROUPS}/0/attributes"), ITEMS[:1])
    assert (judgement.items, judgement.whole.verdict, judgement.whole.reason) == (
        (),
        Verdict.REJECTED,
        "Invalid phone number.",
    )


def test_the_declared_cause_and_cure_are_told_of_each_offender():
    words = "'phone_number' must not be empty when the sms channel is included in 'subscriptions'."
    refused = MADE.judge(said(f"{IN_LIST}/0", detail=words), PROFILES).items[0]
    assert (refused.reason, refused.symptom) == (words, words)
    assert refused.cure


@pytest.mark.parametrize(("status", "verdict"), [(202, "DELIVERED"), (503, "RETRY"), (403, "SUSPENDED")])
def test_a_job_is_else_judged_as_a_whole(status, verdict):
    assert verdicts(Reply(status, body=b"")) == verdict


def test_klaviyo_says_how_long_to_wait():
    ruling = MADE.judge(Reply(429, body=b"{}", headers={"Retry-After": "7"}), ITEMS).whole
    assert (ruling.verdict, ruling.retry_after_seconds) == (Verdict.RETRY, 7)


@pytest.mark.parametrize(
    ("body", "verdict"), [(b'{"data":[]}', Verdict.DELIVERED), (b'{"data":{}}', Verdict.RETRY), (b"", Verdict.RETRY)]
)
def test_credentials_are_tried_by_asking_for_the_lists(body, verdict):
    assert (MADE.credential_check.method, MADE.credential_check.url) == ("GET", "https://a.klaviyo.com/api/lists")
    assert MADE.judge_check(Reply(200, body=body)).verdict is verdict
