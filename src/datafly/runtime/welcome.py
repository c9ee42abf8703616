"""What `datafly up` says once everything runs: where things are, and what to do next."""

from datafly import catalog
from datafly.runtime.compose import sandbox_url
from datafly.runtime.token import demo_token
from datafly.settings import Settings
from datafly.spec.faces.curl import curl_install
from datafly.store.open import SqlStore


def welcome(settings: Settings, store: SqlStore) -> str:
    """The text; under demo with a token and the install call of the first integration, ready to paste."""
    lines = ["Signal is running.", "", *_places(settings)]
    lines += _demo(settings, store) if settings.demo else _plain(store)
    return "\n".join([*lines, "", "Ctrl-C stops it; what was acknowledged is kept."])


def _url(settings: Settings, port: int) -> str:
    host = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else settings.host  # noqa: S104  only compared
    return f"http://{host}:{port}"


def _places(settings: Settings) -> list[str]:
    gateway = _url(settings, settings.gateway_port)
    places = [
        ("gateway", gateway, f"collector {gateway}/d.js"),
        ("management API", _url(settings, settings.management_port), "OpenAPI /v1/admin/openapi.json"),
    ]
    if settings.demo:
        places += [
            ("demo shop", f"{gateway}/shop/", "click through it"),
            ("vendor sandbox", f"{_url(settings, settings.sandbox_port)}/", "what arrived, in the vendor's panel"),
        ]
    return [f"  {name:<15} {url:<32} {what}" for name, url, what in places]


def _demo(settings: Settings, store: SqlStore) -> list[str]:
    first = catalog.all()[0]
    call = curl_install(first, _url(settings, settings.management_port), demo_token(settings, store))
    panel = f"{sandbox_url(settings)}/{first.slug}/panel"
    secret = next((setting.name for setting in first.settings if setting.kind == "secret"), "")
    return [
        "",
        f"In this demo {first.name} is its sandbox on this machine: nothing leaves it.",
        "",
        "What to do next",
        f"  1. Open {panel} , log in as it says, and generate an API key.",
        f"  2. Install {first.name} with it (put the key where {secret} stands):",
        "",
        call,
        "",
        f"  3. Open {_url(settings, settings.gateway_port)}/shop/ , allow marketing, log in, buy something.",
        f"  4. See it arrive in the panel, and in Signal with: {_tail(settings)}",
    ]


def _tail(settings: Settings) -> str:
    moved = [] if str(settings.data_dir) == "data" else [f"--data-dir {settings.data_dir}"]
    moved += [] if settings.management_port == 8084 else [f"--management-port {settings.management_port}"]
    return " ".join([".venv/bin/datafly tail", *moved])


def _plain(store: SqlStore) -> list[str]:
    key = store.control.pipelines()[0].pipeline_key
    return [
        "",
        f'  pipeline key    {key}      <script src="…/d.js" data-pipeline-key="{key}"></script>',
        "  an API token    datafly token create --name me",
    ]
