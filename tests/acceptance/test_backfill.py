"""History from files, imported into a running Signal as a person does it, until it stands at the vendor."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

MAPPING = """
mappings:
  event: {value: Product Viewed}
  userId: customer
  timestamp: seen_at
  properties.product_id: sku
  properties.name: {value: Mug}
  context.consent.marketing: {value: true}
"""
LAST_MONTH = (datetime.now(UTC) - timedelta(days=30)).replace(hour=10)


@pytest.fixture
def shop(demo):
    """The demo with Insider installed, and a month of rows that nobody has imported."""
    demo.installation = demo.install(demo.vendor_key())
    (demo.folder / "mapping.yaml").write_text(MAPPING)
    for old in demo.folder.glob("*.refused.ndjson*"):
        old.unlink()
    return demo


def write_rows(shop, count, name):
    rows = [f"{name}-{n % 50},{(LAST_MONTH + timedelta(seconds=n)).isoformat()},SKU-{n}\n" for n in range(count)]
    (shop.folder / name).write_text("customer,seen_at,sku\n" + "".join(rows))


def command(*words):
    return [sys.executable, "-m", "datafly", "import", *words, "--map", "mapping.yaml"]


def test_a_dry_run_shows_the_requests_and_sends_nothing(shop):
    write_rows(shop, 3, "dry.csv")
    told = json.loads(shop.run("import", "dry.csv", "--map", "mapping.yaml", "--dry-run", "--demo", "--json"))
    assert told["counts"] == {"read": 3, "accepted": 3, "refused": 0, "skipped": 0}
    assert told["events"] == {"track Product Viewed": 3}
    assert told["fates"] == {"Insider": {"sent": 3}}
    (request,) = told["requests"][0]["preview"]["requests"]
    assert request["url"].startswith(shop.sandbox)
    assert request["body"]["skip_hook"] is True
    assert "***" in request["headers"].values()
    assert shop.live() == [] or all(one["event"] != "Product Viewed" for one in shop.live(user_id="dry.csv-0"))
    assert not list(shop.folder.glob("dry.csv.*"))


def test_a_dry_run_tells_what_would_keep_the_events_from_the_vendor(shop):
    (shop.folder / "mapping.yaml").write_text(MAPPING.replace("{value: true}", "{value: false}"))
    write_rows(shop, 2, "denied.csv")
    told = json.loads(shop.run("import", "denied.csv", "--map", "mapping.yaml", "--dry-run", "--json"))
    assert told["fates"] == {"Insider": {"SKIPPED consent_marketing": 2}}


def test_history_arrives_at_the_vendor_with_its_time_and_without_journeys(shop):
    write_rows(shop, 3, "quiet.csv")
    assert "3 rows: 3 accepted, 0 refused, 0 left out." in shop.run("import", "quiet.csv", "--map", "mapping.yaml")
    shop.is_through(shop.installation, delivered=3)
    arrived = shop.arrivals()
    assert [one["name"] for one in arrived] == ["product_detail_page_view"] * 3
    assert {one["timestamp"][:10] for one in arrived} == {str(LAST_MONTH.date())}
    requests = {one["request_id"] for one in arrived}
    bodies = [json.loads(shop.control("GET", f"requests/{one}")["body"]) for one in requests]
    assert [body["skip_hook"] for body in bodies] == [True] * len(bodies)
    assert all(one["historical"] for one in shop.live(user_id="quiet.csv-0"))


def test_killed_in_the_middle_and_gone_on_with_every_row_is_at_the_vendor_once(shop):
    count = 6_000
    write_rows(shop, count, "killed.csv")
    checkpoint = shop.folder / "killed.csv.refused.ndjson.checkpoint"
    kills = 0
    for done in (500, 2_500):
        process = subprocess.Popen(
            command("killed.csv", "--ahead", "0"), cwd=shop.folder, env=shop.environment, stderr=subprocess.DEVNULL
        )
        shop.until(
            lambda at=done, one=process: (
                one.poll() is not None
                or (checkpoint.exists() and json.loads(checkpoint.read_bytes())["counts"]["read"] >= at)
            ),
            "some of it is imported",
        )
        kills += process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)
    assert kills
    if not json.loads(checkpoint.read_bytes())["finished"]:
        shop.run("import", "killed.csv", "--map", "mapping.yaml", "--ahead", "0")
    shop.is_through(shop.installation, delivered=count)
    assert {one["times_received"] for one in shop.arrivals()} == {1}
    skus = [one["parameters"]["product_id"] for one in shop.arrivals()]
    assert sorted(skus) == sorted(f"SKU-{n}" for n in range(count))


def test_a_live_event_overtakes_the_rest_of_an_import(shop):
    """It waits behind what is already in the log, and not behind what is still to come."""
    write_rows(shop, 60_000, "beside.csv")
    process = subprocess.Popen(
        command("beside.csv", "--ahead", "1"), cwd=shop.folder, env=shop.environment, stderr=subprocess.DEVNULL
    )
    shop.until(shop.arrivals, "some of it is at the vendor")
    live = shop.track("Product Viewed", "live-user", "live-1", product_id="LIVE")
    live["properties"]["name"] = "Mug"
    shop.send(live)
    shop.final("live-1")
    read = json.loads((shop.folder / "beside.csv.refused.ndjson.checkpoint").read_bytes())["counts"]["read"]
    process.send_signal(signal.SIGINT)
    assert process.wait(60) in (0, 130)
    assert read < 60_000


def test_beside_live_events_an_import_has_its_share_of_a_vendor_that_takes_little(shop):
    """Two requests a second, more is 429: no live event waits for the rest of an import, and the import goes on."""
    shop.control("PATCH", "settings", {"rate_limit": {"requests": 2, "window_seconds": 1}})
    write_rows(shop, 300_000, "share.csv")
    checkpoint = shop.folder / "share.csv.refused.ndjson.checkpoint"

    def read():
        return json.loads(checkpoint.read_bytes())["counts"]["read"]

    process = subprocess.Popen(
        command("share.csv", "--ahead", "1"), cwd=shop.folder, env=shop.environment, stderr=subprocess.DEVNULL
    )
    try:
        shop.until(checkpoint.exists, "the import has begun")
        for number in range(2):
            before = read()
            live = shop.track("Product Viewed", f"live-{number}", f"share-{number}", product_id=f"LIVE-{number}")
            live["properties"]["name"] = "Mug"
            shop.send(live)
            assert shop.final(f"share-{number}")["verdict"] == "DELIVERED"
            assert read() < 300_000, "the live event did not wait for the rest"
            shop.until(lambda least=before: read() > least, "the import goes on")
        statuses = {one["status"] for one in shop.control("GET", "requests", limit=200)}
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
        shop.control("PATCH", "settings", {"rate_limit": None})
    shop.is_through(shop.installation, delivered=read() + 2)
    assert 429 in statuses, "the vendor takes less than the import would send"
    arrived = shop.arrivals()
    assert {f"LIVE-{number}" for number in range(2)} <= {one["parameters"]["product_id"] for one in arrived}
    assert {one["times_received"] for one in arrived} == {1}


def test_without_a_data_folder_it_is_told_what_to_name(shop, tmp_path):
    write_rows(shop, 1, "nowhere.csv")
    said = shop.run("import", "nowhere.csv", "--map", "mapping.yaml", "--data-dir", str(tmp_path / "none"), status=2)
    assert "is no data folder of a Signal. Name it with --data-dir" in said
    assert not (tmp_path / "none").exists()
