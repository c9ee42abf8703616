"""Profiles, and what they are subscribed to (§1.5, §1.6)."""

from datafly.integrations.klaviyo.identity import (
    EMAIL,
    EXTERNAL_ID,
    IDENTIFYING_PHONE,
    KNOWN,
    PHONE,
    USER_ID,
)
from datafly.integrations.klaviyo.refusals import NO_CHANNEL, NO_GROUP, NO_PROFILE
from datafly.spec.choices import absent, given, lookup, setting, told
from datafly.spec.combine import several, where
from datafly.spec.convert import flag, locale, text
from datafly.spec.nodes import Node, const, first, merged, obj, path, required
from datafly.spec.parts import by_setting
from datafly.spec.rest import rest

# A profile has no anonymous_id since revision 2025-10-15 (§1.1).
_WHO = {"email": EMAIL, "phone_number": IDENTIFYING_PHONE, "external_id": EXTERNAL_ID}
_SOMEBODY = required(KNOWN, NO_PROFILE)

_OPTINS = ("email_optin", "sms_optin", "whatsapp_optin", "push_optin")
_CUSTOM = merged(
    # An opt-in is also a property: Klaviyo's own consent says how it stands there, not what the user told here.
    rest("traits", ("uuid", "user_id", "userId", "anonymous_id", "anonymousId"), keep=_OPTINS),
    obj(user_id=by_setting("user_id_as", property=USER_ID), phone=by_setting("phone_identifies", false=PHONE)),
)
_PERSON = {
    "first_name": first(text(path("traits.first_name")), text(path("traits.name"))),
    "last_name": text(path("traits.last_name")),
    "organization": text(path("traits.organization", "traits.company.name", "traits.company")),
    "locale": locale(path("traits.locale", "traits.language")),
    "title": text(path("traits.title")),
    "image": text(path("traits.avatar", "traits.image")),
    "location": obj(
        address1=text(path("traits.address.street", "traits.address.address1")),
        address2=text(path("traits.address.address2")),
        city=text(path("traits.city", "traits.address.city")),
        country=text(path("traits.country", "traits.address.country")),
        region=text(path("traits.address.state", "traits.address.region", "traits.state", "traits.region")),
        zip=text(path("traits.address.postal_code", "traits.address.postalCode", "traits.address.zip", "traits.zip")),
        timezone=text(path("traits.timezone", "context.timezone")),
    ),
}
PROFILE = given(_SOMEBODY, obj(_WHO, **_PERSON, properties=_CUSTOM))
GROUP = given(
    _SOMEBODY,
    obj(
        _WHO,
        organization=text(path("group_traits.name")),
        properties=merged(
            rest("group_traits", keep=("name",), prefix="group_"),
            obj(group_id=required(text(path("group_id")), NO_GROUP)),
        ),
    ),
)

_IS_PHONE = (("sms", "sms_optin"), ("whatsapp", "whatsapp_optin"))
_DEVICE = text(path("context.device.type"))
# Whose tokens a platform has is ours: an app for iOS may use FCM, too.
_PLATFORMS, _VENDORS = {"ios": "ios", "android": "android"}, {"ios": "apns", "android": "fcm"}
_TOKEN = given(
    lookup(_DEVICE, _PLATFORMS),
    given(
        text(path("context.device.token")),
        obj(
            token=text(path("context.device.token")),
            platform=lookup(_DEVICE, _PLATFORMS),
            vendor=lookup(_DEVICE, _VENDORS),
        ),
    ),
)


def _opted(trait: str) -> Node:
    """What the event itself tells; to subscribe lifts suppressions, so what is repeated is no news (§1.6)."""
    said = flag(path(f"traits.{trait}"))
    return by_setting("subscribe_when", changed=told(said, trait, "flag"), told=told(said, trait))


def _consent(said: str) -> Node:
    return obj(marketing=obj(consent=const(said)))


def _email(said: str, *, granted: bool) -> Node:
    return obj(email=given(EMAIL, where(_opted("email_optin"), granted, _consent(said))))


def _phone(said: str, *, granted: bool) -> Node:
    return given(PHONE, obj({name: where(_opted(trait), granted, _consent(said)) for name, trait in _IS_PHONE}))


def _push(said: str, *, granted: bool) -> Node:
    """With the token of the device; not by the anonymous id, which would make a second profile of her (§1.6)."""
    told = merged(_consent(said), obj(tokens=several(_TOKEN)))
    return given(first(EMAIL, PHONE), given(_TOKEN, obj(push=where(_opted("push_optin"), granted, told))))


def _subscription(of_email: Node, of_phone: Node, *of_push: Node) -> Node:
    """Each only with its identifier (§1.6); push with whichever is there."""
    subscriptions = merged(of_email, of_phone, *of_push)
    by_number = first(of_phone, *(absent(EMAIL, node) for node in of_push))
    who = obj(email=given(first(of_email, *of_push), EMAIL), phone_number=given(by_number, PHONE))
    return given(subscriptions, merged(who, obj(subscriptions=subscriptions)))


def _channels(said: str, *, granted: bool) -> Node:
    return _subscription(*(channel(said, granted=granted) for channel in (_email, _phone, _push)))


# History says what somebody once chose, not what she chose since; so it changes no subscription.
SUBSCRIBE = given(setting("list_id"), absent(path("historical"), _channels("SUBSCRIBED", granted=True)))
UNSUBSCRIBE = absent(path("historical"), _channels("UNSUBSCRIBED", granted=False))

_OFF = _consent("UNSUBSCRIBED")
WITHDRAWAL = required(_subscription(given(EMAIL, obj(email=_OFF)), given(PHONE, obj(sms=_OFF))), NO_CHANNEL)
