"""Telemetry as log lines on one stream: JSON for machines, text for a person at a terminal."""

import asyncio
import contextlib
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import msgspec

from datafly.observe.base import Sink, Telemetry, emit

_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_CAPITAL: Final = re.compile(r"(?<!^)[A-Z]")


def line_sink(*, role: str, level: str, style: str, attempts: str = "auto", stream: TextIO | None = None) -> Sink:
    """A sink that writes one line an event. `style`: auto, json or text; auto is text on a terminal.

    `attempts`: of which of them the wide line is written, all, failed or none; auto is all for machines. It is of the
    level info.
    """
    out = stream or sys.stderr
    least = _LEVELS[level]
    text = style == "text" or (style == "auto" and out.isatty())
    draw = _text if text else _json
    if attempts == "auto":
        attempts = "none" if text else "all"
    tells_attempts = attempts != "none" and least <= logging.INFO

    def write(event: Telemetry) -> None:
        if event.level < least and not (tells_attempts and event.wide and (attempts == "all" or event.is_bad)):
            return
        with contextlib.suppress(OSError):  # a full disk, or nobody who reads, stops the line and nothing else
            out.write(draw(role, event) + "\n")
            out.flush()

    return write


def _json(role: str, event: Telemetry) -> str:
    line = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": logging.getLevelName(_level(event)).lower(),
        "role": role,
        "event": type(event).__name__,
        **event.fields(),
    }
    return msgspec.json.encode(line, enc_hook=str).decode()


def _level(event: Telemetry) -> int:
    return max(event.level, logging.INFO) if event.wide else event.level


def _text(role: str, event: Telemetry) -> str:
    """`12:00:01 supervisor  Store key made: file=data/encryption.key`"""
    at = datetime.now(UTC).astimezone().strftime("%H:%M:%S")
    urgent = f"{logging.getLevelName(event.level)} " if event.level > logging.INFO else ""
    said = " ".join(f"{name}={_short(value)}" for name, value in event.fields().items() if value not in ("", None))
    words = _CAPITAL.sub(lambda found: f" {found[0].lower()}", type(event).__name__)
    return f"{at} {role:<10}  {urgent}{words}{': ' if said else ''}{said}"


def _short(value: Any) -> str:
    text = str(value)
    return text if text and " " not in text else repr(text)


class LibraryWarned(Telemetry, frozen=True):
    """A library below us logged a warning or an error."""

    level = logging.WARNING
    logger: str
    message: str


class _Bridge(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[0] is asyncio.CancelledError:
            return  # a request that a stop cut off is no fault; that it did so is told by a line before
        message = record.getMessage()
        if record.exc_info:
            message += " " + logging.Formatter().formatException(record.exc_info)
        emit(LibraryWarned(logger=record.name, message=message))


def bridge_libraries() -> None:
    """Warnings of libraries become telemetry; their chatter stays out."""
    logging.basicConfig(level=logging.WARNING, handlers=[_Bridge()], force=True)
