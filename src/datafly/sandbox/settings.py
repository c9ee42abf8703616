"""What a sandbox is started with."""

from pathlib import Path
from typing import Literal

import msgspec

AuthErrors = Literal["documented_403", "catalogue"]


class SeedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that exists from the start; for tests, since a person generates one in the panel."""

    partner: str
    key: str
    name: str = "Seeded"


class Seed(msgspec.Struct, frozen=True, kw_only=True):
    """What an empty sandbox, or one that was reset, begins with; a key that is missing is made at every start."""

    partners: tuple[str, ...] = ("myco",)
    keys: tuple[SeedKey, ...] = ()


class SandboxSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the sandboxes run.

    `data_dir` holds one SQLite file per room under `sandbox/`, so that what a person did survives a restart.
    `auth_errors` is how Insider's room refuses credentials: as its endpoint documents (one 403 for all), or as
    its general error catalogue and the integration page say (401 for the key, 400 for the partner).
    `allowed_hosts` are names with a dot by which pages and control APIs may be called, beside addresses.
    `requests_kept` bounds the inspector: older requests are forgotten, what they wrote is not.
    """

    data_dir: Path
    auth_errors: AuthErrors = "documented_403"
    seed: Seed = Seed()
    allowed_hosts: tuple[str, ...] = ()
    requests_kept: int = 1000
