"""The commands beside a running Signal, in an empty folder, and in a checkout."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as of_prometheus

ROOT = Path(__file__).parents[2]
EVENT = {
    "type": "track",
    "event": "Product Viewed",
    "userId": "user-123",
    "properties": {"product_id": "p-1", "name": "Mug"},
    "context": {"consent": {"marketing": True}},
}


def datafly(*words, folder, status=0, **environment):
    """Without any variable but those given, and no network beyond this machine needed."""
    ran = subprocess.run(
        [sys.executable, "-m", "datafly", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == status, ran.stdout + ran.stderr
    return ran


def unstarted(new_signal):
    signal_to_be = new_signal(start=False)
    signal_to_be.out.touch()
    return signal_to_be


@contextmanager
def tail(demo, *words):
    """The text of what it prints, while it follows; ended by Ctrl-C."""
    into = demo.folder / f"tail{len(words)}.txt"
    with into.open("wb") as out:
        command = [sys.executable, "-m", "datafly", "tail", *words]
        process = subprocess.Popen(command, env=demo.environment, cwd=demo.folder, stdout=out, stderr=subprocess.STDOUT)
    try:
        demo.until(lambda: "Ctrl-C ends it." in into.read_text(), "tail follows", into.read_text)
        yield into.read_text
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert "Traceback" not in into.read_text()
    finally:
        process.kill()
        process.wait()


# --- without anything -------------------------------------------------------------------------------------------------


def test_a_preview_needs_no_data_folder_and_leaves_nothing(tmp_path):
    (tmp_path / "event.json").write_text(json.dumps(EVENT))
    ran = datafly("preview", "insider", "event.json", "--json", folder=tmp_path)

    assert ran.stderr == ""
    one = json.loads(ran.stdout)
    assert list(one) == ["verdict", "reason", "requests", "warnings"]
    assert one["requests"][0]["body"]["users"][0]["identifiers"] == {"uuid": "user-123"}
    assert [path.name for path in tmp_path.iterdir()] == ["event.json"]


def test_a_preview_of_a_list_is_one_object_a_line_and_a_refusal_is_no_failure(tmp_path):
    refused = [{**EVENT, "userId": "b", "context": {}}, {**EVENT, "userId": None}, {"type": "page", "userId": 5}]
    (tmp_path / "events.json").write_text(json.dumps([EVENT, *refused]))
    lines = datafly("preview", "insider", "events.json", "--json", folder=tmp_path).stdout.splitlines()

    found = [(one["verdict"], one["reason"]) for one in map(json.loads, lines)]
    assert found[:3] == [(None, None), ("SKIPPED", "consent_marketing"), ("SKIPPED", "missing_uuid")]
    assert found[3][0] == "REJECTED"


def test_a_preview_for_a_person_is_json_alone_on_standard_output_too(tmp_path):
    (tmp_path / "event.json").write_text(json.dumps({**EVENT, "context": {}}))
    ran = datafly("preview", "insider", "event.json", folder=tmp_path)
    assert json.loads(ran.stdout)["reason"] == "consent_marketing"
    assert "SKIPPED consent_marketing" in ran.stderr


def test_a_preview_of_an_empty_list_says_so_to_a_person(tmp_path):
    (tmp_path / "events.json").write_text("[]")
    ran = datafly("preview", "insider", "events.json", folder=tmp_path)
    assert (ran.stdout, ran.stderr) == ("", "events.json holds no event.\n")


def test_a_preview_with_a_config_shows_its_account_and_never_its_key(tmp_path):
    (tmp_path / "event.json").write_text(json.dumps(EVENT))
    (tmp_path / "config.json").write_text(json.dumps({"api_key": "hidden-key", "partner_name": "acme"}))
    said = datafly("preview", "insider", "event.json", "--config", "config.json", "--json", folder=tmp_path).stdout
    assert json.loads(said)["requests"][0]["headers"]["X-PARTNER-NAME"] == "acme"
    assert "hidden-key" not in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nope", "event.json"), "There is no integration 'nope'; there is braze,"),
        (("insider", "absent.json"), "absent.json cannot be read: No such file or directory."),
        (("insider", "."), ". cannot be read: Is a directory."),
        (("insider", "broken.json"), "broken.json is not JSON: Expecting value: line 2 column 1 (char 10)."),
        (("insider", "lines.json"), "(char 3). It takes one event or a list of events."),
        (("insider", "event.json", "--config", "list.json"), "list.json must hold one JSON object"),
        (("insider", "event.json", "--config", "half.json"), "config.partner_name is required"),
        (("insider", "event.json", "--config", "more.json"), "config.x is no setting of Insider"),
    ],
)
def test_what_a_preview_cannot_work_with_is_one_sentence(tmp_path, words, sentence):
    for name, text in {
        "event.json": json.dumps(EVENT),
        "broken.json": '{"type": \n',
        "lines.json": "{}\n{}\n",
        "list.json": "[]",
        "half.json": '{"api_key": "k"}',
        "more.json": '{"api_key": "k", "partner_name": "myco", "x": 1}',
    }.items():
        (tmp_path / name).write_text(text)
    ran = datafly("preview", *words, folder=tmp_path, status=2)
    assert ran.stdout == ""
    assert ran.stderr.startswith("datafly: ")
    assert ran.stderr.count("\n") == 1
    assert sentence in ran.stderr


def test_settings_tell_where_each_value_came_from(tmp_path):
    (tmp_path / "signal.toml").write_text("sandbox_port = 9090\n")
    words = ("settings", "--json", "--gateway-port", "9080")
    shown = json.loads(datafly(*words, folder=tmp_path, DATAFLY_MANAGEMENT_PORT="9084").stdout)
    assert shown["DATAFLY_GATEWAY_PORT"] == {"value": "9080", "source": "flag"}
    assert shown["DATAFLY_MANAGEMENT_PORT"] == {"value": "9084", "source": "environment"}
    assert shown["DATAFLY_SANDBOX_PORT"] == {"value": "9090", "source": "signal.toml"}
    assert shown["DATAFLY_DATA_DIR"] == {"value": "./data", "source": "default"}


@pytest.mark.parametrize(
    ("environment", "file", "sentence"),
    [
        ({"DATAFLY_GATEWAY_PROT": "1"}, "", "did you mean DATAFLY_GATEWAY_PORT?"),
        ({"DATAFLY_GATEWAY_PORT": "many"}, "", "DATAFLY_GATEWAY_PORT: 'many' is not a whole number."),
        ({}, "gateway_prot = 1", "did you mean gateway_port?"),
        ({"DATAFLY_ENCRYPTION_KEY": "short"}, "", "is malformed: it takes 32 bytes"),
        ({"DATAFLY_DATA_DIR": "/dev/null/data"}, "", "DATAFLY_DATA_DIR"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_sentence(tmp_path, environment, file, sentence):
    (tmp_path / "signal.toml").write_text(file)
    ran = datafly("up", "--demo", folder=tmp_path, status=2, **environment)
    assert sentence in ran.stderr
    assert ran.stderr.startswith("datafly: ")
    assert ran.stderr.count("\n") == 1


def test_tail_says_in_a_sentence_that_nothing_runs_and_makes_nothing(new_signal):
    absent = unstarted(new_signal)
    said = absent.run("tail", status=2)
    assert re.fullmatch(
        r"datafly: No Signal answers at \S+ \(Connection refused\): start it with `datafly up`.\n", said
    )
    assert not absent.data.exists()


# --- beside a running Signal ------------------------------------------------------------------------------------------


def test_the_first_start_makes_a_key_that_is_nobody_elses_and_says_so_calmly(demo):
    assert stat.S_IMODE((demo.data / "encryption.key").stat().st_mode) == 0o600
    before_the_welcome = demo.said.partition("Signal is running.")[0]
    told = [json.loads(line) for line in before_the_welcome.splitlines()]
    assert [(one["level"], one["event"]) for one in told] == [("info", "StoreKeyMade"), ("info", "StoreMigrated")]


def test_a_token_is_printed_and_nothing_else_and_works_at_once(demo):
    ran = datafly("token", "create", "--name", "robot", "--role", "viewer", folder=demo.folder, **demo.environment)
    assert re.fullmatch(r"dft_[\w-]+\n", ran.stdout)
    assert ran.stderr == ""
    demo.token, owner = ran.stdout.strip(), demo.token
    demo.api("GET", "pipelines")
    demo.api("POST", "tokens", {"name": "x"}, expect=403)
    demo.token = owner


def test_a_token_is_made_before_signal_ever_ran_and_works_once_it_does(new_signal):
    signal_to_be = new_signal(start=False)
    signal_to_be.token = signal_to_be.run("token", "create", "--name", "early").strip()
    signal_to_be.start()
    assert [one["name"] for one in signal_to_be.pages("tokens")] == ["demo", "early"]


def test_tail_shows_each_event_and_what_became_of_it(demo):
    demo.install(demo.vendor_key())
    with tail(demo) as printed:
        demo.send(EVENT, {**EVENT, "userId": "user-456", "context": {}})
        line = r"\d\d:\d\d:\d\d track    Product Viewed "
        for told in (r"user-123  insider DELIVERED 200 \d+ ms", r"user-456  insider SKIPPED consent_marketing"):
            demo.until(lambda told=told: re.search(line + told, printed()), told, printed)
    tokens = [one for one in demo.pages("tokens") if one["name"] == "tail"]
    assert tokens
    assert all(one["revoked_at"] for one in tokens)


def test_tail_for_a_machine_is_one_json_object_a_line(demo):
    with tail(demo, "--json") as printed:
        demo.send(EVENT)
        demo.until(lambda: "Product Viewed" in printed(), "the event is there", printed)
    (event, *_) = [json.loads(line) for line in printed().splitlines() if line.startswith("{")]
    assert (event["type"], event["user_id"]) == ("track", "user-123")


def test_tail_goes_on_when_signal_was_restarted_and_says_so(new_signal):
    restarted = new_signal()
    with tail(restarted) as printed:
        restarted.send({**EVENT, "userId": "before"})
        restarted.until(lambda: " before " in printed(), "the first event is there", printed)
        restarted.interrupt()
        restarted.until(lambda: "went away; waiting for it." in printed(), "it says so", printed)
        restarted.start()
        restarted.until(lambda: "It is back." in printed(), "it says so", printed)
        restarted.send({**EVENT, "userId": "after"})
        restarted.until(lambda: " after " in printed(), "the second event is there", printed)


def test_tail_of_another_data_folder_says_which_setting_is_wrong(demo, tmp_path):
    elsewhere = {**demo.environment, "DATAFLY_DATA_DIR": str(tmp_path / "elsewhere")}
    said = datafly("tail", folder=tmp_path, status=2, **elsewhere).stderr
    assert "is not the data folder of the Signal at" in said
    assert "--data-dir" in said
    assert list(tmp_path.iterdir()) == []

    datafly("token", "create", "--name", "x", folder=tmp_path, **elsewhere)
    assert "does not know the token" in datafly("tail", folder=tmp_path, status=2, **elsewhere).stderr


def test_a_second_start_says_which_port_is_taken_and_what_moves_it(demo):
    said = demo.run("up", "--demo", status=2)
    for port, name in zip(demo.ports, ("gateway", "management", "sandbox"), strict=True):
        assert f"Port {port} on 127.0.0.1 cannot be had (Address already in use)" in said
        assert f"--{name}-port" in said


def test_a_second_start_on_the_same_data_is_refused_in_words(demo, new_signal):
    other = unstarted(new_signal)
    said = other.run("up", "--demo", status=2, DATAFLY_DATA_DIR=str(demo.data))
    assert "Another Signal is running on the data folder" in said
    assert demo.answers()


def test_without_demo_it_starts_with_neither_shop_nor_sandbox_and_says_how_to_go_on(new_signal):
    plain = new_signal("--log-format=text")
    assert "token create --name me" in plain.said
    assert "sandbox" not in plain.said.replace(str(plain.folder), "")
    key = plain.pipeline()["pipeline_key"]
    assert f'<script src="http://localhost:{plain.ports[0]}/d.js" data-pipeline-key="{key}">' in plain.said
    assert plain.interrupt()[0] == 0


# --- in a checkout ----------------------------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path):
    """A copy to write into; what runs there is the copy."""
    left_out = shutil.ignore_patterns("__pycache__", "node_modules")
    for folder in ("src", "docs", "contract", "tests/conformance"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=left_out)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_a_scaffolded_integration_is_one_file_that_passes_the_whole_suite_with_its_sandbox_and_has_its_page(checkout):
    """The suite as it stands, where the only integration is the one that the scaffold wrote: it names none."""
    place = {"folder": checkout, "PYTHONPATH": str(checkout / "src"), "HOME": str(checkout)}
    made = datafly("new-integration", "Acme Mail", **place).stdout.splitlines()
    assert made == ["src/datafly/integrations/acme_mail/__init__.py"]
    assert "acme_mail, braze" in datafly("check", **place).stderr

    stale = datafly("docs", "--check", status=1, **place).stderr
    assert "docs/integrations/acme_mail.md is stale: run `datafly docs`." in stale
    datafly("docs", **place)
    assert datafly("docs", "--check", **place).stderr == ""
    assert "/acme_mail/install" in (checkout / "docs/integrations/acme_mail.md").read_text()

    for other in (checkout / "src/datafly/integrations").glob("[!a_]*"):
        shutil.rmtree(other)
    assert {
        "test_a_sample_is_sent_or_refused_as_it_says[acme_mail: a user logs in]",
        "test_an_answer_is_judged_as_declared[acme_mail: 401 Unauthorized]",
        "test_every_sample_that_is_sent_is_taken_by_the_sandbox_and_no_secret_reaches_it[acme_mail]",
        "test_requests_keep_limits_and_order_and_are_the_same_when_they_are_sent_again[acme_mail]",
        "test_any_events_are_sent_or_refused_with_a_reason_and_nothing_fails[acme_mail]",
        "test_its_page_tells_all_that_a_page_tells[acme_mail]",
        "test_every_definition_keeps_the_rules_of_its_tier",
    } <= passed_of_the_suite(checkout)


def passed_of_the_suite(checkout):
    suite = sorted((checkout / "tests/conformance").glob("test_integrations*.py"))
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-rp", "-p", "no:cacheprovider", *suite],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(checkout / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    return {line.split("::")[-1] for line in ran.stdout.splitlines() if line.startswith("PASSED")}


@pytest.mark.parametrize("name", ["Insider", "3rd Party", "", "…", "class", 'a"b'])
def test_a_name_that_is_taken_or_cannot_be_is_refused_in_a_sentence_and_nothing_is_written(tmp_path, name):
    taken = tmp_path / "src/datafly/integrations/insider/__init__.py"
    taken.parent.mkdir(parents=True)
    taken.touch()
    said = datafly("new-integration", name, folder=tmp_path, status=2).stderr
    assert said.startswith("datafly: ")
    assert said.count("\n") == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [taken]


def test_a_page_that_was_changed_by_hand_is_told(checkout):
    page = checkout / "docs/reference/settings.md"
    page.write_text(page.read_text() + "More.\n")
    said = datafly("docs", "--check", folder=checkout, status=1, PYTHONPATH=str(checkout / "src")).stderr
    assert said == "docs/reference/settings.md is stale: run `datafly docs`.\n"


def test_status_doctor_and_metrics_tell_of_a_signal_that_runs(demo):
    suspended = demo.install("no-key-of-the-vendor")
    demo.send(demo.track("Product Viewed", "user-9", product_id="p-1"))
    demo.has_state(suspended, "suspended")

    told = json.loads(demo.run("status", "--json"))
    (one,) = told["integrations"]
    assert (one["id"], one["state"], one["waiting"], one["seconds_left"]) == (suspended, "suspended", 1, None)
    assert (told["suspended"], told["waiting"]) == (1, 1)
    shown = demo.run("status", COLUMNS="120")
    assert "Insider (insider)" in shown
    assert "does not move" in shown
    assert one["cure"].rstrip(".") in shown.replace("\n", " ")

    findings = json.loads(demo.run("doctor", "--json", "--vendors", "--demo"))["findings"]
    assert [one for one in findings if one["level"] == "fail" and one["check"] != "disk"] == []
    assert {"ports", "store", "log", "key", "vendors"} <= {one["check"] for one in findings}

    samples = [sample for family in of_prometheus(demo.metrics()) for sample in family.samples]
    roles = {"supervisor", "gateway", "processor", "delivery", "management", "sandbox"}
    assert {sample.labels["process"] for sample in samples} == roles
    standing = "datafly_deliver_installation_state"
    states = [one.labels["state"] for one in samples if one.name == standing and one.value == 1]
    assert states == ["suspended"]
    answered = "datafly_deliver_request_answered_latency_seconds_count"
    assert any(one.name == answered and one.labels["installation"] == suspended for one in samples)
    lines = [json.loads(line) for line in demo.out.read_text().splitlines() if line.startswith('{"at"')]
    wide = next(line for line in lines if line["event"] == "DeliverRequestAnswered" and line["status"] == 401)
    assert (wide["installation_id"], wide["verdicts"], wide["events"]) == (suspended, {"SUSPENDED": 1}, 1)
    assert "no-key-of-the-vendor" not in demo.out.read_text()
