"""Where the brokers are, how they are spoken to, and what the topics are like."""

from typing import Any, Final

import msgspec

from datafly.log.kafka.client_log import CLIENT_LOG
from datafly.model.secret import Secret

MAX_MESSAGE_BYTES: Final = 8_000_000
"""Of one record: an event is far smaller, what process makes of it is not much larger."""
_PATIENCE_MS: Final = 10_000
"""For a record to be durable, before whoever sent it is told to come again."""

Config = dict[str, Any]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """`servers`: `host:port`, separated by commas. `prefix`: before the names of topics, groups and transactions.

    `partitions`: of each stream, when its topic is made. `client`: further properties of librdkafka, such as
    `security.protocol`; a `Secret` among them is never shown.
    """

    servers: str
    prefix: str = ""
    partitions: int = 12
    replication: int = 3
    min_insync: int = 2
    client: dict[str, str | Secret] = {}

    def topic(self, stream: str) -> str:
        return f"{self.prefix}{stream}"

    def config(self) -> Config:
        """For librdkafka."""
        given = {name: one.reveal() if isinstance(one, Secret) else one for name, one in self.client.items()}
        return {
            "bootstrap.servers": self.servers,
            "client.id": "datafly",
            "logger": CLIENT_LOG,
            "log_level": 4,
            "socket.keepalive.enable": True,
            "reconnect.backoff.max.ms": 1_000,
            "topic.metadata.refresh.interval.ms": 60_000,
            **given,
        }


PRODUCER: Final[Config] = {
    "enable.idempotence": True,
    "acks": "all",
    "message.max.bytes": MAX_MESSAGE_BYTES,
    "compression.type": "lz4",
    "linger.ms": 0,
    "delivery.timeout.ms": _PATIENCE_MS,
}
"""librdkafka's own queue would hold records back to fill a batch: group commit fills it already."""

CONSUMER: Final[Config] = {
    "isolation.level": "read_committed",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",
    "enable.partition.eof": True,
    "fetch.message.max.bytes": 1_000_000,
    "queued.max.messages.kbytes": 16_384,
    "fetch.wait.max.ms": 100,
    "allow.auto.create.topics": False,
}

LEAPING: Final[Config] = {"fetch.wait.max.ms": 5, "queued.max.messages.kbytes": 2_048}
"""Besides: what is asked for at another place waits until the broker has answered at this one."""

MEMBER: Final[Config] = {
    "partition.assignment.strategy": "cooperative-sticky",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "allow.auto.create.topics": False,
    "session.timeout.ms": 10_000,
    "heartbeat.interval.ms": 2_000,
    "max.poll.interval.ms": 60_000,
}
"""Takes part in sharing out partitions, and reads nothing. Who falls silent for a session has its partitions taken;
who does not give one up within the poll interval, too."""
