"""Every refusal of the gateway: its code, its status and its sentence, written once."""

from enum import Enum
from typing import Any

import msgspec

from datafly.model.errors import CallerError


class Meaning(msgspec.Struct, frozen=True):
    """`sentence`: what is wrong. `cure`: what to do. `final`: the same request will never be taken."""

    status: int
    sentence: str
    cure: str
    final: bool = True


_AGAIN = "Send it again after the seconds of Retry-After."


class Code(Enum):
    """The name is the code that a caller reads; `docs/reference/errors.md` is drawn from this table."""

    NOT_JSON = Meaning(400, "The body is not JSON.", "Send a JSON object, as a JSON library writes it.")
    INVALID_UTF8 = Meaning(400, "The body is not UTF-8.", "Encode it as UTF-8.")
    NUL_CHARACTER = Meaning(400, "The body has a NUL character.", "Take it out before you send.")
    LONE_SURROGATE = Meaning(
        400,
        "A text has half of a surrogate pair, such as an emoji cut in two.",
        "Cut texts between characters, not inside one.",
    )
    NUMBER_OUT_OF_RANGE = Meaning(400, "A number is too large to be kept.", "Send it as text.")
    TOO_DEEP = Meaning(400, "The body is nested too deeply.", "Flatten it.")
    KEY_TOO_LONG = Meaning(400, "The name of a field is longer than 2,048 characters.", "Shorten it to 2,048.")
    DUPLICATE_KEY = Meaning(400, "An object has a key twice; the message names it.", "Tell it once.")
    INVALID_PAYLOAD = Meaning(400, "The body is not a JSON object.", "Send each event as one object.")
    INVALID_FIELD = Meaning(
        400, "A field has the wrong type or length; the message names it.", "Correct it, and send it again."
    )
    INVALID_TIMESTAMP = Meaning(
        400, "timestamp or sentAt is not ISO 8601.", "Send one such as 2026-11-25T10:00:00Z, or none."
    )
    MISSING_TYPE = Meaning(400, "The event has no type.", "Add track, page, screen, identify, group, alias or consent.")
    UNKNOWN_TYPE = Meaning(
        400, "The event's type is none of track, page, screen, identify, group, alias, consent.", "Send one of these."
    )
    TYPE_MISMATCH = Meaning(400, "The event's type contradicts the path.", "Leave type out, or post to /v1/batch.")
    MISSING_EVENT_NAME = Meaning(400, "A track event has no event name.", "Name what happened, such as Product Viewed.")
    INCOMPLETE_ALIAS = Meaning(
        400, "An alias needs userId and previousId.", "Send the id of now as userId, the one before as previousId."
    )
    INVALID_GZIP = Meaning(
        400,
        "The body says gzip and is not, or has too many members.",
        "Compress it once, or send it without Content-Encoding.",
    )
    TRUNCATED_GZIP = Meaning(400, "The gzip body is cut off.", "End the compression before you send.")
    NOT_HTTP = Meaning(
        400, "The bytes are no HTTP request.", "Send HTTP/1.1; for HTTPS a proxy must stand before the gateway."
    )
    TOO_MANY_EVENTS = Meaning(
        400, "The batch has too many events; the message says how many it may have.", "Send them in several requests."
    )
    BATCH_TOO_LARGE = Meaning(400, "The batch has too many bytes.", "Send fewer events at once.")
    MISSING_PIPELINE_KEY = Meaning(
        401,
        "The request has no pipeline key; the message says where it may be.",
        "Send it as “Authorization: Bearer dk_…”, as “pipelineKey” in the body, or as ?wk=dk_….",
    )
    INVALID_PIPELINE_KEY = Meaning(
        401, "There is no such pipeline key, and there was none.", "Copy the one in Settings > Pipelines."
    )
    REVOKED_PIPELINE_KEY = Meaning(
        401,
        "The pipeline key counts no more: revoked, expired, or its pipeline is switched off or removed.",
        "Copy the one of now in Settings > Pipelines.",
    )
    NOT_A_PIPELINE_KEY = Meaning(
        401,
        "An API token, a session or a signing secret stands where a pipeline key (dk_…) must.",
        "Copy the key in Settings > Pipelines, and renew what was sent: it was to be secret.",
    )
    MISSING_SIGNATURE = Meaning(
        401,
        "The request must be signed, and is not; the message names the missing header.",
        "Let the sender sign each request.",
    )
    INVALID_SIGNATURE = Meaning(
        401,
        "The signature is not that of this body and timestamp by the secret of this sender.",
        "Sign the bytes as they are sent, with the secret of this sender.",
    )
    SIGNATURE_EXPIRED = Meaning(
        401,
        "What was signed is no time, or one more than 5 minutes from the gateway's clock.",
        "Set the clock of the sender, and sign when you send.",
    )
    NO_SIGNING_SECRET = Meaning(
        401, "The pipeline has no signing secret.", "Make one on its page, or with `datafly source sign`."
    )
    UNKNOWN_SOURCE = Meaning(
        401,
        "There is no webhook source of this id.",
        "The page of its pipeline and `datafly source list` show those there are.",
    )
    ORIGIN_NOT_ALLOWED = Meaning(
        403,
        "The pipeline's domain_allowlist does not have the page's origin.",
        "Add it to the pages that may send, in Settings > Pipelines.",
    )
    NOT_FOUND = Meaning(
        404, "There is nothing at this path.", "Post events to /v1/batch, or to /v1/t, /v1/p, /v1/i and /v1/g."
    )
    METHOD_NOT_ALLOWED = Meaning(
        405, "The path does not take this method; the Allow header says which it takes.", "Use one that it takes."
    )
    REQUEST_TIMEOUT = Meaning(
        408, "The body did not arrive in time.", "Send it again, by a quicker way or in smaller pieces.", final=False
    )
    SIGNATURE_REPLAYED = Meaning(
        409,
        "A request with this signature was taken already; it counts once.",
        "Sign each request anew, by the time of now.",
    )
    PAYLOAD_TOO_LARGE = Meaning(
        413, "The body of a single post is too large.", "Send one event of at most 64 KB; several go to /v1/batch."
    )
    EVENT_TOO_LARGE = Meaning(413, "One event is too large; the message names it.", "Leave out what no vendor reads.")
    GZIP_TOO_LARGE = Meaning(
        413, "The body is too large once it is unpacked, such as a gzip bomb.", "Send less at once."
    )
    UNSUPPORTED_MEDIA_TYPE = Meaning(415, "The content type cannot be JSON.", "Send JSON as application/json.")
    UNSUPPORTED_ENCODING = Meaning(415, "The content encoding is not gzip.", "Send gzip or none.")
    RATE_LIMITED = Meaning(429, "The pipeline's rate_limit_rps is used up.", _AGAIN, final=False)
    TOO_MANY_HEADERS = Meaning(431, "The request has too many headers.", "Send fewer.")
    HEADERS_TOO_LARGE = Meaning(431, "The request's headers have more than 64 KB.", "Send less, such as fewer cookies.")
    INTERNAL = Meaning(
        500, "The gateway failed; nothing was taken.", "Send it again; the gateway's log says why.", final=False
    )
    UNAVAILABLE = Meaning(503, "The gateway cannot keep events now; nothing was taken.", _AGAIN, final=False)
    NOT_READY = Meaning(503, "The gateway has not loaded its pipelines yet, or cannot write.", _AGAIN, final=False)
    NOT_BUILT = Meaning(
        503, "This installation has no collector script.", "Run `npm run build` in collector/.", final=False
    )
    NO_PIPELINE = Meaning(
        503, "There is no pipeline that the demo shop could send to.", "Make one in Settings > Pipelines.", final=False
    )

    @property
    def status(self) -> int:
        return self.value.status

    @property
    def sentence(self) -> str:
        return self.value.sentence

    @property
    def cure(self) -> str:
        return self.value.cure


class Refused(CallerError):
    """A request, or one event of a batch, that is not taken; `headers` go with the answer.

    `message` and `cure` say what is wrong and what to do just here; else the code says it.
    """

    def __init__(
        self,
        code: Code,
        message: str = "",
        *,
        cure: str = "",
        headers: tuple[tuple[bytes, bytes], ...] = (),
        **details: Any,
    ) -> None:
        told = f"{message or code.sentence} {cure or code.cure}"
        super().__init__(told, code=code.name, status=code.status, **details)
        self.headers = headers
        self.final = code.value.final
