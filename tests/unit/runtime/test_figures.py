"""Processes offer their metrics over sockets, and one place asks them all."""

import asyncio
import socket

import pytest

from datafly.observe import add_measure, emit, forget_sinks
from datafly.observe.figures import Gauge
from datafly.observe.store import StoreTransactionFailed
from datafly.runtime.figures import exposed_of_all, exposed_of_one, folder, gathered, offered
from datafly.runtime.frames import address


@pytest.fixture
def data_dir(tmp_path):
    """Of a name that is longer than the address of a socket may be."""
    made = tmp_path / ("long" * 50)
    made.mkdir()
    return made


def named(families):
    return {family.name: family for family in families}


async def test_every_process_that_is_there_is_asked_and_tells_what_it_measures_then(data_dir):
    lag = Gauge("process_lag_records", "Waiting.", ("partition",))
    waiting = [3]
    forget = add_measure(lambda: [lag.of(waiting[0], "0")])
    async with offered("processor", data_dir), offered("delivery-2", data_dir):
        emit(StoreTransactionFailed(error="disk full"))
        waiting[0] = 4
        told = await gathered(data_dir)
        assert {*told} == {"processor", "delivery-2"}
        assert named(told["delivery-2"])["datafly_process_lag_records"].samples[0].value == 4
        assert named(told["processor"])["datafly_store_transaction_failed_total"].samples[0].value >= 1
        text, _ = await exposed_of_all(data_dir, "")
        assert b'datafly_process_lag_records{partition="0",process="delivery-2"} 4.0' in text
        assert b'datafly_runtime_disk_free_bytes{process="processor"}' in text
    forget()
    assert await gathered(data_dir) == {}


async def test_who_was_killed_or_answers_nothing_sensible_is_left_out_and_started_again_it_tells_anew(data_dir):
    folder(data_dir).mkdir()
    for name in ("gateway", "sandbox"):
        with socket.socket(socket.AF_UNIX) as left, address(folder(data_dir) / f"{name}.sock") as place:
            left.bind(place)

    async def hang_up(_reader, writer):
        writer.close()

    with address(folder(data_dir) / "odd.sock") as place:
        odd = await asyncio.start_unix_server(hang_up, place)
    async with offered("gateway", data_dir):
        assert {*await gathered(data_dir)} == {"gateway"}
    odd.close()


async def test_a_measure_that_fails_is_counted_and_hides_no_other():
    async def failures():
        text, _ = await exposed_of_one("gateway", "")
        lines = text.decode().splitlines()
        return int(
            float(next(one.split()[1] for one in lines if one.startswith("datafly_observe_measure_failed_total")))
        )

    def broken():
        raise OSError("gone")

    before = await failures()
    forget = add_measure(broken)
    assert await failures() == before + 1
    forget()
    assert await failures() == before + 1


async def test_a_process_tells_nothing_of_stages_that_work_elsewhere(data_dir):
    forget_sinks()
    async with offered("gateway", data_dir), offered("supervisor", data_dir):
        told = await gathered(data_dir)
    for name, families in told.items():
        never = [family.name for family in families if [sample.value for sample in family.samples] == [0]]
        assert any(name.startswith("datafly_store_") for name in never)
        assert not [one for one in never if one.startswith("datafly_management_")], name
