"""What is wrong with a set-up is told in a sentence that names the setting, before anything runs."""

import socket

import pytest


@pytest.mark.parametrize("name", ["GATEWAY", "MANAGEMENT", "SANDBOX"])
def test_a_busy_port_is_named_with_the_setting_that_moves_it(new_signal, name):
    idle = new_signal(start=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = idle.run("up", "--demo", status=2, **{f"DATAFLY_{name}_PORT": str(port)})
    assert f"Port {port} on 127.0.0.1 cannot be had" in said
    assert f"DATAFLY_{name}_PORT=" in said


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DATAFLY_GATEWAY_PROT", "8080", "DATAFLY_GATEWAY_PORT"),
        ("DATAFLY_GATEWAY_PORT", "eighty", "eighty"),
        ("DATAFLY_SANDBOX_PORT", "0", "0"),
        ("DATAFLY_DELIVERY_WORKERS", "0", "less than 1"),
        ("DATAFLY_DELIVERY_WORKERS", "many", "many"),
    ],
    ids=["unknown", "malformed", "out of range", "no workers", "no number of workers"],
)
def test_an_unknown_or_malformed_setting_stops_the_start_with_a_sentence(new_signal, name, value, words):
    idle = new_signal(start=False)
    said = idle.run("up", "--demo", status=2, **{name: value})
    assert said.startswith("datafly: ")
    assert name in said
    assert words in said
    assert not idle.data.exists()
