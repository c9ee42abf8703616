"""`datafly preview`: JSON on standard output, words for a person on standard error."""

import sys
from pathlib import Path
from typing import Any

import msgspec

from datafly.model.errors import OperatorError
from datafly.runtime.clock import SystemClock
from datafly.runtime.preview import Previewed, preview


def run(slug: str, event: Path, config: Path | None, *, compact: bool) -> None:
    """Raises `OperatorError` when a file cannot be read, `CallerError` when the integration or its config is wrong."""
    sent = _read(event)
    events = sent if isinstance(sent, list) else [sent]
    given = _config(config) if config else None
    for number, previewed in enumerate(preview(slug, events, given, SystemClock()), 1):
        shown = msgspec.json.encode(previewed.as_json())
        print((shown if compact or len(events) > 1 else msgspec.json.format(shown, indent=2)).decode(), flush=True)
        if not compact:
            _say(previewed, f"event {number}: " if len(events) > 1 else "")


def _say(previewed: Previewed, which: str) -> None:
    ruling = previewed.ruling
    words = f"{ruling.verdict} {ruling.reason}" if ruling else f"{len(previewed.requests)} request(s); nothing was sent"
    causes = [ruling.cause, ruling.cure] if ruling else []
    for line in [words, *causes, *previewed.warnings, *previewed.notes]:
        if line:
            print(f"{which}{line}", file=sys.stderr)


def _read(path: Path) -> Any:
    try:
        text = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} is not JSON: {error}.") from error


def _config(path: Path) -> dict[str, Any]:
    config = _read(path)
    if not isinstance(config, dict):
        raise OperatorError(f"{path} must hold one JSON object, the integration's config.")
    return config
