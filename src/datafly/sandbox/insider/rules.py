"""The ways in which one user of a request is refused: the end of the key and the message, word for word.

`ours` names what Insider does not document; the panel lists those apart, and an answer tells them in a header.
"""

from collections.abc import Mapping

import msgspec


class Rule(msgspec.Struct, frozen=True):
    """`path` follows `users.<n>.` or `users.<n>.events.<m>.`; words in braces in the message are filled in."""

    path: str
    message: str
    ours: str = ""

    def said_of(self, words: Mapping[str, str]) -> str:
        return self.message.format_map(words)


# Insider's own spelling mistake, kept.
NO_IDENTIFIERS = Rule("identifiers.required", "either insider_id or idenifiers must be specified")
NO_INSIDER_ID = Rule("insider_id.required", "either insider_id or idenifiers must be specified")
BAD_EMAIL = Rule(r"identifiers.*.regexp(^.+@.+\..+$)", "not a valid email address: {value}")
BAD_PHONE = Rule(r"identifiers.*.regexp(^\+[1-9]\d{6,14}$)", "user has an invalid phone number: {value}")
UUID_NOT_TEXT = Rule("identifiers.*.type(string)", "uuid must be string: {value}")
UNKNOWN_IDENTIFIER = Rule("identifiers.*.in(defaults_column)", "key must be one of phone_number(pn), email(em) or uuid")
BAD_EVENT_NAME = Rule("event_name.*.regexp(^[a-z0-9][a-zA-Z0-9._-]*$)", "invalid event name: {value}")
PARAMETER_REQUIRED = Rule("event_params.*.required", "{parameter} parameter is required on {event} event")

# Documented for `purchase` and for two parameters alone; for the others the same words are taken.
PARAMETER_ASSUMED = Rule(PARAMETER_REQUIRED.path, PARAMETER_REQUIRED.message, ours="parameter_required")
EVENT_NAME_MISSING = Rule(BAD_EVENT_NAME.path, BAD_EVENT_NAME.message, ours="event_name_required")
USER_NOT_OBJECT = Rule("type(object)", "user must be an object", ours="user_type")
NOTHING_TO_WRITE = Rule("required", "either attributes or events must be specified", ours="nothing_to_write")
INSIDER_ID_NOT_TEXT = Rule("insider_id.type(string)", "insider_id must be string: {value}", ours="insider_id_type")
IDENTIFIERS_NOT_OBJECT = Rule("identifiers.type(object)", "identifiers must be an object", ours="identifiers_type")
CUSTOM_IDENTIFIERS_NOT_OBJECT = Rule(
    "identifiers.custom.type(object)", "custom identifiers must be an object", ours="custom_identifiers_type"
)
ATTRIBUTES_NOT_OBJECT = Rule("attributes.type(object)", "attributes must be an object", ours="attributes_type")
CUSTOM_ATTRIBUTES_NOT_OBJECT = Rule(
    "attributes.custom.type(object)", "custom attributes must be an object", ours="custom_attributes_type"
)
EVENTS_NOT_ARRAY = Rule("events.type(array)", "events must be an array", ours="events_type")
EVENT_NOT_OBJECT = Rule("type(object)", "event must be an object", ours="event_type")
TIMESTAMP_REQUIRED = Rule("timestamp.required", "timestamp must be specified", ours="timestamp_required")
TIMESTAMP_NOT_DATETIME = Rule(
    "timestamp.type(datetime)", "timestamp must be an RFC 3339 datetime: {value}", ours="timestamp_type"
)
PARAMETERS_NOT_OBJECT = Rule("event_params.type(object)", "event_params must be an object", ours="event_params_type")
CUSTOM_PARAMETERS_NOT_OBJECT = Rule(
    "event_params.custom.type(object)", "custom event parameters must be an object", ours="custom_event_params_type"
)
NOTHING_TO_DELETE = Rule("required", "either whole, partial or custom must be specified", ours="nothing_to_delete")
DELETION_NOT_NAMES = Rule("whole.type(array)", "whole must be an array of names", ours="whole_type")
DELETION_NOT_VALUES = Rule("partial.type(object)", "partial must be an object of arrays", ours="partial_type")
DELETION_NOT_CUSTOM = Rule("custom.type(object)", "custom must be an object", ours="custom_deletion_type")

ALL: tuple[Rule, ...] = tuple(rule for rule in list(globals().values()) if isinstance(rule, Rule))
OURS: tuple[Rule, ...] = tuple(rule for rule in ALL if rule.ours)
