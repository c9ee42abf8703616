"""Looks up how installations stand: state, counts, what is not final yet, where their requests go."""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from datafly.management.services import Composed
from datafly.management.views.fate import UNREADABLE
from datafly.management.views.installation import PartitionLag, PipelineIntegration, Standing, installation_view
from datafly.model.delivery import DRIFT
from datafly.model.installation import Installation
from datafly.model.secret import redact
from datafly.spec.compiled import Compiled
from datafly.spec.integration import Integration

_MINUTE_MS: Final = 60_000


class Standings:
    """One look, for a page of installations. Marks are read before heads, so that no lag is negative."""

    def __init__(self, services: Composed) -> None:
        self._services = services
        self._states = services.ledger.states()
        self._marks = services.ledger.marks()
        self._heads = services.log.heads()

    def of(self, installation: Installation) -> PipelineIntegration:
        base_url, notes = self._address(installation)
        counts = self._services.ledger.counts(installation.id)
        standing = Standing(
            state=self._states.get(installation.id),
            counts=counts,
            partitions=[self._lag(installation, partition) for partition in self._heads],
            events_per_second=self._events_per_second(installation),
            latest_revision=self._services.control.latest_revision(installation.template.id).number,
            base_url=base_url,
            notes=(*notes, *_drifted(counts)),
        )
        return installation_view(installation, standing)

    def lag(self, installation: Installation) -> int:
        """Events that are not final, over all partitions."""
        return sum(self._lag(installation, partition).lag for partition in self._heads)

    def _events_per_second(self, installation: Installation) -> float:
        now_ms = self._services.clock.now_ms()
        drained = self._services.ledger.drained(installation.id, since_ms=now_ms - _MINUTE_MS)
        return drained.events * 1000 / max(now_ms - drained.since_ms, _MINUTE_MS)

    def _lag(self, installation: Installation, partition: int) -> PartitionLag:
        head = self._heads[partition]
        if installation.removed_ms is not None:
            head = installation.end.get(partition, 0)
        mark = self._marks.get((installation.id, partition), installation.start.get(partition, 0))
        return PartitionLag(partition=partition, mark=mark, head=head, lag=max(head - mark, 0))

    def _address(self, installation: Installation) -> tuple[str | None, tuple[str, ...]]:
        try:
            integration = self._services.catalog.get(installation.vendor)
            compiled = self._services.compile(installation)
        except UNREADABLE as error:
            return None, (f"It cannot work as it is set up: {error}",)
        return base_url(integration, compiled), compiled.notes


def _drifted(counts: Mapping[str, int]) -> Iterator[str]:
    if answers := counts.get(DRIFT):
        yield f"The vendor's answers contradicted its own contract, {answers} so far; …/warnings tells how."


def base_url(integration: Integration, compiled: Compiled) -> str | None:
    """Where the integration's requests go, as far as its credential check shows it; of a secret address, its host."""
    if integration.check is None or compiled.credential_check is None:
        return None
    url, path = compiled.credential_check.url, integration.check.path
    if redact(url, compiled.secrets) != url:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}"
    return url.removesuffix(path) if path and url.endswith(path) else url
