"""Attributes of a user, and what she opted in to (§2.3, §2.5)."""

from datafly.integrations.braze.identity import EMAIL, KNOWN_BY, PHONE, SENT_VISITOR, SOMEBODY, USER_ID, WHO
from datafly.integrations.braze.refusals import NO_GROUP, NO_PREVIOUS_ID
from datafly.spec.choices import absent, given, lookup, setting, tells_traits, told
from datafly.spec.combine import several, where
from datafly.spec.convert import country, date, flag, identifier, language_code, text
from datafly.spec.nodes import Node, const, first, merged, obj, path, required
from datafly.spec.parts import by_setting
from datafly.spec.records import records
from datafly.spec.rest import rest

_GENDERS = {
    **dict.fromkeys(("m", "male", "man"), "M"),
    **dict.fromkeys(("f", "female", "woman"), "F"),
    **dict.fromkeys(("o", "other", "diverse", "non-binary"), "O"),
    **dict.fromkeys(("n", "not applicable"), "N"),
    **dict.fromkeys(("p", "prefer not to say"), "P"),
}
_STATES = {name: name for name in ("opted_in", "subscribed", "unsubscribed")}
# Who somebody is, devices and what a group says stand elsewhere, or are no word of the user's.
_NOT_CUSTOM = (
    *("uuid", "user_id", "userId", "anonymous_id", "anonymousId", "external_id", "braze_id", "user_alias"),
    *("app_id", "push_tokens", "subscription_groups", "date_of_first_session", "date_of_last_session"),
)
_MOST_GROUPS = 50
_OPTINS = ("email_optin", "sms_optin", "whatsapp_optin", "push_optin")


def _anew(of: Node, trait: str, to: str) -> Node:
    """Only what the event itself tells; by `changed` not what was known: it may have been changed at Braze since."""
    return by_setting("subscribe_when", changed=told(of, trait, to), told=told(of, trait))


def _opted(trait: str, granted: str, denied: str) -> Node:
    said = _anew(flag(path(f"traits.{trait}")), trait, "flag")
    return first(where(said, value=True, of=const(granted)), where(said, value=False, of=const(denied)))


def _state(own: str, optin: str) -> Node:
    """Braze's own word, else what an opt-in says; else nothing, for nobody is opted in by guess."""
    said = _anew(lookup(text(path(f"traits.{own}")), _STATES), own, "lower")
    return first(said, _opted(optin, "opted_in", "unsubscribed"))


def _group(named: str, optin: str) -> Node:
    state = _opted(optin, "subscribed", "unsubscribed")
    return given(setting(named), given(state, obj(subscription_group_id=setting(named), subscription_state=state)))


_OWN_GROUPS = records(
    path("traits.subscription_groups"),
    {"subscription_group_id": (), "subscription_state": ("subscribed", "unsubscribed")},
    _MOST_GROUPS,
)

_SUBSCRIPTIONS = obj(
    email_subscribe=_state("email_subscribe", "email_optin"),
    push_subscribe=_state("push_subscribe", "push_optin"),
    subscription_groups=first(
        # What is told in Braze's own words is never of before: it is no trait that stands in every call.
        told(_OWN_GROUPS, "subscription_groups"),
        several(
            _group("email_group_id", "email_optin"),
            _group("sms_group_id", "sms_optin"),
            _group("whatsapp_group_id", "whatsapp_optin"),
        ),
    ),
)
_PERSON = obj(
    email=EMAIL,
    phone=PHONE,
    first_name=first(text(path("traits.first_name")), text(path("traits.name"))),
    last_name=text(path("traits.last_name")),
    dob=date(path("traits.birthday")),
    gender=lookup(text(path("traits.gender")), _GENDERS),
    country=country(path("traits.country", "traits.address.country")),
    language=language_code(path("traits.language", "traits.locale")),
    home_city=text(path("traits.city", "traits.address.city")),
    time_zone=text(path("traits.timezone", "context.timezone")),
    image_url=text(path("traits.avatar", "traits.image")),
)
# An opt-in is a custom attribute, too: Braze's own state may have been changed there since.
_TRAITS = merged(rest("traits", _NOT_CUSTOM, keep=_OPTINS), _PERSON)
_ATTRIBUTES = merged(
    _TRAITS,
    # History says what somebody once chose, not what she chose since.
    absent(path("historical"), _SUBSCRIPTIONS),
)
ATTRIBUTES = given(SOMEBODY, given(_ATTRIBUTES, merged(_ATTRIBUTES, obj(WHO))))
# Who is known by an address alone has no more to be told by it. Only an identify subscribes anybody.
TOLD_BESIDE = by_setting(
    "traits_of_events",
    true=given(tells_traits(), given(first(USER_ID, SENT_VISITOR), given(_TRAITS, merged(_TRAITS, obj(WHO))))),
)
GROUP = given(
    SOMEBODY,
    merged(rest("group_traits", prefix="group_"), obj(WHO, group_id=required(text(path("group_id")), NO_GROUP))),
)

_OFF = const("unsubscribed")
WITHDRAWAL = given(
    SOMEBODY,
    obj(
        KNOWN_BY,
        # Whom Braze does not know has nothing to unsubscribe from.
        _update_existing_only=const(value=True),
        email_subscribe=_OFF,
        push_subscribe=_OFF,
    ),
)

_BEFORE = required(identifier(path("previous_id")), NO_PREVIOUS_ID)
# Whether the id of before was a visitor's or a user's the event does not tell: what is not there is not merged.
MERGE = obj(
    identifier_to_merge=obj(external_id=_BEFORE),
    identifier_to_keep=obj(external_id=required(USER_ID, NO_PREVIOUS_ID)),
)
