"""Faults on demand by the control API of a room."""

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody

from datafly.sandbox.faults import Fault, FaultQueue


def faults_of(queue: FaultQueue) -> dict[str, Provide]:
    """The dependency of the doors."""
    return {"faults": Provide(lambda: queue, sync_to_thread=False, use_cache=True)}


class FaultDoors(Controller):
    path = "/faults"

    @get()
    async def waiting(self, faults: NamedDependency[FaultQueue]) -> list[Fault]:
        return faults.waiting()

    @post()
    async def add(self, data: JSONBody[Fault], faults: NamedDependency[FaultQueue]) -> list[Fault]:
        faults.add(data)
        return faults.waiting()

    @delete()
    async def clear(self, faults: NamedDependency[FaultQueue]) -> None:
        faults.clear()
