"""What a check finds, and what it works with."""

from enum import Enum
from functools import cached_property
from pathlib import Path

import msgspec

from datafly.model.errors import OperatorError
from datafly.model.secret import Secret
from datafly.runtime.folder import somebody_is_in
from datafly.settings import Settings
from datafly.store.keys import FILE, key_bytes


class Level(Enum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """`sentence`: what is so; `cure`: what to do, empty where nothing need be done."""

    check: str
    level: Level
    sentence: str
    cure: str = ""


class Ground:
    """`vendors`: their addresses are called, too. `clock_url`: an HTTP server whose `Date` is believed, or empty."""

    def __init__(self, settings: Settings, *, vendors: bool = False, clock_url: str = "") -> None:
        self.settings = settings
        self.vendors = vendors
        self.clock_url = clock_url

    @cached_property
    def is_running(self) -> bool:
        """Whether a Signal works on the data folder."""
        return somebody_is_in(self.settings)

    @property
    def key_file(self) -> Path:
        return self.settings.data_dir / FILE

    def key(self) -> Secret | None:
        """None where there is none yet. Raises `OperatorError` where it is malformed."""
        given = self.settings.encryption_key
        if given is None and self.key_file.is_file():
            try:
                given = Secret(self.key_file.read_text("ascii", errors="replace").strip())
            except OSError as error:
                raise OperatorError(f"{self.key_file} cannot be read ({error.strerror}).") from error
        if given is not None:
            key_bytes(given)
        return given


def seconds_apart(ahead: float) -> str:
    return f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
