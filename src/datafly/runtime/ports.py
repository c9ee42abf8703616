"""A port that cannot be had is told before anything starts, with the setting that moves it."""

import contextlib
import errno
import socket
from collections.abc import Collection, Iterator

from datafly.model.errors import OperatorError
from datafly.settings import Row, Settings, table

_HIGHEST = 65535
_STEP = 1000


def refuse_busy_ports(settings: Settings, names: Collection[str] | None = None) -> None:
    """Raises `OperatorError` naming every port that cannot be had, and the setting that moves it.

    `names` are the settings to look at; without them the ports of `datafly up`.
    """
    if names is None:
        names = ("gateway_port", "management_port", *(["sandbox_port"] if settings.demo else []))
    rows = [row for row in table() if row.name in names]
    _refuse_twice(settings, rows)
    said = [sentence for row in rows if (sentence := _sentence(settings.host, getattr(settings, row.name), row))]
    if said:
        raise OperatorError(" ".join(said), code="PORT_BUSY")


def shared_socket(host: str, port: int) -> socket.socket:
    """One of several that are bound to the same port, among which the kernel shares out who connects. Linux alone."""
    kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    made = socket.socket(kind, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(address)
    except OSError as error:
        made.close()
        raise OperatorError(f"Port {port} on {host} cannot be had ({_reason(error)}).", code="PORT_BUSY") from error
    return made


@contextlib.contextmanager
def shared_with_nobody_else(settings: Settings) -> Iterator[None]:
    """The gateway's port is shared by the processes of this Signal alone, for as long as it runs. Linux alone.

    The kernel lets in whoever asks to share. Of two that find the port free at once only one gets the name, which is
    let go with its process. Raises `OperatorError`.
    """
    row = next(row for row in table() if row.name == "gateway_port")
    with socket.socket(socket.AF_UNIX) as claim:
        try:
            claim.bind(f"\0datafly gateway port {settings.gateway_port}")
        except OSError as error:
            cure = _cure(settings.host, settings.gateway_port, row, "another Signal shares it out among its processes")
            raise OperatorError(cure, code="PORT_BUSY") from error
        yield


def _refuse_twice(settings: Settings, rows: list[Row]) -> None:
    taken: dict[int, Row] = {}
    for row in rows:
        port = getattr(settings, row.name)
        if port in taken:
            both = f"{taken[port].variable} and {row.variable}"
            raise OperatorError(f"{both} are both {port}: change one of them.", code="PORT_TWICE")
        taken[port] = row


def _sentence(host: str, port: int, row: Row) -> str:
    try:
        kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError) as error:
        raise OperatorError(
            f"DATAFLY_HOST={host} is no address ({_reason(error)}): set one of this machine."
        ) from error
    with socket.socket(kind, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise OperatorError(f"DATAFLY_HOST={host} is no address of this machine: set one that is.") from error
            return _cure(host, port, row, _reason(error))
    return ""


def _cure(host: str, port: int, row: Row, reason: str) -> str:
    other = port + _STEP if port + _STEP <= _HIGHEST else port - _STEP
    return (
        f"Port {port} on {host} cannot be had ({reason}): "
        f"choose another with {row.variable}={other} or {row.flag} {other}."
    )


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
