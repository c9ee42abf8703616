"""What Braze's answers mean, and what to do about them (§2.4)."""

from typing import Final

from datafly.model.verdict import Ruling, Verdict
from datafly.spec.words import Failure

OTHERS: Final = Ruling(
    Verdict.RETRY,
    "others_refused",
    cause="Braze refused others of the same request, and so took none of it; without them it is sent again.",
)


def _partly(said: str, array: str = "events") -> str:
    return f'{{"message":"success","errors":[{{"type":"{said}","input_array":"{array}","index":0}}]}}'


_NO_ID = "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required"
_BAD_EMAIL = "The value provided for the 'email' field is not a valid email."
_BAD_QUANTITY = "'quantity' is not valid"
_SCHEMA = "The property '#/products/0' did not contain a required property of 'variant_id'"

REFUSED: Final = (
    Failure(
        Verdict.REJECTED,
        "The property '#/… of a recommended event",
        "The event does not fit the schema of Braze's recommended event",
        "Send the property that Braze names; what it has none for goes into metadata by itself. Then replay it.",
        status=201,
        contains=("The property '#/",),
        answer=_partly(_SCHEMA),
    ),
    Failure(
        Verdict.REJECTED,
        _NO_ID,
        "Nothing in the event says who the user is",
        "Call datafly.identify() at login; let anonymous_events be send. Then replay it.",
        status=201,
        contains=("'user_alias', 'email' or 'phone' is required",),
        answer=_partly(_NO_ID),
        common=False,
    ),
    Failure(
        Verdict.REJECTED,
        _BAD_EMAIL,
        "Braze does not take the e-mail address",
        "Correct traits.email at its source, then replay it.",
        status=201,
        contains=("is not a valid email",),
        answer=_partly(_BAD_EMAIL, "attributes"),
    ),
    Failure(
        Verdict.REJECTED,
        _BAD_QUANTITY,
        "The quantity of a purchase is no whole number from 1 to 100",
        "Correct quantity, or set orders to recommended; then replay it.",
        status=201,
        contains=("'quantity' is not valid",),
        answer=_partly(_BAD_QUANTITY, "purchases"),
        common=False,
    ),
    Failure(
        Verdict.REJECTED,
        "An error of one object inside a success",
        "Braze refuses this object and took the others of the request; its answer says why",
        "Correct what Braze names, then replay the event.",
        status=201,
        answer=_partly("'name' is not valid"),
        common=False,
    ),
)

FAILURES: Final = (
    Failure(
        Verdict.SUSPENDED,
        "401 Invalid API Key",
        "The REST API key is wrong, or it is that of another instance: a key counts on its own host only",
        "Copy the key, and set rest_endpoint to the host of its instance.",
        status=401,
        answer='{"message":"Invalid API Key"}',
    ),
    Failure(
        Verdict.SUSPENDED,
        "403 Forbidden",
        "The key lacks a permission",
        "Make a key with users.track, users.identify, users.merge, users.delete and users.export.ids.",
        status=403,
        answer='{"message":"The API key does not have the permission for this endpoint"}',
    ),
    *REFUSED,
    Failure(
        Verdict.REJECTED,
        "400 Max Input Length Exceeded",
        "The account takes fewer objects in a request",
        "Nothing for a request of many, which is split; lower objects_per_request, or switch limit_per_list off.",
        status=400,
        contains=("Max Input Length Exceeded",),
        answer='{"message":"Max Input Length Exceeded"}',
        common=False,
    ),
    Failure(
        Verdict.REJECTED,
        "400 Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.",
        "Braze refuses every object of the request; its answer says why",
        "Correct what Braze names, then replay the event.",
        status=400,
        contains=("Valid data must be provided",),
        answer=("{\"message\":\"Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.\"}"),
    ),
    Failure(
        Verdict.REJECTED,
        "400 Bad Request",
        "Braze does not take the request; its answer says why",
        "Correct what Braze names, then replay the event.",
        status=400,
        answer='{"message":"\'merge_updates\' must be an array of objects"}',
        common=False,
    ),
    Failure(
        Verdict.SUSPENDED,
        "404 Invalid URL",
        "The REST endpoint is not that of a Braze instance",
        "Set rest_endpoint to the address of your instance, without a path.",
        status=404,
        answer='{"message":"Invalid URL"}',
    ),
    Failure(
        Verdict.REJECTED,
        "413 Payload Too Large",
        "The request is larger than Braze takes",
        "Nothing for a request of many, which is split; a single event must become smaller.",
        status=413,
        answer='{"message":"Request body is too large"}',
        common=False,
    ),
    Failure(
        Verdict.SUSPENDED,
        "415 Unsupported Media Type",
        "Something on the way changes the Content-Type of requests",
        "Check the REST endpoint, and a proxy, if there is one.",
        status=415,
        answer='{"message":"Unsupported media type"}',
        common=False,
    ),
    Failure(
        Verdict.RETRY,
        "429 Too Many Requests",
        "The account's limit is used up, also by other applications of it",
        "Nothing; Signal waits as long as Braze asks, slows down and sends it again.",
        status=429,
        answer='{"message":"Too Many Requests"}',
    ),
    Failure(
        Verdict.RETRY,
        "503 Service Unavailable",
        "Braze has trouble. It does not catch up on calls that failed meanwhile",
        "Nothing; it is sent again.",
        status=503,
        answer='{"message":"Service Unavailable"}',
        common=False,
    ),
)
