"""Traces of a process, where they are wanted: by an extra, which is loaded then alone."""

import contextlib
import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from typing import Final

from datafly.model.errors import OperatorError
from datafly.observe import add_sink
from datafly.observe.trace import begin_tracing, end_tracing
from datafly.settings import Settings

_TRACED: Final = frozenset({"gateway", "processor", "delivery"})
"""Roles that an event goes through."""
_NEEDED: Final = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


@contextlib.contextmanager
def tracing(process: str, settings: Settings) -> Iterator[None]:
    """Spans of this process are sent, inside; what is left at the end for a moment longer."""
    if not settings.trace_url or process.partition("-")[0] not in _TRACED:
        yield
        return
    from datafly.observe.otlp import Exporter  # noqa: PLC0415 - an extra, and 10 MB of memory

    exporter = Exporter(settings.trace_url, process=process, headers=headers_of(settings))
    forget = add_sink(exporter.sink)
    begin_tracing()
    try:
        yield
    finally:
        end_tracing()
        forget()
        exporter.close()


def load_tracing(settings: Settings) -> None:
    """Before roles are forked, so that they share it."""
    if settings.trace_url:
        importlib.import_module("datafly.observe.otlp")


def require_tracing(settings: Settings) -> None:
    """Raises `OperatorError` where traces are wanted and cannot be made."""
    if settings.trace_url:
        headers_of(settings)
        if not all(map(_is_there, _NEEDED)):
            raise OperatorError("trace_url is set: install what makes traces too (pip install 'datafly-signal[otel]').")


def headers_of(settings: Settings) -> Mapping[str, str]:
    text = settings.trace_headers.reveal() if settings.trace_headers else ""
    pairs = [one.partition("=") for one in text.split(",") if one.strip()]
    if any(not name.strip() or not equals for name, equals, _ in pairs):
        raise OperatorError("trace_headers takes NAME=VALUE, separated by commas; what was given is not so.")
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
