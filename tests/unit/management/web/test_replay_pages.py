"""Replays, as the pages have them."""

import html

import pytest

from datafly.model.consent import Consent
from datafly.model.verdict import Verdict


@pytest.fixture
def installation(house):
    """Of its three events one was delivered, one was skipped for want of consent, and one is yet to come."""
    installation = house.installed()
    granted, denied = (Consent({"marketing": said}, "event") for said in (True, False))
    house.delivers(installation, house.happens("m1", event="Order Completed", user_id="jane", consent=granted))
    skipped = house.happens("m2", event="Cart Viewed", consent=denied)
    house.decides(installation, Verdict.SKIPPED, skipped, reason="consent_marketing")
    house.happens("m3", event="Order Completed", user_id="jane", consent=granted)
    return installation


def form(installation, **fields):
    return {"integration": installation.id, "since": "2000-01-01T00:00", "until": "2100-01-01T00:00", **fields}


def count(browser, installation, *, status=200, **fields):
    reply = browser.post("/replays/dry-run", form(installation, **fields), status=status)
    return html.unescape(" ".join(reply.text.split()))


def begin(house, browser, installation, **fields):
    browser.post("/replays", form(installation, **fields))
    (run,) = house.control.replays()
    return run


def test_a_stretch_of_time_is_counted_before_it_is_sent_again(house, browser, installation):
    page = count(browser, installation)
    assert "2 events would be sent again" in page
    assert "1 of them came without the consent" in page
    assert "1 of them were delivered before" in page
    assert house.control.replays() == []


def test_what_is_asked_for_is_what_is_sent(house, browser, installation):
    asked = {"event": "Order Completed", "user": "jane", "verdict": "DELIVERED", "share": "12.5", "quiet": "yes"}
    assert "Send 1 event again" in count(browser, installation, **asked)
    run = begin(house, browser, installation, **asked)
    assert (run.plan.rate_share, run.plan.quiet, run.plan.count) == (0.125, True, 1)
    assert run.plan.selection.user_id == "jane"
    page = browser.page(f"/replays/{run.id}")
    assert "0 of 1 decided" in page
    assert "quiet: as history" in page
    assert "at most 12.5 %" in page


def test_a_time_that_a_script_made_exact_counts_more_than_what_was_typed(house, browser, installation):
    exact = {"since_at": "2099-01-01T00:00:00.000Z", "until_at": "2100-01-01T00:00:00.000Z"}
    assert "0 events would be sent again" in count(browser, installation, **exact)


WRONG = (
    ({"since": "soon"}, "Give both times"),
    ({"until": "1999-01-01T00:00"}, "The first time is after the last one."),
    ({"share": "0"}, "is a number from 0.1 to 100"),
    ({"verdict": "NONSENSE"}, "verdict"),
)


def test_what_is_wrong_is_told_and_what_was_typed_stays(house, browser, installation):
    for fields, says in WRONG:
        page = count(browser, installation, event="Typed Event", status=422, **fields)
        assert says in page
        assert 'value="Typed Event"' in page
        browser.post("/replays", form(installation, **fields), status=422)
    assert house.control.replays() == []


def test_quiet_is_refused_before_anything_is_sent_where_the_vendor_has_no_such_way(house, browser):
    loud = house.installed(vendor="movable_ink", name="Loud")
    assert "has no way to be told quietly" in count(browser, loud, quiet="yes", status=422)


def test_a_replay_is_paused_goes_on_and_is_cancelled(house, browser, installation):
    run = begin(house, browser, installation)
    path = f"/replays/{run.id}"
    for verb, state, told in (
        ("pause", "paused", "It halts"),
        ("resume", "queued", "It goes on"),
        ("cancel", "cancelled", "It is cancelled"),
    ):
        assert told in browser.follow(browser.post(f"{path}/{verb}"))
        assert house.control.replay(run.id).state == state
    assert "it cannot resume" in browser.follow(browser.post(f"{path}/resume"))
    assert house.control.replay(run.id).state == "cancelled"
    assert "Go on" not in browser.page(path)


def test_what_became_of_each_event_is_told_and_filtered(house, browser, installation):
    run = begin(house, browser, installation)
    house.decides(installation, Verdict.SKIPPED, (0, 0), reason="consent_marketing", run_id=run.id)
    assert "Order Completed jane" in browser.page(f"/replays/{run.id}?verdict=SKIPPED")
    assert "None of its events is decided so" in browser.page(f"/replays/{run.id}?verdict=DELIVERED")
    assert "consent_marketing" in browser.page(f"/replays/{run.id}/results")
    browser.get(f"/replays/{run.id}?verdict=NONSENSE", status=422)
