from datetime import UTC, datetime

from datafly.cli.line import line

DELIVERY = {
    "vendor": "insider",
    "verdict": "DELIVERED",
    "status": 200,
    "latency_ms": 41.4,
    "reason": None,
    "cure": None,
}
EVENT = {
    "received_at": "2026-11-23T12:00:01.500Z",
    "type": "track",
    "event": "Order Completed",
    "user_id": "user-123",
    "deliveries": [DELIVERY],
    "pending": [],
}
TIME = datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC).astimezone().strftime("%H:%M:%S")


def shown(**changes):
    return line({**EVENT, **changes}, colours=False)


def test_a_delivered_event_is_one_line():
    assert shown() == f"{TIME} track    Order Completed user-123  insider DELIVERED 200 41 ms"


def test_a_skipped_event_says_why():
    skipped = {**DELIVERY, "verdict": "SKIPPED", "status": None, "reason": "consent_marketing", "cure": "Nothing, if …"}
    assert shown(deliveries=[skipped]).endswith("  insider SKIPPED consent_marketing")


def test_a_rejected_event_says_why_and_what_to_do():
    rejected = {**DELIVERY, "verdict": "REJECTED", "status": None, "reason": "no_products", "cure": "Send products."}
    assert shown(deliveries=[rejected]).endswith("  insider REJECTED no_products: Send products.")


def test_what_waits_says_for_what():
    waiting = {"vendor": "insider", "state": "suspended", "reason": "bad key", "cure": "Regenerate it."}
    assert shown(deliveries=[], pending=[waiting]).endswith("  insider suspended bad key: Regenerate it.")


def test_a_reason_that_is_a_sentence_is_followed_by_the_cure_as_one():
    waiting = {"vendor": "insider", "state": "suspended", "reason": "Token refused.", "cure": "Regenerate it."}
    assert shown(deliveries=[], pending=[waiting]).endswith("  insider suspended Token refused. Regenerate it.")


def test_an_event_that_no_integration_takes_says_so():
    assert shown(deliveries=[]).endswith(" user-123  for no integration")


def test_who_is_not_known_is_shown_by_the_browser_and_a_page_by_its_name():
    said = shown(type="page", event=None, name="Home", user_id=None, anonymous_id="a-1")
    assert said.startswith(f"{TIME} page     Home a-1")


def test_what_a_stranger_sends_cannot_steer_the_terminal():
    said = shown(event="\x1b[2J\x07Gone", user_id="a\nb\r\x9bc")
    assert said.isprintable()
    assert "�[2J�Gone a�b��c" in said


def test_colours_are_for_terminals_alone():
    assert "\x1b[" in line(EVENT, colours=True)
    assert "\x1b[" not in shown()
