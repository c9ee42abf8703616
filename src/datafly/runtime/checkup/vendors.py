"""Whether vendors can be reached from here, and whether clocks agree; only where it is asked for.

Nothing of anybody's is sent: a HEAD to the bare host, without a key.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from datafly.model.delivery import Outgoing, Reply
from datafly.model.errors import SignalError
from datafly.runtime.checkup.finding import Finding, Ground, Level, seconds_apart
from datafly.runtime.compose import open_transport
from datafly.runtime.installations import compiler
from datafly.runtime.prepare import open_the_store
from datafly.settings import Settings

_SECONDS: Final = 10.0
_MOST_APART: Final = 30.0
"""`Date` is whole seconds, and the network takes some; signatures bear five minutes."""


def check(ground: Ground) -> Iterator[Finding]:
    if ground.clock_url:
        (reply,) = asyncio.run(_asked(ground.settings, [ground.clock_url]))
        yield _clock(ground.clock_url, reply)
    if not ground.vendors:
        return
    addresses = _addresses(ground.settings)
    if not addresses:
        yield Finding("vendors", Level.OK, "No integration is installed.")
    replies = asyncio.run(_asked(ground.settings, list(addresses)))
    for (origin, names), reply in zip(addresses.items(), replies, strict=True):
        yield _reached(origin, names, reply)


def _addresses(settings: Settings) -> Mapping[str, str]:
    """Scheme, host and port → for which installations. What cannot be set up is told by its state, not here."""
    found: dict[str, list[str]] = {}
    compile_one = compiler(settings)
    with open_the_store(settings) as store:
        for installation in store.control.installations():
            try:
                asked = compile_one(installation).credential_check
            except SignalError:
                continue
            if asked is not None:
                parts = urlsplit(asked.url)
                found.setdefault(f"{parts.scheme}://{parts.netloc}/", []).append(installation.name)
    return {origin: ", ".join(names) for origin, names in found.items()}


async def _asked(settings: Settings, urls: list[str]) -> list[Reply]:
    transport = open_transport(settings)
    try:
        heads = [Outgoing("HEAD", url, {}, b"", timeout_seconds=_SECONDS) for url in urls]
        return await asyncio.gather(*map(transport.send, heads))
    finally:
        await transport.close()


def _reached(origin: str, names: str, reply: Reply) -> Finding:
    if reply.status is None:
        said = f"{origin} ({names}) cannot be reached: {reply.error}."
        return Finding("vendors", Level.FAIL, said, "Let this machine reach it: firewall, DNS, proxy.")
    apart = _apart(reply)
    if apart is not None and abs(apart) > _MOST_APART:
        said = f"{origin} ({names}) answers; its clock is {seconds_apart(apart)}."
        return Finding("vendors", Level.WARN, said, "Let this machine's clock be set by NTP.")
    return Finding("vendors", Level.OK, f"{origin} ({names}) answers in {reply.latency_ms:.0f} ms.")


def _clock(url: str, reply: Reply) -> Finding:
    apart = _apart(reply)
    if apart is None:
        said = f"{url} tells no time: {reply.error or 'its answer has no Date'}."
        return Finding("clock", Level.WARN, said, "Give another with --clock-url.")
    said = f"The clock of {url} is {seconds_apart(apart)}."
    if abs(apart) > _MOST_APART:
        return Finding("clock", Level.FAIL, said, "Let this machine's clock be set by NTP (chrony, systemd-timesyncd).")
    return Finding("clock", Level.OK, said)


def _apart(reply: Reply) -> float | None:
    text = next((value for name, value in reply.headers.items() if name.lower() == "date"), "")
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except ValueError:
        return None
