"""What the pages of a panel share."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.datastructures import State as RequestState
from litestar.response import Redirect

from datafly.sandbox.kit.conditions import Conditions
from datafly.sandbox.kit.keys import Keys
from datafly.sandbox.kit.store import Store
from datafly.sandbox.kit.vendor import Vendor
from datafly.sandbox.pages import Pages
from datafly.sandbox.rooms import Clock
from datafly.sandbox.words import prettied, worded_moment, worded_size, worded_time, worded_value

AnyRequest = Request[None, None, RequestState]


class Panel:
    """The pages over what the room remembers and how it is steered."""

    def __init__(self, vendor: Vendor, store: Store, conditions: Conditions, keys: Keys, clock: Clock) -> None:
        self.vendor = vendor
        self.store = store
        self.conditions = conditions
        self.keys = keys
        self.clock = clock
        # Keys that were generated and not yet shown; a restart forgets them.
        self.unseen: dict[int, dict[str, str]] = {}
        self.root = f"/{vendor.slug}/panel"
        self.pages = Pages(
            Path(__file__).parents[1] / "templates", root=self.root, vendor=vendor, control=f"/{vendor.slug}/_control"
        )
        self.pages.add_filters(moment=worded_moment, shown=worded_value, size=worded_size, pretty=prettied)
        self.pages.add_filters(clock_time=worded_time, number="{:,}".format, at=worded_at)
        self.pages.add_filters(api_path=lambda path: path.removeprefix(f"/{vendor.slug}"))

    def draw(
        self, request: AnyRequest, template: str, *, place: str, crumbs: str, status: int = 200, **values: object
    ) -> Response[str]:
        """A page in the frame; `place` is the entry of the navigation that it belongs to."""
        origin = str(request.base_url).rstrip("/")
        return self.pages.draw(template, {"origin": origin, "place": place, "crumbs": crumbs, **values}, status=status)

    def see_other(self, path: str, **query: str) -> Redirect:
        """Where a form leads to, so that going back or reloading sends nothing twice."""
        asked = "&".join(f"{name}={quote(value)}" for name, value in query.items())
        return Redirect(f"{self.root}{path}{'?' if asked else ''}{asked}", status_code=303)


def worded_at(body: Any, path: str) -> str:
    """What stands at `profile.email` of a record; empty where nothing does."""
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return "" if body is None else worded_value(body)
