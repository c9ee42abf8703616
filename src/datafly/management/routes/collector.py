"""`/v1/admin/pipelines/{pipeline_id}/collector`"""

from typing import Any

from litestar import Response, Router, get, patch
from litestar.params import FromPath, JSONBody

from datafly.management.bodies import Strict
from datafly.management.parameters import IfMatch, etag, expected
from datafly.management.routes.caller import Caller
from datafly.management.routes.pipelines import save_pipeline
from datafly.management.services import Composed, Services
from datafly.management.views.script import CollectorView, JsBuilderChange, collector_view, merged
from datafly.model.installation import Pipeline


@get("/{pipeline_id:str}/collector", summary="How d.js is built for a pipeline", sync_to_thread=True)
def get_collector(*, services: Services, pipeline_id: FromPath[str]) -> Response[CollectorView]:
    return _answer(services, services.control.pipeline(pipeline_id))


@patch(
    "/{pipeline_id:str}/collector",
    dto=Strict[JsBuilderChange],
    return_dto=None,
    summary="Build d.js otherwise",
    sync_to_thread=True,
)
def change_collector(
    *,
    services: Services,
    pipeline_id: FromPath[str],
    data: JSONBody[JsBuilderChange],
    request: Caller,
    if_match: IfMatch = None,
) -> Response[CollectorView]:
    """The gateway hands out the new one within a second; browsers keep the one they have for five minutes. A name that
    is another pipeline's script: 409.
    """

    def changes_of(before: Pipeline) -> dict[str, Any]:
        return {"js_builder_config": merged(before.js_builder_config, data)}

    changed = save_pipeline(services, request, pipeline_id, changes_of, expected(if_match))
    return _answer(services, changed)


def _answer(services: Composed, pipeline: Pipeline) -> Response[CollectorView]:
    return Response(
        collector_view(pipeline, services.settings.gateway_url), headers=etag(services.control.etag(pipeline))
    )


router = Router("/v1/admin/pipelines", route_handlers=[get_collector, change_collector], tags=["Pipelines"])
