"""What events would become, without a server, a data folder or a network: gateway check, process, consent, shape."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from datafly import catalog
from datafly.ingest.codes import Refused
from datafly.ingest.event import check
from datafly.ingest.settings import GatewaySettings
from datafly.model.consent import ConsentSettings
from datafly.model.delivery import Item
from datafly.model.event import Event, Received
from datafly.model.installation import Pipeline
from datafly.model.secret import MASK, Secret, redact
from datafly.model.verdict import Ruling, Verdict
from datafly.process.memory import Memory
from datafly.process.steps import Context, Duplicate, process_one
from datafly.process.unknown import Withheld
from datafly.shape import shape_event
from datafly.spec.compile import compile_integration
from datafly.spec.compiled import Compiled
from datafly.spec.config import validate_config
from datafly.spec.faces.curl import example_config

NowMs = Callable[[], int]

_PIPELINE = "preview"
_STRANGER = "00000000-0000-4000-8000"


class Previewed(msgspec.Struct, frozen=True):
    """`ruling` None: the requests would be sent. Otherwise why not, and there are none.

    `cost`: what the vendor would count as spent, of `unit`, if nothing was told before; None where it counts nothing.
    """

    ruling: Ruling | None
    requests: tuple[dict[str, Any], ...] = ()
    cost: int | None = None
    unit: str = ""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The object that scripts read; its shape is fixed. `cost` is there where the vendor bills by what it gets."""
        cost = {} if self.cost is None else {"cost": {"count": self.cost, "unit": self.unit}}
        return {
            "verdict": self.ruling.verdict.value if self.ruling else None,
            "reason": self.ruling.reason if self.ruling else None,
            "requests": list(self.requests),
            "warnings": list(self.warnings),
            **cost,
        }


class Preview:
    """Events one after another, each the JSON that would be sent; what an identify teaches holds from there on.

    Without `config` the examples of the integration's page are used. Raises `NotFound` and `Invalid`. `importing`: as
    the door for imports would take them, into that pipeline. `consent`: what is decided on it for all pipelines.
    """

    def __init__(
        self,
        slug: str,
        config: Mapping[str, Any] | None,
        now_ms: NowMs,
        *,
        compiled: Compiled | None = None,
        importing: Pipeline | None = None,
        consent: ConsentSettings | None = None,
    ) -> None:
        self._compiled = compiled or _compile(slug, config)
        # What the page has as an example is nobody's secret.
        self._secrets = frozenset[str]() if config is None and compiled is None else self._compiled.secrets
        self._historical = importing is not None
        self._context = Context({_PIPELINE: importing} if importing else {}, consent or ConsentSettings())
        self._memory = Memory()
        self._now_ms = now_ms
        self._number = 0

    def of(self, sent: bytes) -> Previewed:
        governed, now_ms = self._govern(sent), self._now_ms()
        if isinstance(governed, Ruling):
            return Previewed(governed)
        shaped = shape_event(self._compiled, governed, now_ms)
        if isinstance(shaped, Ruling):
            return Previewed(shaped, notes=self._compiled.notes)
        requests = tuple(self._shown(item, now_ms) for item in shaped)
        meter = self._compiled.meter
        cost, unit = (sum(map(meter.cost, shaped)), meter.unit) if meter else (None, "")
        return Previewed(None, requests, cost, unit, _warnings(shaped), self._compiled.notes)

    def _shown(self, item: Item, now_ms: int) -> dict[str, Any]:
        """As it would be sent, signature and all; of what is secret nothing."""
        outgoing = self._compiled.assemble([item])
        if self._compiled.sign is not None:
            outgoing = self._compiled.sign(outgoing, [item], now_ms)
        hidden = self._secrets
        headers = outgoing.headers.items()
        return {
            "method": outgoing.method,
            "url": redact(outgoing.url, hidden),
            "headers": {name: MASK if isinstance(text, Secret) else redact(text, hidden) for name, text in headers},
            "body": msgspec.json.decode(outgoing.body) if outgoing.body else None,
        }

    def _govern(self, sent: bytes) -> Event | Ruling:
        self._number += 1
        return govern(sent, self._number, self._now_ms(), self._context, self._memory, historical=self._historical)


def govern(
    sent: bytes,
    number: int,
    now_ms: int,
    context: Context,
    memory: Memory,
    *,
    historical: bool = False,
    pipeline_id: str = _PIPELINE,
) -> Event | Ruling:
    """As the gateway and processing would. `number` makes a message id for those without one."""
    try:
        received = _receive(sent, number, now_ms, historical=historical)
    except Refused as refused:
        return Ruling(Verdict.REJECTED, f"{refused.code}: {refused.message}", cause="The gateway would refuse it.")
    outcome = process_one(msgspec.structs.replace(received, pipeline_id=pipeline_id), context, memory)
    if isinstance(outcome, Duplicate):
        return Ruling(Verdict.SKIPPED, "duplicate_message_id", cause="An event before it has the same messageId.")
    if isinstance(outcome, Withheld):
        cause = "Nothing is known of its consent, and the consent settings drop such events."
        return Ruling(Verdict.SKIPPED, "no_consent", cause=cause)
    return outcome if isinstance(outcome, Event) else Ruling(Verdict.REJECTED, outcome.reason)


def _compile(slug: str, config: Mapping[str, Any] | None) -> Compiled:
    integration = catalog.get(slug)
    given = example_config(integration) if config is None else config
    variant, mode = integration.variants[0].key, integration.delivery_modes[0]
    return compile_integration(integration, validate_config(integration, variant, mode, given))


def _receive(sent: bytes, number: int, now_ms: int, *, historical: bool) -> Received:
    """As the gateway would; who has no id is a stranger to all others. Raises `Refused`."""
    checked = check(sent, implied=_implied(sent), settings=GatewaySettings(), lenient=historical)
    fields = checked.fields
    return Received(
        pipeline_id=_PIPELINE,
        message_id=fields.message_id or f"preview-{number}",
        received_ms=now_ms,
        body=msgspec.Raw(checked.body),
        type=checked.type,
        anonymous_id=fields.anonymous_id or (None if fields.user_id else f"{_STRANGER}-{number:012}"),
        sent_ms=checked.sent_ms,
        door="preview",
        historical=historical,
    )


class _Names(msgspec.Struct):
    type: Any = None
    event: Any = None


def _implied(sent: bytes) -> str | None:
    """What is posted to /v1/t may leave its type out; here its name says that it is one of those."""
    try:
        names = msgspec.json.decode(sent, type=_Names)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return "track" if names.type is None and names.event is not None else None


def _warnings(items: Sequence[Item]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(warning for item in items for warning in item.warnings))
