"""Configuration as code: on the store of this machine, or through the management API of a Signal."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import msgspec

from datafly import catalog
from datafly.log.base import EVENTS
from datafly.management.declared import applying
from datafly.management.declared.applying import Ground, Told
from datafly.management.declared.document import plain
from datafly.management.declared.exporting import export
from datafly.management.declared.planning import PlanView
from datafly.management.routes.config import ApplyBody, ConfigBody
from datafly.model.secret import Secret
from datafly.runtime.clock import SystemClock
from datafly.runtime.compose import open_log, open_transport
from datafly.runtime.installations import compiler
from datafly.runtime.prepare import open_the_store
from datafly.settings import Settings


class Exported(msgspec.Struct, frozen=True):
    """`document` as JSON has it; `variables`: the references in it that stand for secrets."""

    document: dict[str, Any]
    variables: list[str]


class Declared(Protocol):
    """A Signal whose configuration is a document. `secrets`: reference → text."""

    def export_config(self) -> Exported: ...

    def plan_config(self, document: Any, *, secrets: Mapping[str, str], keep_secrets: bool) -> PlanView: ...

    def apply_config(
        self, document: Any, *, secrets: Mapping[str, str], keep_secrets: bool, plan_id: str
    ) -> PlanView: ...


class Here:
    """The store of this machine, while Signal runs or not."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def export_config(self) -> Exported:
        exported = export(self._ground.control)
        return Exported(plain(exported.declaration), exported.variables)

    def plan_config(self, document: Any, *, secrets: Mapping[str, str], keep_secrets: bool) -> PlanView:
        return applying.plan(self._ground, _told(document, secrets, keep=keep_secrets))

    def apply_config(self, document: Any, *, secrets: Mapping[str, str], keep_secrets: bool, plan_id: str) -> PlanView:
        return applying.apply(self._ground, _told(document, secrets, keep=keep_secrets), expected=plan_id)


class Afar:
    """Another Signal, through its management API."""

    def __init__(self, url: str, token: str) -> None:
        # Loaded here: what draws the client anew must not need the one that there is.
        from datafly.management.client import Client  # noqa: PLC0415

        self._signal = Client(url, token)

    def export_config(self) -> Exported:
        exported = self._signal.export_config()
        return Exported(plain(exported.document), exported.variables)

    def plan_config(self, document: Any, *, secrets: Mapping[str, str], keep_secrets: bool) -> PlanView:
        return self._signal.plan_config(ConfigBody(document=document, secrets=dict(secrets), keep_secrets=keep_secrets))

    def apply_config(self, document: Any, *, secrets: Mapping[str, str], keep_secrets: bool, plan_id: str) -> PlanView:
        body = ApplyBody(document=document, secrets=dict(secrets), keep_secrets=keep_secrets, plan_id=plan_id)
        return self._signal.apply_config(body)


@contextmanager
def configuration(settings: Settings, *, url: str = "", token: str = "") -> Iterator[Declared]:
    """Of the Signal at `url`, else of this machine."""
    if url:
        yield Afar(url, token)
        return
    store = open_the_store(settings)
    log = open_log(settings)
    readers = [log.reader(EVENTS, partition) for partition in range(log.partitions(EVENTS))]
    try:
        yield Here(
            Ground(
                control=store.control,
                catalog=catalog,
                heads=lambda: {partition: reader.bounds().head for partition, reader in enumerate(readers)},
                compile=compiler(settings),
                objection=open_transport(settings).foreseen,
                clock=SystemClock(),
            )
        )
    finally:
        for reader in readers:
            reader.close()
        store.close()


def _told(document: Any, secrets: Mapping[str, str], *, keep: bool) -> Told:
    known = {reference: Secret(text) for reference, text in secrets.items()}
    return Told(document=document, secrets=known, keep_secrets=keep)
