"""What Segment and RudderStack export is understood without a mapping."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.backfill.exports import compile_shape, recognise
from datafly.backfill.refusal import RowRefused
from datafly.model.errors import OperatorError

RAW = {
    "type": "track",
    "event": "Order Completed",
    "messageId": "m-1",
    "anonymousId": "a-1",
    "userId": "u-1",
    "properties": {"order_id": "o-1"},
    "context": {"page": {"url": "https://shop.example/"}},
    "integrations": {},
    "timestamp": "2024-01-31T10:00:00.000Z",
    "originalTimestamp": "2024-01-31T09:00:00.000Z",
    "sentAt": "2024-01-31T09:00:01.000Z",
    "receivedAt": "2024-01-31T10:00:01.000Z",
    "version": 2,
    "writeKey": "secret",
    "projectId": "p",
}
RUDDER = {**RAW, "channel": "web", "rudderId": "r-1", "request_ip": "192.0.2.1"}
TRACKS = {
    "id": "m-1",
    "anonymous_id": "a-1",
    "user_id": 17,
    "event": "order_completed",
    "event_text": "Order Completed",
    "context_page_url": "https://shop.example/",
    "context_user_agent": "Mozilla/5.0",
    "context_device_ad_tracking_enabled": True,
    "context_ip": "192.0.2.1",
    "received_at": "2024-01-31 10:00:01 UTC",
    "timestamp": "2024-01-31 10:00:00 UTC",
    "sent_at": "2024-01-31 09:00:01 UTC",
    "uuid_ts": "2024-01-31 11:00:00 UTC",
    "order_id": "o-1",
    "products": '[{"product_id": "p-1"}]',
    "coupon": None,
}


def read(row, shape="segment", table=None, name="rows.csv", columns=None):
    return compile_shape(shape, table, Path(name), columns)(row)


@pytest.mark.parametrize(("row", "shape"), [(RAW, "segment"), (RUDDER, "rudderstack")])
def test_a_raw_event_keeps_what_is_of_the_event_and_its_corrected_time(row, shape):
    assert recognise(Path("1706700000.gz"), tuple(row)) == (shape, None)
    kept = ("type", "event", "messageId", "anonymousId", "userId", "properties", "context", "integrations", "timestamp")
    assert read(row, shape) == {name: RAW[name] for name in kept}


def test_a_raw_event_without_timestamp_has_its_original_one():
    row = {name: told for name, told in RUDDER.items() if name != "timestamp"}
    assert read(row, "rudderstack")["timestamp"] == RAW["originalTimestamp"]


def test_a_row_of_tracks_is_the_event_that_it_was():
    assert recognise(Path("export.csv"), tuple(TRACKS)) == ("segment", "tracks")
    assert read(TRACKS, columns=tuple(TRACKS)) == {
        "type": "track",
        "messageId": "m-1",
        "anonymousId": "a-1",
        "userId": "17",
        "event": "Order Completed",
        "timestamp": "2024-01-31 10:00:00",
        "context": {
            "page": {"url": "https://shop.example/"},
            "userAgent": "Mozilla/5.0",
            "device": {"adTrackingEnabled": True},
            "ip": "192.0.2.1",
        },
        "properties": {"order_id": "o-1", "products": [{"product_id": "p-1"}]},
    }


def test_a_row_of_users_is_an_identify_of_the_id_that_it_has():
    row = {"id": "u-1", "email": "a@example.com", "received_at": "2024-01-31 10:00:01", "uuid_ts": "x"}
    assert read(row, name="users.parquet", columns=tuple(row)) == {
        "type": "identify",
        "userId": "u-1",
        "timestamp": "2024-01-31 10:00:01",
        "traits": {"email": "a@example.com"},
    }


@pytest.mark.parametrize(
    ("table", "row", "expected"),
    [
        ("identifies", {"plan": "pro"}, {"type": "identify", "traits": {"plan": "pro"}}),
        ("groups", {"group_id": "g", "plan": "x"}, {"type": "group", "groupId": "g", "traits": {"plan": "x"}}),
        ("aliases", {"previous_id": "a"}, {"type": "alias", "previousId": "a"}),
        ("pages", {"name": "Home", "url": "/"}, {"type": "page", "name": "Home", "properties": {"url": "/"}}),
        ("screens", {"name": "Home"}, {"type": "screen", "name": "Home"}),
    ],
)
def test_each_table_is_its_call(table, row, expected):
    assert read({"id": "m", "user_id": "u", **row}, table=table) == {"messageId": "m", "userId": "u", **expected}


def test_a_table_that_nobody_can_tell_is_asked_for():
    columns = ("id", "user_id", "received_at", "email")
    assert recognise(Path("export.csv"), columns) is None
    with pytest.raises(OperatorError, match=r"which table of segment is it\? Say --table tracks|"):
        read({}, columns=columns)


def test_a_row_that_is_no_event_is_refused():
    with pytest.raises(RowRefused, match="type: a raw event has one of"):
        read({"type": "purchase"})


@given(
    row=st.dictionaries(
        st.sampled_from([*TRACKS, "context_", "context_page", "context_page_", "name", "group_id"]),
        st.none() | st.text(max_size=5) | st.integers() | st.booleans() | st.lists(st.integers(), max_size=2),
    ),
    table=st.sampled_from(["tracks", "identifies", "users", "pages", "screens", "groups", "aliases"]),
)
def test_whatever_a_table_holds_becomes_an_event(row, table):
    assert read(row, table=table)["type"]
