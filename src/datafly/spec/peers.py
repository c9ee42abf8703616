"""What other products' integrations document that they send to the same vendor, beside what is sent here."""

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from datafly.spec.integration import Integration
from datafly.spec.words import Peer

_STEP: Final = re.compile(r"[^.\[\]]+")


def ours(integration: Integration, peer: Peer) -> Any:
    """What the sample sends at the peer's field; None where it sends nothing there, or there is no such sample."""
    sample = next((one for one in integration.samples if one.title == peer.sample), None)
    found = sample.sends if sample else None
    for step in _STEP.findall(peer.field):
        if isinstance(found, list):
            found = found[int(step)] if step.isdecimal() and int(step) < len(found) else None
        else:
            found = found.get(step) if isinstance(found, dict) else None
    return found


def differs(integration: Integration, peer: Peer) -> bool:
    return bool(ours(integration, peer) != peer.sends)


def shown(value: Any) -> str:
    """As JSON in code; nothing where nothing is sent."""
    return "nothing" if value is None else f"`{msgspec.json.encode(value).decode()}`"


def by_sample(integration: Integration) -> Iterable[tuple[str, list[Peer]]]:
    found: dict[str, list[Peer]] = {}
    for peer in integration.peers:
        found.setdefault(peer.sample, []).append(peer)
    return found.items()
