"""W3C trace context: which trace a request belongs to, and which span in it. https://www.w3.org/TR/trace-context/"""

import hashlib
import re
from typing import Final

import msgspec

_FORM: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED: Final = 1
_NO_VERSION: Final = "ff"


class Trace(msgspec.Struct, frozen=True):
    """One span of one trace; `sampled`: who made it keeps it."""

    trace_id: str
    span_id: str
    sampled: bool = True

    @property
    def text(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"

    def below(self, name: str) -> "Trace":
        """A span below this one, always the same for the same name: what is done again is not another span."""
        digest = hashlib.blake2b(f"{self.trace_id}{self.span_id}{name}".encode(), digest_size=8).hexdigest()
        return Trace(self.trace_id, digest, self.sampled)


def read_trace(text: str) -> Trace | None:
    """Of a `traceparent`; None where it is none. Of a newer version what this one knows is read."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == _NO_VERSION or (more and version == "00") or not int(trace_id, 16) or not int(span_id, 16):
        return None
    return Trace(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))
