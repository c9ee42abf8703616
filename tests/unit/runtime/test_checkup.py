"""What `datafly doctor` finds, of folders, stores and ports that are really so."""

import fcntl
import math
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest
import sqlalchemy as sa

from datafly.model.installation import Installation, Revision, Template
from datafly.model.secret import Secret
from datafly.runtime.checkup import store as look
from datafly.runtime.checkup.examining import examine, worst
from datafly.runtime.checkup.finding import Ground, Level
from datafly.runtime.prepare import open_the_store
from datafly.settings import Settings
from datafly.testing.ports import free_ports


@pytest.fixture(autouse=True)
def _however_busy_the_machine_is(monkeypatch):
    monkeypatch.setattr(look, "_SLOW_MS", math.inf)


def test_a_store_that_answers_slowly_is_told(settings, monkeypatch):
    started_once(settings)
    monkeypatch.setattr(look, "_SLOW_MS", 0.0)
    assert "slow" in found(settings)["store"].sentence


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data", gateway_port=free(), management_port=free())


def free():
    (port,) = free_ports(1)
    return port


def found(settings, **options):
    return {one.check: one for one in examine(Ground(settings, **options)) if one.level is not Level.OK}


def started_once(settings):
    open_the_store(settings).close()


def test_before_the_first_start_nothing_is_wrong_and_nothing_is_made(settings):
    findings = [*examine(Ground(settings))]
    assert worst(findings) is Level.OK
    assert {"disk", "files", "folder", "log", "ports", "settings", "store"} <= {one.check for one in findings}
    assert not settings.data_dir.exists()


def test_after_a_start_nothing_is_wrong_either(settings):
    started_once(settings)
    assert found(settings) == {}


def test_what_others_may_read_is_told_with_the_command_that_mends_it(settings):
    started_once(settings)
    key = settings.data_dir / "encryption.key"
    key.chmod(0o644)
    settings.data_dir.chmod(0o755)
    told = found(settings)
    assert (told["key"].level, told["key"].cure) == (Level.FAIL, f"chmod 600 {key}")
    assert (told["folder"].level, told["folder"].cure) == (Level.WARN, f"chmod 700 {settings.data_dir}")
    assert key.read_text().strip() not in str(told)


@pytest.mark.parametrize("key", [Secret("00" * 32), Secret("too short")])
def test_a_key_that_does_not_open_the_store_is_told_and_never_shown(settings, key):
    started_once(settings)
    told = found(msgspec.structs.replace(settings, encryption_key=key))
    assert told["store"].level is Level.FAIL
    assert "key" in told["store"].sentence
    assert key.reveal() not in str(told)


def test_a_store_whose_key_is_lost_is_told(settings):
    started_once(settings)
    (settings.data_dir / "encryption.key").unlink()
    assert "missing" in found(settings)["store"].sentence
    assert not (settings.data_dir / "encryption.key").exists()


@pytest.mark.parametrize(("revision", "level"), [("0001", Level.WARN), ("9999", Level.FAIL)])
def test_tables_of_another_version_are_told_and_left_as_they_are(settings, revision, level):
    started_once(settings)
    file = sa.create_engine(f"sqlite:///{settings.data_dir}/store.db")
    with file.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = :it"), {"it": revision})
    assert found(settings)["store"].level is level
    with file.begin() as connection:
        assert connection.execute(sa.text("select version_num from alembic_version")).scalar() == revision
    file.dispose()


def test_a_database_that_does_not_answer_is_told_without_its_password(settings):
    url = Secret(f"postgresql://signal:hidden@127.0.0.1:{free()}/signal")
    started_once(settings)
    told = found(msgspec.structs.replace(settings, store_url=url))
    assert told["store"].level is Level.FAIL
    assert "hidden" not in str(told)


def test_a_port_that_somebody_else_has_is_told_with_the_setting_that_moves_it(settings):
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.gateway_port))
        other.listen()
        told = found(settings)["ports"]
    assert told.level is Level.FAIL
    assert "DATAFLY_GATEWAY_PORT" in told.sentence


def test_a_signal_that_runs_and_does_not_answer_is_told(settings):
    started_once(settings)
    with (settings.data_dir / "up.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        told = [one for one in examine(Ground(settings)) if one.check == "ports"]
    assert [one.level for one in told] == [Level.FAIL, Level.FAIL]
    assert all("does not answer" in one.sentence for one in told)


def test_of_roles_that_run_alone_those_that_are_here_are_asked_on_their_health_ports(settings):
    started_once(settings)
    settings = msgspec.structs.replace(settings, health_port=free())
    names = ("up.lock", "processor.lock")
    with (settings.data_dir / names[0]).open("w") as tree, (settings.data_dir / names[1]).open("w") as own:
        fcntl.flock(tree, fcntl.LOCK_SH)
        fcntl.flock(own, fcntl.LOCK_EX)
        (told,) = [one for one in examine(Ground(settings)) if one.check == "ports"]
    assert f"its processor does not answer at 127.0.0.1:{settings.health_port}" in told.sentence


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told(settings):
    settings.data_dir.mkdir(mode=0o500)
    assert found(settings)["folder"].level is Level.FAIL


@pytest.mark.parametrize(
    "wrong",
    [
        {"oidc_issuer": "https://login.example.com"},
        {"smtp_host": "mail.example.com"},
        {"host": "0.0.0.0", "metrics_open": True},
        {"host": "0.0.0.0", "trusted_proxies": "*"},
        {"allow_private_endpoints": True},
    ],
)
def test_settings_that_do_not_fit_together_or_open_too_much_are_told(settings, wrong):
    assert "settings" in found(msgspec.structs.replace(settings, **wrong))


def test_a_check_that_fails_itself_is_a_finding_and_the_others_go_on(settings, tmp_path):
    started_once(settings)
    (settings.data_dir / "store.db").write_bytes(b"no database" * 1000)
    told = found(settings)
    assert told["store"].level is Level.FAIL
    assert "disk" in {one.check for one in examine(Ground(settings))}


class Vendor(BaseHTTPRequestHandler):
    """Its clock stands still."""

    def do_HEAD(self):
        self.server.seen.append((self.path, dict(self.headers)))
        self.send_response_only(404)
        self.send_header("Date", "Wed, 01 Jan 2020 00:00:00 GMT")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def vendor():
    with HTTPServer(("127.0.0.1", 0), Vendor) as server:
        server.seen = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        server.url = f"http://127.0.0.1:{server.server_port}"
        yield server
        server.shutdown()
        thread.join()


def test_vendors_are_asked_without_any_key_and_a_clock_that_is_off_is_told(settings, vendor):
    settings = msgspec.structs.replace(settings, private_hosts="127.0.0.1")
    with open_the_store(settings) as store:
        pipeline = store.control.ensure_default_pipeline()
        template = Template(id="tmpl_1", name="Insider", vendor="insider")
        config = {"api_key": Secret("s3cret-key"), "partner_name": "myco", "base_url": vendor.url}
        revision = Revision(id="rev_1", template_id="tmpl_1", number=1, config=config)
        made = Installation(id="pi_1", pipeline_id=pipeline.id, template=template, revision=revision, start={0: 0})
        store.control.install(template, revision, [made])
    told = found(settings, vendors=True, clock_url=vendor.url)
    assert told["vendors"].level is Level.WARN
    assert "Insider" in told["vendors"].sentence
    assert told["clock"].level is Level.FAIL
    assert vendor.seen
    assert "s3cret" not in str(vendor.seen)
    assert found(settings) == {}


def test_a_vendor_that_cannot_be_reached_is_told(settings):
    settings = msgspec.structs.replace(settings, private_hosts="127.0.0.1")
    started_once(settings)
    told = found(settings, clock_url=f"http://127.0.0.1:{free()}/")
    assert "tells no time" in told["clock"].sentence
