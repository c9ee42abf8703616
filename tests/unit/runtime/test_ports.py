import socket
import sys

import pytest

from datafly.model.errors import OperatorError
from datafly.runtime.ports import refuse_busy_ports, shared_with_nobody_else
from datafly.settings import Settings
from datafly.testing.ports import free_ports


def settings(ports, **more):
    gateway, management, sandbox = ports
    return Settings(gateway_port=gateway, management_port=management, sandbox_port=sandbox, **more)


@pytest.fixture
def ports():
    return free_ports(3)


def refusal(given):
    with pytest.raises(OperatorError) as refused:
        refuse_busy_ports(given)
    return refused.value.message


def test_free_ports_are_taken_without_a_word(ports):
    refuse_busy_ports(settings(ports, demo=True))


@pytest.mark.parametrize(
    ("place", "variable", "flag"),
    [
        (0, "DATAFLY_GATEWAY_PORT", "--gateway-port"),
        (1, "DATAFLY_MANAGEMENT_PORT", "--management-port"),
        (2, "DATAFLY_SANDBOX_PORT", "--sandbox-port"),
    ],
)
def test_a_busy_port_is_told_with_the_setting_that_moves_it(ports, place, variable, flag):
    with socket.create_server(("127.0.0.1", ports[place])):
        said = refusal(settings(ports, demo=True))

    assert f"Port {ports[place]} on 127.0.0.1 cannot be had (Address already in use)" in said
    assert f"{variable}=" in said
    assert f"{flag} " in said


def test_all_busy_ports_are_told_at_once(ports):
    with socket.create_server(("127.0.0.1", ports[0])), socket.create_server(("127.0.0.1", ports[1])):
        said = refusal(settings(ports, demo=True))

    assert str(ports[0]) in said
    assert str(ports[1]) in said
    assert str(ports[2]) not in said


def test_the_sandbox_port_does_not_matter_without_demo(ports):
    with socket.create_server(("127.0.0.1", ports[2])):
        refuse_busy_ports(settings(ports))


def highest_free_port():
    for port in range(65_535, 64_536, -1):
        try:
            return socket.create_server(("127.0.0.1", port)), port
        except OSError:
            continue
    pytest.fail("all high ports are taken")


def test_the_port_that_is_offered_instead_exists(ports):
    server, high = highest_free_port()
    with server:
        said = refusal(settings([high, *ports[:2]]))
    assert f"DATAFLY_GATEWAY_PORT={high - 1000} " in said


def test_one_port_for_two_servers_is_refused_by_the_names_of_both(ports):
    said = refusal(settings([ports[0], ports[0], ports[1]]))
    assert said == f"DATAFLY_GATEWAY_PORT and DATAFLY_MANAGEMENT_PORT are both {ports[0]}: change one of them."


@pytest.mark.parametrize("host", ["two..dots", "203.0.113.7"])
def test_a_host_that_is_not_of_this_machine_is_told_as_such(ports, host):
    assert f"DATAFLY_HOST={host} is no address" in refusal(settings(ports, host=host))


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux is a port shared")
def test_two_that_find_a_port_free_at_once_do_not_both_share_it_out(ports):
    one = settings(ports, gateway_workers=2)
    refuse_busy_ports(one)
    with shared_with_nobody_else(one):
        refuse_busy_ports(one)
        second = shared_with_nobody_else(one)
        with pytest.raises(OperatorError, match=r"another Signal shares it .* DATAFLY_GATEWAY_PORT="):
            second.__enter__()
    with shared_with_nobody_else(one):
        pass
