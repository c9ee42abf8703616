"""The template language, as its users read it (`spec.template` is what it does)."""

from datafly.spec.convert import CONVERTERS
from datafly.spec.template import MOST_CHARS, MOST_MADE

_PLACES = (
    "With payload: template, the body is JSON in which texts have places: “{{ properties.total }}” is the value, "
    "whatever its kind; within a longer text it is written out. Paths begin with properties, traits, group_traits, "
    "context, consent, user_id, anonymous_id, previous_id, group_id, message_id, type, event, name, timestamp, "
    "timestamp_ms or historical; a number takes one of a list. What has no value is left out."
)
_CHOICES = (
    "“{{ user_id ?? anonymous_id ?? 'nobody' }}” takes the first that is there. "
    f"“{{{{ traits.email | lower | sha256 }}}}” converts: json, {', '.join(CONVERTERS)}."
)
_LISTS = (
    "{“$each”: “properties.products”, “$as”: {“sku”: “{{ item.sku }}”}} is a list with one for each. There is nothing "
    "else: no conditions, no other loops, no calls, and nothing but the event is read."
)
_BOUNDS = (
    f"A template has at most {MOST_CHARS:,} characters, is checked when it is saved, makes at most {MOST_MADE:,} of "
    "an event, and one of which it would make more is rejected: template_too_large."
)
LANGUAGE = (_PLACES, _CHOICES, _LISTS, _BOUNDS)
