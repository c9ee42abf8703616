"""The pages as one ASGI application in front of the API: what is not the API's is a page."""

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
