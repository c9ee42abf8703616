"""The pages as one ASGI application in front of the API: what is not the API's is a page."""

import threading
from collections.abc import Callable
from functools import cache
from typing import Final

from litestar import Litestar, Router, get
from litestar.datastructures import FormMultiDict, State
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.response import Redirect
from litestar.types import ExceptionHandlersMap, Receive, Scope, Send

from datafly.management.access import Access
from datafly.management.document import document_of
from datafly.management.identify import Identify
from datafly.management.place import STATE
from datafly.management.rate import Rate
from datafly.management.reference import Reference, reference
from datafly.management.roles import PAGES
from datafly.management.services import Composed
from datafly.management.web.assets import serve_asset
from datafly.management.web.frame import warm
from datafly.management.web.problems import of_fault, of_http_error, of_signal_error
from datafly.management.web.routes import ROUTES
from datafly.management.web.visit import Visit
from datafly.model.errors import SignalError

_API: Final = ("/v1/", "/healthz", "/readyz", "/login", "/logout", "/welcome")
"""Paths of the API's application; with them those by which people come in."""
_FAILURES: Final[ExceptionHandlersMap] = {
    SignalError: of_signal_error,
    HTTPException: of_http_error,
    Exception: of_fault,
}


class Site:
    """The API with the control room in front of it. The life of the API is that of both."""

    def __init__(self, api: Litestar) -> None:
        self.api = api
        self.pages = _pages(api.state["services"], cache(lambda: reference(document_of(api))))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":  # type: ignore[comparison-overlap]
            threading.Thread(target=warm, name="warm-pages", daemon=True).start()
        own = scope["type"] == ScopeType.HTTP and not scope["path"].startswith(_API)
        await (self.pages if own else self.api)(scope, receive, send)


def create_site(api: Litestar) -> Site:
    """`api` is what `create_management` made; the pages use the same services."""
    return Site(api)


@get("/ui", sync_to_thread=False)
def enter() -> Redirect:
    """Where a log-in led before; people have it in their bookmarks."""
    return Redirect("/", status_code=303)


async def _form(request: Visit) -> FormMultiDict:
    return await request.form()


def _pages(services: Composed, laid_out: Callable[[], Reference]) -> Litestar:
    settings = services.settings
    identify = Identify(services.control, services.access_tokens, session_seconds=settings.session_seconds)
    return Litestar(
        [Router("/", route_handlers=[serve_asset, enter, *ROUTES])],
        dependencies={"services": Provide(lambda: services, sync_to_thread=False), "form": Provide(_form)},
        middleware=[Access(services.control, identify, Rate(services.clock.monotonic), settings, table=PAGES)],
        state=State({"services": services, STATE: settings, "reference": laid_out}),
        exception_handlers=_FAILURES,
        openapi_config=None,
        request_max_body_size=settings.max_body_bytes,
        logging_config=None,
    )
