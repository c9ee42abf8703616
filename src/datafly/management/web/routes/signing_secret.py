"""The signing secret of a pipeline on its page: made, made anew, removed."""

from typing import Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from datafly.management.routes.sources import signing_removed, signing_renewed
from datafly.management.services import Services
from datafly.management.web.forms import Form
from datafly.management.web.frame import see
from datafly.management.web.routes.pipelines import PLACE, pipeline_page
from datafly.management.web.visit import Visit

_PATH: Final = f"{PLACE}/{{pipeline_id:str}}/signing-secret"


@post(_PATH, status_code=200, sync_to_thread=True)
def make(*, services: Services, request: Visit, pipeline_id: FromPath[str], form: Form) -> Response[str]:
    """The secret is shown on the answer itself, this once. A form says by its `etag` whether there was one: an answer
    that is loaded again does not end the secret that it showed.
    """
    _, secret = signing_renewed(services, request, pipeline_id, str(form.get("etag", "")))
    return pipeline_page(services, request, pipeline_id, {}, secret=secret.reveal())


@get(_PATH, sync_to_thread=False)
def back(pipeline_id: FromPath[str]) -> Redirect:
    """Whoever asks for the address of that answer has no secret to see any more."""
    return see(f"{PLACE}/{pipeline_id}")


@post(f"{_PATH}/remove", sync_to_thread=True)
def remove(*, services: Services, request: Visit, pipeline_id: FromPath[str]) -> Redirect:
    signing_removed(services, request, pipeline_id, None)
    return see(f"{PLACE}/{pipeline_id}", "The signing secret is removed: signed requests are refused.")


ROUTES = (make, back, remove)
