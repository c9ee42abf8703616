"""What `datafly up` says once everything runs: where things are, and what to do next."""

import os
import shlex
import sys
from pathlib import Path

from datafly import catalog
from datafly.management.inviting import demo_link, has_owner, owner_link
from datafly.runtime.people import link_of, management_url, url_of
from datafly.runtime.token import demo_token
from datafly.settings import Settings, table
from datafly.spec.faces.curl import curl_install, example_config
from datafly.spec.integration import Integration
from datafly.spec.setting import Address, SecretAddress, SettingKind
from datafly.store.open import SqlStore


def welcome(settings: Settings, store: SqlStore) -> str:
    """The text; under demo with a token and the install call of the first integration, ready to paste."""
    lines = ["Signal is running.", "", *_places(settings, store)]
    lines += _coming_in(settings, store)
    lines += _demo(settings, store) if settings.demo else _plain(settings, store)
    return "\n".join([*lines, "", "Ctrl-C stops it; what was acknowledged is kept."])


def _places(settings: Settings, store: SqlStore) -> list[str]:
    gateway = url_of(settings, settings.gateway_port)
    places = [
        ("gateway", gateway, f"collector {gateway}/d.js"),
        ("management", management_url(settings), "pages; OpenAPI /v1/admin/openapi.json"),
    ]
    if settings.demo:
        places += [
            ("demo shop", f"{gateway}/shop/", "click through it"),
            ("vendor sandbox", f"{url_of(settings, settings.sandbox_port)}/", "what arrived, in the vendor's panel"),
        ]
    places += [("pipeline key", one.pipeline_key, one.name) for one in store.control.pipelines() if one.enabled]
    return [f"  {name:<15} {place:<33} {what}" for name, place, what in places]


def _coming_in(settings: Settings, store: SqlStore) -> list[str]:
    """A link, where somebody needs one: a new one at every start, so that those of before are worth nothing."""
    if settings.demo:
        return [
            "",
            "Open this in your browser: it logs you in, once, within a day.",
            "",
            f"  {_demo_link(settings, store)}",
        ]
    if has_owner(store.control):
        return []
    link = link_of(settings, owner_link(store.control))
    return ["", "Open this in your browser to set your password. It works once, within a day.", "", f"  {link}"]


def _demo_link(settings: Settings, store: SqlStore) -> str:
    return link_of(settings, demo_link(store.control))


def _demo(settings: Settings, store: SqlStore) -> list[str]:
    first = _first()
    shop, sandbox = url_of(settings, settings.gateway_port), url_of(settings, settings.sandbox_port)
    return [
        "",
        f"In this demo {first.name} is its sandbox on this machine: nothing leaves it.",
        "",
        "What to do next",
        f"  1. Open {sandbox}/{first.slug}/panel , log in as it says, generate an API key.",
        *_install(settings, store, first),
        f"  3. Open {shop}/shop/ , allow marketing, log in, buy something.",
        f"  4. See it arrive in the panel, and in Signal with: {command(settings, 'tail')}",
    ]


def _first() -> Integration:
    """The first that asks for no address: without one it is the sandbox that is called (`runtime.installations`)."""
    every = catalog.all()
    return next((one for one in every if not any(map(_is_asked_address, one.settings))), every[0])


def _is_asked_address(setting: SettingKind) -> bool:
    return isinstance(setting, Address | SecretAddress) and setting.must_be_given


def _install(settings: Settings, store: SqlStore, first: Integration) -> list[str]:
    examples = example_config(first)
    secret = next((one.name for one in first.settings if one.kind == "secret"), "")
    there = [one.name for one in store.control.installations() if one.vendor == first.slug]
    call = curl_install(first, url_of(settings, settings.management_port), demo_token(settings, store))
    words = f"Install {first.name} with it: paste this, with the key in place of {examples.get(secret, secret)}"
    if there:
        words = f"{first.name} is installed ({', '.join(there)}); another one needs another name in this call"
    return [f"  2. {words}:", "", call, ""]


def _plain(settings: Settings, store: SqlStore) -> list[str]:
    gateway = url_of(settings, settings.gateway_port)
    key = store.control.ensure_default_pipeline().pipeline_key
    names = ", ".join(one.name for one in catalog.all())
    return [
        "",
        "What to do next",
        "  1. Put the collector on your pages:",
        f'       <script src="{gateway}/d.js" data-pipeline-key="{key}"></script>',
        "  2. Make an API token:",
        f"       {command(settings, 'token create --name me')}",
        f"  3. Install an integration with it ({names}): docs/integrations/ has the call for each.",
        f"  4. See what comes in and what becomes of it: {command(settings, 'tail')}",
    ]


def command(settings: Settings, words: str) -> str:
    """A command line that reaches this Signal from this folder: the settings that are not the defaults go with it."""
    moved = [
        f"{row.flag} {shlex.quote(str(getattr(settings, row.name)))}"
        for row in table()
        if _is_moved(settings, row.name, row.default)
    ]
    return " ".join([_program(), words, *moved])


def _is_moved(settings: Settings, name: str, default: object) -> bool:
    return name in ("data_dir", "host", "management_port") and getattr(settings, name) != default


def _program() -> str:
    """As a person in this folder would write it."""
    beside = Path(sys.executable).with_name("datafly")
    path = os.path.relpath(beside) if beside.is_relative_to(Path.cwd()) else str(beside)
    return path if beside.is_file() else "datafly"
