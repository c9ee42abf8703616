"""What an operator changes of a definition's mapping, as data: a difference, so that a new definition still applies.

Names are those of contracts/signal.md §6.3 (integration config v2) where it has one.
"""

from typing import Annotated, Final

import msgspec

MOST_EVENTS: Final = 200
MOST_MAPPINGS: Final = 100
_LONGEST: Final = 1_000

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST)]
_Whole = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
Scalar = Text | _Whole | float | bool
Expression = Annotated[
    str, msgspec.Meta(min_length=1, max_length=2_000, description="CEL, e.g. `properties.total > 10.0`.")
]


class FieldMapping(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One field of what is sent. Exactly one of `source`, `value` and `omit` says what becomes of it.

    `target`: a place of the integration and a name in it. `source`: a path of the event, as definitions name it.
    `value_map`: the value as text → what is sent instead, `*` for any other. `default_value`: what is sent where the
    source gives nothing. `condition`: without it the field is left out.
    """

    target: Text
    source: Text | None = None
    value: Scalar | None = None
    omit: bool = False
    transform: Text | None = None
    value_map: Annotated[dict[str, Scalar], msgspec.Meta(max_length=1_000)] = {}
    default_value: Scalar | None = None
    condition: Expression | None = None


Mappings = Annotated[tuple[FieldMapping, ...], msgspec.Meta(max_length=MOST_MAPPINGS)]


class EventOverride(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """`enabled` false: events of this kind are skipped. `vendor_event_name`: what they are called at the vendor.

    `condition`: without it an event is skipped. `like`: an event that the definition has no rule for is mapped as that
    one is; without it, as any other event.
    """

    enabled: bool = True
    vendor_event_name: Text | None = None
    like: Text | None = None
    condition: Expression | None = None
    mappings: Mappings = ()


class GlobalOverride(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """For every event; a mapping counts wherever its place is. What an event's own override says comes after it."""

    condition: Expression | None = None
    mappings: Mappings = ()


class Overrides(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    rename={"everywhere": "global"},
):
    """`events`: by the canonical name of a track event, a type (`page`, `identify`, …), or `*` for any other."""

    everywhere: GlobalOverride = GlobalOverride()
    events: Annotated[dict[Text, EventOverride], msgspec.Meta(max_length=MOST_EVENTS)] = {}

    def __bool__(self) -> bool:
        return bool(self.events) or self.everywhere != GlobalOverride()


NO_OVERRIDES: Final = Overrides()
