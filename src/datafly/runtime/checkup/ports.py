"""Ports: free where nothing runs, and answering where it does."""

import http.client
from collections.abc import Iterator
from typing import Final

from datafly.model.errors import OperatorError
from datafly.runtime.checkup.finding import Finding, Ground, Level
from datafly.runtime.folder import somebody_is_in
from datafly.runtime.lone import OWN_HEALTH_PORT
from datafly.runtime.ports import refuse_busy_ports
from datafly.settings import Settings

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  only compared
_SECONDS: Final = 5.0


def check(ground: Ground) -> Iterator[Finding]:
    settings = ground.settings
    if not ground.is_running:
        try:
            refuse_busy_ports(settings)
        except OperatorError as error:
            yield Finding("ports", Level.FAIL, error.message)
        else:
            yield Finding("ports", Level.OK, f"Signal is not running on {settings.data_dir}, and its ports are free.")
        return
    host = _EVERYWHERE.get(settings.host, settings.host)
    for role, port in _ports(settings):
        yield _asked(role, host, port)


def _ports(settings: Settings) -> list[tuple[str, int]]:
    """Where whoever runs here says whether it is ready: a tree on the ports that it serves, a role alone on its own."""
    alone = [role for role in OWN_HEALTH_PORT if somebody_is_in(settings, role)]
    if not alone:
        return [("gateway", settings.gateway_port), ("management", settings.management_port)]
    return [(role, settings.health_port or OWN_HEALTH_PORT[role]) for role in alone]


def _asked(role: str, host: str, port: int) -> Finding:
    connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        connection.request("GET", "/readyz")
        reply = connection.getresponse()
        text = reply.read(300).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        said = f"Signal is running, and its {role} does not answer at {host}:{port} ({error})."
        return Finding("ports", Level.FAIL, said, "Give the ports that it was started with; look at its log.")
    finally:
        connection.close()
    if reply.status != 200:
        return Finding("ports", Level.FAIL, f"The {role} is not ready: {text}", "Its log says more.")
    return Finding("ports", Level.OK, f"The {role} answers at {host}:{port}, and is ready.")
