"""The pages, one module for each place of the sidebar; each offers its `ROUTES`."""

import importlib
import pkgutil
from typing import Final

from litestar.types import ControllerRouterHandler


def _found() -> list[ControllerRouterHandler]:
    modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]
    return [route for module in modules for route in getattr(module, "ROUTES", ())]


ROUTES: Final = _found()
