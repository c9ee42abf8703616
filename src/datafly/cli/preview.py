"""`datafly preview`: JSON on standard output, words for a person on standard error."""

import codecs
import json
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from datafly.model.errors import OperatorError
from datafly.runtime.preview import Preview, Previewed

_STANDARD_INPUT = Path("-")


def run(slug: str, event: Path, config: Path | None, *, compact: bool) -> None:
    """Raises `OperatorError` when a file cannot be read, `CallerError` when the integration or its config is wrong."""
    previews = Preview(slug, _config(config) if config else None, _now_ms)
    events, several = _events(event)
    if not events and not compact:
        print(f"{_named(event)} holds no event.", file=sys.stderr)
    for number, sent in enumerate(events, 1):
        previewed = previews.of(sent)
        shown = msgspec.json.encode(previewed.as_json())
        print((shown if compact or several else msgspec.json.format(shown, indent=2)).decode(), flush=True)
        if not compact:
            _say(previewed, f"event {number}: " if several else "")


def _say(previewed: Previewed, which: str) -> None:
    ruling = previewed.ruling
    words = f"{ruling.verdict} {ruling.reason}" if ruling else f"{len(previewed.requests)} request(s); nothing was sent"
    causes = [ruling.cause, ruling.cure] if ruling else []
    if previewed.cost is not None:
        causes.append(f"It costs {previewed.cost} {previewed.unit}, if none of it was told before.")
    for line in [words, *causes, *previewed.warnings, *previewed.notes]:
        if line:
            print(f"{which}{line}", file=sys.stderr)


def _events(path: Path) -> tuple[list[bytes], bool]:
    """Each event as it stands in the file, and whether it is a list."""
    text = _read(path)
    value = _decode(path, text, takes="one event or a list of events")
    if not isinstance(value, list):
        return [text], False
    try:
        return [bytes(raw) for raw in msgspec.json.decode(text, type=list[msgspec.Raw])], True
    except msgspec.DecodeError:
        return [json.dumps(event).encode() for event in value], True


def _config(path: Path) -> dict[str, Any]:
    config = _decode(path, _read(path), takes="one object, the integration's config")
    if not isinstance(config, dict):
        raise OperatorError(f"{_named(path)} must hold one JSON object, the integration's config.")
    return config


def _read(path: Path) -> bytes:
    try:
        text = sys.stdin.buffer.read() if path == _STANDARD_INPUT else path.read_bytes()
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}.") from error
    return text.removeprefix(codecs.BOM_UTF8)


def _decode(path: Path, text: bytes, *, takes: str) -> Any:
    """By the parser that says the line and the column."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OperatorError(f"{_named(path)} is not JSON: {error}. It takes {takes}.") from error


def _named(path: Path) -> str:
    return "Standard input" if path == _STANDARD_INPUT else str(path)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
