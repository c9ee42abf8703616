"""All that runs: brokers, a database, two of each role; and the operator who installs."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from campaign.tree import Broken
from msgspec import Struct

from cluster.disk import Disk
from cluster.roles import RoleProcess
from datafly.testing.kafka import KafkaServers
from datafly.testing.postgres import PostgresServer

ROLES = ("gateway", "processor", "delivery", "management")
KEY = "cd" * 32
CUT_GROUP = 23_456
"""In it run the second processor and the second delivery, where the network may be cut between roles."""


class Cut(Struct, frozen=True):
    """When the network was cut (monotonic), and of each process that it was cut for the ports of its connections."""

    at: float
    ports: dict[str, frozenset[int]]


class Cluster:
    """`each`: how many processes of each role. `may_cut`: some of them run in a group of their own. `may_fill`: the
    last broker has a disk of its own.
    """

    def __init__(
        self,
        folder: Path,
        *,
        brokers: int = 3,
        each: int = 2,
        partitions: int = 6,
        may_cut: bool = False,
        may_fill: bool = False,
    ):
        self.brokers = KafkaServers(Path(os.environ["KAFKA_JARS"]), folder / "brokers", count=brokers)
        self.postgres = PostgresServer(Path(os.environ["POSTGRES_BIN"]), folder / "postgres")
        self.partitions, self.prefix = partitions, f"s{uuid4().hex[:8]}."
        self._folder = folder
        copies = min(3, brokers)
        self._variables = {
            "DATAFLY_LOG_URL": f"kafka://{self.brokers.addresses}",
            "DATAFLY_STORE_URL": self.postgres.url.set(drivername="postgresql").render_as_string(hide_password=False),
            "DATAFLY_ENCRYPTION_KEY": KEY,
            "DATAFLY_KAFKA_PREFIX": self.prefix,
            "DATAFLY_KAFKA_PARTITIONS": str(partitions),
            "DATAFLY_KAFKA_REPLICATION": str(copies),
            "DATAFLY_KAFKA_MIN_INSYNC": str(min(2, copies)),
            "DATAFLY_ALLOW_PRIVATE_ENDPOINTS": "true",
        }
        self._each, self._may_cut = each, may_cut
        self.disk = Disk(folder / "brokers" / str(brokers - 1) / "data") if may_fill else None
        self.roles: list[RoleProcess] = []
        self.cut: Cut | None = None
        self._token = ""

    async def start(self) -> None:
        self._folder.chmod(0o755)  # PostgreSQL's user goes through it
        if self.disk is not None:
            self.disk.mount()
        await asyncio.gather(asyncio.to_thread(self.brokers.start), asyncio.to_thread(self.postgres.start))
        await asyncio.to_thread(self.run, "migrate")
        self._token = await asyncio.to_thread(self.run, "token", "create", "--name", "scale")
        for role in ROLES:
            for number in range(1, self._each + 1):
                is_cut = self._may_cut and number == 2 and role in ("processor", "delivery")
                group = CUT_GROUP if is_cut else None
                self.roles.append(RoleProcess(f"{role}-{number}", self._folder, self._variables, group=group))
        for one in self.roles:
            one.launch()
        await asyncio.gather(*(one.becomes_ready() for one in self.roles))

    def of(self, role: str) -> list[RoleProcess]:
        return [one for one in self.roles if one.role == role]

    def stop(self) -> None:
        for one in self.roles:
            one.end_anyhow()
        try:
            if self.disk is not None:
                self.disk.unmount()
        finally:
            self.brokers.stop()
            self.postgres.stop()

    def faults(self) -> list[str]:
        return [fault for one in self.roles for fault in one.faults()]

    async def pipeline_key(self) -> str:
        (pipeline,) = (await self.ask("GET", "pipelines"))["data"]
        return str(pipeline["pipeline_key"])

    async def install(self, account: str, sink_port: int) -> str:
        config = {"api_key": "key", "partner_name": account, "base_url": f"http://127.0.0.1:{sink_port}/{account}"}
        path = "integration-catalog/insider/install"
        made = await self.ask("POST", path, {"name": account, "config": config}, Idempotency_Key=account)
        return str(made["pipeline_integrations"][0]["id"])

    async def remove(self, installation: str) -> None:
        await self.ask("DELETE", f"pipeline-integrations/{installation}")

    async def lag(self, installation: str) -> int:
        return int((await self.ask("GET", f"pipeline-integrations/{installation}"))["lag"])

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Of whichever management answers."""
        asked = {"Authorization": f"Bearer {self._token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        timeout = aiohttp.ClientTimeout(total=20)
        told = ""
        for _ in range(60):
            for one in self.of("management"):
                try:
                    async with (
                        aiohttp.ClientSession(timeout=timeout) as session,
                        session.request(method, f"{one.url}/v1/admin/{path}", json=body, headers=asked) as reply,
                    ):
                        if reply.status < 400:
                            return await reply.json() if reply.status != 204 else None
                        told = f"{reply.status} {await reply.text()}"
                        if reply.status < 500:
                            raise Broken(f"{method} {path}: {told}")
                except (aiohttp.ClientError, TimeoutError) as error:
                    told = repr(error)
            await asyncio.sleep(1.0)
        raise Broken(f"{method} {path}: {told}")

    def run(self, *words: str) -> str:
        plain = {key: value for key, value in os.environ.items() if not key.startswith("DATAFLY_")}
        environment = {**plain, **self._variables, "DATAFLY_DATA_DIR": str(self._folder / "operator")}
        command = [sys.executable, "-m", "datafly", *words]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise Broken(f"datafly {' '.join(words)}: {ran.stderr or ran.stdout}")
        return ran.stdout.strip()
