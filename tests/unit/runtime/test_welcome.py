import re
import sys
from pathlib import Path

import pytest

from datafly.model.installation import Installation, Revision, Template
from datafly.runtime.prepare import open_the_store
from datafly.runtime.welcome import command, welcome
from datafly.settings import Settings

PAGE = """\
curl -X POST http://localhost:8084/v1/admin/integration-catalog/insider/install \\
  -H "Authorization: Bearer YOUR_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "Insider",
    "variant": "default",
    "config": {
      "api_key": "xxxxxxxxxxxxxxxxxxxx",
      "partner_name": "myco"
    },
    "delivery_mode": "server_side"
  }'"""
"""The call as Insider's page in Signal's documentation has it."""


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data", demo=True)


def said(settings):
    with open_the_store(settings) as store:
        store.control.ensure_default_pipeline()
        return welcome(settings, store)


def shown_token(text):
    return re.search(r"Bearer (dft_\S+)\"", text)[1]


def test_the_install_call_is_that_of_the_page_with_token_and_host_filled_in(settings):
    text = said(Settings(data_dir=settings.data_dir, demo=True, host="10.0.0.7", management_port=9084))
    expected = PAGE.replace("YOUR_TOKEN", shown_token(text)).replace("http://localhost:8084", "http://10.0.0.7:9084")
    assert f"\n{expected}\n" in text


def test_the_token_that_is_shown_is_one(settings):
    text = said(settings)
    with open_the_store(settings) as store:
        assert store.control.find_token(shown_token(text)).role == "owner"


def test_the_urls_are_those_of_the_settings(settings):
    text = said(Settings(data_dir=settings.data_dir, demo=True, gateway_port=1, management_port=2, sandbox_port=3))
    for url in (
        "http://localhost:1 ",
        "http://localhost:1/d.js",
        "http://localhost:1/shop/",
        "http://localhost:2 ",
        "http://localhost:3/",
        "http://localhost:3/insider/panel",
    ):
        assert url in text


@pytest.mark.parametrize("host", ["0.0.0.0", "::1"])
def test_an_address_that_no_browser_opens_is_shown_as_localhost(settings, host):
    assert "http://localhost:8080/shop/" in said(Settings(data_dir=settings.data_dir, demo=True, host=host))


def test_the_demo_says_that_nothing_leaves_the_machine(settings):
    assert "In this demo Insider is its sandbox on this machine: nothing leaves it." in said(settings)


def test_after_the_installation_the_demo_says_so_instead_of_asking_for_it_again(settings):
    assert "Install Insider with it: paste this, with the key in place of xxxxxxxxxxxxxxxxxxxx:" in said(settings)
    template = Template(id="tmpl_1", name="My Insider", vendor="insider")
    revision = Revision(id="rev_1", template_id="tmpl_1", number=1, config={})
    with open_the_store(settings) as store:
        pipeline = store.control.ensure_default_pipeline()
        store.control.install(template, revision, [Installation("pi_1", pipeline.id, template, revision)])
    assert "Insider is installed (My Insider); another one needs another name in this call:" in said(settings)


def test_without_demo_it_says_how_to_begin_and_shows_no_token(settings):
    plain = Settings(data_dir=settings.data_dir)
    text = said(plain)
    with open_the_store(plain) as store:
        key = store.control.pipelines()[0].pipeline_key
        assert store.control.tokens() == []
    assert f'<script src="http://localhost:8080/d.js" data-pipeline-key="{key}"></script>' in text
    assert "token create --name me" in text
    assert "sandbox" not in text
    assert "shop" not in text


def test_what_to_type_next_reaches_this_signal(settings, monkeypatch, tmp_path):
    beside = Path(sys.executable).with_name("datafly")
    monkeypatch.chdir(beside.parents[2])
    moved = Settings(data_dir=tmp_path / "my data", management_port=9084)
    assert command(Settings(), "tail") == ".venv/bin/datafly tail"
    assert command(moved, "tail") == f".venv/bin/datafly tail --data-dir '{tmp_path}/my data' --management-port 9084"
    monkeypatch.chdir(tmp_path)
    assert command(Settings(), "tail") == f"{beside} tail"
