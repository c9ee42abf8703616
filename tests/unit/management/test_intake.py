from datafly.model.refusal import ACCEPTED, IntakeCount
from datafly.testing.intake_suite import kept

MINUTE = 60_000
HOUR = 3_600_000


def test_what_was_refused_is_listed_with_its_reason(house, call):
    house.store.intake.add([], [kept(1, pipeline_id=house.pipeline.id, at_ms=house.clock.now_ms())], most=10)

    (one,) = call.get(f"/v1/admin/pipelines/{house.pipeline.id}/refused")["data"]

    assert (one["code"], one["status"], one["message"], one["door"]) == ("NOT_JSON", 400, "number 1", "/v1/t")
    assert (one["id"], one["pipeline_id"], one["size_bytes"]) == ("ref_1", house.pipeline.id, 1)


def test_pages_of_what_was_refused_follow_each_other_and_can_be_of_one_code(house, call):
    mine = {"pipeline_id": house.pipeline.id}
    codes = ["NOT_JSON", "TOO_DEEP"]
    house.store.intake.add([], [kept(number, code=codes[number % 2], **mine) for number in range(7)], most=10)
    house.store.intake.add([], [kept(99, pipeline_id="pip_other")], most=10)
    path = f"/v1/admin/pipelines/{house.pipeline.id}/refused"

    seen, cursor = [], ""
    while True:
        body = call.get(f"{path}?limit=3{cursor}")
        seen += [one["size_bytes"] for one in body["data"]]
        assert body["has_more"] is (body["next_cursor"] is not None)
        if body["next_cursor"] is None:
            break
        cursor = f"&cursor={body['next_cursor']}"

    assert seen == [6, 5, 4, 3, 2, 1, 0]
    assert [one["size_bytes"] for one in call.get(f"{path}?code=TOO_DEEP")["data"]] == [5, 3, 1]
    assert call.get(f"{path}?limit=7")["has_more"] is False


def test_the_refusal_rate_of_the_last_hour_and_of_the_last_week(house, call):
    now, mine = house.clock.now_ms(), house.pipeline.id
    house.store.intake.add(
        [
            IntakeCount(mine, ACCEPTED, now, 6),
            IntakeCount(mine, "NOT_JSON", now, 1),
            IntakeCount(mine, "TOO_DEEP", now - 10 * MINUTE, 1),
            IntakeCount(mine, ACCEPTED, now - 2 * HOUR, 12),
        ],
        [],
        most=1,
    )

    hour = call.get(f"/v1/admin/pipelines/{mine}/intake")
    week = call.get(f"/v1/admin/pipelines/{mine}/intake?per=hour")

    assert (hour["accepted"], hour["refused"], hour["refusal_rate"]) == (6, 2, 0.25)
    assert hour["by_code"] == {"NOT_JSON": 1, "TOO_DEEP": 1}
    assert [(span["accepted"], span["refused"]) for span in hour["spans"]] == [(0, 1), (6, 1)]
    assert (week["accepted"], week["refused"], week["refusal_rate"]) == (18, 2, 0.1)
    assert hour["totals"] == {"accepted": 18, "refused": 2, "by_code": {"NOT_JSON": 1, "TOO_DEEP": 1}}


def test_where_nothing_came_there_is_no_rate(house, call):
    told = call.get(f"/v1/admin/pipelines/{house.pipeline.id}/intake")

    assert (told["refusal_rate"], told["accepted"], told["spans"]) == (None, 0, [])


def test_what_is_wrong_with_the_call_is_told(house, call, refused):
    refused(call("GET", "/v1/admin/pipelines/pip_none/refused"), 404, "NOT_FOUND")
    refused(call("GET", "/v1/admin/pipelines/pip_none/intake"), 404, "NOT_FOUND")
    path = f"/v1/admin/pipelines/{house.pipeline.id}"
    refused(call("GET", f"{path}/refused?cursor=x"), 422, "VALIDATION_FAILED", field="cursor")
    refused(call("GET", f"{path}/intake?per=day"), 422, "VALIDATION_FAILED", field="per")
