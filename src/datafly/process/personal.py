"""Step 4, personal data: what the pipeline's rules take out or hash, before any other step makes something of it."""

from functools import lru_cache

import msgspec

from datafly.model.event import PII, Event, Step
from datafly.model.pii import HASHED, TAKEN_OUT, Cleaner, Told
from datafly.process.body import Body


def clean_body(cleaner: Cleaner, body: Body) -> dict[Told, None]:
    """`body` is changed; what was done."""
    told: dict[Told, None] = {}
    if body.properties:
        body.properties = cleaner.part("properties", body.properties, told)
    if body.traits:
        body.traits = cleaner.part("traits", body.traits, told)
    if body.context:
        body.context = cleaner.part("context", body.context, told)
    return told


def cleaned(cleaner: Cleaner, event: Event, told: dict[Told, None]) -> Event:
    """Also of what other steps found under another name, or had learnt before there was such a rule."""
    event = cleaner.event(event, told)
    return msgspec.structs.replace(event, steps=(*event.steps, _step(tuple(told)))) if told else event


@lru_cache(maxsize=1_024)
def _step(told: tuple[Told, ...]) -> Step:
    """Rules are repeated by every event. Names, never values."""
    said = {how: [one.field for one in told if one.how == how] for how in (TAKEN_OUT, HASHED)}
    return Step(PII, "; ".join(f"{', '.join(fields)} {how}" for how, fields in said.items() if fields))
