"""Every failure of the API in the one JSON shape: ours, Litestar's own, and what nobody foresaw."""

import secrets
import traceback
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from datafly.model.errors import CallerError, Invalid, SignalError, Unauthorized, Unavailable, error_body
from datafly.model.wording import wrong
from datafly.observe import emit
from datafly.observe.management import ManagementRequestFailed

CODES: Final = {
    400: "BAD_REQUEST",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "VALIDATION_FAILED",
    503: "UNAVAILABLE",
}
_RETRY_AFTER_SECONDS: Final = "1"


class Problem(msgspec.Struct, frozen=True):
    """`code` is stable; `message` is a sentence for a person; `details` name what is wrong, e.g. `field`."""

    code: str
    message: str
    details: dict[str, Any]


class ErrorAnswer(msgspec.Struct, frozen=True):
    """What every call that fails is answered."""

    error: Problem


def of_signal_error(request: Request[Any, Any, Any], error: SignalError) -> Response[Any]:
    if not isinstance(error, CallerError | Unavailable):
        return of_fault(request, error)
    if isinstance(error, Unauthorized) and _is_page(request):
        return Redirect(f"/login?{urlencode({'next': _wanted(request)})}", status_code=303)
    return Response(error.as_body(), status_code=error.status, headers=_headers(error))


def of_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What Litestar itself refuses: unknown path, wrong method, a parameter that is ill-typed."""
    if isinstance(error, ValidationException):
        return of_signal_error(request, _invalid(request, error))
    if error.status_code >= 500:
        return of_fault(request, error)
    code = CODES.get(error.status_code, CODES[400])
    message = _refusal(request, error)
    return Response(error_body(code, message), status_code=error.status_code, headers=error.headers or {})


def of_fault(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """Nothing of what failed is told but an id; whoever runs Signal finds the rest in the log under it."""
    failure_id = f"err_{secrets.token_hex(8)}"
    trace = "".join(traceback.format_exception(error))
    method, path = request.method, request.url.path
    emit(ManagementRequestFailed(id=failure_id, method=method, path=path, error=repr(error), trace=trace))
    message = f"Signal failed to answer this. Its log says why, under {failure_id}."
    return Response(error_body("INTERNAL", message, {"id": failure_id}), status_code=500)


def _refusal(request: Request[Any, Any, Any], error: HTTPException) -> str:
    method, path = request.method, request.url.path[:200]
    if error.status_code == 404:
        return f"There is nothing at {path}. All that there is stands at /docs."
    if error.status_code == 405:
        taken = next((told for name, told in (error.headers or {}).items() if name.lower() == "allow"), "other methods")
        return f"{path} takes {taken}, not {method[:20]}. All that there is stands at /docs."
    if error.status_code == 413:
        most = cast("HTTPRouteHandler", request.scope["route_handler"]).resolve_request_max_body_size()
        return f"The body has more than {most:,} bytes. Send less at once."
    return f"{HTTPStatus(error.status_code).phrase}: {method} {path}. What it takes stands at /docs."


def _is_page(request: Request[Any, Any, Any]) -> bool:
    """What a person opened in a browser: whoever is not logged in is asked to, and then gets what they wanted."""
    path = str(request.scope.get("path_template", ""))
    return request.method in {"GET", "HEAD"} and not path.startswith(("/v1/", "/metrics"))


def _wanted(request: Request[Any, Any, Any]) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _headers(error: SignalError) -> dict[str, str]:
    if isinstance(error, Unavailable):
        return {"Retry-After": _RETRY_AFTER_SECONDS}
    headers = {}
    if isinstance(error, Unauthorized) and error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="signal", error="invalid_token"'
    if seconds := error.details.get("retry_after_seconds"):
        headers["Retry-After"] = str(seconds)
    return headers


def _invalid(request: Request[Any, Any, Any], error: ValidationException) -> CallerError:
    extra: Any = error.extra
    found = {str(entry.get("key", "")): str(entry.get("message", "")) for entry in (extra or [])}
    fields = request.scope["route_handler"].parsed_fn_signature.parameters
    kinds = {name: field.annotation for name, field in fields.items()}
    problems = {name: wrong(said, kinds.get(name, Any)).says for name, said in found.items()}
    if "data" in problems:
        return CallerError("This call needs a JSON object as its body.")
    field = next(iter(problems), "")
    message = f"{field}: {problems[field]}." if field else "The call has a parameter that is wrong."
    return Invalid(message, field=field, problems=problems)
