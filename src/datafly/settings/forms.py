"""What a text setting must look like; each raises `ValueError` with the words that follow the value."""

import re
from ipaddress import ip_network
from typing import Final
from urllib.parse import urlsplit

from datafly.model.people import ROLES

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_BROKER: Final = r"(?:[^,:/@\s\[\]]+|\[[0-9A-Fa-f:]+\]):\d{1,5}"
_BROKERS: Final = re.compile(rf"kafka://{_BROKER}(?:,{_BROKER})*/?")
_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{0,100}")
_DOMAIN: Final = re.compile(rf"\.?{_LABEL}(?:\.{_LABEL})*")


def domain(text: str) -> None:
    """It goes into a header as it is."""
    if text and not _DOMAIN.fullmatch(text):
        raise ValueError("is no domain name, such as shop.example.com")


def web_address(text: str) -> None:
    """Scheme and host, perhaps a port: pages live at its root."""
    if not text:
        return
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("is no address such as https://signal.example.com")


def collector(text: str) -> None:
    """Where something is posted to: with a path, without anybody's name."""
    if not text:
        return
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.fragment or parts.username is not None:
        raise ValueError("is no address such as http://localhost:4318/v1/traces")


def issuer(text: str) -> None:
    """Secrets go there, so it is HTTPS; without, only on this machine."""
    if not text:
        return
    try:
        parts = urlsplit(text)
        here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    except ValueError:
        raise ValueError("is no address such as https://login.example.com") from None
    if not parts.hostname or parts.query or parts.fragment or not (parts.scheme == "https" or here):
        raise ValueError("is no address such as https://login.example.com")


def roles(text: str) -> None:
    """`VALUE=ROLE`, separated by commas."""
    for entry in (one.strip() for one in text.split(",") if one.strip()):
        value, equals, role = entry.rpartition("=")
        if not value.strip() or not equals or role.strip() not in ROLES:
            raise ValueError(f"holds {entry!r}, which is not VALUE=ROLE with a role of {', '.join(ROLES)}")


def networks(text: str) -> None:
    """Addresses or networks, separated by commas; `*` stands for all."""
    for entry in (one.strip() for one in text.split(",")):
        if entry in ("", "*"):
            continue
        try:
            ip_network(entry, strict=False)
        except ValueError:
            raise ValueError(f"holds {entry!r}, which is neither an address, nor a network, nor *") from None


def hosts(text: str) -> None:
    """Names, addresses or networks, separated by commas."""
    for entry in (one.strip() for one in text.split(",") if one.strip()):
        try:
            ip_network(entry, strict=False)
        except ValueError:
            if not _DOMAIN.fullmatch(entry.rstrip(".")) or entry.startswith(".") or entry[-1].isdigit():
                raise ValueError(
                    f"holds {entry!r}, which is no name, address or network, such as 10.0.5.0/24"
                ) from None


def brokers(text: str) -> None:
    """`kafka://HOST:PORT`, further ones after commas."""
    if text and not _BROKERS.fullmatch(text):
        raise ValueError("is not of the form kafka://HOST:9092,HOST2:9092")


def topic(text: str) -> None:
    """What names of topics are made of."""
    if not _TOPIC.fullmatch(text):
        raise ValueError("holds more than letters, digits and . _ -, or is longer than 100")
