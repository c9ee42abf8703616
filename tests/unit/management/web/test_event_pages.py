"""Live Events, one event, one person, dead letters and replays, as the pages have them."""

import html
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from datafly.management.follow import start
from datafly.management.search import Filters
from datafly.management.web.feed import READ, SHOWN, Feed, row_id
from datafly.model.consent import Consent
from datafly.model.delivery import Plan, Replay
from datafly.model.verdict import Verdict

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)>{{7*7}}${7*7}"


def feed(house, place=None, **filters):
    services = house.app.state["services"]
    return Feed(services, Filters(**filters), start(services, place))


def test_the_page_of_an_event_asks_which_where_it_is_not_told(house, browser):
    house.happens("m1", event="Order Completed")
    for path in ("/events", "/events?id="):
        assert "Which event? Type its message id" in browser.page(path)
    assert "Order Completed" in browser.page("/events?id=m1")


def test_nothing_falls_between_the_page_and_its_stream_nor_while_the_connection_is_lost(house, browser):
    house.happens("m1")
    page = browser.get("/live-events?event=Product+Viewed").text
    address = html.unescape(re.search(r'data-live="([^"]+)"', page)[1])
    asked = parse_qs(urlsplit(address).query)
    assert asked["event"] == ["Product Viewed"]
    house.happens("m2")
    stream = feed(house, asked["from"][0])
    assert [row.live.message_id for row in stream.step().rows] == ["m2"]
    place = stream.place
    house.happens("m3")
    assert [row.live.message_id for row in feed(house, place).step().rows] == ["m3"]


def test_live_events_show_each_verdict_with_its_status(house, browser):
    installation = house.installed()
    house.delivers(installation, house.happens("m1", event="Product Viewed", user_id="user-123"))
    house.decides(installation, Verdict.SKIPPED, house.happens("m2", event="Cart Viewed"), reason="missing_uuid")
    said = "the vendor says at length what it does not like of this event, and of others that came beside it"
    house.decides(installation, Verdict.REJECTED, house.happens("m3", event="Order Completed"), reason=said)
    page = browser.page("/live-events")
    assert f"Insider: Rejected {said[:60]}" in page
    assert said not in page, "a row is no place for all of it"
    assert "Product Viewed user-123 Insider: Delivered 200" in page
    assert "Insider: Skipped missing_uuid" in page


@pytest.mark.parametrize(
    "asked",
    [
        "event=Product+Viewed",
        "user=user-123",
        "email=JANE@example.com",
        "message=m1",
        "verdict=DELIVERED",
        "vendor=insider&verdict=DELIVERED",
        "text=harbour+TEAPOT",
    ],
)
def test_each_filter_finds_what_it_asks_for_and_nothing_else(house, browser, asked):
    installation = house.installed()
    known = {"traits": {"email": "jane@example.com"}, "properties": {"name": "Harbour Teapot"}}
    house.delivers(installation, house.happens("m1", event="Product Viewed", user_id="user-123", **known))
    house.decides(installation, Verdict.SKIPPED, house.happens("m2", event="Cart Viewed", user_id="user-9"))
    page = browser.get(f"/live-events?{asked}").text
    assert "/events?id=m1" in page
    assert "/events?id=m2" not in page


def test_a_filter_that_cannot_be_is_told(browser):
    assert "There is no verdict NONSENSE" in browser.get("/live-events?verdict=NONSENSE", status=422).text


def test_a_row_that_waited_when_the_page_was_opened_is_drawn_anew_once_it_is_decided(house, browser):
    installation = house.installed()
    place = house.happens("m1", event="Product Viewed")
    row = f'id="{row_id(*place)}"'
    assert row in browser.get("/live-events").text
    assert row in browser.get("/live-events?message=m1").text
    watching, elsewhere = feed(house), feed(house, event="Cart Viewed")
    house.delivers(installation, place)
    assert [(one.place, one.live.message_id) for one in watching.step().decided] == [(row_id(*place), "m1")]
    assert watching.step().decided == ()
    assert elsewhere.step().decided == ()


def test_the_feed_shows_what_comes_and_again_once_it_is_decided(house):
    installation = house.installed()
    watching = feed(house)
    place = house.happens("m1", event="Product Viewed")
    first = watching.step()
    assert [row.live.message_id for row in first.rows] == ["m1"]
    assert first.rows[0].live.pending
    assert watching.step().decided == ()
    house.delivers(installation, place)
    decided = watching.step().decided
    assert [row.place for row in decided] == [first.rows[0].place]
    assert decided[0].live.deliveries[0].verdict is Verdict.DELIVERED


def test_with_a_verdict_asked_for_an_event_appears_once_it_has_it(house):
    installation = house.installed()
    watching = feed(house, verdict=Verdict.DELIVERED)
    place = house.happens("m1", event="Product Viewed")
    assert watching.step().rows == ()
    house.delivers(installation, place)
    glimpse = watching.step()
    assert [row.live.message_id for row in glimpse.rows] == ["m1"]
    assert glimpse.decided == ()


def test_a_flood_is_sampled_counted_and_never_drawn_whole(house):
    watching = feed(house)
    for number in range(300):
        house.happens(f"m{number}", partition=number % 2)
    glimpse = watching.step()
    assert len(glimpse.rows) == SHOWN
    assert glimpse.arrived == 300
    assert glimpse.fitting == 300
    assert "m299" in {row.live.message_id for row in glimpse.rows}
    assert watching.step().rows == ()


def test_of_more_than_a_step_reads_the_newest_are_shown_and_all_are_counted(house, monkeypatch):
    monkeypatch.setattr("datafly.management.web.feed.READ", 10)
    watching = feed(house, event="Wanted")
    assert READ > 10
    for number in range(50):
        house.happens(f"m{number}", event="Wanted" if number >= 45 else "Other")
    glimpse = watching.step()
    assert glimpse.arrived == 50
    assert glimpse.fitting is None
    assert [row.live.message_id for row in glimpse.rows] == [f"m{number}" for number in range(45, 50)]


def test_the_page_of_an_event_tells_its_whole_way(house, browser):
    installation = house.installed()
    place = house.happens(
        "m1",
        event="Order Completed",
        user_id="user-123",
        properties={"order_id": "ORD-9"},
        known_traits={"email": "jane@example.com"},
        consent=Consent({"marketing": True}, "event"),
        original={"event": "purchase", "properties": {"transaction_id": "ORD-9"}},
    )
    house.delivers(installation, place, body='{"users":[{"identifiers":{"uuid":"user-123"}}]}', answer='{"ok":true}')
    page = html.unescape(browser.page("/events?id=m1"))
    for words in (
        "marketing granted",
        "jane@example.com (known then)",
        '− event: "purchase"',
        '+ event: "Order Completed"',
        '− properties.transaction_id: "ORD-9"',
        '+ properties.order_id: "ORD-9"',
        "Delivered 200",
        "X-REQUEST-TOKEN: ***",
        '"uuid": "user-123"',
        '"ok": true',
    ):
        assert words in page, words


def test_an_event_that_is_not_there_says_so(browser):
    assert "This event is not here" in browser.page("/events?id=no-such", status=404)


@pytest.mark.parametrize("settings", [{"message_index": False, "scan_recent": 0}], indirect=True)
def test_without_an_index_an_event_is_opened_from_live_events_and_the_page_says_so(house, browser):
    house.happens("m1", event="Odd")
    house.happens("m2")
    house.places.clear()
    link = html.unescape(re.search(r'<a href="(/events\?id=m1[^"]*)"', browser.get("/live-events").text)[1])
    assert "Odd" in browser.page(link)
    for wrong in ("/events?id=m1", link.replace("m1", "m2"), "/events?id=m1&at=9-9", "/events?id=m1&at=-1"):
        said = browser.page(wrong, status=404)
        assert "message_index off" in said, wrong


def test_a_message_id_may_hold_slashes_and_marks(house, browser):
    for message_id in ("a/b/c", "ünï cödé?x=1#y", "../../login"):
        house.happens(message_id, event="Odd")
        link = browser.get("/live-events").text.split('<a href="/events?id=')[1].split('"')[0]
        assert "Odd" in browser.page(f"/events?id={link}")


def test_a_rejected_event_is_sent_again_by_its_button(house, browser):
    installation = house.installed()
    partition, offset = house.happens("m1", event="Order Completed")
    house.decides(installation, Verdict.REJECTED, (partition, offset), reason="bad", cause="It is bad", cure="Mend it")
    page = browser.get("/events?id=m1").text
    assert "Mend it" in page
    action = f"/integrations/{installation.id}/send-again/{partition}/{offset}"
    assert action in page
    assert action not in browser.get("/events?id=m1", role="viewer").text
    told = browser.follow(browser.post(action))
    assert "Order Completed is sent again" in told
    (run,) = house.control.replays()
    assert run.members == ((partition, offset),)
    assert run.created_by == "owner@example.com"


@pytest.mark.parametrize("words", ["user-123", "anon-1", "jane@example.com"])
def test_a_person_is_found_by_any_of_their_ids_with_what_is_linked(house, browser, words):
    installation = house.installed()
    house.decides(
        installation, Verdict.SKIPPED, house.happens("m0", event="Early", anonymous_id="anon-1"), reason="missing_uuid"
    )
    identified = house.happens(
        "m1", type="identify", user_id="user-123", anonymous_id="anon-1", traits={"email": "jane@example.com"}
    )
    house.delivers(installation, identified)
    house.happens("m2", event="Somebody else", user_id="user-9")
    page = browser.page(f"/people?q={words}")
    assert "Early" in page
    assert "1 delivered" in page
    assert "1 skipped" in page
    assert "missing_uuid (1)" in page
    assert "Somebody else" not in page


def test_nobody_found_says_what_to_check(browser):
    assert "check the pipeline key and consent banner" in browser.page("/people?q=nobody")


@pytest.mark.parametrize("settings", [{"scan_records": 3}], indirect=True)
def test_a_search_that_found_nobody_goes_on_by_itself_to_the_oldest_event_and_says_how_far_it_is(house, browser):
    house.happens("long-ago", user_id="jane", event="First Visit")
    for number in range(8):
        house.happens(f"m{number}", partition=number % 2, anonymous_id="somebody-else")
    assert "Older ones were not looked through: Find a person does" in browser.page("/live-events?user=jane")
    piece, shown = browser.get("/people?q=jane").text, []
    while found := re.search(r'hx-get="(/people/further[^"]+)" hx-trigger="load"', piece):
        piece = browser.get(found[1].replace("&amp;", "&")).text
        shown.append(" ".join(re.sub(r"<[^>]+>", " ", piece).split()))
    assert "6 of about 9 events looked through" in shown[0]
    assert "First Visit" in shown[-1]
    assert "/events?id=long-ago&amp;at=0-0" in piece, "it is opened also where no index has it"
    assert "All 9 events that are kept were looked through" in shown[-1]


@pytest.mark.parametrize("settings", [{"scan_records": 3}], indirect=True)
def test_a_search_for_a_person_goes_on_among_older_events_with_the_ids_that_were_found(house, browser, call):
    house.happens("long-ago", partition=1, anonymous_id="visitor-7", event="First Visit")
    for number in range(5):
        house.happens(f"m{number}", partition=number % 2, anonymous_id="somebody-else")
    house.happens("login", user_id="jane", anonymous_id="visitor-7", event="Signed In")
    page = browser.get("/people?q=jane").text
    assert "Signed In" in page
    assert "First Visit" not in page
    found = call.get("/v1/admin/people?q=jane")
    looked = found["looked_through"]
    while found["older"]:
        found = call.get(f"/v1/admin/people?q=jane&before={found['older']}")
        looked += found["looked_through"]
    assert [one["message_id"] for one in found["events"]] == ["long-ago"]
    assert (found["complete"], looked) == (True, 7)
    older = re.search(r'href="(/people\?q=jane&amp;before=[^"]+)"', page)[1].replace("&amp;", "&")
    assert "Not among these 3 events" in browser.page(older)
    browser.get("/people?q=jane&before=nonsense", status=422)


def test_dead_letters_are_grouped_by_what_they_have_in_common_and_sent_again_as_a_group(house, browser):
    installation = house.installed()
    for number in range(3):
        place = house.happens(f"m{number}", event="Order Completed")
        house.decides(installation, Verdict.REJECTED, place, reason=f"user {number}@example.com has 4{number} faults")
    house.decides(installation, Verdict.EXHAUSTED, house.happens("m9"), reason="no_answer")
    page = browser.page("/dead-letters")
    assert "user …@… has n faults" in page
    assert "3 events" in page
    link = browser.get("/dead-letters").text.split('href="/dead-letters/groups/')[1].split('"')[0]
    assert "Order Completed" in browser.page(f"/dead-letters/groups/{link}")
    reply = browser.post("/dead-letters/replay", {"integration": installation.id, "group": link})
    assert "3 events are sent again" in browser.follow(reply)
    (run,) = house.control.replays()
    assert len(run.members) == 3
    page = browser.page("/dead-letters")
    assert "3 of them sent again since" in page
    assert "nothing open" in page
    again = browser.post("/dead-letters/replay", {"integration": installation.id, "group": link})
    assert "nothing left to send again" in browser.follow(again)


def test_what_an_uninstalled_integration_refused_is_shown_and_cannot_be_sent_again(house, browser):
    installation = house.installed()
    house.decides(installation, Verdict.REJECTED, house.happens("m1"), reason="bad")
    browser.post(f"/integrations/{installation.id}/uninstall")
    page = browser.get("/dead-letters").text
    assert "(uninstalled)" in page
    group = page.split('href="/dead-letters/groups/')[1].split('"')[0]
    for shown in (page, browser.get(f"/dead-letters/groups/{group}").text):
        assert f"{installation.name} (uninstalled)" in shown
        assert "/dead-letters/replay" not in shown
        assert "/dead-letters/discard" not in shown
    event = browser.get("/events?id=m1").text
    assert f"{installation.name}</a> (uninstalled)" in event
    assert f"/integrations/{installation.id}/" not in event


def test_an_event_that_is_refused_anew_when_it_is_sent_again_is_counted_once(house, browser):
    installation = house.installed()
    places = [house.happens(f"m{number}") for number in range(3)]
    house.decides(installation, Verdict.REJECTED, *places, reason="bad")
    for place in places[:2]:
        house.decides(installation, Verdict.REJECTED, place, reason="bad", run_id="run_1")
    assert "3 events · first" in browser.page("/dead-letters")


def test_what_went_with_a_stretch_that_was_sent_again_is_not_open_among_dead_letters(house, browser):
    installation = house.installed()
    places = [house.happens(f"m{number}") for number in range(3)]
    for place in places:
        house.decides(installation, Verdict.REJECTED, place, reason="bad")
    plan = Plan(spans=tuple((partition, offset, offset) for partition, offset in places))
    house.control.create_replay(Replay("run_1", installation.id, (), house.clock.now_ms() + 1, state="done", plan=plan))
    for place in places[:2]:
        house.decides(installation, Verdict.DELIVERED, place, run_id="run_1")
    page = browser.page("/dead-letters")
    assert "3 events, 2 of them sent again since" in page
    assert "nothing open" not in page
    house.decides(installation, Verdict.DELIVERED, places[2], run_id="run_1")
    assert "nothing open" in browser.page("/dead-letters")


def test_dead_letters_are_narrowed_and_all_that_fit_are_sent_again(house, browser):
    one, other = house.installed(), house.installed(name="Other")
    for number, (where, verdict) in enumerate(
        [(one, Verdict.REJECTED), (one, Verdict.REJECTED), (one, Verdict.EXHAUSTED), (other, Verdict.REJECTED)]
    ):
        house.decides(where, verdict, house.happens(f"m{number}"), reason=f"of {where.name} {'abc'[number % 3]}")
    assert "Send all of" not in browser.page("/dead-letters")
    of_one = f"/dead-letters?integration={one.id}"
    assert f"Send all of {one.name} again" in browser.page(of_one)
    refused = browser.get(f"{of_one}&verdict=REJECTED").text
    assert f"Send all of {one.name} again" in refused
    export = re.search(r'href="(/dead-letters/export[^"]*)"', refused)[1].replace("&amp;", "&")
    assert len(browser.get(export).text.splitlines()) == 2
    form = dict(re.findall(r'name="(integration|verdict)" value="([^"]*)"', refused))
    assert "2 events are sent again" in browser.follow(browser.post("/dead-letters/replay", form))
    (run,) = house.control.replays()
    assert (run.installation_id, len(run.members)) == (one.id, 2)
    assert "None of them fits." in browser.page(f"/dead-letters?integration={other.id}&verdict=EXHAUSTED")
    browser.get("/dead-letters?verdict=DELIVERED", status=422)


def test_dead_letters_are_narrowed_by_what_was_said_of_them_and_those_are_sent_again(house, browser):
    installation = house.installed()
    said = ["bad e-mail 1@a.example", "bad e-mail 2@b.example", "no consent", "no consent"]
    for number, reason in enumerate(said):
        verdict = Verdict.REJECTED if number < 3 else Verdict.EXHAUSTED
        house.decides(installation, verdict, house.happens(f"m{number}"), reason=reason)
    choices = re.search(r'<select id="reason".*?</select>', browser.get("/dead-letters").text, re.DOTALL)[0]
    assert re.findall(r'value="([^"]+)"', choices) == ["bad e-mail …@…", "no consent"]
    narrowed = browser.get("/dead-letters", params={"reason": "no consent"}).text
    assert "bad e-mail" not in narrowed.split('<button class="quiet">Show')[1]
    export = re.search(r'href="(/dead-letters/export[^"]*)"', narrowed)[1].replace("&amp;", "&")
    assert len(browser.get(export).text.splitlines()) == 2
    assert "Replays cannot be narrowed by it" not in narrowed
    assert "Replays cannot be narrowed by it" in browser.get("/dead-letters", params={"reason": "bad e-mail …@…"}).text
    form = {"integration": installation.id, "reason": "bad e-mail …@…"}
    assert "2 events are sent again" in browser.follow(browser.post("/dead-letters/replay", form))
    assert "None of them fits." in browser.page("/dead-letters?reason=never+said")


def test_dead_letters_of_one_event_or_person_are_looked_for_on_replays_with_the_rest_filled_in(house, browser):
    one, other = house.installed(), house.installed(name="Other")
    for number, where in enumerate([one, one, other]):
        place = house.happens(f"m{number}", event="Order Completed", user_id=f"u{number}")
        house.decides(where, Verdict.REJECTED, place, reason="bad")
    assert "Choose above first one integration" in browser.page("/dead-letters")
    assert "Those of one event" not in browser.page(f"/dead-letters?integration={one.id}", role="viewer")
    page = browser.get(f"/dead-letters?integration={one.id}&reason=bad").text
    form = page.split('action="/replays"')[1].split("</form>")[0]
    filled = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) | {"event": "order completed", "user": "u1"}
    there = (
        browser.get("/replays", params=filled).text.split('action="/replays/dry-run#counted"')[1].split("</form>")[0]
    )
    assert '<option value="REJECTED" selected>' in there
    for name in ("since", "until", "event", "user", "reason"):
        assert f'name="{name}"' in there
        assert f'value="{filled[name]}"' in there
    asked = {**filled, "share": "50"}
    assert "1 event would be sent again" in browser.post("/replays/dry-run", asked, status=200).text
    house.decides(one, Verdict.EXHAUSTED, house.happens("m9"), reason="no_answer")
    assert "Choose above first what became of them" in browser.page(f"/dead-letters?integration={one.id}")


def test_a_group_is_discarded_with_a_reason_and_is_not_sent_again_with_the_others(house, browser):
    installation = house.installed()
    for number in range(2):
        house.decides(installation, Verdict.REJECTED, house.happens(f"m{number}"), reason="bad")
    link = browser.get("/dead-letters").text.split('href="/dead-letters/groups/')[1].split('"')[0]
    form = {"integration": installation.id, "group": link}
    assert "Say why" in browser.follow(browser.post("/dead-letters/discard", form))
    assert house.control.replays() == []
    told = browser.follow(browser.post("/dead-letters/discard", {**form, "why": "a test of ours"}))
    assert "2 events are discarded." in told
    assert "2 events, 2 discarded" in told
    assert "nothing left to send again" in browser.follow(browser.post("/dead-letters/replay", form))
    assert "a test of ours" in browser.page("/settings/audit-log")
    assert "Nothing was sent again yet" in browser.page("/replays")
    assert house.control.replays(state="queued") == []


def test_dead_letters_are_exported_a_line_each_with_their_events(house, browser):
    installation = house.installed()
    house.decides(installation, Verdict.REJECTED, house.happens("m1", event="Order Completed"), reason="bad")
    reply = browser.get("/dead-letters/export")
    assert reply.headers["Content-Type"].startswith("application/x-ndjson")
    (line,) = reply.text.splitlines()
    said = json.loads(line)
    assert said["dead_letter"]["reason"] == "bad"
    assert said["event"]["message_id"] == "m1"


def test_what_senders_and_vendors_say_is_shown_and_does_nothing(house, browser):
    installation = house.installed()
    place = house.happens(
        HOSTILE,
        event=HOSTILE,
        name=HOSTILE,
        user_id=HOSTILE,
        anonymous_id=HOSTILE,
        properties={HOSTILE: HOSTILE},
        traits={"email": HOSTILE},
        context={HOSTILE: HOSTILE},
    )
    attempt = house.attempt(installation, place, delivered=[], answer=HOSTILE, body=HOSTILE)
    house.decides(installation, Verdict.REJECTED, place, reason=HOSTILE, cause=HOSTILE, cure=HOSTILE, attempt=attempt)
    house.stands(installation, "suspended", reason=HOSTILE, cause=HOSTILE, cure=HOSTILE)
    link = browser.get("/live-events").text.split('<a href="/events?id=')[1].split('"')[0]
    paths = ["/live-events", f"/events?id={link}", "/dead-letters", "/integrations", f"/integrations/{installation.id}"]
    for path in [*paths, "/people?q=%3Cscript%3Ealert(1)%3C/script%3E", "/live-events?text=%3Cscript%3E"]:
        text = browser.get(path).text
        for part in ("<script>alert", "<img src=x", "<svg onload", "49${"):
            assert part not in text, (path, part)
    assert "&lt;script&gt;alert(1)" in browser.get(f"/events?id={link}").text
