"""What is decided about a pipeline while its events are on their way has a defined end."""

import os
import signal

import httpx


def test_a_pipeline_that_is_disabled_takes_nothing_more_and_what_it_had_acknowledged_is_delivered(new_signal):
    demo = new_signal()
    installation = demo.install(demo.vendor_key())
    pipeline = demo.pipeline()
    processor = demo.pid_of("processor")
    os.kill(processor, signal.SIGSTOP)
    for number in range(50):
        demo.send(demo.track("Step Taken", "user-1", f"raw-{number}", step=number))
    demo.api("PATCH", f"pipelines/{pipeline['id']}", {"enabled": False})

    def post():
        return httpx.post(
            f"{demo.gateway}/v1/t?wk={pipeline['pipeline_key']}", json=demo.track("Late", "user-1"), timeout=60
        )

    demo.until(lambda: post().status_code == 401, "its key is revoked")
    assert post().json()["error"]["code"] == "REVOKED_PIPELINE_KEY"
    os.kill(processor, signal.SIGCONT)
    before = demo.until(lambda: len(demo.arrivals()) >= 50 and demo.installed(installation), "all arrived")
    demo.is_through(installation, delivered=50)
    steps = [one["custom"]["step"] for one in demo.arrivals() if "step" in one["custom"]]
    assert steps == list(range(50))
    assert before["enabled"]
