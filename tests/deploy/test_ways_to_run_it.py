"""The files by which Signal is deployed say only what Signal knows, and are what the tools that run them take."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from datafly.cli.app import app
from datafly.observe.catalogue import every_metric
from datafly.settings import Settings

pytestmark = pytest.mark.xdist_group("deploy")
"""Helm is built once, where it has to be."""
DEPLOY = Path(__file__).parents[2] / "deploy"
CHART = DEPLOY / "helm" / "signal"
FILES = sorted(file for file in DEPLOY.rglob("*") if file.is_file() and file.parent.name != "observability")
OWN_KINDS = ("ScaledObject", "PodMonitor")
"""Of operators that a cluster may have; no schema of Kubernetes has them."""
ALL = (
    "ingress.enabled=true",
    "metrics.podMonitor=true",
    *(f"roles.{role}.autoscaling.enabled=true" for role in ("gateway", "processor", "delivery", "management")),
)


@pytest.fixture(scope="module")
def helm():
    script = DEPLOY.parent / "scripts" / "helm.sh"
    found = subprocess.run(["sh", str(script)], capture_output=True, text=True, check=True).stdout.strip()
    return found or pytest.skip("no Helm, and no Go to build it")


def drawn(helm, *given):
    """The chart's documents."""
    asked = [helm, "template", "shop", str(CHART), "--namespace", "signal", "--kube-version", "1.31.0"]
    done = subprocess.run([*asked, *(f"--set={one}" for one in given)], capture_output=True, text=True, check=True)
    return [one for one in yaml.safe_load_all(done.stdout) if one]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(DEPLOY)))
def test_every_setting_that_a_file_names_is_one(file):
    named = re.findall(r"\bDATAFLY_([A-Z0-9_]+[A-Z0-9])\b", file.read_text())
    assert {name.lower() for name in named} <= {*Settings.__struct_fields__}


def test_every_command_that_is_run_is_one():
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    commands = {one["command"][0] for one in compose["services"].values() if one.get("image") == "signal"}
    assert {"gateway", "processor", "delivery", "management", "migrate", "sandbox"} <= commands <= known
    roles = yaml.safe_load((CHART / "values.yaml").read_text())["roles"]
    assert {*roles} <= known


def test_the_compose_file_is_one_and_has_two_of_each_role():
    file = DEPLOY / "compose" / "compose.yaml"
    checked = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    done = subprocess.run(checked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    services = yaml.safe_load(file.read_text())["services"]
    for role in ("gateway", "processor", "delivery", "management"):
        assert services[role]["deploy"]["replicas"] == 2
        assert services[role]["read_only"] is True


def test_secrets_of_the_compose_file_come_from_the_environment():
    told = (DEPLOY / "compose" / "compose.yaml").read_text()
    example = (DEPLOY / "compose" / ".env.example").read_text()
    asked = {*re.findall(r"\$\{([A-Z_]+):\?", told)}
    assert asked == {line.split("=")[0] for line in example.splitlines() if "=" in line and not line.startswith("#")}


@pytest.mark.parametrize("given", [(), ALL], ids=["as it is", "with everything"])
def test_the_chart_draws_what_kubernetes_takes(helm, given):
    documents = drawn(helm, *given)
    for document in documents:
        if document["kind"] not in OWN_KINDS:
            kubernetes_validate.validate(document, "1.31", strict=True)
    assert len([one for one in documents if one["kind"] == "StatefulSet"]) == 4
    own = sorted(one["kind"] for one in documents if one["kind"] in OWN_KINDS)
    assert own == (["PodMonitor", "ScaledObject", "ScaledObject"] if given else [])


def test_pods_of_the_chart_are_nobody_who_may_do_anything(helm):
    pods = [one["spec"]["template"]["spec"] for one in drawn(helm) if one["kind"] in ("StatefulSet", "Job")]
    assert len(pods) == 5
    for pod in pods:
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        (container,) = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_a_pod_has_longer_to_end_than_it_takes_to_drain(helm):
    for one in drawn(helm):
        if one["kind"] == "StatefulSet":
            pod = one["spec"]["template"]["spec"]
            settings = {each["name"]: each["value"] for each in pod["containers"][0]["env"]}
            asleep = 5 if "lifecycle" in pod["containers"][0] else 0
            assert pod["terminationGracePeriodSeconds"] > float(settings["DATAFLY_DRAIN_SECONDS"]) + asleep


def test_scaling_asks_for_metrics_that_there_are(helm):
    asked = [
        trigger["metadata"]["query"]
        for one in drawn(helm, *ALL)
        if one["kind"] == "ScaledObject"
        for trigger in one["spec"]["triggers"]
    ]
    named = {name for query in asked for name in re.findall(r"\bdatafly_\w+", query)}
    assert named
    assert named <= {family.name for family in every_metric()}


def test_a_value_that_the_chart_does_not_know_is_refused(helm):
    with pytest.raises(subprocess.CalledProcessError) as refused:
        drawn(helm, "roles.gatway.replicas=3")
    assert "gatway" in refused.value.stderr


def test_the_unit_starts_the_embedded_form_and_systemd_takes_it(tmp_path):
    unit = (DEPLOY / "systemd" / "signal.service").read_text()
    assert "ExecStart=/opt/signal/bin/datafly up\n" in unit
    if not (analyze := shutil.which("systemd-analyze")):
        pytest.skip("no systemd here")
    copy = tmp_path / "signal.service"
    copy.write_text(unit.replace("/opt/signal/bin/datafly up", "/bin/true"))
    done = subprocess.run([analyze, "verify", str(copy)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_chart_and_the_package_are_of_one_version():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = (DEPLOY.parent / "pyproject.toml").read_text()
    assert f'version = "{chart["appVersion"]}"' in project
    assert json.loads((CHART / "values.schema.json").read_text())["type"] == "object"
