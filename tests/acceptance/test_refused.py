"""Whoever sends an event and misses it finds it with the reason."""

import json

import httpx


def test_a_refused_event_is_found_in_the_api_and_on_the_command_line_and_counted(new_signal):
    signal = new_signal()
    pipeline = signal.pipeline()
    key = {"Authorization": f"Bearer {pipeline['pipeline_key']}"}
    batch = [signal.track("Order Completed", "u"), {"type": "track", "userId": "ann@example.com"}]
    answer = httpx.post(
        f"{signal.gateway}/v1/batch", json={"batch": batch}, headers=key, trust_env=False, timeout=60
    ).json()
    assert answer["accepted"] == 1
    path = f"pipelines/{pipeline['id']}"

    (one,) = signal.until(lambda: signal.api("GET", f"{path}/refused")["data"], "it is listed")
    told = signal.until(lambda: signal.api("GET", f"{path}/intake"), "it is counted")
    printed = signal.run("refused")
    as_json = json.loads(signal.run("refused", "--json", "--code", "MISSING_EVENT_NAME"))

    assert (one["code"], one["message"]) == ("MISSING_EVENT_NAME", answer["errors"][0]["message"])
    assert (one["door"], one["index"], one["status"]) == ("/v1/batch", 1, 400)
    assert (told["accepted"], told["refused"], told["refusal_rate"]) == (1, 1, 0.5)
    assert "/v1/batch[1] 400 MISSING_EVENT_NAME" in printed
    assert as_json["message"] == one["message"]
    assert "ann@example.com" not in json.dumps(one) + printed
    assert signal.run("refused", "--code", "NOT_JSON") == ""

    signal.terminate()
    signal.start()
    assert signal.api("GET", f"{path}/intake")["totals"] == told["totals"]
