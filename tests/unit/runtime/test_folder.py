"""A data folder is one Signal's, for as long as any process of it is there."""

import asyncio
import contextlib
import os
import sqlite3
import sys

import pytest

from datafly.model.errors import OperatorError
from datafly.runtime import folder
from datafly.runtime.folder import alone_in_the_folder
from datafly.runtime.prepare import open_the_store
from datafly.runtime.spawned import spawn
from datafly.settings import Settings
from datafly.store import migrate


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data")


async def test_the_second_is_told_which_folder_it_is(settings, monkeypatch):
    monkeypatch.setattr(folder, "_WAIT_SECONDS", 0.0)
    async with alone_in_the_folder(settings, asyncio.Event()):
        with pytest.raises(OperatorError, match=f"the data folder {settings.data_dir}"):
            async with alone_in_the_folder(settings, asyncio.Event()):
                pytest.fail("two have it")
    async with alone_in_the_folder(settings, asyncio.Event()) as held:
        assert held is not None


async def test_who_waits_for_the_last_of_another_goes_on_when_they_are_gone(settings):
    async def second():
        async with alone_in_the_folder(settings, asyncio.Event()) as held:
            return held is not None

    async with alone_in_the_folder(settings, asyncio.Event()):
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0)
        assert not waiting.done()
    assert await waiting


async def test_who_is_told_to_stop_while_it_waits_does_not_have_it(settings):
    stop = asyncio.Event()
    async with alone_in_the_folder(settings, stop):
        stop.set()
        async with alone_in_the_folder(settings, stop) as held:
            assert held is None


async def test_a_role_that_is_a_program_of_its_own_holds_the_folder_too(settings):
    async with alone_in_the_folder(settings, asyncio.Event()) as held:
        look = f"import os; print(os.fstat({held}).st_ino)"
        role = await spawn("any", settings, command=lambda _: (sys.executable, "-c", look), held=(held,))
        assert [line async for line in role.lines()] == [b"%d\n" % os.fstat(held).st_ino]
        assert await role.wait() == 0


def _revision(settings, told=None):
    """Of the tables; `told`: what they say from now on."""
    connection = sqlite3.connect(settings.data_dir / "store.db")
    with contextlib.closing(connection), connection:
        if told:
            connection.execute("UPDATE alembic_version SET version_num = ?", (told,))
        return connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]


async def test_beside_a_running_signal_of_an_earlier_version_no_command_changes_its_tables(settings):
    async with alone_in_the_folder(settings, asyncio.Event()):
        open_the_store(settings, alone=True).close()
        open_the_store(settings).close()
        _revision(settings, "0001")
        with pytest.raises(OperatorError, match=f"runs on {settings.data_dir} is of an earlier version"):
            open_the_store(settings)
        assert _revision(settings) == "0001"


def test_where_no_signal_runs_a_command_brings_tables_of_an_earlier_version_along(settings, monkeypatch):
    open_the_store(settings).close()
    _revision(settings, "0001")
    upgraded = []
    monkeypatch.setattr(migrate, "_run", lambda _connection, before, to: upgraded.append((before, to)))
    open_the_store(settings).close()
    assert upgraded == [("0001", migrate.HEAD)]
