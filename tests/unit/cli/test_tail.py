"""`tail` against a server of a few lines; against the real one in tests/acceptance/test_command_line.py."""

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from datafly.cli import tail
from datafly.cli.refused import line as refused_line
from datafly.management.client import Client
from datafly.management.paging import Page
from datafly.management.views.intake import refused_event
from datafly.model.errors import OperatorError
from datafly.model.refusal import KeptRefusal
from datafly.settings import Settings

REFUSED = refused_event(
    0,
    KeptRefusal(
        pipeline_id="pip_1",
        at_ms=1,
        stage="gateway",
        door="/v1/batch",
        code="NOT_JSON",
        status=400,
        message="It is wrong.",
        index=None,
        type=None,
        event=None,
        message_id=None,
        size_bytes=2,
        outline="{}",
    ),
)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.put((self.path, dict(self.headers)))
        status, body = (200, b"") if self.path == "/healthz" else self.server.answers.get(timeout=30)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as one:
        one.asked, one.answers = queue.Queue(), queue.Queue()
        one.base = f"http://127.0.0.1:{one.server_port}"
        thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield one
        one.shutdown()
        thread.join()


def message(place, **event):
    return f": still here\n\nid: {place}\ndata: {json.dumps(event)}\n\n".encode()


def asked(server):
    path, headers = server.asked.get(timeout=30)
    return path, headers.get("Authorization"), headers.get("Last-Event-ID")


def test_it_comes_back_with_the_place_that_it_saw_last_and_says_so_once(server, capsys):
    server.answers.put((200, message("p1", message_id="m-1")))
    server.answers.put((503, b""))
    server.answers.put((200, message("p2", message_id="m-2")))

    events = tail._events(Client(server.base, "dft_x"))
    assert [next(events)["message_id"], next(events)["message_id"]] == ["m-1", "m-2"]

    path = "/v1/admin/live-events?follow=true"
    assert [asked(server) for _ in range(3)] == [(path, "Bearer dft_x", None), *[(path, "Bearer dft_x", "p1")] * 2]
    assert capsys.readouterr().err == f"{server.base} went away; waiting for it.\nIt is back.\n"


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [(401, b"", "does not know the token"), (403, b'{"error": "no"}', 'answered 403: {"error": "no"}')],
)
def test_what_is_refused_ends_it_with_a_sentence(server, status, body, sentence):
    server.answers.put((status, body))
    with pytest.raises(OperatorError, match=sentence):
        next(tail._events(Client(server.base, "dft_x")))


def follow(settings=None, *, url=None, token=None):
    tail.run(settings or Settings(), url=url, token=token, as_json=True, refused=False)


@pytest.mark.parametrize("base", ["http://127.0.0.1:1", "https://127.0.0.1:1/x", "ftp://127.0.0.1", "localhost"])
def test_when_nothing_answers_it_says_so(base):
    with pytest.raises(OperatorError, match=f"No Signal answers at {base} .*: start it with `datafly up`."):
        follow(url=base, token="dft_x")


def test_a_token_of_this_machine_is_not_sent_to_another(server):
    with pytest.raises(OperatorError, match="--url needs --token"):
        follow(url=server.base)
    assert asked(server) == ("/healthz", None, None)
    assert server.asked.empty()


def test_it_makes_no_store_where_there_is_none(server, tmp_path):
    settings = Settings(data_dir=tmp_path / "data", management_port=server.server_port)
    with pytest.raises(OperatorError, match="is not the data folder of the Signal at"):
        follow(settings)
    assert list(tmp_path.iterdir()) == []


def test_what_is_refused_is_shown_once_from_the_beginning_on(server):
    shown, seen = [], {}
    for numbers in ([2, 1], [4, 3, 2, 1], [4, 3, 2, 1]):
        rows = [msgspec.structs.replace(REFUSED, id=f"ref_{number}") for number in numbers]
        server.answers.put((200, msgspec.json.encode(Page(rows, None, False))))  # noqa: FBT003
        tail._show_newer(Client(server.base, "dft_x"), "pip_1", seen, shown.append)

    assert [one["id"] for one in shown] == ["ref_3", "ref_4"]
    assert asked(server)[:2] == ("/v1/admin/pipelines/pip_1/refused?limit=100", "Bearer dft_x")


def test_a_refused_event_is_one_line_without_control_characters():
    told = {"at": "2026-11-25T10:00:00Z", "door": "/v1/batch", "stage": "gateway", "index": 3, "status": 400}
    told |= {"code": "NOT_JSON", "message": "It is \x1b[2Jwrong.", "outline": "{}"}

    assert refused_line(told, colours=False)[8:] == " /v1/batch[3] 400 NOT_JSON It is �[2Jwrong.  {}"
    assert refused_line(told | {"index": None}, colours=False)[8:].startswith(" /v1/batch 400 ")
