"""How values are worded on the pages of panels."""

from contextlib import suppress
from datetime import datetime

import msgspec


def worded_moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    return f"{moment.day} {moment:%b %Y, %H:%M:%S} UTC"


def worded_time(text: str) -> str:
    return f"{datetime.fromisoformat(text):%H:%M:%S}"


def worded_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and not any(isinstance(item, (dict, list)) for item in value):
        return ", ".join(worded_value(item) for item in value)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def worded_size(size: int) -> str:
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def prettied(text: str) -> str:
    """JSON with line breaks, anything else as it is; cut where a page would choke on it."""
    with suppress(msgspec.DecodeError):
        text = msgspec.json.format(text, indent=2)
    return text if len(text) <= 200_000 else f"{text[:200_000]}\n… and {len(text) - 200_000} more characters"
