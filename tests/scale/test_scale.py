"""A slice of the campaign; `make test-scale` is the whole of it."""

import tempfile
from pathlib import Path

import pytest
from cluster.campaign import Wanted, carry_out
from cluster.troubles import TROUBLES


@pytest.fixture
def own_folder():
    """Where PostgreSQL's own user comes in."""
    with tempfile.TemporaryDirectory(prefix="signal-scale-") as folder:
        yield Path(folder)


@pytest.mark.acceptance
@pytest.mark.xdist_group("scale")
async def test_two_of_each_role_lose_nothing_and_keep_order_while_one_is_killed_and_a_broker_is_lost(own_folder):
    wanted = Wanted(rate=100, between=1.0, troubles=("kill delivery", "lose a broker"))
    told = await carry_out(own_folder, wanted, print)
    assert told["events"] > 100


def test_each_thing_that_must_be_shown_is_a_trouble():
    roles = {f"kill {role}" for role in ("gateway", "processor", "delivery", "management")}
    others = {
        "restart all",
        "lose a broker",
        "lose two brokers",
        "fill a disk",
        "move leadership",
        "restart postgres",
        "cut the network",
    }
    assert roles | others == TROUBLES.keys()
