"""Settings > Account: the Partner Name."""

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
    return _page(visit, panel, partner=visit.account.partner, saved=done == "saved")


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


def _page(
    visit: Visit, panel: Panel, *, partner: str, saved: bool = False, error: str = "", status: int = 200
) -> Response[str]:
    return panel.draw(
        visit,
        "account.html",
        place=PLACE,
        crumbs="Settings > Account",
        partner=partner,
        saved=saved,
        error=error,
        status=status,
    )


ROUTES = (account_page, rename)
