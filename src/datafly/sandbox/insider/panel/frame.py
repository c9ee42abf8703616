"""What every page of the panel shares: who is looking, the frame around the page, how values are worded."""

from pathlib import Path
from urllib.parse import quote

import msgspec
from litestar import Request, Response
from litestar.datastructures import State as RequestState
from litestar.response import Redirect

from datafly.sandbox.insider.account import Account
from datafly.sandbox.insider.conditions import Conditions
from datafly.sandbox.insider.state import State
from datafly.sandbox.insider.state.profiles import Profile
from datafly.sandbox.pages import Pages
from datafly.sandbox.rooms import Clock
from datafly.sandbox.words import prettied, worded_moment, worded_size, worded_time, worded_value

ROOT = "/insider/panel"
AnyRequest = Request[None, None, RequestState]


class Visit(msgspec.Struct, frozen=True):
    """Somebody who is signed in, and the account that she looks at."""

    account: Account
    token: str
    origin: str


class Panel:
    """The pages over what the room remembers and how it is steered."""

    def __init__(self, state: State, conditions: Conditions, clock: Clock) -> None:
        self.state = state
        self.conditions = conditions
        self.clock = clock
        # Keys that were generated and not yet shown; a restart forgets them.
        self.unseen_keys: dict[int, str] = {}
        self.pages = Pages(Path(__file__).parents[1] / "templates", root=ROOT, control="/insider/_control")
        self.pages.add_filters(
            moment=worded_moment, shown=worded_value, person=worded_person, size=worded_size, pretty=prettied
        )
        self.pages.add_filters(clock_time=worded_time, number="{:,}".format)
        self.pages.add_filters(api_path=lambda path: path.removeprefix("/insider"))

    def draw(
        self, visit: Visit, template: str, *, place: str, crumbs: str, status: int = 200, **values: object
    ) -> Response[str]:
        """A page in the frame; `place` is the entry of the navigation that it belongs to."""
        shared = {
            "account": visit.account,
            "accounts": self.state.accounts.all(),
            "origin": visit.origin,
            "place": place,
            "crumbs": crumbs,
        }
        return self.pages.draw(template, {**shared, **values}, status=status)


def see_other(path: str, **query: str) -> Redirect:
    """Where a form leads to, so that going back or reloading sends nothing twice."""
    asked = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    return Redirect(f"{ROOT}{path}{'?' if asked else ''}{asked}", status_code=303)


def worded_person(profile: Profile) -> str:
    """The name if one is known, else what identifies."""
    names = [profile.attributes.get("name"), profile.attributes.get("surname")]
    named = " ".join(str(name) for name in names if name)
    return named or next((each.value for each in profile.identifiers), f"Profile {profile.insider_id[:8]}")
