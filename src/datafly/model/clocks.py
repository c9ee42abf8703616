"""Clocks of machines that work together: how far apart is too far, and what is said then."""

from typing import Final

MOST_APART_SECONDS: Final = 2.0
"""What NTP keeps is far less."""


def apart(ahead_seconds: float, whose: str) -> str:
    """Empty where they agree. `ahead_seconds`: by how much this machine's clock is ahead of that of `whose`."""
    if abs(ahead_seconds) <= MOST_APART_SECONDS:
        return ""
    where = "ahead of" if ahead_seconds > 0 else "behind"
    return (
        f"This machine's clock is {abs(ahead_seconds):,.0f} s {where} that of {whose}: let both be set by NTP (chrony, "
        "systemd-timesyncd)."
    )
