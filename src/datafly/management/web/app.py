"""The pages as one ASGI application in front of the API: what is not the API's is a page."""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from litestar import Litestar, Response, Router, get
from litestar.datastructures import FormMultiDict, State
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect
from litestar.routes import HTTPRoute
from litestar.types import ExceptionHandlersMap, Receive, Scope, Send

from datafly.management.access import Access
from datafly.management.app import create_management
from datafly.management.document import contents_of, document_of
from datafly.management.place import STATE
from datafly.management.reference import reference
from datafly.management.roles import PAGES
from datafly.management.services import Composed, hand_in, services_in
from datafly.management.settings import ManagementSettings
from datafly.management.web.assets import serve_asset
from datafly.management.web.problems import of_fault, of_http_error, of_signal_error
from datafly.management.web.routes import ROUTES
from datafly.management.web.visit import Visit
from datafly.model.errors import SignalError

_API: Final = ("/v1/", "/healthz", "/readyz", "/metrics", "/login", "/logout", "/welcome")
"""Paths of the API's application; with them those by which people come in."""
_DOORS: Final = {"/login", "/welcome"}
_FAILURES: Final[ExceptionHandlersMap] = {
    SignalError: of_signal_error,
    HTTPException: of_http_error,
    Exception: of_fault,
}


class Site:
    """The API with the control room in front of it. The life of the API is that of both."""

    def __init__(self, settings: ManagementSettings) -> None:
        self.api = create_management(settings)
        self.pages = _pages(settings)
        self.pages.state["contents"] = cache(lambda: contents_of(self.api))
        self.pages.state["reference"] = cache(lambda: reference(document_of(self.api)))

    def open(self, services: Composed) -> None:
        """From here on it can be called."""
        hand_in(self.api, services)
        hand_in(self.pages, services)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = scope["type"] == ScopeType.HTTP and not scope["path"].startswith(_API)
        await (self.pages if own else self.api)(scope, receive, send)


def page_paths() -> list[str]:
    """Every page as its route is declared, those by which people come in too; no pieces of pages, streams and files."""
    site = Site(ManagementSettings())
    pages = [*_getting(site.pages), *(one for one in _getting(site.api) if one[0] in _DOORS)]
    return [path for path, handler in pages if "piece" not in handler.opt and _is_drawn(handler)]


def _getting(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute) and "GET" in route.route_handler_map:
            yield route.path_format, route.route_handler_map["GET"][0]


def _is_drawn(handler: HTTPRouteHandler) -> bool:
    return handler.parsed_return_field.annotation in {Response[str], Response[Any]}


@get("/ui", sync_to_thread=False)
def enter() -> Redirect:
    """Where a log-in led before; people have it in their bookmarks."""
    return Redirect("/", status_code=303)


async def _form(request: Visit) -> FormMultiDict:
    return await request.form()


def _pages(settings: ManagementSettings) -> Litestar:
    app = Litestar(
        [Router("/", route_handlers=[serve_asset, enter, *ROUTES])],
        dependencies={
            "services": Provide(lambda: services_in(app), sync_to_thread=False),
            "form": Provide(_form),
        },
        middleware=[Access(PAGES)],
        state=State({STATE: settings}),
        exception_handlers=_FAILURES,
        openapi_config=None,
        request_max_body_size=settings.max_body_bytes,
        logging_config=None,
    )
    return app
