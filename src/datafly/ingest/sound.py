"""JSON that every later stage can read: what decodes here, within these bounds, decodes and encodes everywhere."""

import json
import re
from typing import Any, Final

import msgspec

from datafly.ingest.codes import Code, Refused
from datafly.ingest.unique import require_unique

MAX_NAME: Final = 2048
"""Characters. Bodies that are shorter need not be searched."""
FAULTS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on bytes that are no sound JSON."""

_decode = msgspec.json.Decoder().decode
_ESCAPED_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def decode(body: bytes, *, max_depth: int) -> Any:
    """The value. Raises `Refused` with the code of what is wrong."""
    try:
        value = _decode(body)
    except FAULTS as fault:
        raise explain(body, fault) from None
    if b"\\" in body and b"\\u0000" in body and _ESCAPED_NUL.search(body):
        raise Refused(Code.NUL_CHARACTER, r"A text has the escape \u0000.")
    if _brackets(body) > max_depth and _deeper(value, max_depth):
        raise Refused(Code.TOO_DEEP, f"The body is nested more than {max_depth} levels deep.")
    if len(body) > MAX_NAME and (name := _long_name(value)):
        raise Refused(Code.KEY_TOO_LONG, f"The field “{name[:50]}…” has a name of {len(name):,} characters.")
    require_unique(body, value)
    return value


def explain(body: bytes, fault: Exception) -> Refused:
    """Why these bytes are refused. Off the hot path: it may look at them again."""
    if isinstance(fault, RecursionError):
        return Refused(Code.TOO_DEEP)
    if isinstance(fault, UnicodeDecodeError) or not _is_utf8(body):
        return Refused(Code.INVALID_UTF8)
    if b"\x00" in body:
        return Refused(Code.NUL_CHARACTER)
    if "out of range" in str(fault):
        return Refused(Code.NUMBER_OUT_OF_RANGE)
    if _has_lone_surrogate(body):
        return Refused(Code.LONE_SURROGATE)
    return Refused(Code.NOT_JSON, _reason(body, str(fault)))


def _brackets(body: bytes) -> int:
    """Most events have no array, and to look is cheaper than to count."""
    return body.count(b"{") + (body.count(b"[") if b"[" in body else 0)


def _long_name(value: Any) -> str:
    """One that is over the limit, or "". The value is no deeper than it may be."""
    front = [value]
    while front:
        found = next((name for node in front if isinstance(node, dict) for name in node if len(name) > MAX_NAME), "")
        if found:
            return found
        front = [child for node in front for child in _children(node)]
    return ""


def _deeper(value: Any, levels: int) -> bool:
    """Level by level, without recursion: the value may be deeper than the stack."""
    front = [value]
    for _ in range(levels):
        front = [child for node in front for child in _children(node)]
        if not front:
            return False
    return True


def _children(node: Any) -> list[Any]:
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [child for child in inner if isinstance(child, dict | list)]


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _has_lone_surrogate(body: bytes) -> bool:
    """The standard library reads what msgspec refuses: half a pair stays in the text, where it can be seen."""
    try:
        text = json.dumps(json.loads(body), ensure_ascii=False)
    except (ValueError, RecursionError):
        return False
    return _SURROGATE.search(text) is not None


def _reason(body: bytes, words: str) -> str:
    if not body.strip():
        return "The body is empty."
    return f"The body is not JSON: {words.removeprefix('JSON is malformed: ')}."
