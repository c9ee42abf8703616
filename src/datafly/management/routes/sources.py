"""`/v1/admin/pipelines/{pipeline_id}/sources`, `…/signing-secret`"""

from typing import Any

from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from datafly.management import sourcing
from datafly.management.bodies import Strict
from datafly.management.paging import Cursor, Limit, Page, newest_first, page
from datafly.management.parameters import IfMatch, etag, expected
from datafly.management.routes.caller import Caller, tell
from datafly.management.services import Composed, Services
from datafly.management.sourcing import told_of
from datafly.management.views.source import (
    NewSigningSecret,
    SigningSecretView,
    SourceBody,
    SourceChange,
    SourceView,
    new_source,
    source_changes,
    source_view,
)
from datafly.management.views.times import moment
from datafly.model.secret import Secret
from datafly.model.source import Source


@get("/{pipeline_id:str}/sources", summary="Whose webhooks a pipeline takes", sync_to_thread=True)
def list_sources(
    *, services: Services, pipeline_id: FromPath[str], limit: Limit = 50, cursor: Cursor = None
) -> Page[SourceView]:
    known = sourcing.webhooks(services.control, pipeline_id)
    found, place = newest_first(known, lambda one: (one.created_ms, one.id), cursor, limit)
    return page([source_view(one, services.settings.gateway_url) for one in found], place)


@get("/{pipeline_id:str}/sources/{source_id:str}", summary="One webhook source", sync_to_thread=True)
def get_source(*, services: Services, pipeline_id: FromPath[str], source_id: FromPath[str]) -> Response[SourceView]:
    return _answer(services, sourcing.webhook(services.control, pipeline_id, source_id))


@post(
    "/{pipeline_id:str}/sources",
    dto=Strict[SourceBody],
    return_dto=None,
    summary="Take another product's webhooks",
    sync_to_thread=True,
)
def create_source(
    *, services: Services, pipeline_id: FromPath[str], data: JSONBody[SourceBody], request: Caller
) -> Response[SourceView]:
    """Have the product post to `url` of the answer."""
    return _answer(services, created(services, request, new_source(data, pipeline_id)), status_code=201)


@patch(
    "/{pipeline_id:str}/sources/{source_id:str}",
    dto=Strict[SourceChange],
    return_dto=None,
    summary="Change a webhook source",
    sync_to_thread=True,
)
def change_source(
    *,
    services: Services,
    pipeline_id: FromPath[str],
    source_id: FromPath[str],
    data: JSONBody[SourceChange],
    request: Caller,
    if_match: IfMatch = None,
) -> Response[SourceView]:
    """Its kind stays: for another one make another source."""
    changes = source_changes(data)
    return _answer(services, changed(services, request, pipeline_id, source_id, changes, if_match=expected(if_match)))


@delete("/{pipeline_id:str}/sources/{source_id:str}", summary="Take a product's webhooks no more", sync_to_thread=True)
def remove_source(
    *,
    services: Services,
    pipeline_id: FromPath[str],
    source_id: FromPath[str],
    request: Caller,
    if_match: IfMatch = None,
) -> None:
    """What it posts is refused from then on, within a fifth of a second."""
    removed(services, request, pipeline_id, source_id, expected(if_match))


@get("/{pipeline_id:str}/signing-secret", summary="Since when a pipeline has a signing secret", sync_to_thread=True)
def get_signing_secret(*, services: Services, pipeline_id: FromPath[str]) -> Response[SigningSecretView]:
    """404 where it has none."""
    source = sourcing.require_signing(sourcing.signing(services.control, pipeline_id))
    return Response(SigningSecretView(moment(source.created_ms)), headers=etag(services.control.etag(source)))


@post("/{pipeline_id:str}/signing-secret", summary="Make the signing secret of a pipeline", sync_to_thread=True)
def make_signing_secret(
    *, services: Services, pipeline_id: FromPath[str], request: Caller, if_match: IfMatch = None
) -> Response[NewSigningSecret]:
    """It is shown this once. The one before is refused from then on, within a fifth of a second."""
    source, secret = signing_renewed(services, request, pipeline_id, expected(if_match))
    made = NewSigningSecret(made_at=moment(source.created_ms), signing_secret=secret.reveal())
    return Response(made, headers=etag(services.control.etag(source)), status_code=201)


@delete("/{pipeline_id:str}/signing-secret", summary="Take signed requests no more", sync_to_thread=True)
def remove_signing_secret(
    *, services: Services, pipeline_id: FromPath[str], request: Caller, if_match: IfMatch = None
) -> None:
    """Signed requests are refused from then on; what comes by the pipeline's key alone is taken as before."""
    signing_removed(services, request, pipeline_id, expected(if_match))


def created(services: Composed, request: Caller, source: Source) -> Source:
    """By the API as by the page. Raises `Invalid`, `Conflict`, `NotFound`."""
    with services.control.together():
        made = sourcing.add(services.control, source, services.clock.now_ms())
        tell(request, "created", "source", made.id, new=told_of(made))
    return made


def changed(
    services: Composed,
    request: Caller,
    pipeline_id: str,
    source_id: str,
    changes: dict[str, Any],
    *,
    if_match: str | None,
) -> Source:
    with services.control.together():
        before, after = sourcing.change(services.control, pipeline_id, source_id, changes, if_match)
        tell(request, "changed", "source", source_id, old=told_of(before), new=told_of(after))
    return after


def removed(services: Composed, request: Caller, pipeline_id: str, source_id: str, if_match: str | None) -> Source:
    with services.control.together():
        gone = sourcing.remove(services.control, pipeline_id, source_id, if_match)
        tell(request, "removed", "source", source_id, old=told_of(gone))
    return gone


def signing_renewed(
    services: Composed, request: Caller, pipeline_id: str, if_match: str | None
) -> tuple[Source, Secret]:
    with services.control.together():
        before = sourcing.signing(services.control, pipeline_id)
        source, secret = sourcing.renew_signing(services.control, pipeline_id, if_match)
        old = told_of(before) if before else {}
        tell(request, "signing_secret_renewed", "source", source.id, old=old, new=told_of(source))
    return source, secret


def signing_removed(services: Composed, request: Caller, pipeline_id: str, if_match: str | None) -> None:
    with services.control.together():
        gone = sourcing.remove_signing(services.control, pipeline_id, if_match)
        tell(request, "removed", "source", gone.id, old=told_of(gone))


def _answer(services: Composed, source: Source, *, status_code: int = 200) -> Response[SourceView]:
    view = source_view(source, services.settings.gateway_url)
    return Response(view, headers=etag(services.control.etag(source)), status_code=status_code)


router = Router(
    "/v1/admin/pipelines",
    route_handlers=[
        list_sources,
        get_source,
        create_source,
        change_source,
        remove_source,
        get_signing_secret,
        make_signing_secret,
        remove_signing_secret,
    ],
    tags=["Pipelines"],
)
