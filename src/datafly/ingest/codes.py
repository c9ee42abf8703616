"""Every refusal of the gateway: its code, its status and its sentence, written once."""

from enum import Enum
from typing import Any

import msgspec

from datafly.model.errors import CallerError


class Meaning(msgspec.Struct, frozen=True):
    """`final`: the same request will never be taken; a client must not repeat it."""

    status: int
    sentence: str
    final: bool = True


class Code(Enum):
    """The name is the code that a caller reads; `docs/reference/errors.md` is drawn from this table."""

    NOT_JSON = Meaning(400, "The body is not JSON.")
    INVALID_UTF8 = Meaning(400, "The body is not UTF-8.")
    NUL_CHARACTER = Meaning(400, "The body has a NUL character.")
    LONE_SURROGATE = Meaning(400, "A text has half of a surrogate pair, such as an emoji cut in two.")
    NUMBER_OUT_OF_RANGE = Meaning(400, "A number is too large to be kept.")
    TOO_DEEP = Meaning(400, "The body is nested too deeply.")
    KEY_TOO_LONG = Meaning(400, "The name of a field is longer than 2,048 characters.")
    DUPLICATE_KEY = Meaning(400, "An object has a key twice; the message names it.")
    INVALID_PAYLOAD = Meaning(400, "The body is not a JSON object.")
    INVALID_FIELD = Meaning(400, "A field has the wrong type or length; the message names it.")
    INVALID_TIMESTAMP = Meaning(400, "timestamp or sentAt is not ISO 8601.")
    MISSING_TYPE = Meaning(400, "The event has no type.")
    UNKNOWN_TYPE = Meaning(400, "The event's type is none of track, page, screen, identify, group, alias, consent.")
    TYPE_MISMATCH = Meaning(400, "The event's type contradicts the path.")
    MISSING_EVENT_NAME = Meaning(400, "A track event has no event name.")
    INCOMPLETE_ALIAS = Meaning(400, "An alias needs userId and previousId.")
    INVALID_GZIP = Meaning(400, "The body says gzip and is not, or has too many members.")
    TRUNCATED_GZIP = Meaning(400, "The gzip body is cut off.")
    NOT_HTTP = Meaning(400, "The bytes are no HTTP request.")
    TOO_MANY_EVENTS = Meaning(400, "The batch has too many events; the message says how many it may have.")
    BATCH_TOO_LARGE = Meaning(400, "The batch has too many bytes.")
    MISSING_PIPELINE_KEY = Meaning(401, "The request has no pipeline key; the message says where it may be.")
    INVALID_PIPELINE_KEY = Meaning(401, "There is no such pipeline key, and there was none.")
    REVOKED_PIPELINE_KEY = Meaning(
        401, "The pipeline key counts no more: revoked, expired, or its pipeline is switched off or removed."
    )
    NOT_A_PIPELINE_KEY = Meaning(
        401, "An API token, a session or a signing secret stands where a pipeline key (dk_…) must; keep those secret."
    )
    MISSING_SIGNATURE = Meaning(401, "The request must be signed, and is not; the message names the missing header.")
    INVALID_SIGNATURE = Meaning(
        401, "The signature is not that of this body and timestamp by the secret of this sender."
    )
    SIGNATURE_EXPIRED = Meaning(401, "What was signed is no time, or one more than 5 minutes from the gateway's clock.")
    NO_SIGNING_SECRET = Meaning(401, "The pipeline has no signing secret; `datafly source sign` makes one.")
    UNKNOWN_SOURCE = Meaning(401, "There is no webhook source of this id; `datafly source list` shows those there are.")
    ORIGIN_NOT_ALLOWED = Meaning(403, "The pipeline's domain_allowlist does not have the page's origin.")
    NOT_FOUND = Meaning(404, "There is nothing at this path.")
    METHOD_NOT_ALLOWED = Meaning(405, "The path does not take this method; the Allow header says which it takes.")
    REQUEST_TIMEOUT = Meaning(408, "The body did not arrive in time.", final=False)
    SIGNATURE_REPLAYED = Meaning(409, "A request with this signature was taken already; it counts once.")
    PAYLOAD_TOO_LARGE = Meaning(413, "The body of a single post is too large.")
    EVENT_TOO_LARGE = Meaning(413, "One event is too large; the message names it.")
    GZIP_TOO_LARGE = Meaning(413, "The body is too large once it is unpacked, such as a gzip bomb.")
    UNSUPPORTED_MEDIA_TYPE = Meaning(415, "The content type cannot be JSON.")
    UNSUPPORTED_ENCODING = Meaning(415, "The content encoding is not gzip.")
    RATE_LIMITED = Meaning(429, "The pipeline's rate_limit_rps is used up; Retry-After says when to try.", final=False)
    TOO_MANY_HEADERS = Meaning(431, "The request has too many headers.")
    HEADERS_TOO_LARGE = Meaning(431, "The request's headers have more than 64 KB.")
    INTERNAL = Meaning(500, "The gateway failed; nothing was taken.", final=False)
    UNAVAILABLE = Meaning(503, "The gateway cannot keep events now; nothing was taken.", final=False)
    NOT_READY = Meaning(503, "The gateway has not loaded its pipelines yet, or cannot write.", final=False)
    NOT_BUILT = Meaning(503, "This installation has no collector script.", final=False)
    NO_PIPELINE = Meaning(503, "There is no pipeline that the demo shop could send to.", final=False)

    @property
    def status(self) -> int:
        return self.value.status

    @property
    def sentence(self) -> str:
        return self.value.sentence


class Refused(CallerError):
    """A request, or one event of a batch, that is not taken; `headers` go with the answer."""

    def __init__(
        self, code: Code, message: str = "", *, headers: tuple[tuple[bytes, bytes], ...] = (), **details: Any
    ) -> None:
        super().__init__(message or code.sentence, code=code.name, status=code.status, **details)
        self.headers = headers
        self.final = code.value.final
