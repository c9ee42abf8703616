"""The command line as a process: quick to start, one sentence where something is wrong."""

import subprocess
import sys

import pytest

from datafly.cli.flags import with_settings
from datafly.settings import table

HEAVY = {"aiohttp", "alembic", "jinja2", "litestar", "rich", "sqlalchemy"}
LOADED = "import sys; from datafly.cli import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"


def datafly(folder, *words, code=None, **environment):
    started = [sys.executable, *(["-c", code] if code else ["-m", "datafly"]), *words]
    return subprocess.run(
        started, cwd=folder, env={"PATH": "", **environment}, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("words", [("--help",), ("settings",), ("settings", "--json"), ("up", "--help")])
def test_what_needs_no_server_loads_none(tmp_path, words):
    ran = datafly(tmp_path, *words, code=LOADED)
    assert ran.stdout
    assert HEAVY & set(ran.stderr.split()) == set()


def test_a_preview_loads_no_store_and_no_network(tmp_path):
    (tmp_path / "event.json").write_text('{"type": "page", "userId": "u"}')
    ran = datafly(tmp_path, "preview", "insider", "event.json", "--json", code=LOADED)
    assert ran.stdout
    assert {"aiohttp", "alembic", "litestar", "sqlalchemy"} & set(ran.stderr.split()) == set()


@pytest.mark.parametrize("command", ["status", "tail"])
def test_what_asks_a_signal_loads_no_server_itself(tmp_path, command):
    ran = datafly(tmp_path, command, code=LOADED, DATAFLY_MANAGEMENT_PORT="1")
    assert "No Signal answers" in ran.stderr
    assert {"aiohttp", "alembic", "jinja2", "litestar"} & set(ran.stderr.split()) == set()


def test_a_command_takes_every_setting_as_a_flag():
    seen = {}

    @with_settings
    def command(*, settings, found):
        seen.update(settings=settings, found=found)

    command(**{row.name: None for row in table()} | {"gateway_port": "9080", "demo": True})
    assert (seen["settings"].gateway_port, seen["settings"].demo) == (9080, True)
    assert {one.row.name: one.source for one in seen["found"]}["gateway_port"] == "flag"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("settings", "--gateway-port", "many"), "datafly: the flag --gateway-port: 'many' is not a whole number.\n"),
        (("preview", "insider", "absent.json"), "datafly: absent.json cannot be read: No such file or directory.\n"),
        (("preview", "nope", "-"), "datafly: There is no integration 'nope'; there is "),
        (("token", "create", "--name", "x", "--role", "king"), "datafly: 'king' is no role: choose owner,"),
        (
            ("source", "sign", "--gateway-port", "many"),
            "datafly: the flag --gateway-port: 'many' is not a whole number.",
        ),
        (("source", "add", "stripe", "--secret-file", "absent"), "datafly: absent cannot be read: No such file"),
        (("source", "add", "paypal"), "datafly: 'paypal' sends no webhooks that are known here: choose stripe,"),
        (("docs",), "is no checkout of Signal: go to one, or name it with --root."),
        (("new-integration", "Acme"), "is no checkout of Signal: go to one, or name it with --root."),
        (("settings", "--gateway-prot", "1"), "No such option: --gateway-prot"),
        (("nothing",), "No such command 'nothing'."),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence_and_nothing_is_made(tmp_path, words, said):
    ran = datafly(tmp_path, *words)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_setting_that_does_not_exist_stops_every_command_that_has_settings(tmp_path):
    ran = datafly(tmp_path, "up", DATAFLY_GATEWAY_PROT="1")
    assert ran.returncode == 2
    assert ran.stderr.startswith("datafly: DATAFLY_GATEWAY_PROT is not a setting of Signal; did you mean")


def test_a_reader_that_goes_away_is_no_accident(tmp_path):
    command = f"{sys.executable} -m datafly settings | true"
    ran = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in ran.stderr
