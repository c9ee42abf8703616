"""The steps from what was received to a governed event: decode, dedupe, normalise, clock skew, identity, consent.

Dedupe comes as early as it can: nothing more is done for a duplicate.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from datafly.model.consent import read
from datafly.model.event import Event, Original, Received, Step
from datafly.model.installation import Pipeline
from datafly.process import consent, identity, normalise, skew
from datafly.process.body import Body, Refused, read_body
from datafly.process.dedupe import Fingerprint, fingerprint, is_duplicate
from datafly.process.memory import Memory

NO_PIPELINES: Final[Mapping[str, Pipeline]] = {}


class Duplicate(msgspec.Struct, frozen=True):
    """An event whose message id was there within 24 hours. `first_ms`: when the first one was received."""

    first_ms: int


_NAMES: Final = (normalise.NAME, skew.NAME, identity.NAME, consent.NAME)

Outcome = Event | Refused | Duplicate


class Context(msgspec.Struct, frozen=True):
    """What the steps need to know beside the event and the memory."""

    pipelines: Mapping[str, Pipeline] = NO_PIPELINES


def process_one(received: Received, context: Context, memory: Memory) -> Outcome:
    """Govern one event, and take it into `memory`. No I/O: a preview needs nothing else."""
    body = read_body(received)
    if isinstance(body, Refused):
        return body
    return govern(received, body, fingerprint(received.pipeline_id, received.message_id), context, memory)


def govern(received: Received, body: Body, mark: Fingerprint, context: Context, memory: Memory) -> Event | Duplicate:
    """`memory` must know what there is to know of the event's fingerprint, ids and key."""
    first_ms = memory.seen.get(mark)
    if first_ms is not None and is_duplicate(first_ms, received.received_ms):
        return Duplicate(first_ms)
    event, own = _governed(received, body, context, memory)
    memory.seen[mark] = event.received_ms
    if own:
        memory.learn_choices(event.key, own, event.timestamp_ms, event.received_ms)
    if event.type in ("identify", "group"):
        memory.learn_identity(event)
    return event


def key_of(received: Received, body: Body) -> str:
    """Events of one key keep their order."""
    return body.anonymous_id or body.user_id or received.message_id


def _governed(received: Received, body: Body, context: Context, memory: Memory) -> tuple[Event, dict[str, bool]]:
    normal = normalise.normalise(body, may_have_nulls=b"null" in bytes(received.body))
    moment = skew.correct(body.timestamp, received.sent_ms, received.received_ms)
    visitor = memory.visitors.get(body.anonymous_id) if body.anonymous_id else None
    user_id = identity.effective_user(body.user_id, visitor)
    who = identity.resolve(body.user_id, visitor, memory.users.get(user_id) if user_id else None)
    kind = body.type or ""
    key = key_of(received, body)
    own = consent.own_word(kind, normal.context, normal.properties)
    pipeline = context.pipelines.get(received.pipeline_id)
    defaults = read(pipeline.consent_defaults) if pipeline and pipeline.consent_defaults else {}
    allowed, consent_effect = consent.decide(own, memory.choices.get(key), defaults, moment.ms)
    event = Event(
        message_id=received.message_id,
        type=kind,
        pipeline_id=received.pipeline_id,
        key=key,
        timestamp_ms=moment.ms,
        received_ms=received.received_ms,
        user_id=who.user_id,
        anonymous_id=body.anonymous_id,
        group_id=body.group_id or who.group_id,
        event=normal.event,
        name=body.name,
        properties=normal.properties,
        traits=normal.traits,
        known_traits=who.known_traits,
        context=normal.context,
        consent=allowed,
        user_id_learnt=who.learnt,
        original=_original(normal, body, moment),
        steps=_told(normal.effect, moment.effect, who.effect, consent_effect),
    )
    return event, own


def _original(normal: normalise.Normal, body: Body, moment: skew.Moment) -> Original | None:
    timestamp = str(body.timestamp) if moment.effect else None
    if normal.sent_event is None and normal.sent_properties is None and timestamp is None:
        return None
    return Original(normal.sent_event, normal.sent_properties, timestamp)


def _told(*effects: str) -> tuple[Step, ...]:
    """In the order of `_NAMES`; most steps have nothing to say."""
    if not any(effects):
        return ()
    return tuple(Step(name, effect) for name, effect in zip(_NAMES, effects, strict=True) if effect)
