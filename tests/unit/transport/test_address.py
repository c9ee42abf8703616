import pytest

from datafly.transport.address import Reach, is_public


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_the_open_internet_may_be_called(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "fd00:ec2::254",
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "64:ff9b:1::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
        "localhost",
        "",
    ],
)
def test_what_is_not_the_open_internet_may_not_be_called_in_any_spelling(address):
    assert not is_public(address)


@pytest.mark.parametrize("spelling", ["2130706433", "0177.0.0.1", "0x7f000001", "127.1", "127.000.000.001", "①.1.1.1"])
def test_an_address_that_is_spelled_as_no_address_is_public_for_nobody(spelling):
    assert not is_public(spelling)


OPENED = Reach(["Hooks.internal.", "10.0.5.0/24", "fd12::7"])


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.9.9", "192.168.1.1", "::1", "fd12::1", "::ffff:10.0.0.1", "8.8.8.8"]
)
def test_a_named_host_may_be_private_or_loopback(address):
    assert OPENED.allows(address, named=OPENED.is_named("hooks.INTERNAL"))


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "fe80::1%eth0",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "fd20:ce::254",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "hooks.internal",
    ],
)
def test_a_named_host_may_not_be_where_clouds_keep_credentials(address):
    assert not OPENED.allows(address, named=True)


def test_a_listed_network_is_open_whatever_name_leads_there_and_nothing_beside_it():
    assert OPENED.allows("10.0.5.255", named=False)
    assert OPENED.allows("fd12::7", named=False)
    assert not OPENED.allows("10.0.6.0", named=False)
    assert not OPENED.allows("fd12::8", named=False)
    assert Reach(["169.254.169.254"]).allows("169.254.169.254", named=False)


def test_plain_http_is_for_what_was_opened():
    assert [OPENED.takes_plain_http(host) for host in ("hooks.internal", "10.0.5.1", "10.0.6.1", "shop.example")] == [
        True,
        True,
        False,
        False,
    ]
