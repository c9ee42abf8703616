"""The body for each kind of event: as Signal holds it, in an envelope, or by the installation's own template."""

from datafly.integrations.signed_webhook.refusals import EMPTY, TOO_LARGE
from datafly.spec.choices import refused
from datafly.spec.combine import joined
from datafly.spec.consenting import consents
from datafly.spec.convert import event_name
from datafly.spec.integration import ANY, WITHDRAWN, Rule
from datafly.spec.nodes import Node, const, first, obj, path
from datafly.spec.parts import by_setting, identified, rule_event_name
from datafly.spec.templated import templated
from datafly.spec.whole import whole

_TEMPLATE = first(templated("body_template", TOO_LARGE), refused(EMPTY))


def _canonical(kind: str, **fields: Node) -> Node:
    return obj(
        {
            "type": const(kind),
            **fields,
            "userId": identified("userId"),
            "anonymousId": identified("anonymousId"),
            "messageId": path("message_id"),
            "timestamp": path("timestamp"),
            "historical": path("historical"),
            "context": whole("context"),
            "consent": consents(""),
        }
    )


def _body(canonical: Node, kind: Node) -> Node:
    envelope = obj(type=kind, timestamp=path("timestamp"), data=canonical)
    return by_setting("payload", canonical=canonical, envelope=envelope, template=_TEMPLATE)


def _of(kind: str, **fields: Node) -> Node:
    return _body(_canonical(kind, **fields), const(kind))


TRACK = _body(
    _canonical("track", event=rule_event_name(), properties=whole("properties")),
    # Standard Webhooks: words of letters, digits and underscores, joined by full stops.
    first(joined(".", const("track"), event_name(rule_event_name())), const("track")),
)
_SEEN = {"name": path("name"), "properties": whole("properties")}
# Sent although the consent is denied, so it tells that and nothing else, whatever a template would add.
_WITHDRAWAL = obj(
    type=const("consent"),
    userId=identified("userId"),
    anonymousId=identified("anonymousId"),
    messageId=path("message_id"),
    timestamp=path("timestamp"),
    consent=consents(""),
)
RULES = (
    Rule("page", "page", "With name, properties and context.", body=_of("page", **_SEEN)),
    Rule("screen", "screen", "As page.", body=_of("screen", **_SEEN)),
    Rule(
        "identify",
        "identify",
        "With traits: all that are known of the user, the event's own over them.",
        body=_of("identify", traits=whole("traits")),
    ),
    Rule(
        "group",
        "group",
        "With groupId and the traits of the group.",
        body=_of("group", groupId=path("group_id"), traits=whole("group_traits")),
    ),
    Rule("alias", "alias", "With previousId.", body=_of("alias", previousId=path("previous_id"))),
    Rule("consent", "consent", "What the visitor decided, by category.", body=_of("consent")),
    Rule(
        WITHDRAWN,
        "consent",
        "Whoever withdraws the consent that is asked for: the ids and what was decided, nothing else. It is sent as "
        "it is, or in the envelope; never by a template.",
        body=by_setting(
            "payload",
            canonical=_WITHDRAWAL,
            envelope=obj(type=const("consent"), timestamp=path("timestamp"), data=_WITHDRAWAL),
            template=_WITHDRAWAL,
        ),
    ),
    Rule(ANY, "track", "With event, under its canonical name, and properties.", path("event"), body=TRACK),
)
