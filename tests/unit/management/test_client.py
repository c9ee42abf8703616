"""The client against the real API, over loopback."""

import asyncio
import contextlib
import inspect
import socket
import threading

import msgspec
import pytest
import uvicorn

from datafly.management.client import Client
from datafly.management.client.connection import Connection
from datafly.management.client.operations import Operations
from datafly.management.declared.document import plain
from datafly.management.document import document_of
from datafly.management.routes.config import ApplyBody, ConfigBody
from datafly.management.views.consent import ConsentChange
from datafly.management.views.pipeline import PipelineBody, PipelineView
from datafly.management.views.script import JsBuilderChange
from datafly.model.errors import CallerError, Conflict, Invalid, NotFound, OperatorError, Unauthorized, Unavailable


@contextlib.contextmanager
def serving(app):
    """The address of the application, while it runs."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def url(house):
    with serving(house.app) as url:
        yield url
        house.stop.set()


@pytest.fixture
def signal(house, url):
    return Client(url, house.tokens["owner"])


def test_answers_are_the_views_of_the_api(house, signal):
    (pipeline,) = signal.list_pipelines()
    assert isinstance(pipeline, PipelineView)
    assert (pipeline.id, pipeline.name) == (house.pipeline.id, "Default")
    assert signal.get_pipeline(pipeline.id) == pipeline


def example(schema, document):
    """A body of that shape, as little as may be."""
    if "$ref" in schema:
        return example(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    if schema.get("type") == "object":
        return {name: example(schema["properties"][name], document) for name in schema.get("required", ())}
    simple = {"string": "x" * schema.get("minLength", 1), "number": 1, "integer": 1, "boolean": True, "array": []}
    return simple.get(schema.get("type"))


def failure_of(call, *given, **asked):
    """None where it succeeds, and what it answers can be read."""
    try:
        answer = call(*given, **asked)
        list(answer) if inspect.isgenerator(answer) else answer
    except CallerError as error:
        return error
    return None


def operations(document):
    return {
        told["operationId"]: (path, told) for path, methods in document["paths"].items() for told in methods.values()
    }


def test_there_is_a_method_for_each_operation_with_its_parameters_and_no_other(house):
    wanted = operations(document_of(house.app))
    streamed, paged = {"follow", "last_event_id"}, {"limit", "cursor"}
    for name, (path, told) in wanted.items():
        spoken = {one["name"].lower().replace("-", "_") for one in told.get("parameters", ())} - streamed
        spoken |= {"body"} if "requestBody" in told else set()
        spoken -= paged if "cursor" in spoken else set()
        known = {one.rstrip("_") for one in inspect.signature(getattr(Operations, name)).parameters} - {"self"}
        assert known == spoken, (name, path)
    own = {name for name in dir(Operations) if not name.startswith("_")} - set(dir(Connection))
    assert own == set(wanted)


@pytest.mark.parametrize("settings", [{"token_requests_per_minute": 0}], indirect=True)
def test_every_method_reaches_its_operation_and_reads_what_that_answers(house, signal):
    """With ids that nothing has and as little as may be in bodies: each is answered as its operation documents."""
    document = document_of(house.app)
    for name, (path, told) in operations(document).items():
        given = [f"no-{one['name']}" for one in told.get("parameters", ()) if one["in"] == "path"]
        if "requestBody" in told:
            given.append(example(told["requestBody"]["content"]["application/json"]["schema"], document))
        query = [one for one in told.get("parameters", ()) if one["in"] == "query" and one.get("required")]
        if error := failure_of(getattr(signal, name), *given, **{one["name"]: "x" for one in query}):
            assert str(error.status) in told["responses"], (name, path, error)
            assert error.code not in {"METHOD_NOT_ALLOWED", "BAD_REQUEST"}, (name, path, error)
            assert not error.message.startswith("There is nothing at "), (name, path, error)


def test_a_list_goes_on_over_all_its_pages(house, signal):
    for number in range(120):
        again = msgspec.structs.replace(house.pipeline, id="", slug="", pipeline_key="", name=f"{number}")
        house.control.create_pipeline(again)
    names = [one.name for one in signal.list_pipelines()]
    assert len(names) == len(set(names)) == 121


def test_installed_integrations_and_live_events_are_read_as_they_are_shown(house, signal):
    place = house.happens("m1", user_id="jane", event="Product Viewed")
    installed = house.installed()
    house.delivers(installed, place)
    (shown,) = signal.list_integrations(pipeline_id=house.pipeline.id)
    assert (shown.id, shown.state.name, shown.counts["DELIVERED"]) == (installed.id, "running", 1)
    (event,) = signal.live_events()
    assert event.message_id == "m1"
    assert list(signal.list_refused(house.pipeline.id)) == []


def test_failures_are_the_errors_of_the_api_with_code_and_details(house, signal, url):
    with pytest.raises(NotFound, match="There is no pipeline pip_none") as missing:
        signal.get_pipeline("pip_none")
    assert (missing.value.code, missing.value.status) == ("NOT_FOUND", 404)
    with pytest.raises(Invalid) as wrong:
        signal.call("GET", "/v1/admin/pipelines", PipelineView, query={"limit": 0})
    assert (wrong.value.status, wrong.value.details["field"]) == (422, "limit")
    with pytest.raises(Conflict) as taken:
        signal.create_pipeline(PipelineBody(name="Default"))
    assert taken.value.details == {"field": "name"}
    with pytest.raises(Unauthorized) as nobody:
        next(Client(url, "dft_x").list_pipelines())
    assert nobody.value.code == "INVALID_TOKEN"
    with pytest.raises(Unauthorized) as lower:
        Client(url, house.tokens["viewer"]).export_config()
    assert (lower.value.code, lower.value.status) == ("FORBIDDEN", 403)


def test_live_events_are_followed_as_they_come(house, signal):
    house.live()
    following = signal.follow()
    assert next(following).event is None
    house.happens("m1", user_id="jane", event="Product Viewed")
    followed = next(following)
    assert (followed.event["message_id"], bool(followed.place)) == ("m1", True)
    following.close()


def test_a_document_is_planned_and_applied_from_afar(house, signal):
    document = plain(signal.export_config().document)
    document["pipelines"]["Shop"] = {"rate_limit_rps": 7}
    plan = signal.plan_config(ConfigBody(document=document))
    assert [(one.action, one.kind, one.name) for one in plan.changes] == [("add", "pipeline", "Shop")]
    assert signal.apply_config(ApplyBody(document=document, plan_id=plan.id)) == plan
    assert plain(signal.export_config().document) == document


def test_scripts_consent_alerts_and_channels_are_read_and_changed_from_afar(house, signal):
    built = signal.change_collector(house.pipeline.id, JsBuilderChange(script_filename="shop.js"))
    assert built == signal.get_collector(house.pipeline.id)
    assert (built.path, built.js_builder_config.batch_size) == ("/shop.js", 10)
    decided = signal.change_consent_settings(ConsentChange(words={"Werbung": "marketing"}))
    assert decided == signal.get_consent_settings()
    assert (decided.words, decided.without_consent) == ({"werbung": "marketing"}, "keep")
    assert (list(signal.list_alerts()), list(signal.list_channels())) == ([], [])


def test_a_change_is_refused_where_somebody_changed_what_was_read_since(house, signal):
    read = signal.tagged(signal.get_consent_settings)
    assert read.value == signal.get_consent_settings()
    signal.change_consent_settings(ConsentChange(words={"Werbung": "marketing"}), if_match=read.etag)
    with pytest.raises(Conflict) as stale:
        signal.change_consent_settings(ConsentChange(words={}), if_match=read.etag)
    assert (stale.value.code, stale.value.status) == ("STALE", 412)
    built = signal.tagged(signal.get_collector, house.pipeline.id)
    signal.change_collector(house.pipeline.id, JsBuilderChange(script_filename="one.js"), if_match=built.etag)
    with pytest.raises(Conflict, match="changed"):
        signal.change_collector(house.pipeline.id, JsBuilderChange(script_filename="two.js"), if_match=built.etag)
    assert signal.get_collector(house.pipeline.id).path == "/one.js"


def test_kept_events_are_listed_and_one_is_read_whole(house, signal):
    for number in range(120):
        house.happens(f"a/{number} ?", user_id="jane")
    house.happens("one", user_id="jane", event="Product Viewed")
    assert len(list(signal.list_events(user_id="jane"))) == 121
    assert (signal.get_event("one").event, signal.get_event("one").request) == ("Product Viewed", None)


def test_where_nothing_answers_the_error_says_what_to_do():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        client = Client(f"http://127.0.0.1:{closed.getsockname()[1]}", "dft_x")
        with pytest.raises(Unavailable, match="does not answer"):
            client.export_config()
        with pytest.raises(OperatorError, match="start it with `datafly up`"):
            client.require_alive()


@pytest.mark.parametrize("url", ["ftp://signal.example.com", "signal.example.com", "http://", "http://host:port"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(OperatorError, match="No Signal answers at"):
        Client(url)
