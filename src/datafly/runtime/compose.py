"""What several roles open alike."""

from typing import TYPE_CHECKING, Final

from datafly.log.base import EVENTS, RAW, Log
from datafly.log.sqlite import SqliteLog
from datafly.model.errors import OperatorError
from datafly.settings import Settings

if TYPE_CHECKING:
    from datafly.transport.http import HttpTransport


def open_log(settings: Settings) -> Log:
    """Raises `OperatorError`; `Unavailable` where no broker answers."""
    if not settings.log_url:
        return embedded_log(settings)
    try:
        from datafly.runtime.brokers import open_kafka  # noqa: PLC0415 - an extra, and 10 MB of memory
    except ModuleNotFoundError as error:
        raise OperatorError("log_url is set: install the client too (pip install 'datafly-signal[kafka]').") from error
    return open_kafka(settings)


def embedded_log(settings: Settings) -> SqliteLog:
    """One partition of each stream, one appender each."""
    return SqliteLog(settings.data_dir / "log", {RAW: 1, EVENTS: 1}, segment_bytes=settings.segment_bytes)


def open_transport(settings: Settings, *, unconfirmed_seconds: float | None = None) -> "HttpTransport":
    """By which everything leaves whose address somebody configured: to vendors, and with alerts."""
    from datafly.transport.http import HttpTransport  # noqa: PLC0415 - most commands that open the log send nothing

    hosts = [host.strip() for host in settings.private_hosts.split(",") if host.strip()]
    return HttpTransport(
        allow_private=settings.allow_private_endpoints, private_hosts=hosts, unconfirmed_seconds=unconfirmed_seconds
    )


_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  only compared


def sandbox_url(settings: Settings) -> str:
    """Where this machine reaches the sandbox: a host that means every address is no address to call."""
    return f"http://{_EVERYWHERE.get(settings.host, settings.host)}:{settings.sandbox_port}"
