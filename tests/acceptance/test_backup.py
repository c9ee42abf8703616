"""A backup is made under load; what is restored from it goes on where the backup was made."""

import shutil


def test_a_backup_under_load_has_all_that_was_acknowledged_and_nothing_final_is_sent_again(new_signal, load_on):
    demo = new_signal(DATAFLY_SEGMENT_BYTES="65536")
    installation = demo.install(demo.vendor_key())
    early = [demo.track("Step Taken", f"user-{step % 7}", f"early-{step}", step=step) for step in range(100)]
    demo.send(*early)
    demo.is_through(installation, delivered=100)
    backup = demo.folder / "backup"
    with load_on(demo) as load:
        load.more(25 * load.BATCH)
        acknowledged = set(load.acknowledged)
        assert "is whole" in demo.run("backup", str(backup), "--with-key")
        load.more(5 * load.BATCH)
    demo.kill()

    again = new_signal(start=False)
    again.ports, again.token = demo.ports, demo.token
    assert again.run("restore", str(backup)) == f"The backup is in {again.data}.\n"
    assert "holds something already" in again.run("restore", str(backup), status=2)
    shutil.copytree(demo.data / "sandbox", again.data / "sandbox")  # the vendor was not restored
    again.start()
    again.send(*early, again.track("Step Taken", "user-1", "late", step=100))
    again.is_through(installation, delivered=101)
    arrived = again.arrivals()
    steps = [(one["custom"]["step"], one["times_received"]) for one in arrived if "step" in one["custom"]]
    assert sorted(steps) == [(step, 1) for step in range(101)], "what was final, or is a duplicate, is known still"
    numbers = {one["custom"]["number"]: one["times_received"] for one in arrived if "number" in one["custom"]}
    assert {int(message.partition("-")[2]) for message in acknowledged} <= numbers.keys()
    assert max(numbers.values()) <= 2, "once before the backup was restored, and once after"
    assert again.installed(installation)["counts"].get("REJECTED", 0) == 0
