"""Pictures of every page of the control room, light and dark, desktop and phone, into docs/screens/.

Starts a demo of its own on free ports, fills it, and leaves nothing behind but the pictures. `make screens` calls it.
"""

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
SCREENS = ROOT / "docs" / "screens"
sys.path.insert(0, str(ROOT / "tests" / "acceptance"))

from conftest import Signal, free_ports  # noqa: E402 - the demo of the acceptance tests
from datafly.management.web.app import page_paths  # noqa: E402 - after the path is set

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
QUALITY = 52


def fill(signal: Signal) -> dict[str, str]:
    """Installs, sends, lets something go wrong; page → path."""
    good = signal.install(signal.vendor_key())
    consent = {"consent": {"marketing": True}}
    who = {"userId": "user-123", "anonymousId": "visitor-7"}
    traits = {"email": "jane@example.com", "phone": "+447700900123", "loyalty_tier": "gold"}
    line = {"product_id": "harbour-teapot", "name": "Harbour Teapot", "price": 34.5, "quantity": 2}
    order = {"orderId": "ORD-9", "total": 69.0, "currency": "GBP", "products": [line]}
    signal.send(
        {
            "type": "track",
            "event": "Product Viewed",
            "messageId": "m-1",
            "anonymousId": "visitor-7",
            "context": consent,
        },
        {"type": "identify", "messageId": "m-2", **who, "traits": traits, "context": consent},
        {"type": "track", "event": "purchase", "messageId": "m-3", **who, "properties": order, "context": consent},
        {"type": "page", "name": "Home", "messageId": "m-4", "userId": "user-9"},
    )
    signal.is_through(good, delivered=2)
    errors = {r"users.0.identifiers.*.regexp(^.+@.+\..+$)": ["not a valid email address: jane@broken"]}
    answer = {"data": {"successful": {"count": 0}, "fail": {"count": 1, "errors": errors}}}
    signal.control("POST", "faults", {"status": 200, "body": json.dumps(answer)})
    signal.send(signal.track("Product Viewed", "user-7", "m-7", product_id="harbour-mug"))
    signal.final("m-7")
    stretch = {"since": "2020-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
    run = signal.api(
        "POST",
        "replays",
        {**stretch, "pipeline_integration_id": good, "user_id": "user-123"},
        expect=202,
    )["replay"]["id"]
    wrong = signal.api(
        "POST",
        "integration-catalog/insider/install",
        {"name": "Insider (second shop)", "config": {"api_key": "wrong-key", "partner_name": "myco"}},
        expect=201,
    )["pipeline_integrations"][0]["id"]
    signal.send(signal.track("Product Viewed", "user-5", "m-5", product_id="harbour-mug"))
    signal.has_state(wrong, "suspended")
    signal.until(lambda: signal.api("GET", f"replays/{run}")["state"] == "done", "the replay is done")
    tried = signal.api(
        "POST",
        f"integration-templates/{signal.installed(good)['integration_id']}/revisions",
        {
            "overrides": {
                "events": {"Product Viewed": {"vendor_event_name": "seen_product"}, "page": {"enabled": False}}
            }
        },
        expect=201,
    )["id"]
    signal.api("POST", f"pipeline-integrations/{good}/canary", {"revision_id": tried, "percent": 50})
    signal.send(*(signal.track("Product Viewed", f"user-{one}", product_id="harbour-mug") for one in range(40)))
    signal.is_through(good, delivered=30)
    hook = {"name": "On call", "kind": "webhook", "url": "https://hooks.example.com/on-call"}
    channel = signal.api("POST", "alert-channels", hook, expect=201)["id"]
    erasure = signal.api("POST", "erasures", {"user_id": "user-9"}, expect=202)["id"]
    sender = {"kind": "custom", "name": "Till", "header": "X-Signature", "secret": "s3cret"}
    sources = f"pipelines/{signal.pipeline()['id']}/sources"
    source = signal.api("POST", sources, sender, expect=201)["id"]
    invited = {"email": "jo@example.com", "name": "Jo", "role": "viewer"}
    link = signal.api("POST", "users", invited, expect=201)["link"]
    alerts = {one["kind"]: one["id"] for one in signal.api("GET", "alerts")["data"]}
    return {
        "home": "/",
        "live-events": "/live-events",
        "event": "/events?id=m-3",
        "event-suspended": "/events?id=m-5",
        "event-rejected": "/events?id=m-7",
        "integrations": "/integrations",
        "library": "/integrations/library",
        "install": "/integrations/library/insider/install",
        "first-event": f"/integrations/{good}/first-event",
        "integration": f"/integrations/{good}",
        "integration-settings": f"/integrations/{good}/settings",
        "readiness": f"/integrations/{good}/readiness",
        "mapping": f"/integrations/{good}/mapping",
        "person": "/people?q=user-123",
        "dead-letters": "/dead-letters",
        "dead-letter-group": f"/dead-letters/groups/{signal.api('GET', 'dead-letters/groups')['data'][0]['id']}",
        "erasures": "/erasures",
        "erasure": f"/erasures/{erasure}",
        "replays": "/replays",
        "replay": f"/replays/{run}",
        "alerts": "/alerts",
        "alert": f"/alerts/{alerts['error_rate']}",
        "alert-new": "/alerts/new?kind=error_rate",
        "alert-channel": f"/alerts/channels/{channel}",
        "alert-channel-new": "/alerts/channels/new?kind=webhook",
        "pipelines": "/settings/pipelines",
        "pipeline": f"/settings/pipelines/{signal.pipeline()['id']}",
        "webhook-source": f"/settings/pipelines/{signal.pipeline()['id']}/sources/{source}",
        "webhook-source-new": f"/settings/pipelines/{signal.pipeline()['id']}/sources/new?kind=custom",
        "collector": f"/settings/pipelines/{signal.pipeline()['id']}/collector",
        "personal-data": f"/settings/pipelines/{signal.pipeline()['id']}/personal-data",
        "consent": "/settings/consent",
        "api-reference": "/docs",
        "api-reference-subject": "/docs/pipelines",
        "api-tokens": "/settings/api-tokens",
        "users": "/settings/users",
        "audit-log": "/settings/audit-log",
        "account": "/account",
        "invitation": f"/welcome?{urlsplit(link).query}",
    }


def require_every_page(pages: dict[str, str]) -> None:
    """A page that is added to the control room is added here."""
    paths = [urlsplit(path).path for path in pages.values()]
    routes = {route: re.compile(re.sub(r"{[^}]+}", "[^/]+", route)) for route in page_paths()}
    missing = [route for route, fits in routes.items() if not any(fits.fullmatch(path) for path in paths)]
    if missing:
        sys.exit(f"No picture is taken of {', '.join(missing)}: say in fill() where.")


def take(page: Page, signal: Signal, pages: dict[str, str]) -> None:
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for name, path in pages.items():
                page.goto(signal.management + path)
                page.evaluate("document.fonts.ready")
                page.get_by_text("Counting…").wait_for(state="hidden")
                page.screenshot(path=SCREENS / f"{name}-{size}-{scheme}.jpg", type="jpeg", quality=QUALITY)


def main(chromium: str) -> None:
    shutil.rmtree(SCREENS, ignore_errors=True)
    SCREENS.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        signal = Signal(Path(folder), ("--demo",), free_ports(3))
        signal.start()
        try:
            pages = fill(signal)
            page = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]).new_page()
            login = {"log-in": "/login"}
            require_every_page({**login, **pages})
            take(page, signal, login)
            page.goto(re.search(r"(http\S+/welcome\?token=\S+)", signal.said)[1].replace("localhost", "127.0.0.1"))
            take(page, signal, pages)
        finally:
            signal.terminate()
    _index({**login, **pages})


def _index(pages: dict[str, str]) -> None:
    """A page that shows them; GitHub and editors draw it."""
    lines = ["# The control room in pictures", "", "Drawn by `make screens` from a demo.", ""]
    for name in pages:
        lines += [f"## {name.replace('-', ' ').capitalize()}", ""]
        lines += [
            f"![{name}, {size}, {scheme}]({name}-{size}-{scheme}.jpg)" for size in SIZES for scheme in ("light", "dark")
        ]
        lines += [""]
    (SCREENS / "index.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
