"""How delivery stands is read of the slowest installation; those that people hold are not waited for."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from datafly.backfill.pace import Backlog
from datafly.backfill.standing import Management
from datafly.model.errors import OperatorError


@pytest.fixture
def management():
    """A management API that shows what `pages` holds, by path."""
    pages = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            known = self.headers["Authorization"] == "Bearer good"
            text = json.dumps(pages.get(self.path, {"data": [], "next_cursor": None})).encode()
            self.send_response(200 if known else 401)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    one = Management(f"http://127.0.0.1:{server.server_port}/", "good")
    one.pages = pages
    yield one
    one.close()
    server.shutdown()
    server.server_close()
    thread.join()


PATH = "/v1/admin/pipeline-integrations?pipeline_id=pip_1&limit=100"


def standing(name, mark, *, head=100, state="running", reason=None):
    partitions = [{"partition": 0, "mark": mark, "head": head, "lag": head - mark}]
    return {"integration_name": name, "state": {"name": state, "reason": reason}, "partitions": partitions}


def test_the_slowest_counts_over_all_pages(management):
    management.pages[PATH] = {"data": [standing("Fast", 90)], "next_cursor": "c/1"}
    management.pages[PATH + "&cursor=c/1"] = {"data": [standing("Slow", 10)], "next_cursor": None}
    assert management.backlog("pip_1") == Backlog(head=100, mark=10)


@pytest.mark.parametrize("state", ["paused", "disabled", "removed"])
def test_whom_people_hold_nobody_waits_for(management, state):
    management.pages[PATH] = {"data": [standing("Held", 0, state=state)], "next_cursor": None}
    assert management.backlog("pip_1") is None


@pytest.mark.parametrize("state", ["suspended", "backing_off"])
def test_who_does_not_go_on_is_told_by_name_and_reason(management, state):
    held = standing("Insider", 0, state=state, reason="http_401")
    management.pages[PATH] = {"data": [standing("Fast", 90), held], "next_cursor": None}
    assert management.backlog("pip_1").stuck == "Insider does not go on (http_401)"


def test_an_api_that_does_not_answer_is_waited_for():
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as nobody:
        url = f"http://127.0.0.1:{nobody.server_port}"
    assert "does not answer (Connection refused)" in Management(url, "good").backlog("pip_1").stuck


def test_a_token_that_is_not_taken_ends_it(management):
    other = Management(management._url, "bad")
    with pytest.raises(OperatorError, match=r"does not take the token \(401\)"):
        other.backlog("pip_1")
    other.close()


def test_the_pipeline_is_found_by_its_key(management):
    page = {"data": [{"id": "pip_1", "pipeline_key": "dk_1"}], "next_cursor": None}
    management.pages["/v1/admin/pipelines?limit=100"] = page
    assert management.pipeline_of("dk_1") == "pip_1"
    with pytest.raises(OperatorError, match="must be of one Signal"):
        management.pipeline_of("dk_2")
