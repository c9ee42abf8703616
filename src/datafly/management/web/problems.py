"""What cannot be answered, as a page that says what to do, or, where a piece of a page was asked for, as a piece."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.exceptions import HTTPException

from datafly.management import problems
from datafly.management.web.frame import draw, fragment, see
from datafly.model.errors import CallerError, SignalError, Unauthorized, Unavailable


def of_signal_error(request: Request[Any, Any, Any], error: SignalError) -> Response[Any]:
    if isinstance(error, Unauthorized):
        return _ask_to_log_in(request)
    if isinstance(error, CallerError | Unavailable):
        return _page(request, error.status, HTTPStatus(error.status).phrase, error.message)
    return of_fault(request, error)


def of_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    if error.status_code >= 500:
        return of_fault(request, error)
    if error.status_code == 404:
        return _page(request, 404, "There is no such page", "The address is mistyped, or what was there is gone.")
    return _page(request, error.status_code, HTTPStatus(error.status_code).phrase, "Go back and try it another way.")


def of_fault(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    told = problems.of_fault(request, error).content["error"]
    return _page(request, 500, "Signal failed to answer this", told["message"])


def _page(request: Request[Any, Any, Any], status: int, title: str, text: str) -> Response[Any]:
    request.scope.setdefault("auth", None)
    if request.headers.get("hx-request"):
        return fragment("problem_here.html", status=status, title=title, text=text)
    return draw(request, "problem.html", status=status, title=title, text=text)


def _ask_to_log_in(request: Request[Any, Any, Any]) -> Response[Any]:
    asked = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    wanted = asked if request.method == "GET" else "/"
    if request.headers.get("hx-request"):
        return Response("", status_code=401, headers={"HX-Redirect": f"/login?next={quote(wanted)}"})
    return see("/login", query={"next": wanted})
