"""What opens the API: generate, see once, revoke."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery
from litestar.response import Redirect

from datafly.sandbox.kit.panel.frame import AnyRequest, Panel
from datafly.sandbox.parameters import RowId

PLACE = "/keys"
_CRUMBS = "API keys"


@get(PLACE)
async def key_list(request: AnyRequest, panel: NamedDependency[Panel], done: FromQuery[str] = "") -> Response[str]:
    return panel.draw(
        request, "keys.html", place=PLACE, crumbs=_CRUMBS, keys=panel.keys.masked(), revoked=done == "revoked"
    )


@post(PLACE)
async def generate(request: AnyRequest, panel: NamedDependency[Panel]) -> Redirect:
    form = await request.form()
    with panel.store.transaction():
        made = panel.keys.add(str(form.get("name", "")).strip()[:80] or "Unnamed", {})
    panel.unseen[made.id] = made.values
    return panel.see_other(f"{PLACE}/{made.id}")


@get(f"{PLACE}/{{key_id:int}}")
async def made_key(request: AnyRequest, key_id: RowId, panel: NamedDependency[Panel]) -> Response[str]:
    key = next((one for one in panel.keys.masked() if one.id == key_id), None)
    if key is None:
        raise NotFoundException
    values = panel.unseen.pop(key_id, {})
    return panel.draw(request, "key_made.html", place=PLACE, crumbs=_CRUMBS, key=key, values=values)


@get(f"{PLACE}/{{key_id:int}}/revoke")
async def ask_to_revoke(request: AnyRequest, key_id: RowId, panel: NamedDependency[Panel]) -> Response[str]:
    key = next((one for one in panel.keys.masked() if one.id == key_id), None)
    if key is None:
        raise NotFoundException
    return panel.draw(request, "key_revoke.html", place=PLACE, crumbs=_CRUMBS, key=key)


@post(f"{PLACE}/{{key_id:int}}/revoke")
async def revoke(key_id: RowId, panel: NamedDependency[Panel]) -> Redirect:
    panel.store.revoke(key_id)
    return panel.see_other(PLACE, done="revoked")


ROUTES = (key_list, generate, made_key, ask_to_revoke, revoke)
