"""The client against the real API, over loopback."""

import asyncio
import contextlib
import socket
import threading

import msgspec
import pytest
import uvicorn

from datafly.management.client import Client
from datafly.management.views.consent import ConsentChange, ConsentView
from datafly.management.views.pipeline import PipelineView
from datafly.management.views.script import CollectorView, JsBuilderChange
from datafly.model.errors import Conflict, Invalid, NotFound, OperatorError, Unauthorized, Unavailable


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
    (pipeline,) = signal.pipelines()
    assert isinstance(pipeline, PipelineView)
    assert (pipeline.id, pipeline.name) == (house.pipeline.id, "Default")
    assert signal.pipeline(pipeline.id) == pipeline


def test_a_list_goes_on_over_all_its_pages(house, signal):
    for number in range(120):
        again = msgspec.structs.replace(house.pipeline, id="", slug="", pipeline_key="", name=f"{number}")
        house.control.create_pipeline(again)
    names = [one.name for one in signal.pipelines()]
    assert len(names) == len(set(names)) == 121


def test_installed_integrations_and_live_events_are_read_as_they_are_shown(house, signal):
    place = house.happens("m1", user_id="jane", event="Product Viewed")
    installed = house.installed()
    house.delivers(installed, place)
    (shown,) = signal.pipeline_integrations(pipeline_id=house.pipeline.id)
    assert (shown.id, shown.state.name, shown.counts["DELIVERED"]) == (installed.id, "running", 1)
    (event,) = signal.live_events()
    assert event.message_id == "m1"
    assert signal.refused(house.pipeline.id) == []


def test_failures_are_the_errors_of_the_api_with_code_and_details(house, signal, url):
    with pytest.raises(NotFound, match="There is no pipeline pip_none") as missing:
        signal.pipeline("pip_none")
    assert (missing.value.code, missing.value.status) == ("NOT_FOUND", 404)
    with pytest.raises(Invalid) as wrong:
        signal.call("GET", "/pipelines", PipelineView, query={"limit": 0})
    assert (wrong.value.status, wrong.value.details["field"]) == (422, "limit")
    with pytest.raises(Conflict) as taken:
        signal.call("POST", "/pipelines", PipelineView, body={"name": "Default"})
    assert taken.value.details == {"field": "name"}
    with pytest.raises(Unauthorized) as nobody:
        next(Client(url, "dft_x").pipelines())
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
    document = signal.export_config().document
    document["pipelines"]["Shop"] = {"rate_limit_rps": 7}
    plan = signal.plan_config(document, secrets={}, keep_secrets=False)
    assert [(one.action, one.kind, one.name) for one in plan.changes] == [("add", "pipeline", "Shop")]
    assert signal.apply_config(document, secrets={}, keep_secrets=False, plan_id=plan.id) == plan
    assert signal.export_config().document == document


def test_scripts_consent_alerts_and_channels_are_read_and_changed_from_afar(house, signal):
    built = signal.change_collector(house.pipeline.id, JsBuilderChange(script_filename="shop.js"))
    assert built == signal.collector(house.pipeline.id)
    assert (built.path, built.js_builder_config.batch_size) == ("/shop.js", 10)
    decided = signal.change_consent_settings(ConsentChange(words={"Werbung": "marketing"}))
    assert decided == signal.consent_settings()
    assert (decided.words, decided.without_consent) == ({"werbung": "marketing"}, "keep")
    assert (list(signal.alerts()), list(signal.alert_channels())) == ([], [])


def test_a_change_is_refused_where_somebody_changed_what_was_read_since(house, signal):
    read = signal.tagged("/consent-settings", ConsentView)
    assert read.value == signal.consent_settings()
    signal.change_consent_settings(ConsentChange(words={"Werbung": "marketing"}), if_match=read.etag)
    with pytest.raises(Conflict) as stale:
        signal.change_consent_settings(ConsentChange(words={}), if_match=read.etag)
    assert (stale.value.code, stale.value.status) == ("STALE", 412)
    path = f"/pipelines/{house.pipeline.id}/collector"
    built = signal.tagged(path, CollectorView)
    signal.change_collector(house.pipeline.id, JsBuilderChange(script_filename="one.js"), if_match=built.etag)
    with pytest.raises(Conflict, match="changed"):
        signal.change_collector(house.pipeline.id, JsBuilderChange(script_filename="two.js"), if_match=built.etag)
    assert signal.collector(house.pipeline.id).path == "/one.js"


def test_kept_events_are_listed_and_one_is_read_whole(house, signal):
    for number in range(120):
        house.happens(f"a/{number} ?", user_id="jane")
    house.happens("one", user_id="jane", event="Product Viewed")
    assert len(list(signal.events(user_id="jane"))) == 121
    assert (signal.event("one").event, signal.event("one").request) == ("Product Viewed", None)


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
