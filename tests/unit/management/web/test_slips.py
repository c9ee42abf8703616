"""What is wrong with a form is told by the label that its field has on the page, and at that field."""

import html
import re

import pytest

PIPELINE = {"name": "Shop"}
COLLECTOR = {
    "script_filename": "d.js",
    "global_variable": "_df",
    "endpoint": "",
    "batch_size": "10",
    "flush_interval_ms": "1000",
    "cookie_days": "400",
}
ALERT = {"kind": "error_rate", "name": "Errors", "threshold": "5", "window": "10", "least": "20", "for": "5"}
ALERT |= {"clear": "1", "remind": "4", "scope": "", "enabled": "yes"}
HOOK = {"kind": "webhook", "name": "On call", "url": "https://hooks.example.com/x", "enabled": "yes"}
MAIL = {"kind": "email", "name": "On call", "to": "ops@example.com", "enabled": "yes"}
SLIPS = [
    ("pipeline", PIPELINE, "name", " ", "Name: It must not be empty."),
    ("pipeline", PIPELINE, "origins", "not a host", "Pages that may send: 'not a host' is no host"),
    ("pipeline", PIPELINE, "rate", "-1", "Requests a second at most: It must be at least 0."),
    ("pipeline", PIPELINE, "rate", "many", "Requests a second at most: It must be a whole number, not text."),
    ("pipeline", PIPELINE, "parameters", "no sign", "Parameters: write NAME=value"),
    ("personal-data", {}, "redact_fields", "traits.ssn\nuserId", "Take out, line 2: It must be traits."),
    ("personal-data", {}, "hash_fields", "userId", "Hash, line 1: It must be traits."),
    ("collector", COLLECTOR, "script_filename", "!", "Name of the script: It must be a file name"),
    ("collector", COLLECTOR, "global_variable", "1x", "Name on the window: It must be a name of JavaScript"),
    ("collector", COLLECTOR, "batch_size", "0", "Events in one request at most: It must be at least 1."),
    ("collector", COLLECTOR, "flush_interval_ms", "-5", "Milliseconds after which fewer are sent: It must be at least"),
    ("collector", COLLECTOR, "cookie_days", "x", "Days for which a visitor is known: It must be a whole number"),
    ("collector", COLLECTOR, "endpoint", "ftp://x", "Where events are sent: It must be empty, or an http"),
    ("/settings/consent", {"without_consent": "keep"}, "words", "c1=x", "Words of your consent banner: 'x' is no"),
    ("/alerts/new", ALERT, "threshold", "101", "So many percent may fail, at most: It must be 0 to 100."),
    ("/alerts/new", ALERT, "window", "0", "Over the last: It must be 1 to 1,440 minutes."),
    ("/alerts/new", ALERT, "for", "soon", "It fires once that lasted: It must be 0 to 10,080 minutes."),
    ("/alerts/new", ALERT, "clear", "20000", "It ends once it was well for: It must be 0 to 10,080 minutes."),
    ("/alerts/new", ALERT, "remind", "-1", "While it lasts, it is told again every: It must be 0 to 168 hours."),
    ("/alerts/new", ALERT, "least", "", "Nothing is concluded with fewer requests than: It must be a number from 0."),
    ("/alerts/channels/new", HOOK, "url", "ftp://x", "Address: "),
    ("/alerts/channels/new", HOOK, "secret", "short", "Signing secret: It must have at least 16 characters."),
    ("/alerts/channels/new", MAIL, "to", "ops", "E-mail addresses, line 1: It must be one e-mail address"),
]


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: f"{slip[2]} {slip[3]}")
def test_a_slip_is_told_by_the_label_on_the_page_and_at_its_field(house, browser, slip):
    place, form, field, typed, told = slip
    under = {"pipeline": ""}.get(place, f"/{place}")
    path = place if place.startswith("/") else f"/settings/pipelines/{house.pipeline.id}{under}"
    page = html.unescape(browser.post(path, {**form, field: typed}, status=422).text)
    assert f"Nothing was saved. {told}" in page
    assert f'data-field="{field}"' in page
    label = re.escape(re.split(": |, line", told)[0])
    (place_of_it,) = re.findall(rf'<label for="([^"]+)">{label}[ <]', page)
    assert re.search(rf'id="{place_of_it}" name="{field}"', page)
