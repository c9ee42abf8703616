"""What a text setting must look like; each raises `ValueError` with the words that follow the value."""

import re
from ipaddress import ip_network
from typing import Final
from urllib.parse import urlsplit

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
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


def networks(text: str) -> None:
    """Addresses or networks, separated by commas; `*` stands for all."""
    for entry in (one.strip() for one in text.split(",")):
        if entry in ("", "*"):
            continue
        try:
            ip_network(entry, strict=False)
        except ValueError:
            raise ValueError(f"holds {entry!r}, which is neither an address, nor a network, nor *") from None
