"""Room on the disk, and for files that are open."""

import os
import resource
import shutil
from collections.abc import Iterator
from typing import Final

from datafly.runtime.checkup.finding import Finding, Ground, Level

_LITTLE: Final = 0.1
_TOO_LITTLE: Final = 0.02
_LEAST_BYTES: Final = 1_000_000_000
_CURE: Final = "Make room, or bound the log by DATAFLY_RETENTION_BYTES and DATAFLY_RETENTION_HOURS."


def check(ground: Ground) -> Iterator[Finding]:
    there = next(
        one
        for one in (ground.settings.data_dir.absolute(), *ground.settings.data_dir.absolute().parents)
        if one.exists()
    )
    usage = shutil.disk_usage(there)
    share = usage.free / usage.total
    said = f"{usage.free / 1e9:,.1f} GB of {usage.total / 1e9:,.1f} GB are free where {there} is ({share:.0%})."
    if share < _TOO_LITTLE or usage.free < _LEAST_BYTES // 5:
        yield Finding("disk", Level.FAIL, said, _CURE)
    elif share < _LITTLE or usage.free < _LEAST_BYTES:
        yield Finding("disk", Level.WARN, said, _CURE)
    else:
        yield Finding("disk", Level.OK, said)
    inodes = os.statvfs(there)
    if inodes.f_files and inodes.f_favail / inodes.f_files < _TOO_LITTLE:
        yield Finding("disk", Level.FAIL, "The disk has hardly any inodes left: no file can be made.", "Remove files.")
    yield _open_files(ground.settings.gateway_connections)


def _open_files(connections: int) -> Finding:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < connections + 128:
        kept = max(hard - 128, 1)
        said = f"A process may open {hard:,} files, so the gateway keeps {kept:,} of {connections:,} connections."
        return Finding("files", Level.WARN, said, "Raise the limit (ulimit -n, LimitNOFILE= of the unit).")
    return Finding("files", Level.OK, f"The gateway may keep {connections:,} connections open.")
