"""The way to the provider of single sign-on, and back."""

import asyncio
from typing import Annotated, Any, Final

from litestar import Request, Response, Router, get
from litestar.datastructures import Cookie
from litestar.params import QueryParameter
from litestar.response import Redirect

from datafly.management.admitting import admit
from datafly.management.cookie import session_cookie
from datafly.management.pages.coming_in import login_page_with, within
from datafly.management.place import is_secure, place_of
from datafly.management.services import Composed, Services
from datafly.management.vouching import LASTS_SECONDS, SignOn, refused
from datafly.model.errors import NotFound, SignalError

PATH: Final = "/login/sso"
BACK: Final = f"{PATH}/callback"
_COOKIE: Final = "datafly_sso"
Page = Response[Any]
Text = Annotated[str, QueryParameter(max_length=4_000)]


@get(PATH, include_in_schema=False)
async def leave(*, services: Services, request: Request[Any, Any, Any], next: Text = "") -> Page:  # noqa: A002
    sso = _configured(services)
    try:
        url, kept = await sso.begin(_redirect_uri(services, request), within(next))
    except SignalError as error:
        return login_page_with(services, error)
    return Redirect(url, status_code=303, cookies=[_cookie(request, kept)])


@get(BACK, include_in_schema=False, opt={"any_parameters": True})
async def come_back(*, services: Services, request: Request[Any, Any, Any]) -> Page:
    """What else the provider adds to the address is its own affair."""
    sso = _configured(services)
    try:
        state, code = _told(request)
        kept = request.cookies.get(_COOKIE, "")
        person, wanted = await sso.finish(kept, state, code, _redirect_uri(services, request))
        opened = await asyncio.to_thread(admit, services, sso.settings, person, place_of(request))
    except SignalError as failure:
        page = login_page_with(services, failure)
        page.cookies.append(_cookie(request, ""))
        return page
    cookies = [session_cookie(request, opened.text), _cookie(request, "")]
    return Redirect(within(wanted), status_code=303, cookies=cookies)


def _told(request: Request[Any, Any, Any]) -> tuple[str, str]:
    state, code, error = (str(request.query_params.get(name, "")) for name in ("state", "code", "error"))
    if error or not code:
        raise refused("The provider did not let you in.", said=error[:100])
    return state, code


def _configured(services: Composed) -> SignOn:
    if services.sso is None:
        raise NotFound("Single sign-on is not configured: see the setting oidc_issuer.")
    return services.sso


def _redirect_uri(services: Composed, request: Request[Any, Any, Any]) -> str:
    return (services.settings.public_url or str(request.base_url).rstrip("/")) + BACK


def _cookie(request: Request[Any, Any, Any], text: str) -> Cookie:
    """Goes along on the way back, which another site begins: hence `Lax`."""
    return Cookie(
        key=_COOKIE,
        value=text,
        path=PATH,
        max_age=LASTS_SECONDS if text else 0,
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


router = Router("/", route_handlers=[leave, come_back])
