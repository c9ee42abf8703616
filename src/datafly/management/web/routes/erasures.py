"""`/erasures`: who was erased, what vendors did, and what is left to do."""

from typing import Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from datafly.management.erasing import EraseBody, ask_again, erase, view_of
from datafly.management.routes.caller import tell
from datafly.management.routes.erasures import RESOURCE
from datafly.management.services import Composed, Services
from datafly.management.web.forms import Form
from datafly.management.web.frame import draw, see
from datafly.management.web.slips import Slip, Spot, slip_of
from datafly.management.web.visit import Visit
from datafly.model.errors import Invalid

PLACE: Final = "/erasures"
_SPOTS: Final = {
    "user_id": Spot("user_id", "User id, e-mail or anonymous id", "Name at least one, of up to 1,000 characters each.")
}


@get(PLACE, sync_to_thread=True)
def erasures(*, services: Services, request: Visit) -> Response[str]:
    return _page(services, request)


@get(f"{PLACE}/{{erasure_id:str}}", sync_to_thread=True)
def one_erasure(*, services: Services, request: Visit, erasure_id: FromPath[str]) -> Response[str]:
    return draw(request, "erasure.html", place=PLACE, one=view_of(services.control.erasure(erasure_id)))


@post(PLACE, sync_to_thread=True)
def erase_person(*, services: Services, request: Visit, form: Form) -> Response[str] | Redirect:
    asked = {name: str(form.get(name, "")).strip() for name in EraseBody.__struct_fields__}
    if form.get("sure") != "yes":
        return _page(
            services, request, asked=asked, problem=Slip("Say that you are sure: it cannot be undone.", "sure")
        )
    body = EraseBody(**{name: said or None for name, said in asked.items()})
    try:
        with services.control.together():
            after_seconds = services.settings.erase_after_seconds
            made = erase(services, body, request.auth.name, after_seconds=after_seconds)
            tell(request, "created", RESOURCE, made.id)
    except Invalid as error:
        return _page(services, request, asked=asked, problem=slip_of(error, _SPOTS))
    return see(f"{PLACE}/{made.id}", "Erased here; the vendors are asked.")


@post(f"{PLACE}/{{erasure_id:str}}/retry", sync_to_thread=True)
def retry(*, services: Services, request: Visit, erasure_id: FromPath[str]) -> Redirect:
    with services.control.together():
        ask_again(services, erasure_id)
        tell(request, "retried", RESOURCE, erasure_id)
    return see(f"{PLACE}/{erasure_id}", "Those who did not do it are asked again.")


def _page(
    services: Composed, request: Visit, *, asked: dict[str, str] | None = None, problem: Slip | None = None
) -> Response[str]:
    shown = [view_of(one) for one in services.control.erasures()]
    status = 422 if problem else 200
    asked = asked or dict.fromkeys(EraseBody.__struct_fields__, "")
    return draw(request, "erasures.html", place=PLACE, status=status, erasures=shown, asked=asked, problem=problem)


ROUTES = (erasures, one_erasure, erase_person, retry)
