"""Events and purchases as Braze takes them (§2.3)."""

from typing import Final

from datafly.integrations.braze.identity import SOMEBODY, WHO
from datafly.integrations.braze.refusals import NO_NAME, NOT_AS_RECOMMENDED
from datafly.integrations.braze.schemas import FORMS
from datafly.spec.bounds import sized, trimmed
from datafly.spec.choices import given, setting
from datafly.spec.conform import conforming
from datafly.spec.convert import text
from datafly.spec.nodes import Node, obj, path, required
from datafly.spec.parts import rule_event_name
from datafly.spec.whole import whole

LONGEST: Final = 255
"""Characters of a name of a property, and of a text in it."""
_RESERVED: Final = ("time", "event_name")


def short(of: Node) -> Node:
    """A text that is no longer than Braze takes."""
    return sized(text(of), LONGEST)


def fitting(of: Node) -> Node:
    """An object whose names and texts Braze takes; its reserved names make an error of the whole call."""
    return trimmed(of, LONGEST, LONGEST, reserved=_RESERVED, prefix="$")


def event(properties: Node, name: Node | None = None) -> Node:
    called = required(name or rule_event_name(), NO_NAME)
    told = {"app_id": setting("app_id"), "name": called, "time": path("timestamp"), "properties": properties}
    return given(SOMEBODY, obj(WHO, **told))


OWN_NAME = text(path("event"))
PLAIN = fitting(whole("properties"))
# Whoever sends Braze's own names sends Braze's own properties; it would refuse what does not fit, too.
OWN_EVENT = event(conforming(PLAIN, required(rule_event_name(), NO_NAME), FORMS, NOT_AS_RECOMMENDED))
