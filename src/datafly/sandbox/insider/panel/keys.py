"""Integration Hub > Authentication > API Keys: generate, see once, revoke."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery
from litestar.response import Redirect

from datafly.sandbox.database import as_utc
from datafly.sandbox.insider.account import MOST_KEYS, UNIFICATION_SCOPE, ApiKey
from datafly.sandbox.insider.panel.frame import AnyRequest, Panel, Visit, see_other
from datafly.sandbox.insider.state.accounts import NotPossible
from datafly.sandbox.parameters import RowId

PLACE = "/integration-hub/authentication/api-keys"
_CRUMBS = "Integration Hub > Authentication > API Keys"


@get(["/integration-hub", "/integration-hub/authentication"])
async def hub(visit: NamedDependency[Visit]) -> Redirect:  # noqa: ARG001 - a session is asked for
    return see_other(PLACE)


@get(PLACE)
async def key_list(
    visit: NamedDependency[Visit], panel: NamedDependency[Panel], done: FromQuery[str] = ""
) -> Response[str]:
    keys = panel.state.accounts.keys(visit.account)
    return _draw(visit, panel, "api_keys.html", keys=keys, most=MOST_KEYS, revoked=done == "revoked")


@get(f"{PLACE}/new")
async def new_key(visit: NamedDependency[Visit], panel: NamedDependency[Panel]) -> Response[str]:
    return _draw(visit, panel, "api_key_new.html", name="", allowed_ips="", unification=False, error="")


@post(PLACE)
async def generate(
    request: AnyRequest, visit: NamedDependency[Visit], panel: NamedDependency[Panel]
) -> Response[str] | Redirect:
    form = await request.form()
    name, allowed_ips = (str(form.get(field, "")).strip() for field in ("name", "allowed_ips"))
    scopes = (UNIFICATION_SCOPE,) if UNIFICATION_SCOPE in form.getall("scopes", []) else ()
    try:
        with panel.state.transaction():
            key, secret = panel.state.accounts.add_key(
                visit.account,
                name=_name(name),
                created_at=as_utc(panel.clock()),
                scopes=scopes,
                allowed_ips=_addresses(allowed_ips),
            )
    except NotPossible as refusal:
        asked = {"name": name, "allowed_ips": allowed_ips, "unification": bool(scopes)}
        return _draw(visit, panel, "api_key_new.html", **asked, error=str(refusal), status=409)
    panel.unseen_keys[key.id] = secret
    return see_other(f"{PLACE}/{key.id}")


@get(f"{PLACE}/{{key_id:int}}")
async def made_key(key_id: RowId, visit: NamedDependency[Visit], panel: NamedDependency[Panel]) -> Response[str]:
    key = _key(visit, panel, key_id)
    return _draw(visit, panel, "api_key_made.html", key=key, secret=panel.unseen_keys.pop(key_id, None))


@get(f"{PLACE}/{{key_id:int}}/revoke")
async def ask_to_revoke(key_id: RowId, visit: NamedDependency[Visit], panel: NamedDependency[Panel]) -> Response[str]:
    """What cannot be taken back is asked about first."""
    return _draw(visit, panel, "api_key_revoke.html", key=_key(visit, panel, key_id))


@post(f"{PLACE}/{{key_id:int}}/revoke")
async def revoke(key_id: RowId, visit: NamedDependency[Visit], panel: NamedDependency[Panel]) -> Redirect:
    panel.state.accounts.revoke(visit.account, key_id)
    return see_other(PLACE, done="revoked")


def _key(visit: Visit, panel: Panel, key_id: int) -> ApiKey:
    key = next((each for each in panel.state.accounts.keys(visit.account) if each.id == key_id), None)
    if key is None:
        raise NotFoundException
    return key


def _draw(visit: Visit, panel: Panel, template: str, *, status: int = 200, **values: object) -> Response[str]:
    return panel.draw(visit, template, place=PLACE, crumbs=_CRUMBS, status=status, **values)


def _name(name: str) -> str:
    if not name:
        raise NotPossible("A key needs a name.")
    return name[:80]


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


ROUTES = (hub, key_list, new_key, generate, made_key, ask_to_revoke, revoke)
