"""The answers of contracts/insider.md §4, word for word, and how each is judged."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafly import catalog
from datafly.model.delivery import Item, Reply
from datafly.model.verdict import Verdict
from datafly.spec.compile import compile_integration
from datafly.spec.config import validate_config

INSIDER = catalog.get("insider")
CONFIG = {"api_key": "xxxxxxxxxxxxxxxxxxxx", "partner_name": "myco"}
MADE = compile_integration(INSIDER, validate_config(INSIDER, "default", "server_side", CONFIG))

BAD_KEY = ("Invalid API key or wrong scopes", "Regenerate the key with Unification API scope.")
BAD_PARTNER = ("Slug doesn’t match account", "Confirm the partner name in Settings > Account.")
ACCESS_DENIED = '{"success":false,"message":"Access Denied. You do not have sufficient access to perform this action."}'


def judge(status, body, count=1, **headers):
    told = {key.replace("_", "-"): value for key, value in headers.items()}
    return MADE.judge(Reply(status, told, body.encode()), [Item(b"{}")] * count)


def errors(**fail):
    return json.dumps({"data": {"successful": {}, "fail": fail}})


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_all_users_taken_is_delivered(count):
    judgement = judge(200, f'{{"data":{{"successful":{{"count":{count}}},"fail":{{}}}}}}\n', count)
    assert (judgement.whole.verdict, judgement.items, judgement.drift) == (Verdict.DELIVERED, (), "")


def test_one_bad_user_of_three_is_rejected_in_insiders_words_and_the_others_are_delivered():
    body = (
        '{"data":{"successful":{"count":2},"fail":{"count":1,"errors":'
        '{"users.1.identifiers.*.regexp(^.+@.+\\\\..+$)":["not a valid email address: jane"]}}}}'
    )
    judgement = judge(200, body, 3)
    assert [ruling.verdict for ruling in judgement.items] == [Verdict.DELIVERED, Verdict.REJECTED, Verdict.DELIVERED]
    assert judgement.items[1].reason == "not a valid email address: jane"
    assert judgement.items[1].cure == "Correct the trait email."
    assert judgement.drift == ""


def test_a_mixed_answer_counts_users_and_not_events():
    """The shape of contracts/insider.md §4.1, row “mixed”: 123 taken, 1 refused."""
    body = (
        '{"data":{"successful":{"count":123},"fail":{"count":1,"errors":'
        '{"users.123.events.4.event_name.*.regexp(^[a-z0-9][a-zA-Z0-9._-]*$)":["invalid event name: homepageView"]}}}}'
    )
    judgement = judge(200, body, 124)
    assert [ruling.verdict for ruling in judgement.items] == [Verdict.DELIVERED] * 123 + [Verdict.REJECTED]
    assert judgement.drift == ""


def test_all_users_refused_is_all_rejected():
    found = {f"users.{index}.identifiers.*.type(string)": [f"uuid must be string: {index}"] for index in range(3)}
    judgement = judge(200, errors(count=3, errors=found), 3)
    assert [ruling.reason for ruling in judgement.items] == [f"uuid must be string: {index}" for index in range(3)]
    assert {ruling.verdict for ruling in judgement.items} == {Verdict.REJECTED}
    assert judgement.drift == ""


DOCUMENTED = [
    (
        {r"users.0.identifiers.*.regexp(^.+@.+\..+$)": ["not a valid email address: jane"]},
        "not a valid email address: jane",
    ),
    (
        {r"users.0.identifiers.value[*].regexp(^\+[1-9]\d{5,15}$)": ["invalid phone number: 0123"]},
        "invalid phone number: 0123",
    ),
    (
        {
            "users.0.identifiers.required": ["either insider_id or idenifiers must be specified"],
            "users.0.insider_id.required": ["either insider_id or idenifiers must be specified"],
        },
        "either insider_id or idenifiers must be specified",
    ),
    (
        {r"users.0.identifiers.*.regexp(^\+[1-9]\d{6,14}$)": ["user has an invalid phone number: 123"]},
        "user has an invalid phone number: 123",
    ),
    ({"users.0.identifiers.*.type(string)": ["uuid must be string: 7"]}, "uuid must be string: 7"),
    (
        {"users.0.identifiers.*.in(defaults_column)": ["key must be one of phone_number(pn), email(em) or uuid"]},
        "key must be one of phone_number(pn), email(em) or uuid",
    ),
    (
        {"users.0.events.0.event_name.*.regexp(^[a-z0-9][a-zA-Z0-9._-]*$)": ["invalid event name: homepageView"]},
        "invalid event name: homepageView",
    ),
    (
        {
            "users.0.events.0.event_params.*.required": [
                "event_group_id parameter is required on purchase event",
                "unit_sale_price parameter is required on purchase event",
            ]
        },
        (
            "event_group_id parameter is required on purchase event; "
            "unit_sale_price parameter is required on purchase event"
        ),
    ),
]


@pytest.mark.parametrize(("found", "reason"), DOCUMENTED, ids=[reason[:40] for _, reason in DOCUMENTED])
def test_a_documented_field_error_is_the_reason_word_for_word(found, reason):
    judgement = judge(200, errors(count=1, errors=found))
    assert [(one.verdict, one.reason) for one in judgement.items] == [(Verdict.REJECTED, reason)]
    assert judgement.items[0].cause
    assert judgement.items[0].cure
    assert judgement.drift == ""


@pytest.mark.parametrize(
    ("status", "body", "symptom", "words"),
    [
        (401, '{"success":false,"message":"Partner token authentication failed."}', "401 Unauthorized", BAD_KEY),
        (403, ACCESS_DENIED, "403 Access Denied", BAD_KEY),
        (400, ACCESS_DENIED, "400 Access Denied", BAD_KEY),
        (400, '{"success":false,"message":"Partner is invalid."}', "400 partner_name invalid", BAD_PARTNER),
        (400, '{"error":"partner_name invalid"}', "400 partner_name invalid", BAD_PARTNER),
    ],
)
def test_a_wrong_key_or_partner_suspends_with_the_words_of_the_page(status, body, symptom, words):
    ruling = judge(status, body, 7).whole
    assert (ruling.verdict, ruling.symptom, (ruling.cause, ruling.cure)) == (Verdict.SUSPENDED, symptom, words)
    assert ruling.reason in body


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (408, ""),
        (425, ""),
        (429, '{"error":"rejected: too many requests"}'),
        (429, '{"message":"Too Many Requests","status":429}'),
        (500, '{"success":false,"message":"The request processing has failed because of an unknown error."}'),
        (503, ""),
        (504, "upstream request timeout"),
        (520, "<!DOCTYPE html><html><h1>Error 520</h1></html>"),
    ],
)
def test_what_passes_by_itself_is_tried_again(status, body):
    ruling = judge(status, body, 7).whole
    assert ruling.verdict is Verdict.RETRY
    assert ruling.reason
    assert "<" not in ruling.reason


def test_retry_after_is_honoured_in_both_forms():
    assert judge(429, "", Retry_After="7").whole.retry_after_seconds == 7
    dates = {"Date": "Mon, 23 Nov 2026 10:00:00 GMT", "retry_after": "Mon, 23 Nov 2026 10:01:00 GMT"}
    assert judge(503, "", **dates).whole.retry_after_seconds == 60
    assert judge(503, "", retry_after="soon").whole.retry_after_seconds is None


@pytest.mark.parametrize(
    "body",
    [
        '{"error":"users must be defined: bad request"}',
        '{"error":"request body is bigger than maximum allowed size 5,000,000 bytes"}',
        '{"error":"content type must be application/json"}',
        '{"success":false,"message":"Request data is not in valid JSON format."}',
        '{"success":false,"message":"The request is denied. More than 10000 records were sent."}',
    ],
)
def test_any_other_400_rejects_the_whole_so_that_the_batch_is_split(body):
    judgement = judge(400, body, 5)
    assert (judgement.whole.verdict, judgement.items) == (Verdict.REJECTED, ())
    assert judgement.whole.reason in body


def test_an_invalid_payload_under_405_suspends_in_insiders_words():
    ruling = judge(405, '{"error":"Invalid Payload."}', 7).whole
    assert (ruling.verdict, ruling.reason) == (Verdict.SUSPENDED, "Invalid Payload.")


@pytest.mark.parametrize("status", [301, 302, 307, 404, 405])
def test_an_answer_of_somebody_else_suspends_since_the_address_is_the_operators(status):
    ruling = judge(status, "", Location="https://elsewhere.example/").whole
    assert ruling.verdict is Verdict.SUSPENDED
    assert "address" in ruling.cure


@pytest.mark.parametrize("body", ["", "<html>ok</html>", '{"data":{"succ', "{}", "[]", '{"data":null}', '{"data":{}}'])
def test_a_success_that_does_not_say_who_was_taken_is_tried_again_and_reported_as_drift(body):
    judgement = judge(200, body, 2)
    assert judgement.whole.verdict is Verdict.RETRY
    assert judgement.drift


@pytest.mark.parametrize(
    ("body", "count", "verdicts"),
    [
        # Counts that do not add up; no one is said to have failed.
        ('{"data":{"successful":{"count":1},"fail":{}}}', 2, []),
        # One more is named than failed.
        (
            '{"data":{"successful":{"count":2},"fail":{"count":1,"errors":{"users.0.a.b":["x"],"users.1.a.b":["y"]}}}}',
            3,
            ["REJECTED", "REJECTED", "DELIVERED"],
        ),
    ],
)
def test_counts_that_do_not_add_up_are_drift_and_the_named_are_judged(body, count, verdicts):
    judgement = judge(200, body, count)
    assert [ruling.verdict.value for ruling in judgement.items] == verdicts
    assert judgement.drift


@pytest.mark.parametrize(
    ("successful", "fail", "count", "verdicts"),
    [
        # A count that is text is still a count: whoever failed did not pass.
        ({"count": 1}, {"count": "1"}, 2, "REJECTED"),
        ({"count": 1}, {"count": "1", "errors": {"users.1.a.b": ["no"]}}, 2, "DELIVERED REJECTED"),
        ({"count": "2"}, {}, 2, "DELIVERED"),
        ({"count": "2"}, {"count": "0"}, 2, "DELIVERED"),
        # A count that nobody can read: who is named is refused, and nobody passes for taken who was not counted.
        ({"count": 1}, {"count": "one"}, 2, "RETRY"),
        ({"count": 2}, {"count": -1}, 2, "DELIVERED"),
        ({"count": 1}, {"count": 0.5}, 2, "RETRY"),
        ({"count": 1}, {"count": None}, 2, "RETRY"),
        ({"count": 1}, {"count": True}, 2, "RETRY"),
        ({"count": 1}, 1, 2, "RETRY"),
        ({"count": 1}, ["no"], 2, "RETRY"),
        ("2", {}, 2, "RETRY"),
        ({"count": "two"}, {}, 2, "RETRY"),
        ({}, {"count": "many", "errors": {"users.0.a.b": ["no"]}}, 2, "REJECTED RETRY"),
        ({"count": 1}, {"count": "many", "errors": {"users.0.a.b": ["no"]}}, 2, "REJECTED DELIVERED"),
        ({"count": 1}, {"errors": {"users.0.a.b": ["no"]}}, 2, "REJECTED DELIVERED"),
        ({"count": 1}, {"errors": {"root.a.b": ["no"]}}, 2, "REJECTED"),
    ],
)
def test_counts_of_another_kind_are_drift_and_nobody_passes_for_delivered_who_is_not_counted(
    successful, fail, count, verdicts
):
    judgement = judge(200, json.dumps({"data": {"successful": successful, "fail": fail}}), count)
    rulings = judgement.items or (judgement.whole,)
    assert " ".join(ruling.verdict.value for ruling in rulings) == verdicts
    assert all(ruling.reason for ruling in rulings if ruling.verdict is not Verdict.DELIVERED)
    assert judgement.drift


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"users.9.identifiers.required": ["either insider_id or idenifiers must be specified"]},
        {"skip_hook.type": ["skip_hook must be boolean"]},
        {"users.x.identifiers.required": ["x"]},
    ],
)
def test_a_failure_that_names_no_user_rejects_the_whole_so_that_splitting_finds_him(found):
    judgement = judge(200, json.dumps({"data": {"successful": {"count": 1}, "fail": {"count": 1, "errors": found}}}), 2)
    assert (judgement.whole.verdict, judgement.items) == (Verdict.REJECTED, ())
    assert judgement.whole.reason
    assert judgement.drift


def test_the_credential_check_reads_only_and_is_judged_by_the_list_of_columns():
    check = MADE.credential_check
    assert (check.method, check.url) == ("POST", "https://unification.useinsider.com/api/user/v3/metadata/columns")
    assert check.body == b'{"table":"contacts"}'
    columns = b'[{"key":"email","display_name":"E-mail"}]'
    assert MADE.judge_check(Reply(200, body=columns)).verdict is Verdict.DELIVERED
    assert MADE.judge_check(Reply(200, body=b"<html>")).verdict is Verdict.RETRY
    assert MADE.judge_check(Reply(403, body=ACCESS_DENIED.encode())).symptom == "403 Access Denied"


COUNTS = st.integers(0, 4) | st.integers(0, 4).map(str) | st.sampled_from([-1, None, True, 0.5, "many", []])
PATHS = st.integers(0, 5).map("users.{}.identifiers.required".format) | st.sampled_from(
    ["skip_hook.type", "users.x.a", ""]
)
ERRORS = st.dictionaries(PATHS, st.lists(st.text(max_size=9), max_size=2) | st.none() | st.integers(), max_size=3)
SUCCESSFUL = st.builds(lambda count: {"count": count}, COUNTS) | st.sampled_from([{}, None, 1, "2", []])
FAIL = st.fixed_dictionaries({"count": COUNTS}, optional={"errors": ERRORS}) | st.sampled_from([{}, 1, {"errors": 7}])
TOLD = st.fixed_dictionaries({"successful": SUCCESSFUL, "fail": FAIL}) | st.sampled_from([None, [], {}, {"fail": {}}])


@settings(max_examples=1_000)
@given(told=TOLD, count=st.integers(1, 4))
def test_whatever_a_success_says_nobody_passes_for_delivered_who_was_refused(told, count):
    judgement = judge(200, json.dumps({"data": told}), count)
    rulings = judgement.items or (judgement.whole,) * count
    assert len(rulings) == count
    assert all(ruling.reason for ruling in rulings if ruling.verdict is Verdict.RETRY)
    taken = [index for index, ruling in enumerate(rulings) if ruling.verdict is Verdict.DELIVERED]
    fail = (told.get("fail") or {}) if isinstance(told, dict) else {}
    errors = fail.get("errors") if isinstance(fail, dict) else None
    paths = errors if isinstance(errors, dict) else {}
    named = {index for index in range(count) if f"users.{index}.identifiers.required" in paths}
    assert not named & set(taken)
    failed = fail.get("count") if isinstance(fail, dict) else None
    if type(failed) in {int, str} and str(failed).isdecimal() and int(failed) > 0:
        assert len(taken) <= max(count - int(failed), 0)
    if taken and not judgement.drift:
        successful = told["successful"]["count"] if told.get("successful") else 0
        assert len(taken) == successful
