"""What several roles open alike."""

from datafly.log.base import EVENTS, RAW
from datafly.log.sqlite import SqliteLog
from datafly.settings import Settings


def open_log(settings: Settings) -> SqliteLog:
    """The embedded log: one partition of each stream, one appender each."""
    return SqliteLog(settings.data_dir / "log", {RAW: 1, EVENTS: 1}, segment_bytes=settings.segment_bytes)


def sandbox_url(settings: Settings) -> str:
    return f"http://{settings.host}:{settings.sandbox_port}"
