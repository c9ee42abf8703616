"""A slice of the campaign; `make test-scale` is the whole of it."""

import shutil
import tempfile
from pathlib import Path

import pytest
from cluster.campaign import Wanted, carry_out
from cluster.disk import Disk
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


@pytest.mark.skipif(not Disk.may_be_had(), reason="nothing can be mounted here")
def test_a_disk_is_filled_although_more_is_written_while_it_is_looked_at(own_folder, monkeypatch):
    folder, looked = own_folder / "data", shutil.disk_usage
    disk = Disk(folder)
    disk.mount()

    def used(where):
        found = looked(where)
        with (folder / "log").open("ab") as log:
            log.write(b"x" * 500_000)
        return found

    try:
        monkeypatch.setattr(shutil, "disk_usage", used)
        disk.fill()
        with pytest.raises(OSError, match="No space left"), (folder / "more").open("wb") as more:
            more.write(b"x" * 2_000_000)
        disk.empty()
        (folder / "more").write_bytes(b"x" * 2_000_000)
    finally:
        disk.unmount()


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
