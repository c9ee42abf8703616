"""One process of a role, as a service manager runs it, with a folder and ports of its own."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import aiohttp
from campaign.tree import PATIENCE_SECONDS, Broken

from datafly.testing.ports import free_ports

_PORTS = {"gateway": "GATEWAY", "management": "MANAGEMENT"}


def _is_fault(line: str) -> bool:
    return "Traceback" in line or ("LoopFailed" in line and "Unavailable:" not in line)


class RoleProcess:
    """`name`: `delivery-2`. `group`: the group of users that it runs in, None ours."""

    def __init__(self, name: str, folder: Path, variables: Mapping[str, str], *, group: int | None = None):
        self.name, self.role, self._group = name, name.partition("-")[0], group
        self.out = folder / f"{name}.txt"
        port, health = free_ports(2)
        self.url, self._health = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{health}"
        data = folder / name
        data.mkdir(mode=0o700)
        own = {"DATAFLY_DATA_DIR": str(data), "DATAFLY_HEALTH_PORT": str(health), "DATAFLY_LOG_FORMAT": "json"}
        if self.role in _PORTS:
            own[f"DATAFLY_{_PORTS[self.role]}_PORT"] = str(port)
        plain = {key: value for key, value in os.environ.items() if not key.startswith("DATAFLY_")}
        self._environment = {**plain, **variables, **own, "PYTHONDONTWRITEBYTECODE": "1"}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def is_cut(self) -> bool:
        return self._group is not None

    def ports(self) -> frozenset[int]:
        """Of its ends of connections, as the system tells them."""
        own = Path("/proc") / str(self.pid)
        links = set()
        for one in (own / "fd").iterdir():
            with suppress(FileNotFoundError):  # it is closed by now
                links.add(str(one.readlink()))
        lines = [line.split() for line in (own / "net" / "tcp").read_text().splitlines()[1:]]
        return frozenset(int(line[1].partition(":")[2], 16) for line in lines if f"socket:[{line[9]}]" in links)

    def launch(self) -> None:
        with self.out.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "datafly", self.role],
                env=self._environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                group=self._group,
            )

    async def becomes_ready(self) -> None:
        ends = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            while not await self._is_ready(session):
                if self._process and self._process.poll() is not None:
                    raise Broken(f"{self.name} ended by itself: {self.last_lines()}")
                if asyncio.get_running_loop().time() > ends:
                    raise Broken(f"{self.name} is not ready: {self.last_lines()}")
                await asyncio.sleep(0.05)

    async def start(self) -> None:
        self.launch()
        await self.becomes_ready()

    async def kill(self) -> None:
        await self._end_by(signal.SIGKILL)

    async def end(self) -> None:
        """Asked to, as at a rolling restart."""
        if status := await self._end_by(signal.SIGTERM):
            raise Broken(f"{self.name} ended with {status} when asked to: {self.last_lines()}")

    def end_anyhow(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait(PATIENCE_SECONDS)

    def last_lines(self, count: int = 30) -> str:
        return "\n".join(line[:400] for line in self.out.read_text(errors="replace").splitlines()[-count:])

    def faults(self) -> list[str]:
        """What no trouble excuses: a loop that fell over engines that are away is told, and goes on."""
        lines = self.out.read_text(errors="replace").splitlines()
        found = [number for number, line in enumerate(lines) if _is_fault(line)]
        return ["\n".join([self.name, *(line[:400] for line in lines[number : number + 8])]) for number in found]

    async def _is_ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self._health}/readyz") as reply:
                return reply.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _end_by(self, how: signal.Signals) -> int:
        assert self._process
        self._process.send_signal(how)
        return await asyncio.to_thread(self._process.wait, PATIENCE_SECONDS)
