"""Whether the role lives, and whether it can answer."""

from typing import Literal

import msgspec
from litestar import Router, get

from datafly.management.services import Services


class Health(msgspec.Struct, frozen=True):
    status: Literal["ok"] = "ok"


@get("/healthz", summary="The process lives", sync_to_thread=False)
def healthz() -> Health:
    return Health()


@get("/readyz", summary="Store and log can be read", sync_to_thread=True)
def readyz(services: Services) -> Health:
    """503 where one of them cannot."""
    services.control.version()
    services.log.heads()
    return Health()


router = Router("/", route_handlers=[healthz, readyz], tags=["Health"])
