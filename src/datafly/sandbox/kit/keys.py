"""What opens a vendor's API in its sandbox; nobody's real credentials, so they are kept as they are, and shown once."""

from collections.abc import Mapping
from typing import Final

import msgspec

from datafly.sandbox.kit.front import credential_of
from datafly.sandbox.kit.store import Store
from datafly.sandbox.kit.vendor import Credential, Vendor
from datafly.sandbox.rooms import Clock
from datafly.sandbox.settings import SandboxSettings

_ENDING: Final = 4


class MadeKey(msgspec.Struct, frozen=True):
    """The only place that shows the values whole."""

    id: int
    name: str
    values: dict[str, str]


class Keys:
    """A key that the sandbox was started with is the first field of every room's credentials."""

    def __init__(self, vendor: Vendor, store: Store, settings: SandboxSettings, clock: Clock) -> None:
        self._vendor = vendor
        self._store = store
        self._seed = settings.seed
        self._clock = clock

    def plant(self) -> None:
        first = next(iter(self._vendor.credential_fields), None)
        if first is None:
            return
        known = {row["values"].get(first) for row in self._store.credentials()}
        for seeded in self._seed.keys:
            if seeded.key not in known:
                self.add(seeded.name, dict.fromkeys(self._vendor.credential_fields, seeded.key))

    def add(self, name: str, values: Mapping[str, str]) -> MadeKey:
        """Raises ValueError for a field that there is not."""
        if unknown := values.keys() - self._vendor.credential_fields.keys():
            raise ValueError(
                f"there is no {', '.join(sorted(unknown))}; there is {', '.join(self._vendor.credential_fields)}"
            )
        made = {field: values.get(field) or make() for field, (_, make) in self._vendor.credential_fields.items()}
        return MadeKey(self._store.add_credential(name, made, now=self._clock()), name, made)

    def masked(self) -> list[Credential]:
        return [
            msgspec.structs.replace(one, values={name: f"…{value[-_ENDING:]}" for name, value in one.values.items()})
            for one in map(credential_of, self._store.credentials())
        ]
