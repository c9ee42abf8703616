"""Apache Kafka brokers (KRaft) on loopback, each a process with a folder of its own, for tests and trials."""

import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from datafly.testing.ports import free_ports

_CLUSTER: Final = "c2lnbmFsLXRlc3RzLWthZg"
_HEAP: Final = ("-Xmx384m", "-Xms384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
_PROTOCOLS: Final = "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT"
_LOGIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule"
_PATIENCE_SECONDS: Final = 120.0


class KafkaServers:
    """`count` brokers that are controllers too. `jars`: what `scripts/kafka.sh` prints. `java`: options of
    its machine; the usual ones start soon and never get fast.
    """

    def __init__(self, jars: Path, folder: Path, *, count: int = 1, java: Sequence[str] = _HEAP) -> None:
        self._jars, self._folder, self._machine = jars, folder, java
        self._ports = free_ports(3 * count)
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self.count = count

    @property
    def addresses(self) -> str:
        """`host:port`, separated by commas, as clients take it."""
        return ",".join(f"127.0.0.1:{self._ports[3 * number]}" for number in range(self.count))

    @property
    def guarded(self) -> str:
        """An address that asks for a name and a password: `poor` with `poor-secret` may come in, and do nothing."""
        return f"127.0.0.1:{self._ports[2]}"

    def start(self, numbers: Sequence[int] | None = None) -> None:
        """All or some of them; returns once each takes connections."""
        wanted = range(self.count) if numbers is None else numbers
        for number in wanted:
            self._begin(number)
        for number in wanted:
            self._await(number)

    def kill(self, number: int) -> None:
        self._end(number, signal.SIGKILL)

    def has_ended(self, number: int) -> bool:
        """By itself."""
        return self._processes[number].poll() is not None

    def pause(self, number: int) -> None:
        """It keeps its connections and says nothing any more."""
        self._processes[number].send_signal(signal.SIGSTOP)

    def resume(self, number: int) -> None:
        self._processes[number].send_signal(signal.SIGCONT)

    def stop(self) -> None:
        for number in [*self._processes]:
            self._end(number, signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _begin(self, number: int) -> None:
        place = self._folder / str(number)
        properties = place / "server.properties"
        if not properties.exists():
            place.mkdir(parents=True, exist_ok=True)
            properties.write_text(self._properties(number, place))
            words = ["format", "-t", _CLUSTER, "-c", str(properties)]
            subprocess.run(self._java("kafka.tools.StorageTool", *words), check=True, capture_output=True)  # noqa: S603
        with (place / "out").open("wb") as out:
            command = self._java("kafka.Kafka", str(properties))
            self._processes[number] = subprocess.Popen(command, stdout=out, stderr=out)  # noqa: S603

    def _await(self, number: int) -> None:
        ends = time.monotonic() + _PATIENCE_SECONDS
        out = self._folder / str(number) / "out"
        while "Kafka Server started" not in out.read_text():
            if self._processes[number].poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"Broker {number} did not start: {out.read_text()[-3000:]}")
            time.sleep(0.05)

    def _end(self, number: int, how: signal.Signals) -> None:
        process = self._processes.pop(number)
        process.send_signal(how)
        process.wait()

    def _java(self, program: str, *arguments: str) -> list[str]:
        log = f"-Dlog4j.configuration=file:{self._log4j()}"
        return ["java", *self._machine, log, "-cp", f"{self._jars}/*", program, *arguments]

    def _log4j(self) -> Path:
        file = self._folder / "log4j.properties"
        if not file.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            file.write_text(
                "log4j.rootLogger=INFO, out\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\n"
                "log4j.appender.out.layout=org.apache.log4j.PatternLayout\nlog4j.appender.out.layout.ConversionPattern=%m%n\n"
            )
        return file

    def _properties(self, number: int, place: Path) -> str:
        voters = ",".join(f"{one + 1}@127.0.0.1:{self._ports[3 * one + 1]}" for one in range(self.count))
        most = min(3, self.count)
        own, control, guarded = (f"127.0.0.1:{self._ports[3 * number + place]}" for place in range(3))
        lines = {
            "process.roles": "broker,controller",
            "node.id": number + 1,
            "controller.quorum.voters": voters,
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{own},CONTROLLER://{control},SASL_PLAINTEXT://{guarded}",
            "advertised.listeners": f"PLAINTEXT://{own},SASL_PLAINTEXT://{guarded}",
            "listener.security.protocol.map": _PROTOCOLS,
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.sasl_plaintext.plain.sasl.jaas.config": f'{_LOGIN} required user_poor="poor-secret";',
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
            "log.dirs": place / "data",
            "offsets.topic.replication.factor": most,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": most,
            "transaction.state.log.min.isr": min(2, most),
            "transaction.state.log.num.partitions": 4,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1_000,
            "auto.create.topics.enable": "false",
            "log.cleaner.dedupe.buffer.size": 20_000_000,
            "num.network.threads": 2,
            "num.io.threads": 2,
        }
        return "".join(f"{name}={value}\n" for name, value in lines.items())
