"""The keys of a pipeline on its page: a new one beside the one before, and the end of that."""

from datetime import timedelta
from typing import Final

from litestar import post
from litestar.params import FromPath
from litestar.response import Redirect

from datafly.management.routes.pipeline_keys import renewed, revoked
from datafly.management.services import Services
from datafly.management.views.times import milliseconds_of, moment
from datafly.management.web.forms import Form
from datafly.management.web.frame import see
from datafly.management.web.routes.pipelines import PLACE
from datafly.management.web.visit import Visit

_PATH: Final = f"{PLACE}/{{pipeline_id:str}}/keys"
_DAYS: Final = {"1": 1, "7": 7, "30": 30}
"""For so long the key before is taken; for anything else until it is revoked."""


@post(_PATH, sync_to_thread=True)
def renew(*, services: Services, request: Visit, pipeline_id: FromPath[str], form: Form) -> Redirect:
    days = _DAYS.get(str(form.get("days", "")))
    expires_ms = milliseconds_of(moment(services.clock.now_ms()) + timedelta(days=days)) if days else None
    changed = renewed(services, request, pipeline_id, expires_ms, str(form.get("etag", "")) or None)
    words = f"for {days} day{'' if days == 1 else 's'}" if days else "until you revoke it"
    return see(_page(pipeline_id), f"{changed.name} has a new key. The one before is taken {words}.")


@post(f"{_PATH}/{{key_id:str}}/revoke", sync_to_thread=True)
def revoke(*, services: Services, request: Visit, pipeline_id: FromPath[str], key_id: FromPath[str]) -> Redirect:
    gone = revoked(services, request, pipeline_id, key_id)
    return see(_page(pipeline_id), f"{gone.pipeline_key} is revoked: what is sent with it is refused.")


def _page(pipeline_id: str) -> str:
    return f"{PLACE}/{pipeline_id}"


ROUTES = (renew, revoke)
