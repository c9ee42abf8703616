"""Comparisons under way and done, as long as this process remembers them."""

import asyncio
import secrets
import threading
from collections.abc import Callable
from typing import Any, Final

import msgspec

from datafly.model.errors import Conflict, NotFound, SignalError

MOST: Final = 20


class Job(msgspec.Struct):
    """`state`: running, done, failed. `seen`: events so far."""

    id: str
    installation_id: str
    wanted: int
    state: str = "running"
    seen: int = 0
    result: Any = None
    fault: str = ""


class Comparisons:
    """The newest so many. One that is forgotten while it runs goes on, and nobody reads it."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()

    def begin(self, installation_id: str, wanted: int) -> Job:
        """Raises `Conflict` where too many run."""
        job = Job(f"cmp_{secrets.token_hex(10)}", installation_id, wanted)
        with self._lock:
            done = [one.id for one in self._jobs.values() if one.state != "running"]
            if len(self._jobs) >= MOST and not done:
                raise Conflict(f"{MOST} comparisons are running. Wait for one of them.", code="BUSY")
            if len(self._jobs) >= MOST:
                del self._jobs[done[0]]
            self._jobs[job.id] = job
        return job

    def get(self, job_id: str) -> Job:
        found = self._jobs.get(job_id)
        if found is None:
            raise NotFound(f"There is no comparison {job_id[:100]}; only the newest {MOST} since the start are kept.")
        return found

    async def carry_out(self, job: Job, work: Callable[[], Any], *, wait_seconds: float) -> None:
        """Comes back when it is done, or after so long. `work` runs on a thread."""
        task = asyncio.create_task(self._run(job, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait({task}, timeout=wait_seconds)

    async def _run(self, job: Job, work: Callable[[], Any]) -> None:
        try:
            job.result = await asyncio.to_thread(work)
            job.state = "done"
        except SignalError as error:
            job.state, job.fault = "failed", error.message
        except BaseException:
            job.state, job.fault = "failed", "Signal failed over it; its log says why."
            raise
