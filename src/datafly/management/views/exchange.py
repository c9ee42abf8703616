"""A request to a vendor and its answer, as a person reads them."""

from typing import Any

import msgspec

from datafly.model.delivery import AheadCall, Answer, SentRequest


class RequestView(msgspec.Struct, frozen=True):
    """`body` is JSON where it was JSON, else text. Secrets are `***`. Where rules on personal data are in force and
    nobody can tell which part of the body is of the event, it is a sentence that says so.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: Any


class ResponseView(msgspec.Struct, frozen=True):
    """`status` null: no answer came, and `error` says why."""

    status: int | None
    headers: dict[str, str]
    body: Any
    error: str | None


class AheadView(msgspec.Struct, frozen=True):
    """A call that the event caused before its own, e.g. a merge before an upsert."""

    status: int | None
    request: RequestView
    response: ResponseView
    latency_ms: float


def ahead_view(call: AheadCall) -> AheadView:
    return AheadView(
        status=call.response.status,
        request=request_view(call.request, parsed(call.request.body)),
        response=response_view(call.response),
        latency_ms=call.latency_ms,
    )


def request_view(sent: SentRequest, body: Any) -> RequestView:
    return RequestView(method=sent.method, url=sent.url, headers=sent.headers, body=body)


def response_view(answer: Answer) -> ResponseView:
    return ResponseView(
        status=answer.status, headers=answer.headers, body=parsed(answer.body), error=answer.error or None
    )


def parsed(text: str) -> Any:
    """The JSON value of the text, or the text where it is none; None where there is none."""
    if not text:
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text
