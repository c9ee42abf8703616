"""`/v1/admin/config`"""

from typing import Annotated, Any

import msgspec
from litestar import Router, get, post
from litestar.params import JSONBody

from datafly.management.bodies import Strict
from datafly.management.declared.applying import Ground, Told, apply, plan
from datafly.management.declared.exporting import export
from datafly.management.declared.planning import PlanView
from datafly.management.declared.shapes import Declaration
from datafly.management.place import place_of
from datafly.management.routes.caller import Caller, noted
from datafly.management.services import Composed, Services
from datafly.model.secret import Secret
from datafly.observe import emit
from datafly.observe.management import ManagementResourceChanged


class ConfigView(msgspec.Struct, frozen=True):
    """`variables`: the references in the document that stand for secrets."""

    document: Declaration
    variables: list[str]


class ConfigBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`document`: as an export has it. `secrets`: what its references stand for, `env:NAME` to the secret itself; none
    is looked up here. `keep_secrets`: a reference that is not among them leaves the secret that is kept as it is.
    """

    document: Annotated[dict[str, Any], msgspec.Meta(description="docs/reference/signal.schema.json has its shape.")]
    secrets: Annotated[dict[str, str], msgspec.Meta(max_length=10_000)] = {}
    keep_secrets: bool = False


class ApplyBody(ConfigBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`plan_id`: of the plan that was agreed to; if something else would be changed, nothing is (412)."""

    plan_id: str | None = None


@get("/", summary="All of the configuration as one document", sync_to_thread=True)
def export_config(*, services: Services) -> ConfigView:
    """Secrets are not in it."""
    exported = export(services.control)
    return ConfigView(exported.declaration, exported.variables)


@post(
    "/plan",
    dto=Strict[ConfigBody],
    return_dto=None,
    status_code=200,
    summary="What a document would change",
    opt={"changes": False},
    sync_to_thread=True,
)
def plan_config(*, services: Services, data: JSONBody[ConfigBody], request: Caller) -> PlanView:
    """Changes nothing. What is wrong is told all at once: `details.problems`, each with its `path`."""
    return plan(_ground(services, request), _told(data))


@post(
    "/apply",
    dto=Strict[ApplyBody],
    return_dto=None,
    status_code=200,
    summary="Change what a document changes",
    opt={"answers": (412,)},
    sync_to_thread=True,
)
def apply_config(*, services: Services, data: JSONBody[ApplyBody], request: Caller) -> PlanView:
    """All of it or nothing, in one transaction. Applied again it changes nothing."""
    applied = apply(_ground(services, request), _told(data), expected=data.plan_id)
    noted(request)
    emit(ManagementResourceChanged(action="applied", resource="config", id=applied.id, by=request.auth.name))
    return applied


def _ground(services: Composed, request: Caller) -> Ground:
    return Ground(
        control=services.control,
        catalog=services.catalog,
        heads=services.log.heads,
        compile=services.compile,
        objection=services.objection,
        clock=services.clock,
        by=request.auth,
        place=place_of(request),
    )


def _told(body: ConfigBody) -> Told:
    secrets = {reference: Secret(text) for reference, text in body.secrets.items()}
    return Told(document=body.document, secrets=secrets, keep_secrets=body.keep_secrets)


router = Router("/v1/admin/config", route_handlers=[export_config, plan_config, apply_config], tags=["Configuration"])
