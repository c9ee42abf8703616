"""A busy port is told before anything starts, with the setting that moves it."""

import socket

from datafly.model.errors import OperatorError
from datafly.settings import Settings, table


def refuse_busy_ports(settings: Settings) -> None:
    """Raises `OperatorError` naming every port that cannot be had, and the setting that moves it."""
    names = ["gateway_port", "management_port", *(["sandbox_port"] if settings.demo else [])]
    chosen = [getattr(settings, name) for name in names]
    if len(set(chosen)) < len(chosen):
        raise OperatorError(f"Two of the ports are the same: {', '.join(map(str, chosen))}.", code="PORT_TWICE")
    busy = [_sentence(settings.host, getattr(settings, name), name) for name in names]
    said = [sentence for sentence in busy if sentence]
    if said:
        raise OperatorError(" ".join(said), code="PORT_BUSY")


def _sentence(host: str, port: int, name: str) -> str:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            row = next(row for row in table() if row.name == name)
            return (
                f"Port {port} on {host} cannot be had ({error.strerror or error}): choose another with "
                f"{row.variable}={port + 1000} or {row.flag} {port + 1000}."
            )
    return ""
