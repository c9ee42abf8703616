"""The Signal that a command asks over its management API: that of this machine, or another by address and token."""

import contextlib
from collections.abc import Iterator
from typing import Final

from datafly.management.client import Client
from datafly.model.errors import OperatorError
from datafly.runtime.token import passing_token
from datafly.settings import Settings

CURE: Final = "Give the one that it uses with --data-dir, or an API token with --token."


def base_url(settings: Settings, url: str | None) -> str:
    return (url or f"http://{_host(settings)}:{settings.management_port}").rstrip("/")


@contextlib.contextmanager
def viewer(settings: Settings, *, url: str | None, token: str | None, name: str, seconds: float) -> Iterator[Client]:
    """May read. Raises `OperatorError` where no Signal answers, or nobody knows with what token.

    Without a token one is made of that name in the store of this machine, and taken back; it holds so many seconds.
    """
    base = base_url(settings, url)
    Client(base).require_alive()
    if url and not token:
        raise OperatorError("--url needs --token: an API token of that Signal.")
    with _token_of(settings, base, token, name, seconds) as text:
        yield Client(base, text)


def _host(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  only compared
    return f"[{host}]" if ":" in host else host


def _token_of(
    settings: Settings, base: str, given: str | None, name: str, seconds: float
) -> "contextlib.AbstractContextManager[str]":
    if given:
        return contextlib.nullcontext(given)
    if settings.store_url is None and not (settings.data_dir / "store.db").is_file():
        raise OperatorError(f"{settings.data_dir} is not the data folder of the Signal at {base}. {CURE}")
    return passing_token(settings, name=name, role="viewer", seconds=seconds)
