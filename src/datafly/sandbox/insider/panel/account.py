"""Settings > Account: the Partner Name, and other accounts."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from datafly.sandbox.insider.panel.frame import AnyRequest, Panel, Visit, see_other
from datafly.sandbox.insider.state.accounts import NotPossible

PLACE = "/settings/account"


@get(PLACE)
async def account_page(
    visit: NamedDependency[Visit], panel: NamedDependency[Panel], done: FromQuery[str] = ""
) -> Response[str]:
    return _page(visit, panel, partner=visit.account.partner, done=done)


@post(PLACE)
async def rename(
    request: AnyRequest, visit: NamedDependency[Visit], panel: NamedDependency[Panel]
) -> Response[str] | Redirect:
    partner = str((await request.form()).get("partner", "")).strip()
    try:
        with panel.state.transaction():
            panel.state.accounts.change(visit.account, partner=partner, rules=visit.account.rules)
    except NotPossible as refusal:
        return _page(visit, panel, partner=partner, error=str(refusal), status=409)
    return see_other(PLACE, done="saved")


@post(f"{PLACE}/add")
async def add(
    request: AnyRequest, visit: NamedDependency[Visit], panel: NamedDependency[Panel]
) -> Response[str] | Redirect:
    """Another account, which the person then looks at."""
    another = str((await request.form()).get("another", "")).strip()
    try:
        with panel.state.transaction():
            panel.state.accounts.switch(visit.token, panel.state.accounts.add(another))
    except NotPossible as refusal:
        partner = visit.account.partner
        return _page(visit, panel, partner=partner, another=another, error_of_another=str(refusal), status=409)
    return see_other(PLACE, done="added")


def _page(visit: Visit, panel: Panel, *, status: int = 200, **values: object) -> Response[str]:
    nothing: dict[str, object] = {"done": "", "error": "", "another": "", "error_of_another": ""}
    return panel.draw(
        visit, "account.html", place=PLACE, crumbs="Settings > Account", status=status, **{**nothing, **values}
    )


ROUTES = (account_page, rename, add)
