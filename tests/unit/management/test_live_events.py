import pytest

from datafly.log.base import Entry
from datafly.management.settings import ManagementSettings
from datafly.model.consent import Consent
from datafly.model.delivery import AheadCall, Answer, SentRequest
from datafly.model.event import Original, Step
from datafly.model.verdict import Ruling, Verdict


def ids(body):
    return [event["message_id"] for event in body["data"]]


def everything(call, query=""):
    seen, cursor = [], None
    while True:
        body = call.get(f"/v1/admin/live-events?limit=7{query}" + (f"&cursor={cursor}" if cursor else ""))
        assert len(body["data"]) <= 7
        seen += ids(body)
        cursor = body["next_cursor"]
        assert body["has_more"] is (cursor is not None)
        if cursor is None:
            return seen


def test_events_of_all_partitions_come_newest_first(house, call):
    for number in range(5):
        house.happens(f"m{number}", partition=number % 2)
    body = call.get("/v1/admin/live-events", role="viewer")
    assert ids(body) == ["m4", "m3", "m2", "m1", "m0"]
    assert body["has_more"] is False


def test_pages_cover_everything_once_while_more_arrives(house, call):
    for number in range(300):
        house.happens(f"m{number}", partition=number % 3 % 2)
    first = call.get("/v1/admin/live-events?limit=100")
    house.happens("late")
    second = call.get(f"/v1/admin/live-events?limit=100&cursor={first['next_cursor']}")
    third = call.get(f"/v1/admin/live-events?limit=100&cursor={second['next_cursor']}")
    assert ids(first) + ids(second) + ids(third) == [f"m{number}" for number in reversed(range(300))]
    assert third["has_more"] is False


def test_an_event_shows_what_came_and_what_each_step_did(house, call):
    house.happens(
        "m1",
        user_id="user-123",
        anonymous_id="anon-1",
        event="Product Viewed",
        properties={"product_id": "p1", "price": 9.5},
        traits={"email": "jane@example.com"},
        context={"page": {"url": "https://shop.example/p1"}},
        consent=Consent({"marketing": True}, "event"),
        user_id_learnt=True,
        original=Original(event="product_viewed"),
        steps=(Step("normalise", "product_viewed is Product Viewed"), Step("consent", "marketing granted by event")),
    )
    (event,) = call.get("/v1/admin/live-events")["data"]
    assert event["event"] == "Product Viewed"
    assert event["original"] == {"event": "product_viewed"}
    assert event["user_id"] == "user-123"
    assert event["user_id_learnt"] is True
    assert event["anonymous_id"] == "anon-1"
    assert event["group_id"] is None
    assert event["properties"] == {"product_id": "p1", "price": 9.5}
    assert event["consent"] == {"categories": {"marketing": True}, "source": "event"}
    assert [step["name"] for step in event["steps"]] == [
        "dedupe",
        "normalise",
        "clock_skew",
        "identity",
        "consent",
        "pii",
    ]
    assert {"name": "normalise", "effect": "product_viewed is Product Viewed"} in event["steps"]
    assert {"name": "clock_skew", "effect": "nothing to correct"} in event["steps"]
    assert event["received_at"].endswith("Z")
    assert event["deliveries"] == []
    assert event["pending"] == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("message_id=m1", ["m1"]),
        ("message_id=m9", []),
        ("user_id=jane", ["m3", "m1"]),
        ("event=Product%20Viewed", ["m2", "m1"]),
        ("event=product_viewed", ["m2", "m1"]),
        ("event=PRODUCT%20viewed", ["m2", "m1"]),
        ("event=view_item", ["m2", "m1"]),
        ("event=Product", []),
        ("event=page", ["m3"]),
        ("user_id=jane&event=page", ["m3"]),
        ("message_id=m1&user_id=joe", []),
    ],
)
def test_filters_find_what_they_name(house, call, query, found):
    house.happens("m0", event="Signed Up", user_id="joe")
    house.happens("m1", event="Product Viewed", user_id="jane", original=Original(event="product_viewed"))
    house.happens("m2", event="Product Viewed", user_id="joe", partition=1)
    house.happens("m3", type="page", name="Home", user_id="jane")
    assert ids(call.get(f"/v1/admin/live-events?{query}")) == found


def test_a_pipeline_is_a_filter_too(house, call):
    house.happens("mine")
    house.happens("other", pipeline_id="pip_other")
    assert ids(call.get(f"/v1/admin/live-events?pipeline_id={house.pipeline.id}")) == ["mine"]


def test_a_message_whose_event_is_not_kept_any_more_is_not_found(house, call):
    house.happens("m1")
    house.happens("m2")
    house.forgets(0)
    assert ids(call.get("/v1/admin/live-events?message_id=m1")) == []


def test_what_comes_before_the_installation_does_not_concern_it(house, call):
    house.happens("before")
    house.installed()
    house.happens("after")
    after, before = call.get("/v1/admin/live-events")["data"]
    assert (before["deliveries"], before["pending"]) == ([], [])
    assert [waiting["state"] for waiting in after["pending"]] == ["queued"]


def test_what_comes_after_the_removal_does_not_concern_it(house, call):
    installation = house.installed()
    house.happens("before")
    house.control.change_installation(installation.id, {"removed_ms": house.clock.now_ms(), "end": house.heads()})
    house.happens("after")
    after, before = call.get("/v1/admin/live-events")["data"]
    assert (after["deliveries"], after["pending"]) == ([], [])
    assert [waiting["reason"] for waiting in before["pending"]] == ["installation_removed"]


def test_an_installation_of_another_pipeline_is_not_concerned(house, call):
    other = call("POST", "/v1/admin/pipelines", json={"name": "Other"}).json()
    house.installed(pipeline_id=other["id"])
    house.happens("m1")
    (event,) = call.get("/v1/admin/live-events")["data"]
    assert event["pending"] == []


def test_a_delivery_shows_the_events_own_part_of_the_request_and_the_answer(house, call):
    installation = house.installed()
    places = [house.happens(f"m{number}") for number in range(3)]
    body = '{"users": [{"u": 0}, {"u": 1}, {"u": 2}]}'
    house.delivers(
        installation, *places, body=body, answer='{"ok": true}', tries=2, warnings={places[1][1]: ("no currency",)}
    )
    (event,) = call.get("/v1/admin/live-events?message_id=m1")["data"]
    (delivery,) = event["deliveries"]
    assert delivery["verdict"] == "DELIVERED"
    assert delivery["status"] == 200
    assert delivery["vendor"] == "insider"
    assert delivery["pipeline_integration_id"] == installation.id
    assert delivery["request"] == {
        "method": "POST",
        "url": "https://vendor.example/upsert",
        "headers": {"X-REQUEST-TOKEN": "***"},
        "body": {"users": [{"u": 1}]},
    }
    assert delivery["response"] == {"status": 200, "headers": {}, "body": {"ok": True}, "error": None}
    assert delivery["attempts"] == 2
    assert delivery["latency_ms"] == 12.5
    assert delivery["warnings"] == ["no currency"]
    assert delivery["run_id"] is None
    assert (delivery["reason"], delivery["cause"], delivery["cure"]) == (None, None, None)
    assert event["pending"] == []


def test_a_request_that_the_vendors_function_cannot_read_is_shown_whole(house, call):
    installation = house.installed()
    house.delivers(installation, house.happens("m1"), body="plain text")
    (event,) = call.get("/v1/admin/live-events")["data"]
    assert event["deliveries"][0]["request"]["body"] == "plain text"


def test_an_event_of_several_items_shows_each(house, call):
    installation = house.installed()
    place = house.happens("m1")
    house.delivers(installation, place, place, body='{"users": [{"u": 0}, {"u": 1}]}')
    (event,) = call.get("/v1/admin/live-events")["data"]
    assert [delivery["request"]["body"] for delivery in event["deliveries"]] == [
        [{"users": [{"u": 0}]}, {"users": [{"u": 1}]}]
    ]


def test_a_skipped_event_says_why_and_that_nothing_was_sent(house, call):
    installation = house.installed()
    first = house.happens("m1")
    house.happens("m2")
    last = house.happens("m3")
    house.decides(
        installation, Verdict.SKIPPED, first, last, reason="consent_marketing", cause="not granted", cure="ask"
    )
    (event,) = call.get("/v1/admin/live-events?message_id=m2")["data"]
    (delivery,) = event["deliveries"]
    assert delivery["verdict"] == "SKIPPED"
    assert (delivery["reason"], delivery["cause"], delivery["cure"]) == ("consent_marketing", "not granted", "ask")
    assert (delivery["request"], delivery["response"], delivery["status"]) == (None, None, None)
    assert delivery["attempts"] == 0


def test_a_rejected_event_in_a_batch_has_its_own_verdict(house, call):
    installation = house.installed()
    good, bad = house.happens("good"), house.happens("bad")
    attempt = house.attempt(installation, good, bad, delivered=[good])
    house.decides(installation, Verdict.REJECTED, bad, reason="email is invalid", attempt=attempt)
    rejected, delivered = call.get("/v1/admin/live-events")["data"]
    assert [delivery["verdict"] for delivery in delivered["deliveries"]] == ["DELIVERED"]
    assert [delivery["verdict"] for delivery in rejected["deliveries"]] == ["REJECTED"]
    assert rejected["deliveries"][0]["status"] == 200
    assert rejected["deliveries"][0]["reason"] == "email is invalid"


def test_an_event_that_is_tried_again_shows_the_last_answer(house, call):
    installation = house.installed()
    house.waits(installation, house.happens("m1"), reason="503 Service Unavailable")
    (event,) = call.get("/v1/admin/live-events")["data"]
    assert event["deliveries"] == []
    (waiting,) = event["pending"]
    assert waiting["state"] == "retrying"
    assert waiting["reason"] == "503 Service Unavailable"
    assert waiting["last_answer"] == {"status": 503, "headers": {}, "body": "busy", "error": None}
    assert waiting["attempts"] == 3
    assert waiting["next_try_at"]


def test_a_suspended_installation_holds_its_events_and_says_the_cure(house, call):
    installation = house.installed()
    house.stands(installation, "suspended", reason="401", cause="Invalid API key", cure="Regenerate the key")
    head = house.happens("head")
    house.happens("behind")
    house.waits(installation, head, verdict=Verdict.SUSPENDED, status=401)
    behind, head = call.get("/v1/admin/live-events")["data"]
    assert [waiting["state"] for waiting in head["pending"] + behind["pending"]] == ["suspended", "suspended"]
    assert head["pending"][0]["last_answer"]["status"] == 401
    assert behind["pending"][0]["cure"] == "Regenerate the key"


def test_a_paused_installation_holds_its_events(house, call):
    installation = house.installed()
    house.control.change_installation(installation.id, {"paused": True})
    house.happens("m1")
    (event,) = call.get("/v1/admin/live-events")["data"]
    assert [waiting["state"] for waiting in event["pending"]] == ["paused"]


def test_every_installation_has_a_delivery_or_something_that_it_waits_for(house, call):
    one, two = house.installed("One"), house.installed("Two")
    place = house.happens("m1")
    house.delivers(one, place)
    (event,) = call.get("/v1/admin/live-events")["data"]
    assert [delivery["pipeline_integration_id"] for delivery in event["deliveries"]] == [one.id]
    assert [waiting["pipeline_integration_id"] for waiting in event["pending"]] == [two.id]


def test_neighbours_are_looked_up_together_and_one_that_lies_apart_alone(house, call, monkeypatch):
    installation = house.installed()
    for number in range(200):
        house.delivers(installation, house.happens(f"m{number}", user_id=f"u{number % 100}"))
    asked, read = [], house.ledger.deliveries_within

    def noted(partition, first, last):
        asked.append(last - first + 1)
        return read(partition, first, last)

    monkeypatch.setattr(house.ledger, "deliveries_within", noted)
    page = call.get("/v1/admin/live-events?limit=100")["data"]
    assert all(len(event["deliveries"]) == 1 and event["pending"] == [] for event in page)
    assert len(asked) <= 5
    asked.clear()
    assert ids(call.get("/v1/admin/live-events?user_id=u7")) == ["m107", "m7"]
    assert asked == [1, 1]


def test_a_verdict_whose_record_is_forgotten_says_so(house, call):
    installation = house.installed()
    place = house.happens("m1")
    house.delivers(installation, place)
    house.ledger.trim(before_ms=house.clock.now_ms() + 10**9)
    (event,) = call.get("/v1/admin/live-events")["data"]
    assert event["pending"] == []
    assert [(delivery["verdict"], delivery["reason"]) for delivery in event["deliveries"]] == [(None, "record_expired")]


def test_a_replay_stands_beside_the_live_verdict(house, call):
    installation = house.installed()
    place = house.happens("m1")
    house.decides(installation, Verdict.REJECTED, place, reason="bad")
    house.delivers(installation, place, run_id="run_1")
    (event,) = call.get("/v1/admin/live-events")["data"]
    verdicts = {delivery["run_id"]: delivery["verdict"] for delivery in event["deliveries"]}
    assert verdicts == {None: "REJECTED", "run_1": "DELIVERED"}


def test_a_verdict_is_a_filter(house, call):
    installation = house.installed()
    for number in range(20):
        place = house.happens(f"m{number}")
        if number % 5 == 0:
            house.decides(installation, Verdict.REJECTED, place, reason="bad")
        else:
            house.delivers(installation, place)
    house.waits(installation, house.happens("waiting"))
    assert everything(call, "&verdict=REJECTED") == ["m15", "m10", "m5", "m0"]
    assert everything(call, "&verdict=RETRY") == ["waiting"]
    assert len(everything(call, "&verdict=DELIVERED")) == 16


class TestBounds:
    @pytest.fixture
    def settings(self):
        return ManagementSettings(scan_records=10, scan_verdicts=4)

    def test_a_search_that_finds_little_pages_on(self, house, call):
        for number in range(100):
            house.happens(f"m{number}", user_id="jane" if number in {3, 97} else "joe", partition=number % 2)
        first = call.get("/v1/admin/live-events?user_id=jane")
        assert ids(first) == ["m97"]
        assert first["has_more"] is True
        assert everything(call, "&user_id=jane") == ["m97", "m3"]

    def test_a_search_by_verdict_pages_on(self, house, call):
        installation = house.installed()
        for number in range(30):
            house.decides(installation, Verdict.SKIPPED if number else Verdict.REJECTED, house.happens(f"m{number}"))
        assert everything(call, "&verdict=REJECTED") == ["m0"]


def test_events_that_no_calendar_holds_are_shown_all_the_same(house, call):
    house.happens("m1", timestamp_ms=10**18)
    (shown,) = call.get("/v1/admin/live-events")["data"]
    assert shown["timestamp"].startswith("9999-12-31")


def test_a_message_that_the_index_does_not_have_yet_is_found_all_the_same(house, call):
    house.happens("m1", user_id="jane")
    house.places.clear()
    assert ids(call.get("/v1/admin/live-events?message_id=m1")) == ["m1"]
    assert ids(call.get("/v1/admin/live-events?message_id=m1&user_id=joe")) == []


def test_a_record_that_is_no_event_hides_no_other(house, call):
    house.happens("m1")
    house.appenders[0].append([Entry("k", b"\xff"), Entry("k", b"[]"), Entry("k", b'{"message_id": 5}')])
    house.happens("m2")
    assert ids(call.get("/v1/admin/live-events")) == ["m2", "m1"]


def test_a_delivered_event_tells_what_the_vendor_said_of_it_all_the_same(house, call):
    insider = house.installed()
    place, other = house.happens("m1"), house.happens("m2")
    told = Ruling(Verdict.DELIVERED, "it has a user already", "Known before", "Nothing.", "it has a user")
    house.delivers(insider, place, other, told={place[1]: told})
    found = {event["message_id"]: event["deliveries"][0] for event in call.get("/v1/admin/live-events")["data"]}
    assert [found["m1"][name] for name in ("verdict", "reason", "cause", "cure", "symptom")] == [
        "DELIVERED",
        "it has a user already",
        "Known before",
        "Nothing.",
        "it has a user",
    ]
    assert found["m2"]["reason"] is None


def test_a_call_that_went_ahead_of_an_event_is_shown_with_it(house, call):
    insider = house.installed()
    place, other = house.happens("m1"), house.happens("m2")
    sent = SentRequest("PATCH", "https://vendor.example/identity", {"X-KEY": "***"}, '{"old":"a"}')
    merge = AheadCall(sent, Answer(400, '{"error":"it has a user already"}'), 12.5)
    house.delivers(insider, place, other, ahead={place[1]: (merge,)})
    found = {event["message_id"]: event["deliveries"][0] for event in call.get("/v1/admin/live-events")["data"]}
    (ahead,) = found["m1"]["ahead"]
    assert (ahead["status"], ahead["latency_ms"]) == (400, 12.5)
    assert (ahead["request"]["method"], ahead["request"]["body"]) == ("PATCH", {"old": "a"})
    assert ahead["response"]["body"] == {"error": "it has a user already"}
    assert found["m2"]["ahead"] == []
