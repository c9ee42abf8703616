"""The control room in Chromium: the integration's page is walked word by word, and nothing hostile does anything."""

import json
import re
import urllib.parse
from pathlib import Path

import pytest
from playwright.sync_api import expect

from datafly.management.web.app import page_paths

AXE = Path(__file__).parents[1] / "browser" / "vendored" / "axe.min.js"
SERIOUS = """
async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .filter(found => ["serious", "critical"].includes(found.impact))
  .map(found => `${found.id}: ${found.nodes.slice(0, 3).map(node => node.html).join(" | ")}`)
"""
WATCH = """
window.done = [];
document.addEventListener("securitypolicyviolation", event => window.done.push(`refused ${event.blockedURI}`));
for (const name of ["alert", "confirm", "prompt"]) window[name] = () => window.done.push(name);
"""
WAITED_FOR = """
() => performance.getEntriesByType("resource").filter((one) => one.renderBlockingStatus === "blocking").slice(1)
  .map((one) => `is waited for before the page is painted: ${one.name}`)
"""
BY_A_HAIR = """
() => [...document.querySelectorAll("body *")].filter((part) => {
  const over = [part.scrollHeight - part.clientHeight, part.scrollWidth - part.clientWidth];
  return getComputedStyle(part).overflowY === "auto" && over.some((pixels) => pixels > 0 && pixels < 8);
}).map((part) => `has a bar to scroll by a hair: ${part.outerHTML.slice(0, 100)}`)
"""
TOLD_HERE = "() => !document.querySelector('time[datetime]:not([data-told])')"
FOCUSED = """
(part => part.getAttribute("aria-label") || part.labels?.[0]?.innerText || part.innerText || "")(document.activeElement)
"""
WALK = """
() => {
  // A page may put the focus into its form; the walk begins at the top of every page.
  document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute("tabindex");
  window.stops = [];
  document.addEventListener("focusin", ({ target }) => {
    const style = getComputedStyle(target), box = target.getBoundingClientRect();
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    window.stops.push({ part: target, seen: outlined && box.width > 0 && box.height > 0 });
  });
  const parts = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]");
  const isStop = (part) => part.tabIndex >= 0 && !part.disabled && part.type !== "hidden";
  window.wanted = [...parts].filter((part) => isStop(part) && part.checkVisibility({ visibilityProperty: true }));
  return window.wanted.length + 8 * window.wanted.filter((part) => part.type === "datetime-local").length;
}
"""
WALKED = """
() => {
  const told = (part) => part.outerHTML.slice(0, 100), met = window.stops.map((one) => one.part);
  const sharesRadio = (part) => part.type === "radio" && met.some((one) => one.name === part.name);
  const there = window.wanted.filter((part) => part.isConnected && !sharesRadio(part));
  const again = met.indexOf(met[0], 1), once = met.slice(0, again < 0 ? met.length : again);
  const follows = (one, next) => one.compareDocumentPosition(next) & Node.DOCUMENT_POSITION_FOLLOWING;
  return [
    ...there.filter((part) => !met.includes(part)).map((part) => `not reached: ${told(part)}`),
    ...window.stops.filter((one) => !one.seen).map((one) => `focus is not seen: ${told(one.part)}`),
    ...once.slice(1).filter((part, at) => part !== once[at] && part.isConnected && once[at].isConnected
      && !follows(once[at], part)).map((part) => `out of order: ${told(part)}`),
    ...(again < 0 ? [`no way on from ${told(met.at(-1))}`] : []),
  ];
}
"""
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)><svg/onload=alert(3)>\"' onmouseover=alert(4) x='"


def come_in(page, signal):
    """By the link that was printed, or, where it was used, as a program with the demo's token would."""
    page.add_init_script(WATCH)
    page.context.set_extra_http_headers({"Authorization": f"Bearer {signal.token}"})
    page.goto(signal.management)


def in_zone(page, name):
    page.context.new_cdp_session(page).send("Emulation.setTimezoneOverride", {"timezoneId": name})


def generate_key(page, signal):
    """Integration Hub > Authentication > API Keys of the vendor's panel."""
    page.goto(f"{signal.sandbox}/insider/panel")
    page.get_by_label("E-mail").fill(page.locator("dd code").nth(0).inner_text())
    page.get_by_label("Password").fill(page.locator("dd code").nth(1).inner_text())
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="API Keys", exact=True).click()
    page.get_by_role("button", name="Generate").click()
    page.get_by_label("Name").fill("Datafly Signal")
    page.get_by_label("Unification API").check()
    page.get_by_role("button", name="Generate").click()
    return page.get_by_label("API Key").input_value()


def identify(user_id):
    return {
        "type": "identify",
        "messageId": f"identify-{user_id}",
        "userId": user_id,
        "traits": {"email": "jane@example.com", "phone": "+447700900123"},
        "context": {"consent": {"marketing": True}},
    }


def dead_letter(demo, message_id="dead-1"):
    """An event that the vendor refuses."""
    errors = {r"users.0.identifiers.*.regexp(^.+@.+\..+$)": ["not a valid email address: jane@broken"]}
    answer = {"data": {"successful": {"count": 0}, "fail": {"count": 1, "errors": errors}}}
    demo.control("POST", "faults", {"status": 200, "body": json.dumps(answer)})
    demo.send(demo.track("Product Viewed", "user-1", message_id, product_id="SKU-1"))
    assert demo.final(message_id)["verdict"] == "REJECTED"


def every_page(demo):
    """Route → where it is looked at, with something on it. What is no route of the control room is under ""."""
    integration_id, pipeline_id = demo.install(demo.vendor_key()), demo.pipeline()["id"]
    dead_letter(demo, f"dead-{integration_id}")
    group = demo.api("GET", "dead-letters/groups", pipeline_integration_id=integration_id)["data"][0]["id"]
    stretch = {"since": "2020-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
    wanted = {**stretch, "pipeline_integration_id": integration_id}
    run = demo.api("POST", "replays", wanted, expect=202)["replay"]["id"]
    hook = {"name": f"Call {integration_id}", "kind": "webhook", "url": "https://hooks.example.com/on-call"}
    channel = demo.api("POST", "alert-channels", hook, expect=201)["id"]
    invited = {"email": f"{integration_id}@example.com", "role": "viewer"}
    link = demo.api("POST", "users", invited, expect=201)["link"]
    demo.api("PATCH", f"pipelines/{pipeline_id}", {"parameters": {"LONG": "x" * 300}})  # which the audit log tells
    erasure = demo.api("POST", "erasures", {"user_id": f"gone-{integration_id}"}, expect=202)["id"]
    sender = {"kind": "custom", "verify": "none", "name": f"Till {integration_id}"}
    source = demo.api("POST", f"pipelines/{pipeline_id}/sources", sender, expect=201)["id"]
    return {
        "/": ["/"],
        "/live-events": ["/live-events", "/live-events?text=%3Cscript%3E"],
        "/events": ["/events", f"/events?id=dead-{integration_id}"],
        "/integrations": ["/integrations"],
        "/integrations/library": ["/integrations/library"],
        "/integrations/library/{vendor}/install": ["/integrations/library/insider/install"],
        "/integrations/{integration_id}": [f"/integrations/{integration_id}"],
        "/integrations/{integration_id}/settings": [f"/integrations/{integration_id}/settings"],
        "/integrations/{integration_id}/readiness": [f"/integrations/{integration_id}/readiness"],
        "/integrations/{integration_id}/mapping": [f"/integrations/{integration_id}/mapping"],
        "/integrations/{integration_id}/first-event": [f"/integrations/{integration_id}/first-event"],
        "/alerts": ["/alerts"],
        "/alerts/new": ["/alerts/new", "/alerts/new?kind=error_rate"],
        "/alerts/{alert_id}": [f"/alerts/{demo.api('GET', 'alerts')['data'][0]['id']}"],
        "/alerts/channels/new": ["/alerts/channels/new?kind=webhook", "/alerts/channels/new?kind=email"],
        "/alerts/channels/{channel_id}": [f"/alerts/channels/{channel}"],
        "/people": ["/people", "/people?q=user-1"],
        "/dead-letters": ["/dead-letters"],
        "/dead-letters/groups/{group}": [f"/dead-letters/groups/{group}"],
        "/replays": ["/replays"],
        "/replays/{replay_id}": [f"/replays/{run}"],
        "/erasures": ["/erasures"],
        "/erasures/{erasure_id}": [f"/erasures/{erasure}"],
        "/settings/pipelines": ["/settings/pipelines"],
        "/settings/pipelines/{pipeline_id}": [f"/settings/pipelines/{pipeline_id}"],
        "/settings/pipelines/{pipeline_id}/collector": [f"/settings/pipelines/{pipeline_id}/collector"],
        "/settings/pipelines/{pipeline_id}/personal-data": [f"/settings/pipelines/{pipeline_id}/personal-data"],
        "/settings/pipelines/{pipeline_id}/sources/new": [f"/settings/pipelines/{pipeline_id}/sources/new?kind=custom"],
        "/settings/pipelines/{pipeline_id}/sources/{source_id}": [
            f"/settings/pipelines/{pipeline_id}/sources/{source}"
        ],
        "/settings/consent": ["/settings/consent"],
        "/settings/api-tokens": ["/settings/api-tokens"],
        "/settings/users": ["/settings/users"],
        "/settings/audit-log": ["/settings/audit-log"],
        "/docs": ["/docs"],
        "/docs/{about}": ["/docs/metrics"],
        "/account": ["/account"],
        "/login": ["/login"],
        "/welcome": [f"/welcome?{urllib.parse.urlsplit(link).query}", "/welcome?token=gone"],
        "": ["/no-such-page"],
    }


def paths_of(demo):
    pages = every_page(demo)
    assert set(pages) - {""} == set(page_paths()), "a page without a check, or a check without a page"
    return [path for paths in pages.values() for path in paths]


def test_quick_setup_and_verify_are_walked_word_by_word(new_signal, new_page):
    signal = new_signal()
    page = new_page()
    key = generate_key(page, signal)
    page.goto(re.search(r"(http\S+/welcome\?token=\S+)", signal.said)[1])

    # Quick Setup
    page.get_by_role("navigation", name="Control room").get_by_role("link", name="Integrations").click()
    expect(page.get_by_text("Nothing is installed yet")).to_be_visible()
    page.get_by_role("link", name="Integration Library", exact=True).click()
    category = page.get_by_role("region", name="Marketing Automation")
    card = category.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Insider"))
    expect(card).to_contain_text("This integration is currently in alpha. Configuration and behaviour may change.")
    card.get_by_role("link", name="Install").click()
    expect(page.get_by_role("region", name="First, in Insider")).to_contain_text("Generate an API key")
    page.get_by_label("API key").fill(key)
    page.get_by_label("Partner name").fill("My Co")
    page.get_by_label("Partner name").blur()
    expect(page.get_by_text("must be the slug of your account")).to_be_visible()
    expect(page.get_by_label("Partner name")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Partner name").fill("myco")
    page.get_by_label("Partner name").blur()
    expect(page.get_by_text("must be the slug of your account")).to_be_hidden()
    expect(page.get_by_label("Partner name")).not_to_have_attribute("aria-invalid", "true")
    page.context.set_offline(True)
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("Signal does not answer.")).to_be_visible()
    page.context.set_offline(False)
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("Connection works.")).to_be_visible()
    page.get_by_role("button", name="Install Integration").click()

    # Verify it's working
    expect(page.get_by_text("Waiting for the first event")).to_be_visible()
    signal.send(identify("user-123"), signal.track("Product Viewed", "user-123", product_id="SKU-1"))
    expect(page.get_by_text("the first event is delivered with 200")).to_be_visible()
    page.get_by_role("navigation", name="Control room").get_by_role("link", name="Live Events").click()
    row = page.get_by_role("listitem").filter(has_text="Product Viewed")
    expect(row).to_contain_text("Insider: Delivered 200")
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Product Viewed")
    page.get_by_text("What was answered: 200").click()
    expect(page.get_by_label("The answer of Insider")).to_contain_text("successful")
    assert key not in page.content()

    page.goto(f"{signal.sandbox}/insider/panel/audience/users")
    page.get_by_label("Search by uuid or email").fill("jane@example.com")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="user-123").click()
    expect(page.get_by_role("region", name="Recent events")).to_contain_text("product_detail_page_view")


def test_a_wrong_key_suspends_is_mended_in_the_form_and_what_waited_is_sent(demo, new_page):
    page = new_page()
    come_in(page, demo)
    integration_id = demo.install("wrong-key")
    demo.send(demo.track("Product Viewed", "user-1", "waits-1", product_id="SKU-1"))
    demo.has_state(integration_id, "suspended")
    page.goto(f"{demo.management}/events?id=waits-1")
    expect(page.get_by_role("main")).to_contain_text("401 Unauthorized")
    page.goto(f"{demo.management}/integrations")
    card = page.get_by_role("article", name="Insider")
    expect(card).to_contain_text("Suspended")
    expect(card).to_contain_text("Regenerate the key with Unification API scope.")
    card.get_by_role("link", name="Edit settings").click()
    page.get_by_label("API key").fill(demo.vendor_key())
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("Connection works.")).to_be_visible()
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_text("Saved as revision 2")).to_be_visible()
    stands = page.get_by_role("region", name="How it stands")
    expect(stands).to_contain_text(re.compile(r"delivered\s*1\s*waiting\s*0"))
    expect(stands).not_to_contain_text("Suspended")
    demo.is_through(integration_id, delivered=1)
    page.goto(f"{demo.management}/events?id=waits-1")
    expect(page.get_by_role("main")).to_contain_text("Delivered")


def test_every_page_is_accessible_and_what_is_hostile_does_nothing_on_any(demo, new_page):
    paths = paths_of(demo)
    hostile = {**demo.track(HOSTILE, HOSTILE, "hostile-1"), "anonymousId": HOSTILE, "context": {HOSTILE: HOSTILE}}
    hostile["properties"] = {HOSTILE: HOSTILE}
    refused = demo.track("Product Viewed", "user-9", "refused-1", product_id="SKU-1")
    demo.send(hostile, identify("user-5"), refused)
    demo.final("refused-1")
    page = new_page()
    come_in(page, demo)
    paths += ["/events?id=hostile-1", "/events?id=refused-1", "/people?q=user-5"]
    found = {}
    for path in paths:
        page.goto(demo.management + path)
        waited_for = page.evaluate(WAITED_FOR)
        page.wait_for_function(TOLD_HERE)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        problems = waited_for + page.evaluate(SERIOUS)
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            problems += [f"{scheme} {one}" for one in page.evaluate(SERIOUS)] if scheme == "dark" else []
        problems += page.evaluate("window.done")
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        problems += ["scrolls sideways"] if wide else []
        problems += page.evaluate(BY_A_HAIR)
        if problems:
            found[path] = problems
    page.set_viewport_size({"width": 360, "height": 740})
    for path in paths:
        page.goto(demo.management + path)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found[f"{path} on a phone"] = ["scrolls sideways"]
    assert found == {}


def test_every_page_is_walked_by_keyboard_alone_in_order_and_in_sight_and_questions_are_answered_so(demo, new_page):
    page = new_page()
    come_in(page, demo)
    found, questions = {}, 0
    for path in paths_of(demo):
        page.goto(demo.management + path)
        for _ in range(page.evaluate(WALK) + 8):
            page.keyboard.press("Tab")
        problems = page.evaluate(WALKED)
        for question in page.locator("details.ask:visible").all():
            questions += 1
            question.locator("summary").focus()
            page.keyboard.press("Enter")
            page.keyboard.press("Tab")
            if not question.evaluate(
                "part => part.open && part !== document.activeElement && part.contains(document.activeElement)"
            ):
                problems.append(f"a question is not answered by keyboard: {question.inner_text()}")
        if problems:
            found[path] = problems
    assert found == {}
    assert questions


def test_a_viewer_sees_everything_and_can_change_nothing(demo, new_page):
    integration_id = demo.install("wrong-key")
    demo.send(demo.track("Product Viewed", "user-1", "seen-1", product_id="SKU-1"))
    demo.has_state(integration_id, "suspended")
    token = demo.api("POST", "tokens", {"name": "viewer", "role": "viewer"}, expect=201)["token"]
    page = new_page()
    page.context.set_extra_http_headers({"Authorization": f"Bearer {token}"})
    for path in ("", "/settings", "/mapping"):
        page.goto(f"{demo.management}/integrations/{integration_id}{path}")
        assert page.locator("main form[method=post] button:enabled").all_inner_texts() == [], path
    pipeline = f"/settings/pipelines/{demo.pipeline()['id']}"
    for path in ("/integrations", "/integrations/library", "/replays", "/dead-letters", "/alerts", "/alerts/new"):
        page.goto(demo.management + path)
        assert page.locator("main form[method=post] button:enabled").all_inner_texts() == [], path
    for path in ("/events?id=seen-1", "/settings/pipelines", pipeline, "/integrations/library/insider/install"):
        page.goto(demo.management + path)
        assert page.locator("main form[method=post] button:enabled").all_inner_texts() == [], path
    page.goto(f"{demo.management}/settings/users")
    expect(page.get_by_role("main")).to_contain_text("takes admin")
    page.goto(f"{demo.management}/integrations/{integration_id}")
    answer = page.request.post(f"{demo.management}/integrations/{integration_id}/pause")
    assert answer.status == 403
    assert demo.installed(integration_id)["paused"] is False


def test_an_integration_is_installed_and_paused_by_keyboard_alone(demo, new_page):
    page = new_page()
    come_in(page, demo)
    keyboard = page.keyboard

    def reach(words):
        for _ in range(80):
            keyboard.press("Tab")
            told = page.evaluate(FOCUSED)
            if told.strip().startswith(words):
                return
        pytest.fail(f"Tab does not lead to {words}")

    keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    reach("Integrations")
    keyboard.press("Enter")
    page.wait_for_url("**/integrations")
    reach("Integration Library")
    keyboard.press("Enter")
    page.wait_for_url("**/library")
    reach("Install Insider")
    keyboard.press("Enter")
    page.wait_for_url("**/install")
    reach("Partner name")
    keyboard.type("myco")
    keyboard.press("Enter")
    expect(page.get_by_label("API key")).to_be_focused()
    keyboard.type(demo.vendor_key())
    reach("Test connection")
    keyboard.press("Enter")
    expect(page.get_by_text("Connection works")).to_be_visible()
    expect(page.get_by_role("button", name="Test connection")).to_be_focused()
    reach("Install Integration")
    keyboard.press("Enter")
    page.wait_for_url("**/first-event")
    expect(page.get_by_role("heading", level=1)).to_have_text("Insider is installed")
    page.goto(f"{demo.management}/integrations")
    reach("Pause Insider")
    keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("is paused: events wait")
    page.goto(f"{demo.management}/settings/pipelines/{demo.pipeline()['id']}")
    reach("Requests a second")
    keyboard.type("many")
    keyboard.press("Enter")
    wrong = page.get_by_label("Requests a second")
    expect(wrong).to_be_focused()
    expect(wrong).to_have_accessible_description(re.compile("Nothing was saved. .* It must be a whole number"))


def test_a_group_of_dead_letters_is_seen_with_cause_and_cure_and_sent_again(demo, new_page):
    demo.install(demo.vendor_key())
    dead_letter(demo)
    page = new_page()
    come_in(page, demo)
    page.goto(f"{demo.management}/dead-letters")
    expect(page.get_by_role("main")).to_contain_text("Correct the trait email.")
    page.get_by_role("button", name="Send all again").first.click()
    expect(page.get_by_text("1 event is sent again.")).to_be_visible()
    expect(page.get_by_text("1 of 1 decided")).to_be_visible()
    expect(page.get_by_role("region", name="What became of each event")).to_contain_text("Delivered")


def test_a_stretch_is_counted_sent_again_halted_and_goes_on(demo, new_page):
    integration_id = demo.install(demo.vendor_key())
    demo.send(demo.track("Replayed Thing", "user-1", "again-1"), demo.track("Replayed Thing", "user-2", "again-2"))
    demo.is_through(integration_id, delivered=2)
    page = new_page()
    come_in(page, demo)
    demo.api("PATCH", f"pipeline-integrations/{integration_id}", {"paused": True})
    in_zone(page, "Asia/Tokyo")
    page.goto(f"{demo.management}/replays?since=2019-12-30T12:00&since_at=2019-12-30T12:00:00Z")
    expect(page.get_by_label("Came from (Asia/Tokyo)")).to_have_value("2019-12-30T21:00")
    page.get_by_label("Came from (Asia/Tokyo)").fill("2020-01-01T00:00")
    page.get_by_label(re.compile("^Came until")).fill("2099-01-01T00:00")
    page.get_by_label("Event", exact=True).fill("Replayed Thing")
    page.get_by_label("What became of it").select_option("Delivered")
    page.get_by_label("Quietly").check()
    page.get_by_role("button", name="Count first").click()
    expect(page.get_by_role("status").last).to_contain_text("2 of them were delivered before")
    expect(page.locator("#counted")).to_be_focused()
    assert page.locator("#counted [name=since_at]").input_value() == "2019-12-31T15:00:00.000Z"
    page.get_by_role("button", name="Send 2 events again").click()
    progress = page.get_by_role("region", name="Progress")
    expect(progress).to_contain_text("It waits: the integration is paused")
    page.get_by_role("button", name="Pause").click()
    expect(progress).to_contain_text("It is paused")
    page.get_by_role("button", name="Go on").click()
    demo.api("PATCH", f"pipeline-integrations/{integration_id}", {"paused": False})
    expect(progress).to_contain_text("2 of 2 decided")
    expect(progress).to_contain_text("Done")
    expect(page.get_by_role("region", name="What became of each event")).to_contain_text("Replayed Thing")


def test_a_mapping_is_changed_previewed_compared_published_and_rolled_back(demo, new_page):
    integration_id = demo.install(demo.vendor_key())
    demo.send(identify("user-1"), demo.track("Product Viewed", "user-1", "map-1", product_id="SKU-1"))
    demo.final("map-1")
    page = new_page()
    come_in(page, demo)
    page.goto(f"{demo.management}/integrations/{integration_id}")
    page.get_by_role("link", name="Mapping of Insider").click()
    page.get_by_label("Event", exact=True).fill("Product Viewed")
    page.get_by_label("Its name at the vendor").fill("seen_product")
    page.get_by_label("Its name at the vendor").press("Enter")
    drafted = page.get_by_role("list", name="What the draft changes")
    expect(drafted).to_contain_text("Product Viewed: is called seen_product")
    page.get_by_label("Event", exact=True).fill("Product Viewed")
    page.get_by_label("Field at the vendor").fill("event_params.custom.shelf")
    page.get_by_label("Or always").fill("top")
    page.get_by_label("A recent event, or a message id").fill("map-1")
    page.get_by_role("button", name="Preview").click()
    row = page.get_by_role("region", name="Preview").get_by_role("row").filter(has_text="events[0].event_name")
    expect(row).to_contain_text("seen_product")
    expect(page.get_by_role("region", name="Preview")).to_contain_text("event_params.custom.shelf")
    page.get_by_role("button", name="Compare over the last").click()
    compared = page.get_by_role("region", name="Comparison")
    compared.get_by_text("Product Viewed: changed").first.click()
    expect(compared.get_by_text("events[0].event_name: product_detail_page_view").first).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Published as revision 2.")).to_be_visible()
    demo.send(demo.track("Product Viewed", "user-1", "map-2", product_id="SKU-1"))
    assert "seen_product" in str(demo.final("map-2")["request"]["body"])
    page.get_by_role("button", name="Roll back to revision 1").click()
    expect(page.get_by_text("Revision 1 is deployed again.")).to_be_visible()
    demo.send(demo.track("Product Viewed", "user-1", "map-3", product_id="SKU-1"))
    assert "seen_product" not in str(demo.final("map-3")["request"]["body"])
    page.get_by_role("button", name="Try revision 2 for 5 % of the users").click()
    expect(page.get_by_role("heading", name="Revision 2 is tried for 5 % of the users")).to_be_visible()
    canary = page.get_by_role("region", name="Revision 2 is tried")
    canary.get_by_role("button", name="Widen to 10 %").click()
    expect(page.get_by_role("heading", name="Revision 2 is tried for 10 % of the users")).to_be_visible()
    canary.get_by_label("Share of the users, in percent").fill("100")
    canary.get_by_role("button", name="Change the share").click()
    expect(page.get_by_text("Revision 2 is tried for 100 % of the users.")).to_be_visible()
    demo.send(demo.track("Product Viewed", "user-1", "map-4", product_id="SKU-1"))
    assert "seen_product" in str(demo.final("map-4")["request"]["body"])
    page.reload()
    expect(canary.get_by_role("row", name=re.compile("^Delivered 0 1 "))).to_be_visible()
    canary.get_by_role("button", name="Publish it for everybody").click()
    expect(page.get_by_text("Revision 2 is published: it counts for everybody.")).to_be_visible()


def test_twenty_thousand_events_go_through_live_events_and_the_tab_still_answers(demo, new_page):
    page = new_page()
    come_in(page, demo)
    page.goto(f"{demo.management}/live-events")
    expect(page.locator("#rate")).to_contain_text("Listening")
    for batch in range(40):
        demo.send(*(demo.track("Flood", f"user-{batch}", f"flood-{batch}-{one}") for one in range(500)))
    expect(page.locator("#feed > li").first).to_contain_text("Flood")
    expect(page.locator("#rate")).to_contain_text(re.compile("a sample of them is shown|all that fit are shown"))
    assert page.locator("#feed > li").count() <= 200
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#rate")).to_contain_text("Paused")
    assert page.locator("#feed > li").count() <= 200
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#rate")).to_contain_text("Listening")
    demo.send(demo.track("After the flood", "user-1", "after-1"))
    expect(page.locator("#feed > li").first).to_contain_text("After the flood")
    expect(page.locator("#rate")).to_contain_text("Listening")  # not how much came when it last did
