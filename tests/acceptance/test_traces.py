"""From a caller's trace to the vendor's reply, as a collector of OpenTelemetry gets it."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Collecting(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.taken.append((self.path, dict(self.headers), ExportTraceServiceRequest.FromString(body)))
        self.send_response_only(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def collector():
    with ThreadingHTTPServer(("127.0.0.1", 0), Collecting) as server:
        server.taken = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def spans(collector):
    """Name → span, of that trace."""
    return {
        span.name: span
        for _, _, request in [*collector.taken]
        for of_process in request.resource_spans
        for scope in of_process.scope_spans
        for span in scope.spans
        if span.trace_id.hex() == TRACE
    }


def test_a_trace_goes_from_the_caller_through_every_role_to_the_vendors_reply(new_signal, collector):
    signal = new_signal(
        DATAFLY_TRACE_URL=f"http://127.0.0.1:{collector.server_port}/v1/traces",
        DATAFLY_TRACE_HEADERS="x-tenant=shop",
        DATAFLY_TRACE_RATIO="0",
        OTEL_BSP_SCHEDULE_DELAY="50",
    )
    installed = signal.install(signal.vendor_key())
    reply = httpx.post(
        f"{signal.gateway}/v1/batch",
        json={"batch": [signal.track("Product Viewed", "user-1", "m-1", product_id="p-1")]},
        headers={
            "Authorization": f"Bearer {signal.pipeline()['pipeline_key']}",
            "traceparent": f"00-{TRACE}-{CALLER}-01",
        },
    )
    assert reply.status_code == 200
    signal.is_through(installed, delivered=1)
    found = signal.until(
        lambda: len(spans(collector)) == 3 and spans(collector), "three spans came", lambda: collector.taken
    )

    ingest, process, deliver = (found[name] for name in ("ingest", "process", "deliver"))
    assert ingest.parent_span_id.hex() == CALLER
    assert process.parent_span_id == ingest.span_id
    assert deliver.parent_span_id == process.span_id
    assert ingest.start_time_unix_nano < process.end_time_unix_nano < deliver.end_time_unix_nano
    attributes = {one.key: one.value for one in deliver.attributes}
    assert attributes["http.response.status_code"].int_value == 200
    assert attributes["datafly.installation.id"].string_value == installed
    assert {path for path, *_ in collector.taken} == {"/v1/traces"}
    assert {headers["x-tenant"] for _, headers, _ in collector.taken} == {"shop"}
    assert signal.final("m-1")["trace_id"] == TRACE
    assert signal.interrupt()[0] == 0
