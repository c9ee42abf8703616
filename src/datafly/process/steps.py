"""The steps from what was received to a governed event: decode, dedupe, personal data, normalise, skew, identity,
consent, routing.

Dedupe comes as early as it can: nothing more is done for a duplicate.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from datafly.model.consent import ConsentSettings, read
from datafly.model.event import Event, Original, Received, Step
from datafly.model.installation import Pipeline
from datafly.model.pii import Cleaner, kept
from datafly.model.trace import read_trace
from datafly.model.traits import supersede
from datafly.process import consent, identity, normalise, routing, skew, told
from datafly.process.body import Body, Incoming, Refused, incoming
from datafly.process.dedupe import is_duplicate
from datafly.process.memory import Memory
from datafly.process.personal import clean_body, cleaned
from datafly.process.unknown import Withheld, is_unknown, stripped

NO_PIPELINES: Final[Mapping[str, Pipeline]] = {}


class Duplicate(msgspec.Struct, frozen=True):
    """An event whose message id was there within 24 hours. `first_ms`: when the first one was received."""

    first_ms: int


_NAMES: Final = (normalise.NAME, skew.NAME, identity.NAME, consent.NAME, routing.NAME)

Outcome = Event | Refused | Duplicate | Withheld
_Governed = tuple[Event, consent.Choices | None]
"""And what the visitor chose, with this event."""


class Context(msgspec.Struct, frozen=True):
    """What the steps need to know beside the event and the memory."""

    pipelines: Mapping[str, Pipeline] = NO_PIPELINES
    consent: ConsentSettings = ConsentSettings()


def process_one(received: Received, context: Context, memory: Memory) -> Outcome:
    """Govern one event, and take it into `memory`. No I/O: a preview needs nothing else."""
    one = incoming(0, received, bytes(received.body))
    return one if isinstance(one, Refused) else govern(one, context, memory)


def govern(one: Incoming, context: Context, memory: Memory) -> Event | Duplicate | Withheld:
    """`memory` must know what there is to know of the event's fingerprint, ids and key."""
    first_ms = memory.seen.get(one.mark)
    if first_ms is not None and is_duplicate(first_ms, one.received.received_ms):
        return Duplicate(first_ms)
    pipeline = context.pipelines.get(one.received.pipeline_id)
    cleaner = kept(pipeline.pii_rules) if pipeline else None
    if cleaner is None:
        event, chosen = _governed(one, context, pipeline, memory)
    else:
        event, chosen = _cleaned(one, context, pipeline, memory, cleaner)
    if context.consent.without_consent != "keep" and is_unknown(event):
        if context.consent.without_consent == "drop":
            return Withheld()
        event = stripped(event)
    memory.seen[one.mark] = event.received_ms
    memory.keep_choices(one.key, chosen)
    if event.type in identity.TEACHING:
        memory.learn_identity(event)
    return event


def _cleaned(one: Incoming, context: Context, pipeline: Pipeline | None, memory: Memory, cleaner: Cleaner) -> _Governed:
    """As `_governed`, by rules on personal data."""
    told = clean_body(cleaner, one.body)
    event, chosen = _governed(one, context, pipeline, memory)
    return cleaned(cleaner, event, told), chosen


def _governed(one: Incoming, context: Context, pipeline: Pipeline | None, memory: Memory) -> _Governed:
    received, body, kind = one.received, one.body, one.body.type or ""
    user_id, anonymous_id, previous_id = body.user_id, body.anonymous_id, body.previous_id
    normal = normalise.normalise(body, may_have_nulls=one.may_have_nulls)
    received_ms, behind_ms = received.received_ms, memory.behind(received.received_ms, one.appended_ms)
    moment = skew.correct(body.timestamp, _clock_of(received), received_ms)
    visitor = memory.visitors.get(subject) if (subject := previous_id or anonymous_id) else None
    user = memory.users.get(identity.effective_user(user_id, visitor) or "")
    own, (defaults, common) = _own_word(kind, normal, context.consent.words), _defaults(context, pipeline)
    before, steady = memory.choices.get(one.key), (moment.ms + behind_ms, received_ms + behind_ms)
    who, choice = _resolve(body, normal, visitor, user, steady[0]), routing.read_choice(body.integrations)
    allowed, said, chosen = consent.settle(own, before, defaults, steady, known=user is not None, common=common)
    return Event(  # by position: by name takes seven times as long
        received.message_id,
        kind,
        received.pipeline_id,
        one.key,
        moment.ms,
        received_ms,
        who.user_id,
        anonymous_id,
        body.group_id or who.group_id,
        normal.event,
        normal.name,
        normal.properties,
        normal.traits,
        _known(kind, who.known_traits, normal),
        normal.context,
        allowed,
        who.learnt,
        received.historical,
        _original(normal, body, moment),
        _told(normal.effect, moment.effect, _identified(one, who), said, routing.effect_of(choice) if choice else ""),
        identity.link(kind, user_id, subject, visitor) if user_id else None,
        previous_id,
        choice,
        behind_ms,
        _below(received) if received.trace else "",
    ), chosen


def _below(received: Received) -> str:
    """The span of processing it. Named by the event: who processes it again tells of the same span."""
    trace = read_trace(received.trace)
    return trace.below(received.message_id).text if trace else ""


def _own_word(kind: str, normal: normalise.Normal, words: Mapping[str, str]) -> dict[str, bool]:
    if words:
        normal.context = consent.in_our_words(kind, normal.context, normal.properties, words)
    return consent.own_word(kind, normal.context, normal.properties)


def _clock_of(received: Received) -> int | None:
    """History was sent long ago, or is sent by whoever imports it: no clock can be read from that (decision 0077)."""
    return None if received.historical else received.sent_ms


def _defaults(context: Context, pipeline: Pipeline | None) -> tuple[Mapping[str, bool], Collection[str]]:
    """The pipeline's own, and for other categories those of all pipelines, which are told by name too."""
    common = context.consent.defaults
    own = read(pipeline.consent_defaults) if pipeline and pipeline.consent_defaults else {}
    return ({**common, **own}, common.keys() - own.keys()) if common else (own, ())


def _original(normal: normalise.Normal, body: Body, moment: skew.Moment) -> Original | None:
    timestamp = str(body.timestamp) if moment.effect else None
    if normal.sent_event is None and normal.sent_properties is None and normal.sent_traits is None and not timestamp:
        return None
    return Original(normal.sent_event, normal.sent_properties, normal.sent_traits, timestamp)


def _known(kind: str | None, known: dict[str, Any], normal: normalise.Normal) -> dict[str, Any]:
    """Without what the event says anew of the user, so that the newest spelling counts."""
    if kind != "group":
        return supersede(known, normal.traits) if normal.traits else known
    return {**supersede(known, normal.of_user), **normal.of_user} if normal.of_user else known


def _resolve(
    body: Body, normal: normalise.Normal, visitor: identity.Visitor | None, user: identity.User | None, at_ms: int
) -> identity.Identity:
    """Of a group event the traits are the group's, and no word on the user."""
    who = identity.resolve(body.user_id, visitor, user)
    if normal.traits and told.is_late(who.told_ms, at_ms) and body.type != "group":
        gone = told.late(who.known_traits, who.told_ms, normal.traits, at_ms)
        if gone:
            _drop(normal, gone)
            who.effect = _both(who.effect, f"newer is known of {', '.join(gone)}")
    return who


def _drop(normal: normalise.Normal, gone: Collection[str]) -> None:
    """What is not so any more goes to nobody."""
    normal.sent_traits = normal.sent_traits or normal.traits
    normal.traits = {name: value for name, value in normal.traits.items() if name not in gone}


def _identified(one: Incoming, who: identity.Identity) -> str:
    return _both(one.ignored, who.effect)


def _both(one: str, other: str) -> str:
    return f"{one}; {other}" if one and other else one or other


def _told(normalised: str, corrected: str, identified: str, decided: str, routed: str) -> tuple[Step, ...]:
    """Most steps have nothing to say."""
    if not (normalised or corrected or identified or decided or routed):
        return ()
    effects = (normalised, corrected, identified, decided, routed)
    return tuple(Step(name, effect) for name, effect in zip(_NAMES, effects, strict=True) if effect)
