"""`datafly export` and `datafly apply` as processes on a store of their own."""

import json
import subprocess
import sys

import pytest

DOCUMENT = """\
version: 1
pipelines:
  Shop:
    parameters: {partner: shopco}
integrations:
  Insider:
    vendor: insider
    config:
      api_key: env:INSIDER_KEY
      partner_name: '{{pipeline_param.partner}}'
    pipelines:
      Shop: {}
webhooks:
  payments:
    pipeline: Shop
    kind: stripe
    secret: file:stripe.txt
"""


@pytest.fixture
def datafly(tmp_path):
    """Runs it in a folder with the document and its secrets."""
    (tmp_path / "signal.yaml").write_text(DOCUMENT)
    (tmp_path / "stripe.txt").write_text("whsec_s3cret\n")

    def run(*words, status=0, **environment):
        kept = {"PATH": "", "DATAFLY_DATA_DIR": str(tmp_path / "data"), "INSIDER_KEY": "s3cret-key", **environment}
        command = [sys.executable, "-m", "datafly", *words]
        ran = subprocess.run(command, cwd=tmp_path, env=kept, capture_output=True, text=True, check=False, timeout=120)
        assert ran.returncode == status, ran.stdout + ran.stderr
        assert "s3cret" not in ran.stdout + ran.stderr
        return ran

    return run


def test_a_document_is_shown_applied_exported_and_then_changes_nothing(datafly, tmp_path):
    shown = datafly("apply", "signal.yaml", "--dry-run").stdout
    assert "+ integration Insider on Shop" in shown
    assert "3 to add, 0 to change, 0 to remove." in shown
    assert "integrations: {}" in datafly("export").stdout
    assert datafly("apply", "signal.yaml").stdout == shown
    assert datafly("apply", "signal.yaml").stdout == "Nothing to change.\n"

    (tmp_path / "out.yaml").write_text(datafly("export").stdout)
    assert "#   SIGNAL_INSIDER_API_KEY\n#   SIGNAL_PAYMENTS_SECRET\n" in (tmp_path / "out.yaml").read_text()
    missing = datafly("apply", "out.yaml", status=2).stderr
    assert "config › api_key: env:SIGNAL_INSIDER_API_KEY is not there" in missing
    assert datafly("apply", "out.yaml", "--keep-secrets").stdout == "Nothing to change.\n"
    secrets = {"SIGNAL_INSIDER_API_KEY": "s3cret-key", "SIGNAL_PAYMENTS_SECRET": "whsec_s3cret"}
    elsewhere = {"DATAFLY_DATA_DIR": str(tmp_path / "other"), **secrets}
    datafly("apply", "out.yaml", **elsewhere)
    assert datafly("export", **elsewhere).stdout == (tmp_path / "out.yaml").read_text()


def test_what_is_wrong_is_told_with_file_and_line(datafly, tmp_path):
    wrong = DOCUMENT.replace("vendor: insider", "vendor: insder").replace("stripe.txt", "no.txt")
    (tmp_path / "wrong.yaml").write_text(wrong)
    first, second = datafly("apply", "wrong.yaml", status=2).stderr.splitlines()
    assert first.startswith("datafly: wrong.yaml:7: integrations › Insider › vendor: there is no integration 'insder'")
    assert second.startswith("wrong.yaml:17: webhooks › payments › secret: file:no.txt is not there")
    assert "integrations: {}" in datafly("export").stdout


def test_the_schema_is_printed_for_editors(datafly):
    schema = json.loads(datafly("export", "--schema").stdout)
    sections = {"pipelines", "integrations", "webhooks", "alerts", "alert_channels", "consent"}
    assert set(schema["$defs"]["Declaration"]["properties"]) == {"version", *sections}


def test_another_signal_takes_a_token(datafly):
    assert "--url needs --token" in datafly("export", "--url", "http://127.0.0.1:1", status=2).stderr
    assert "does not answer" in datafly("export", "--url", "http://127.0.0.1:1", "--token", "dft_x", status=2).stderr
