"""Samples → test cases, without a word about whose they are."""

from typing import Any, Final

import msgspec

from datafly.model.event import Event
from datafly.spec.integration import Integration, Sample

SAMPLE_MS: Final = 1_795_600_000_000
_DEFAULTS: Final = {
    "message_id": "0190c1f2-0000-7000-8000-000000000001",
    "pipeline_id": "pl_sample",
    "key": "sample",
    "timestamp_ms": SAMPLE_MS,
    "received_ms": SAMPLE_MS,
}


class Case(msgspec.Struct, frozen=True):
    integration: Integration
    sample: Sample

    @property
    def id(self) -> str:
        return f"{self.integration.slug}: {self.sample.title}"


def cases(integration: Integration) -> list[Case]:
    return [Case(integration, sample) for sample in integration.samples]


def event_of(sample: Sample) -> Event:
    """The governed event; where the sample does not speak of consent, it is granted by the pipeline's default."""
    consent: dict[str, Any] = {"categories": {"marketing": True, "analytics": True}, "source": "pipeline"}
    return msgspec.convert({**_DEFAULTS, "consent": consent, **sample.event}, Event)
