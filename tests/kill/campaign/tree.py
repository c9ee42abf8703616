"""`datafly up` in a session of its own; its processes are found by what the supervisor tells of them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from datafly.testing.ports import free_ports

PATIENCE_SECONDS = 120.0
LAST_WORDS = b"Ctrl-C stops it; what was acknowledged is kept."


class Broken(Exception):
    """A promise does not hold."""


async def until(look, what: str, *, seconds: float = PATIENCE_SECONDS):
    """Wait for a condition."""
    ends = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > ends:
            raise Broken(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(0.02)
    return seen


class Tree:
    """`flags` go to `datafly up`, such as the number of workers of a role."""

    def __init__(self, folder: Path, flags: tuple[str, ...] = ()):
        self.data = folder / "data"
        self.flags = flags
        self.gateway_port, self.management_port = free_ports(2)
        self.process: subprocess.Popen[bytes] | None = None
        self._out = folder / "out.txt"
        self._read = 0
        self._started: dict[str, list[int]] = {}
        self._is_up = False

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.management_port}/v1/admin"

    @property
    def group(self) -> int:
        assert self.process
        return self.process.pid

    def launch(self) -> None:
        """Start, and wait for nothing."""
        self._started, self._is_up = {}, False
        self._read = self._out.stat().st_size if self._out.exists() else 0
        with self._out.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "datafly", "up", *self._settings(), *self.flags],
                env=_plain_environment(),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _settings(self) -> list[str]:
        return [
            *("--data-dir", str(self.data)),
            *("--gateway-port", str(self.gateway_port), "--management-port", str(self.management_port)),
            *("--log-level", "debug", "--log-format", "json", "--allow-private-endpoints"),
        ]

    async def start(self) -> None:
        self.launch()
        await self.is_up()

    async def is_up(self) -> None:
        await until(self._said_so, "Signal is up")

    def _said_so(self) -> bool:
        self._listen()
        if not self._is_up and self.process and self.process.poll() is not None:
            raise Broken("Signal ended by itself: " + self.last_lines())
        return self._is_up

    def _listen(self) -> None:
        with self._out.open("rb") as out:
            out.seek(self._read)
            lines = out.read().split(b"\n")
        self._read += sum(len(line) + 1 for line in lines[:-1])
        for line in lines[:-1]:
            self._is_up = self._is_up or LAST_WORDS in line
            if b'"RuntimeRoleStarted"' in line:
                told = json.loads(line)
                self._started.setdefault(told["role"], []).append(told["pid"])

    def pids(self, role: str) -> list[int]:
        """The processes of a role that are alive; a role of several processes may number them behind its name."""
        self._listen()
        alive = self.alive()
        started = [pid for name, pids in self._started.items() if name.startswith(role) for pid in pids]
        return [pid for pid in started if pid in alive]

    def alive(self) -> set[int]:
        """All that belong to the tree and still run."""
        words = ["ps", "-A", "-o", "pid=,pgid=,stat="]
        rows = [
            row.split() for row in subprocess.run(words, capture_output=True, text=True, check=True).stdout.split("\n")
        ]
        group = str(self.group)
        return {int(row[0]) for row in rows if len(row) == 3 and row[1] == group and not row[2].startswith("Z")}

    async def kill_roles(self, roles: tuple[str, ...], which: int) -> float:
        """When it was done, of all at one moment (monotonic seconds)."""
        victims = []
        for role in roles:
            pids = await until(lambda role=role: self.pids(role), f"there is a process of {role}")
            victims.append(pids[which % len(pids)])
        at = time.monotonic()
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        await until(lambda: not self.alive().intersection(victims), f"{roles} are dead")
        return at

    async def kill_supervisor(self) -> float:
        """It alone: its roles end by themselves."""
        assert self.process
        at = time.monotonic()
        self.process.kill()
        await self._is_gone()
        return at

    async def kill_all(self) -> float:
        at = time.monotonic()
        os.killpg(self.group, signal.SIGKILL)
        await self._is_gone()
        return at

    async def _is_gone(self) -> None:
        assert self.process
        self.process.wait(PATIENCE_SECONDS)
        await until(lambda: not self.alive(), "nothing of the tree is left")

    async def stop(self) -> int:
        """The status with which it ended when asked to."""
        assert self.process
        self.process.terminate()
        await self._is_gone()
        return self.process.returncode

    def end(self) -> None:
        """Whatever became of it."""
        if self.process and self.alive():
            os.killpg(self.group, signal.SIGKILL)
            self.process.wait(PATIENCE_SECONDS)

    def last_lines(self, count: int = 30) -> str:
        return "\n".join(self._out.read_text(errors="replace").splitlines()[-count:])

    def faults(self) -> list[str]:
        """What no kill excuses: a fault shown as such."""
        telling = ("Traceback", '"IngestRequestFailed"', '"DeliverLoopFailed"', '"ProcessRecordRefused"')
        lines = self._out.read_text(errors="replace").splitlines()
        found = [number for number, line in enumerate(lines) if any(word in line for word in telling)]
        return [
            "\n".join(line for line in lines[number : number + 40] if line[:1] != "{") or lines[number]
            for number in found
        ]

    def run(self, *words: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "datafly", *words, "--data-dir", str(self.data)],
            env=_plain_environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout.strip()


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("DATAFLY_")}
