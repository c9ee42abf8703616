"""The pages by which people come in: log-in, and the one-time link by which a password is set."""

import asyncio
from typing import Any, Final

from litestar import Request, Response, Router, get, post
from litestar.params import FromQuery
from litestar.response import Redirect

from datafly.management import linking, passwords, signing_in
from datafly.management.cookie import session_cookie
from datafly.management.inviting import has_owner
from datafly.management.pages.drawing import HEADERS, draw
from datafly.management.place import place_of
from datafly.management.routes.caller import Caller, noted
from datafly.management.same_origin import require_same_origin
from datafly.management.services import Composed, Services
from datafly.management.signing_in import Opened
from datafly.model.errors import CallerError, SignalError, Unauthorized
from datafly.model.people import Link
from datafly.model.secret import Secret

Page = Response[Any]
_HOME: Final = "/"
_LONGEST: Final = 2_000
_GONE: Final = "link_gone.html"


@get("/login", include_in_schema=False, sync_to_thread=False)
def login_page(*, services: Services, next: FromQuery[str] = "") -> Page:  # noqa: A002 - the word in the address
    return _login_page(services, next)


@post("/login", include_in_schema=False)
async def log_in(*, services: Services, request: Request[Any, Any, Any]) -> Page:
    require_same_origin(request, services.settings.public_url)
    form = await _form(request)
    email, password = form.get("email", ""), Secret(form.get("password", ""))
    try:
        opened = await asyncio.to_thread(signing_in.log_in, services, email, password, "browser", place_of(request))
    except Unauthorized as error:
        return _login_page(services, form.get("next", ""), email=email, error=error)
    return _entered(request, opened, form.get("next", ""))


@post("/logout", include_in_schema=False, sync_to_thread=True)
def log_out(*, services: Services, request: Caller) -> Page:
    signing_in.log_out(services, request.auth, place_of(request))
    noted(request)
    return Redirect("/login", status_code=303, cookies=[session_cookie(request, "")])


@get("/welcome", include_in_schema=False, sync_to_thread=True)
def welcome_page(*, services: Services, request: Request[Any, Any, Any], token: FromQuery[str] = "") -> Page:
    """A link that only logs in does so at once: nothing is asked that could be shown."""
    link = services.control.link(token)
    if link is None:
        return draw(_GONE, status=410)
    if link.purpose != "login":
        return _welcome_page(services, link, token)
    opened = linking.enter(services, token, place_of(request))
    return draw(_GONE, status=410) if opened is None else _entered(request, opened, "")


@post("/welcome", include_in_schema=False)
async def set_password(*, services: Services, request: Request[Any, Any, Any]) -> Page:
    require_same_origin(request, services.settings.public_url)
    form = await _form(request)
    return await asyncio.to_thread(_set_password, services, request, form)


def _set_password(services: Composed, request: Request[Any, Any, Any], form: dict[str, str]) -> Page:
    token = form.get("token", "")
    link = services.control.link(token)
    if link is None:
        return draw(_GONE, status=410)
    told = linking.Told(form.get("email", ""), form.get("name", ""), Secret(form.get("password", "")))
    try:
        linking.require_same(told.password, Secret(form.get("again", "")))
        opened = linking.accept(services, token, told, place_of(request))
    except CallerError as error:
        return _welcome_page(services, link, token, told=told, error=error)
    return draw(_GONE, status=410) if opened is None else _entered(request, opened, "")


def _entered(request: Request[Any, Any, Any], opened: Opened, wanted: str) -> Page:
    return Redirect(within(wanted), status_code=303, cookies=[session_cookie(request, opened.text)])


def within(wanted: str) -> str:
    r"""A path of ours, or the home page: a browser reads `//`, `/\` and control characters as other places."""
    ours = wanted.startswith("/") and wanted.isprintable() and "\\" not in wanted and len(wanted) <= _LONGEST
    return wanted if ours and not wanted.startswith("//") else _HOME


def login_page_with(services: Composed, error: SignalError) -> Page:
    """Why single sign-on did not let somebody in."""
    return _login_page(services, "", error=error)


def _login_page(services: Composed, wanted: str, *, email: str = "", error: SignalError | None = None) -> Page:
    seconds = error.details.get("retry_after_seconds") if error else None
    return draw(
        "login.html",
        status=error.status if error else 200,
        headers={"Retry-After": str(seconds)} if seconds else {},
        next=within(wanted),
        email=email,
        error=error.message if error else "",
        has_owner=has_owner(services.control),
        sso=services.sso is not None,
    )


def _welcome_page(
    services: Composed,
    link: Link,
    token: str,
    *,
    told: linking.Told | None = None,
    error: CallerError | None = None,
) -> Page:
    user = services.control.user(link.user_id) if link.user_id else None
    return draw(
        "welcome.html",
        status=error.status if error else 200,
        purpose=link.purpose,
        token=token,
        email=user.email if user else (told.email if told else ""),
        fixed=user is not None,
        name=told.name if told else (user.name if user else ""),
        error=error.message if error else "",
        shortest=passwords.SHORTEST,
    )


async def _form(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Fields that are text, the last of each name."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


router = Router(
    "/",
    route_handlers=[login_page, log_in, log_out, welcome_page, set_password],
)
__all__ = ["HEADERS", "router", "within"]
