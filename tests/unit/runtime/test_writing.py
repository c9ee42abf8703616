import pytest

from datafly.model.errors import Unavailable
from datafly.runtime.writing import Writing
from datafly.testing.clock import FakeClock


class Disk:
    full = False

    async def append(self, entries):
        if self.full:
            raise Unavailable("The disk is full.")
        return 7


async def test_the_gateway_is_not_ready_while_the_log_cannot_be_written_and_ready_once_it_can():
    disk = Disk()
    writing = Writing(disk.append, FakeClock())
    disk.full = True
    with pytest.raises(Unavailable):
        await writing.append([])
    assert writing.trouble() == "The disk is full."

    disk.full = False
    assert await writing.append([]) == 7
    assert writing.trouble() is None


async def test_trouble_is_forgotten_so_that_somebody_tries_again():
    disk, clock = Disk(), FakeClock()
    writing = Writing(disk.append, clock)
    disk.full = True
    with pytest.raises(Unavailable):
        await writing.append([])
    await clock.advance(6)
    assert writing.trouble() is None
