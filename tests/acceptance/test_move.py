"""From one machine's files to PostgreSQL and Kafka, with what waits."""

import subprocess
import sys
import uuid

import pytest

pytestmark = pytest.mark.xdist_group("kafka")


def test_what_waits_moves_to_postgres_and_kafka_though_the_move_is_killed_and_arrives_once_and_in_order(
    new_signal, postgres_place, kafka, load_on
):
    demo = new_signal()
    installation = demo.install(demo.vendor_key())
    early = [demo.track("Step Taken", f"user-{step % 7}", f"early-{step}", step=step) for step in range(50)]
    known = {**demo.track("", ""), "type": "identify", "userId": "jane", "anonymousId": "browser-1"}
    demo.send(*early, {**known, "traits": {"email": "jane@example.com"}, "messageId": "identified"})
    demo.is_through(installation, delivered=50)
    demo.api("PATCH", f"pipeline-integrations/{installation}", {"paused": True})
    with load_on(demo) as load:
        load.more(20 * load.BATCH)
    assert "Stop it, then move its store" in demo.run("move", "--to", postgres_place, status=2)
    demo.kill()

    brokers = {
        "DATAFLY_STORE_URL": postgres_place,
        "DATAFLY_LOG_URL": f"kafka://{kafka}",
        "DATAFLY_KAFKA_PREFIX": f"moved-{uuid.uuid4().hex[:8]}.",
        "DATAFLY_KAFKA_PARTITIONS": "3",
        "DATAFLY_KAFKA_REPLICATION": "1",
        "DATAFLY_KAFKA_MIN_INSYNC": "1",
    }
    environment = {**demo.environment, **brokers}
    words = [sys.executable, "-m", "datafly", "move"]
    moving = subprocess.Popen(words, env=environment, cwd=demo.folder, stdout=subprocess.PIPE, text=True)
    assert "The store is in PostgreSQL" in moving.stdout.readline()
    moving.kill()
    moving.communicate()
    assert "The log is on Kafka" in demo.run("move", **brokers)
    assert "was moved already" in demo.run("move", status=2, **brokers)
    for wrong in ({}, {"DATAFLY_STORE_URL": postgres_place}):
        assert (
            "moved to PostgreSQL" in (said := demo.run("up", "--demo", status=2, **wrong)) or "another Signal" in said
        )
    demo.variables |= brokers
    demo.start()
    browser = {name: value for name, value in demo.track("", "").items() if name != "userId"}
    demo.send(*early, {**browser, "event": "Seen Again", "anonymousId": "browser-1", "messageId": "again"})
    demo.api("PATCH", f"pipeline-integrations/{installation}", {"paused": False})
    expected = 52 + len(load.acknowledged)
    demo.until(lambda: demo.installed(installation)["counts"]["DELIVERED"] >= expected, "what waited is delivered")
    arrived = demo.arrivals()
    assert {one["times_received"] for one in arrived} == {1}
    told = [one["custom"] for one in arrived]
    assert sorted(one["step"] for one in told if "step" in one) == [*range(50)]
    numbers = [one["number"] for one in told if "number" in one]
    assert sorted(numbers) == [*range(len(load.acknowledged))]
    for user in range(load.USERS):
        own = [number for number in numbers if number % load.USERS == user]
        assert own == sorted(own)
    (jane,) = demo.vendor_users("jane@example.com")
    assert [one["name"] for one in arrived if one["profile_id"] == jane["id"]] == ["seen_again"], "whose browser it is"
