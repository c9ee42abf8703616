"""Whom an answer of Braze means: by list and place in the request, and nobody else (users-ask E.29)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly import catalog
from datafly.model.delivery import Item, Reply
from datafly.model.verdict import Verdict
from datafly.testing.integration_suite import compiled

MADE = compiled(catalog.get("braze"))
PARTS = ("attributes", "events", "purchases")
ITEMS = [Item(b"{}", part=part) for part in ("attributes", "attributes", "events", "events", "purchases")]


def said(*errors, status=201, message="success", **more):
    told = [{"type": kind, "input_array": array, "index": index} for array, index, kind in errors]
    return Reply(status, body=json.dumps({"message": message, "errors": told, **more}).encode())


def verdicts(reply, items=ITEMS):
    judgement = MADE.judge(reply, items)
    return [ruling.verdict.value for ruling in judgement.items] or judgement.whole.verdict.value


def test_whom_a_success_names_is_refused_for_what_is_said_of_it_and_the_others_are_delivered():
    judgement = MADE.judge(
        said(("events", 1, "'time' is not valid"), ("attributes", 0, "bad"), events_processed=1), ITEMS
    )
    assert [ruling.verdict.value for ruling in judgement.items] == [
        "REJECTED",
        "DELIVERED",
        "DELIVERED",
        "REJECTED",
        "DELIVERED",
    ]
    assert [judgement.items[index].reason for index in (0, 3)] == ["bad", "'time' is not valid"]


@given(
    st.lists(st.sampled_from(PARTS), min_size=2, max_size=75),
    st.data(),
)
def test_an_error_is_given_back_to_the_event_that_stood_there_whatever_the_request_holds(parts, data):
    items = [Item(str(number).encode(), key=str(number), part=part) for number, part in enumerate(parts)]
    order = MADE.arrange(items)
    items = items if order is None else [items[index] for index in order]
    body = json.loads(MADE.assemble(items).body)
    bad = data.draw(st.sets(st.sampled_from(range(len(items))), min_size=1))
    places = [(array, index, one) for array in body for index, one in enumerate(body[array])]
    errors = [(array, index, f"bad {one}") for array, index, one in places if one in bad]
    for status, others in ((201, "DELIVERED"), (400, "RETRY")):
        judgement = MADE.judge(said(*errors, status=status), items)
        for item, ruling in zip(items, judgement.items, strict=True):
            expected = ("REJECTED", f"bad {item.key}") if int(item.key) in bad else (others, None)
            assert ruling.verdict.value == expected[0]
            assert expected[1] in (None, ruling.reason)


def test_several_errors_of_one_event_are_told_together_and_once():
    judgement = MADE.judge(said(("events", 0, "a"), ("events", 0, "b"), ("events", 0, "a")), ITEMS)
    assert judgement.items[2].reason == "a; b"


def test_a_400_that_names_all_refuses_all_and_one_that_names_some_sends_the_others_again():
    every = [
        (item.part, index, "x") for part in PARTS for index, item in enumerate(one for one in ITEMS if one.part == part)
    ]
    assert verdicts(said(*every, status=400)) == ["REJECTED"] * 5
    judgement = MADE.judge(said(("purchases", 0, "x"), status=400), ITEMS)
    assert [ruling.reason for ruling in judgement.items] == ["others_refused"] * 4 + ["x"]


def test_an_error_that_names_nobody_of_the_request_harms_nobody_and_is_told():
    judgement = MADE.judge(said(("events", 7, "x"), ("carts", 0, "y"), ("events", -1, "z")), ITEMS)
    assert (judgement.whole.verdict, judgement.items) == (Verdict.DELIVERED, ())
    assert "events[7]; carts[0]; events[-1]" in judgement.drift


@pytest.mark.parametrize(
    "body",
    [b"", b"<html></html>", b"[]", b"{}", b'{"message":7}', b'{"messa', b"\xff"],
)
def test_a_success_without_brazes_message_is_no_success(body):
    judgement = MADE.judge(Reply(200, body=body), ITEMS)
    assert (judgement.whole.verdict, judgement.whole.reason) == (Verdict.RETRY, "unreadable_answer")
    assert judgement.drift


def test_another_message_inside_a_success_is_a_refusal_in_its_words():
    judgement = MADE.judge(Reply(201, body=b'{"message":"Workspace is closed"}'), ITEMS)
    assert (judgement.whole.verdict, judgement.whole.reason) == (Verdict.REJECTED, "Workspace is closed")
    assert verdicts(Reply(202, body=b'{"message":"queued"}')) == "DELIVERED"


@pytest.mark.parametrize(
    "errors", [7, [7], [{"index": "0"}], [{"input_array": "events"}], [{"input_array": 1, "index": 0}]]
)
def test_errors_of_another_form_are_no_errors(errors):
    body = json.dumps({"message": "success", "errors": errors}).encode()
    assert verdicts(Reply(201, body=body)) == "DELIVERED"


def test_an_answer_about_one_event_is_about_it_wherever_it_points():
    judgement = MADE.judge(said(("events", 3, "'quantity' is not valid")), [Item(b"{}", part="purchases")])
    assert (judgement.items[0].reason, judgement.items[0].verdict) == ("'quantity' is not valid", Verdict.REJECTED)
    assert judgement.items[0].cure


def test_an_alias_that_is_not_given_to_the_user_holds_nothing_of_her_back():
    items = [Item(b"{}", "identify"), Item(b"{}", "identify")]
    judgement = MADE.judge(said(("user_identifiers", 1, "no such alias"), aliases_processed=1), items)
    assert [(ruling.verdict.value, ruling.reason) for ruling in judgement.items] == [
        ("DELIVERED", ""),
        ("DELIVERED", "no such alias"),
    ]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"x-ratelimit-retry-after": "3", "x-ratelimit-reset": "9"}, 3),
        ({"x-ratelimit-reset": "2"}, 2),
        ({"X-RateLimit-Reset": "1795600010", "Date": "Wed, 25 Nov 2026 09:46:40 GMT"}, 10),
        ({"x-ratelimit-reset": "1795600010", "Date": "Wed, 25 Nov 2026 09:50:00 GMT"}, 0),
        ({"x-ratelimit-reset": "1795600010"}, None),
        ({"x-ratelimit-reset": "soon"}, None),
        ({"x-ratelimit-reset": "nan"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_from_whichever_header_is_there(headers, seconds):
    ruling = MADE.judge(Reply(429, headers=headers, body=b'{"message":"Too Many Requests"}'), ITEMS).whole
    assert (ruling.verdict, ruling.retry_after_seconds, ruling.symptom) == (
        Verdict.RETRY,
        seconds,
        "429 Too Many Requests",
    )


@pytest.mark.parametrize(
    ("body", "verdict"), [(b'{"users":[],"message":"success"}', Verdict.DELIVERED), (b'{"users":{}}', Verdict.RETRY)]
)
def test_credentials_are_tried_by_asking_for_nobody(body, verdict):
    check = MADE.credential_check
    assert (check.method, check.url) == ("POST", "https://rest.iad-01.braze.com/users/export/ids")
    assert MADE.judge_check(Reply(201, body=body)).verdict is verdict
