"""`GET /v1/pixel/{type}`: an event in the query of a picture's address (contracts/signal.md §4.7).

A page never sees an error: the picture comes in any case, and a header has the code of what was wrong.
"""

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from datafly.ingest.caller import read_caller
from datafly.ingest.codes import Code, Refused
from datafly.ingest.doors import Doors, Passage
from datafly.ingest.event import check
from datafly.ingest.paths import Door
from datafly.ingest.settings import GatewaySettings
from datafly.ingest.wire import Receive, Reply, Request, json_reply
from datafly.model.errors import SignalError
from datafly.model.proxies import Proxies

GIF: Final = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c000000000100010000020144003b")
"""One transparent pixel."""
_HEADERS: Final = (
    (b"content-type", b"image/gif"),
    (b"cache-control", b"no-store, no-cache, must-revalidate"),
    (b"pragma", b"no-cache"),
    (b"expires", b"0"),
)
_PATH: Final = "/v1/pixel/"
KINDS: Final = ("track", "page", "identify", "group")
_NAMES: Final = {"e": "event", "uid": "userId", "aid": "anonymousId", "mid": "messageId"}
_PLACES: Final = {"p.": "properties", "t.": "traits"}
_MAX_LEVELS: Final = 16
_MAX_FIELDS: Final = 500


def is_pixel(path: str) -> bool:
    return path.startswith(_PATH)


class Pixel:
    """`proxies`: whom to believe about the address and the scheme."""

    def __init__(self, settings: GatewaySettings, doors: Doors) -> None:
        self._settings = settings
        self._proxies = Proxies(settings.trusted_proxies)
        self._doors = doors

    async def get(self, request: Request, _receive: Receive) -> Reply:
        """Looking whether the picture is there (HEAD) is no event."""
        if request.method == "HEAD":
            return picture()
        kind = request.path.removeprefix(_PATH)
        if kind not in KINDS:
            raise Refused(Code.UNKNOWN_TYPE, f"type: a pixel is one of {', '.join(KINDS)}.", field="type")
        caller = read_caller(request, self._proxies)
        pipeline = self._doors.admit(request, caller, caller.key)
        request.body = event_of(request)
        checked = check(request.body, implied=kind, settings=self._settings)
        passage = Passage(Door(f"{_PATH}{kind}", kind), caller, pipeline, trace=request.trace)
        return picture(*await self._doors.keep(passage, [checked], refused=0))


def picture(*more: tuple[bytes, bytes]) -> Reply:
    return Reply(200, GIF, [*_HEADERS, *more])


def refusal(error: SignalError) -> Reply:
    """A picture; but who posts here shows none."""
    if isinstance(error, Refused) and error.code == Code.METHOD_NOT_ALLOWED.name:
        return json_reply(error.status, error.as_body(), *error.headers)
    return picture((b"x-error", error.code.encode()))


def event_of(request: Request) -> bytes:
    """The event as JSON. Values are text, as they stand in the address. Raises `Refused`."""
    event: dict[str, Any] = {}
    for name, value in _fields(request.query):
        if name in _NAMES:
            event[_NAMES[name]] = value
        elif name == "ts":
            event["timestamp"] = _timestamp(value)
        elif name[:2] in _PLACES and len(name) > 2:
            _put(event.setdefault(_PLACES[name[:2]], {}), name[2:].split(".", _MAX_LEVELS - 1), value)
    page = request.headers.get(b"referer")
    if page is not None:
        event["context"] = {"page": {"url": page.decode("latin-1")}}
    return msgspec.json.encode(event)


def _fields(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except UnicodeDecodeError:
        raise Refused(Code.INVALID_UTF8, "The query is not UTF-8.") from None
    except ValueError:
        raise Refused(
            Code.INVALID_PAYLOAD, f"The query has more than {_MAX_FIELDS} fields.", cure="Send fewer."
        ) from None


def _timestamp(milliseconds: str) -> str:
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        raise Refused(
            Code.INVALID_TIMESTAMP,
            "ts is not a time in Unix milliseconds.",
            cure="Send it so, or not at all.",
            field="ts",
        ) from None


def _put(into: dict[str, Any], path: list[str], value: str) -> None:
    """What stands in the way of a longer path gives way to it."""
    for name in path[:-1]:
        inner = into.get(name)
        if not isinstance(inner, dict):
            inner = into[name] = {}
        into = inner
    into[path[-1]] = value
