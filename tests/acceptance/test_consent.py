"""Nothing goes to the vendor that its person did not allow, and nobody is taken for who was there before."""

import uuid

import pytest
from playwright.sync_api import expect


def _open(page, demo, path: str = "") -> None:
    page.goto(f"{demo.gateway}/shop/{path}")


def _toggle(page, *, on: bool) -> None:
    switch = page.get_by_role("switch", name="Marketing consent")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true" if on else "false")


def _log_in(page, demo, user_id: str) -> None:
    _open(page, demo, "account")
    page.get_by_label("User id").fill(user_id)
    page.get_by_label("E-mail").fill(f"{user_id}@example.com")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text(f"Logged in as {user_id}")).to_be_visible()


def _all_taken(page) -> list[str]:
    """Message ids of what the shop sent, newest first, once all of it is acknowledged."""
    expect(page.locator(".call").first).to_be_visible()
    expect(page.locator(".call:not(.taken)")).to_have_count(0)
    return page.evaluate("shopCalls.all().map(call => call.messageId).filter(Boolean).reverse()")


def _fates(demo, message_ids: list[str]) -> list[tuple]:
    return [(one["verdict"], one["reason"]) for one in map(demo.final, message_ids)]


def _cookie(page) -> str:
    return next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "_dfid")


@pytest.mark.browser
def test_without_consent_nothing_of_a_visitor_is_sent_and_the_reason_is_shown(demo, new_page, keep):
    demo.install(demo.vendor_key())
    page = new_page()
    _log_in(page, demo, "quiet-1")
    _open(page, demo, "product/harbour-teapot")
    page.get_by_role("button", name="Add to cart").click()
    sent = _all_taken(page)
    keep(page, "consent-off")

    assert set(_fates(demo, sent)) == {("SKIPPED", "consent_marketing")}
    skipped = demo.final(sent[0])
    assert "marketing" in skipped["cause"]
    assert skipped["cure"]
    assert (skipped["request"], skipped["response"]) == (None, None)
    assert demo.control("GET", "totals")["requests"] == 0


@pytest.mark.browser
def test_consent_counts_from_the_moment_it_is_given_until_it_is_withdrawn(demo, new_page):
    demo.install(demo.vendor_key())
    page = new_page()
    _log_in(page, demo, "fickle-1")
    before = _all_taken(page)
    _toggle(page, on=True)
    _open(page, demo, "product/harbour-teapot")
    while_on = [one for one in _all_taken(page) if one not in before]
    assert set(_fates(demo, while_on)) == {("DELIVERED", None)}
    _toggle(page, on=False)
    _open(page, demo, "product/fern-mug")
    after = [one for one in _all_taken(page) if one not in (*before, *while_on)]

    assert set(_fates(demo, before)) == {("SKIPPED", "consent_marketing")}
    assert sorted(_fates(demo, after), key=str) == [
        ("DELIVERED", None),
        *[("SKIPPED", "consent_marketing")] * (len(after) - 1),
    ], "the withdrawal is told, and nothing else"
    viewed = [one["parameters"]["product_id"] for one in demo.arrivals() if one["name"] == "product_detail_page_view"]
    assert viewed == ["harbour-teapot"]


def test_the_default_of_the_pipeline_speaks_for_those_who_said_nothing_and_for_nobody_else(demo):
    demo.install(demo.vendor_key())

    def say(consent: dict) -> str:
        """One event of a new person; its message id."""
        event = demo.track("Page Scrolled", f"user-{uuid.uuid4()}")
        demo.send({**event, "context": {"consent": consent}})
        return event["messageId"]

    assert _fates(demo, [say({})]) == [("SKIPPED", "consent_marketing")]
    path = f"pipelines/{demo.pipeline()['id']}"
    changed = demo.api("PATCH", path, {"consent_defaults": {"marketing": True}})
    assert changed["consent_defaults"] == {"marketing": True}
    demo.until(lambda: _fates(demo, [say({})]) == [("DELIVERED", None)], "the default counts")
    assert _fates(demo, [say({"marketing": False})]) == [("SKIPPED", "consent_marketing")]

    demo.api("PATCH", path, {"consent_defaults": {}})
    demo.until(lambda: _fates(demo, [say({})]) == [("SKIPPED", "consent_marketing")], "the default is gone")


def test_a_withdrawal_of_a_known_user_is_told_and_one_of_somebody_who_never_agreed_is_not(demo):
    demo.install(demo.vendor_key())

    def say(user_id: str, *, marketing: bool) -> str:
        consent = {"type": "consent", "userId": user_id, "messageId": str(uuid.uuid4())}
        demo.send({**consent, "context": {"consent": {"marketing": marketing}}})
        return consent["messageId"]

    granted, withdrawn = say("user-1", marketing=True), say("user-1", marketing=False)
    never = say("user-2", marketing=False)
    assert _fates(demo, [withdrawn, never]) == [("DELIVERED", None), ("SKIPPED", "consent_marketing")]
    assert demo.final(granted)["verdict"] in ("DELIVERED", "SKIPPED"), "as it was sent before or after the withdrawal"
    (user,) = demo.vendor_users("user-1")
    assert user["custom"] == {"consent_marketing": False}
    assert demo.vendor_users("user-2") == []
    body = demo.final(withdrawn)["request"]["body"]
    assert body["users"] == [
        {
            "identifiers": {"uuid": "user-1"},
            "attributes": {"custom": {"consent_marketing": False}},
            "not_append": True,
        }
    ]


def test_a_withdrawal_stops_what_is_queued_already(demo):
    installation = demo.install(demo.vendor_key())
    demo.api("POST", f"pipeline-integrations/{installation}/pause")
    queued = {**demo.track("Page Scrolled", "user-1"), "anonymousId": "one"}
    demo.send(queued)
    demo.event(queued["messageId"], lambda one: one["pending"], "waits")
    withdrawal = {"type": "consent", "anonymousId": "one", "messageId": str(uuid.uuid4())}
    demo.send({**withdrawal, "context": {"consent": {"marketing": False}}})
    demo.event(withdrawal["messageId"], lambda one: one["pending"], "waits")

    demo.api("POST", f"pipeline-integrations/{installation}/resume")
    assert _fates(demo, [queued["messageId"]]) == [("SKIPPED", "consent_marketing")]
    assert demo.control("GET", "totals")["requests"] == 0


@pytest.mark.browser
def test_after_a_log_out_the_next_person_on_the_browser_is_nobody(demo, new_page, keep):
    demo.install(demo.vendor_key())
    page = new_page()
    _open(page, demo)
    _toggle(page, on=True)
    _log_in(page, demo, "first-1")
    _open(page, demo, "product/harbour-teapot")
    of_the_first = _all_taken(page)
    first_cookie = _cookie(page)

    _open(page, demo, "account")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("Logged out.")).to_be_visible()
    expect(page.get_by_role("switch", name="Marketing consent")).to_have_attribute("aria-checked", "false")
    demo.until(lambda: _cookie(page) != first_cookie, "the visitor has a new cookie")
    of_the_first += [one for one in _all_taken(page) if one not in of_the_first]

    _toggle(page, on=True)
    _open(page, demo, "product/fern-mug")
    of_the_next = [one for one in _all_taken(page) if one not in of_the_first]
    keep(page, "logged-out")

    assert set(_fates(demo, of_the_next)) == {("SKIPPED", "missing_uuid")}
    events = [demo.live(message_id=one)[0] for one in of_the_next]
    assert {one["user_id"] for one in events} == {None}
    assert {one["anonymous_id"] for one in events} == {_cookie(page)}
    assert _cookie(page) != first_cookie
    viewed = [one["parameters"]["product_id"] for one in demo.arrivals() if one["name"] == "product_detail_page_view"]
    assert viewed == ["harbour-teapot"]
