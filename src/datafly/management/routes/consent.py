"""`/v1/admin/consent-settings`"""

import msgspec
from litestar import Response, Router, get, patch
from litestar.params import JSONBody

from datafly.management.bodies import Strict
from datafly.management.parameters import IfMatch, etag, expected
from datafly.management.routes.caller import Caller, tell
from datafly.management.services import Composed, Services
from datafly.management.views.consent import ConsentChange, ConsentView, consent_changes, consent_view
from datafly.model.consent import ConsentSettings

RESOURCE = "consent_settings"


@get("/", summary="What is decided on consent for all pipelines", sync_to_thread=True)
def get_consent_settings(*, services: Services) -> Response[ConsentView]:
    return _answer(services, services.control.consent_settings())


@patch(
    "/",
    dto=Strict[ConsentChange],
    return_dto=None,
    summary="Decide on consent for all pipelines",
    sync_to_thread=True,
)
def change_consent_settings(
    *, services: Services, data: JSONBody[ConsentChange], request: Caller, if_match: IfMatch = None
) -> Response[ConsentView]:
    """Counts for events that are processed from then on, within a second."""
    changes = consent_changes(data)
    with services.control.together():
        before = services.control.consent_settings()
        changed = services.control.change_consent_settings(changes, if_match=expected(if_match))
        old, new = msgspec.structs.asdict(before), msgspec.structs.asdict(changed)
        tell(request, "changed", RESOURCE, "", old=old, new=new)
    return _answer(services, changed)


def _answer(services: Composed, settings: ConsentSettings) -> Response[ConsentView]:
    return Response(consent_view(settings), headers=etag(services.control.etag(settings)))


router = Router(
    "/v1/admin/consent-settings",
    route_handlers=[get_consent_settings, change_consent_settings],
    tags=["Consent"],
)
