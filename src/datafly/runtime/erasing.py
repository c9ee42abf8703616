"""Erasures from the command line: on the store of this machine, or through the management API of a Signal."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import msgspec

from datafly import catalog
from datafly.management.auditing import note
from datafly.management.erasing import EraseBody, ErasureView, erase, view_of
from datafly.management.place import COMMAND_LINE
from datafly.management.services import Catalog, WhoIs
from datafly.model.clock import Clock
from datafly.model.errors import OperatorError
from datafly.runtime.clock import SystemClock
from datafly.runtime.lookup import open_lookup
from datafly.runtime.prepare import open_the_store
from datafly.settings import Settings
from datafly.store.base import Control

_BY = "the command line"


class Signal(Protocol):
    def create_erasure(self, body: EraseBody, /) -> ErasureView: ...

    def list_erasures(self) -> Iterator[ErasureView]: ...


class Here(msgspec.Struct, frozen=True):
    """The store of this machine, while Signal runs or not: then vendors are asked when it is started."""

    control: Control
    catalog: Catalog
    clock: Clock
    whom: WhoIs
    after_seconds: float

    def create_erasure(self, body: EraseBody, /) -> ErasureView:
        with self.control.together():
            made = erase(self, body, _BY, after_seconds=self.after_seconds)
            note(self.control, "erasure.created", "erasure", made.id, place=COMMAND_LINE)
        return view_of(made)

    def list_erasures(self) -> Iterator[ErasureView]:
        return map(view_of, self.control.erasures())


@contextmanager
def erasing(settings: Settings, *, url: str = "", token: str = "") -> Iterator[Signal]:
    """Of the Signal at `url`, else of this machine."""
    if url and not token:
        raise OperatorError("--url needs --token: an API token of that Signal, of the role admin.")
    if url:
        from datafly.management.client import Client  # noqa: PLC0415 - drawn by `datafly docs`, which starts here

        yield Client(url, token)
        return
    store, lookup = open_the_store(settings), open_lookup(settings)
    try:
        yield Here(store.control, catalog, SystemClock(), lookup.whom, settings.erase_after_seconds)
    finally:
        lookup.close()
        store.close()
