"""Governed events as a resource: a list by cursor and filters, and one by its message id."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest

PATH = "/v1/admin/events"


def ids(body):
    return [event["message_id"] for event in body["data"]]


def test_what_is_kept_is_listed_newest_first_page_by_page_whatever_arrives_meanwhile(house, call):
    for number in range(9):
        house.happens(f"m{number}", partition=number % 2)
    first = call.get(f"{PATH}?limit=4", role="viewer")
    house.happens("late")
    second = call.get(f"{PATH}?limit=4&cursor={first['next_cursor']}")
    third = call.get(f"{PATH}?limit=4&cursor={second['next_cursor']}")
    assert [ids(one) for one in (first, second, third)] == [
        ["m8", "m7", "m6", "m5"],
        ["m4", "m3", "m2", "m1"],
        ["m0"],
    ]
    assert [one["has_more"] for one in (first, second, third)] == [True, True, False]
    assert "deliveries" not in first["data"][0]


@pytest.mark.parametrize(
    ("query", "found"),
    [("user_id=jane", ["m2", "m0"]), ("event=Signed%20Up", ["m1"]), ("text=shelf", ["m2"]), ("message_id=m1", ["m1"])],
)
def test_filters_find_what_they_name(house, call, query, found):
    house.happens("m0", event="Product Viewed", user_id="jane")
    house.happens("m1", event="Signed Up", user_id="joe", partition=1)
    house.happens("m2", event="Product Viewed", user_id="jane", properties={"shelf": "top"})
    assert ids(call.get(f"{PATH}?{query}")) == found


def test_a_stretch_of_time_holds_its_beginning_and_not_its_end(house, call):
    begins = house.clock.now_ms()
    for number in range(3):
        house.happens(f"m{number}")
    until = datetime.fromtimestamp((begins + 2) / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    since = datetime.fromtimestamp((begins + 1) / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert ids(call.get(f"{PATH}?since={since}")) == ["m2", "m1"]
    assert ids(call.get(f"{PATH}?until={until}")) == ["m1", "m0"]
    assert ids(call.get(f"{PATH}?since={since}&until={until}")) == ["m1"]


def test_a_time_without_its_zone_is_refused(call, refused):
    refused(call("GET", f"{PATH}?since=2026-11-25T00:00:00"), 422, "VALIDATION_FAILED", field="since")


@pytest.mark.parametrize("settings", [{"scan_records": 3}], indirect=True)
def test_a_page_that_looked_far_enough_ends_and_the_next_goes_on(house, call):
    house.happens("wanted", user_id="jane")
    for number in range(4):
        house.happens(f"m{number}")
    first = call.get(f"{PATH}?user_id=jane")
    assert (ids(first), first["has_more"]) == ([], True)
    assert ids(call.get(f"{PATH}?user_id=jane&cursor={first['next_cursor']}")) == ["wanted"]


def test_one_event_is_shown_whole_with_what_became_of_it(house, call):
    installed = house.installed()
    house.delivers(installed, house.happens("m1", event="Product Viewed", user_id="jane"))
    one = call.get(f"{PATH}/m1", role="viewer")
    assert (one["message_id"], one["event"], one["request"]) == ("m1", "Product Viewed", None)
    assert [each["verdict"] for each in one["deliveries"]] == ["DELIVERED"]


@pytest.mark.parametrize("message_id", ["a/b", "a//b", "/a/", "a%2Fb", "ü/?#&=", "../../alerts"])
def test_an_event_is_found_by_its_id_whatever_that_holds(house, call, refused, message_id):
    house.happens(message_id)
    assert call.get(f"{PATH}/{quote(message_id, safe='')}")["message_id"] == message_id
    refused(call("GET", f"{PATH}/{quote(message_id + '/no', safe='')}"), 404, "NOT_FOUND")


def test_an_event_that_never_came_and_one_of_another_pipeline_are_not_found(house, call, refused):
    house.happens("m1")
    refused(call("GET", f"{PATH}/m2"), 404, "NOT_FOUND")
    refused(call("GET", f"{PATH}/m1?pipeline_id=pip_other"), 404, "NOT_FOUND")
    assert call.get(f"{PATH}/m1?pipeline_id={house.pipeline.id}")["message_id"] == "m1"
