"""Users and their attributes (contracts/insider.md §3.2, §3.4, §6)."""

from datafly.integrations.insider.identity import MERGE, NEVER_CUSTOM
from datafly.integrations.insider.refusals import CONSENT_UNCHANGED, NO_ATTRIBUTES, NO_GROUP, NO_IDENTIFIER, NO_NAME
from datafly.integrations.insider.taxonomy import custom_attributes
from datafly.spec.choices import absent, changed, given, refused
from datafly.spec.consenting import consent, consents, if_changed
from datafly.spec.convert import country, day, flag, language, number, text
from datafly.spec.nodes import Node, const, first, merged, obj, path, required
from datafly.spec.parts import by_setting, each_line, identified, params, rule_event_name
from datafly.spec.rest import rest

WHO = required(identified(), NO_IDENTIFIER)

# Sent in both places: a type that is not enabled as an identifier stays an attribute (contracts/insider.md §3.3).
CONTACT = {"email": identified("email"), "phone_number": identified("phone_number")}

# What the visitor chose goes with every user that is sent (contracts/insider.md §6; decision 0035).
GDPR_OPTIN = by_setting("forward_consent", gdpr_optin=consent("marketing"))
CONSENTS = by_setting("forward_consent", custom_attributes=consents("consent_"))

# `append` wins where both are said, so only one is (contracts/insider.md §3.6).
ARRAYS = {
    "not_append": by_setting("append_arrays", false=const(value=True)),
    "append": by_setting("append_arrays", true=const(value=True)),
}

# A first name is what Insider's `name` holds; a whole name stands there only for want of one.
PERSON = {
    "name": first(text(path("traits.first_name")), text(path("traits.name"))),
    "surname": text(path("traits.last_name")),
    "birthday": day(path("traits.birthday")),
    "gender": text(path("traits.gender")),
    "age": number(path("traits.age")),
    "language": language(path("traits.language", "traits.locale")),
    "country": country(path("traits.country", "traits.address.country")),
    "city": text(path("traits.city", "traits.address.city")),
}
OPTINS = {name: flag(path(f"traits.{name}")) for name in ("email_optin", "sms_optin", "whatsapp_optin")}
FULL_NAME = obj(full_name=given(path("traits.first_name"), text(path("traits.name"))))

# An identifier that Insider has is not changed by an upsert (contracts/insider.md §3.3).
_KEPT = (
    "traits.{name} is another than before: Insider keeps the identifier that it has of a user, and an upsert changes "
    "the attribute alone. Change it in the panel."
)
CHANGED_CONTACT = {
    field: by_setting(
        setting,
        true=changed(identified(field), name, name, _KEPT.format(name=name)),
        false=identified(field),
    )
    for field, name, setting in (
        ("email", "email", "email_as_identifier"),
        ("phone_number", "phone", "phone_as_identifier"),
    )
}
ATTRIBUTES = obj(
    {**CHANGED_CONTACT, **PERSON, **OPTINS},
    gdpr_optin=first(GDPR_OPTIN, flag(path("traits.gdpr_optin"))),
    custom=custom_attributes(merged(rest("traits", NEVER_CUSTOM, unread="c_"), FULL_NAME, CONSENTS)),
)


def _user(attributes: Node) -> Node:
    return obj({"identifiers": WHO, "attributes": attributes, **ARRAYS})


# A login of which nothing is told still merges; then the merge is all that is sent.
_TOLD = first(ATTRIBUTES, absent(MERGE, refused(NO_ATTRIBUTES)))
IDENTIFY = by_setting(
    "anonymous_events",
    skip=_user(required(ATTRIBUTES, NO_ATTRIBUTES)),
    as_uuid=given(_TOLD, _user(_TOLD)),
    custom_identifier=_user(required(ATTRIBUTES, NO_ATTRIBUTES)),
)
GROUP = _user(
    obj(
        CONTACT,
        gdpr_optin=GDPR_OPTIN,
        custom=custom_attributes(
            merged(
                by_setting(
                    "group_traits",
                    prefixed=rest("group_traits", prefix="group_"),
                    plain=rest("group_traits", (*NEVER_CUSTOM, "email", "phone", "phone_number"), unread="c_"),
                ),
                obj(group_id=required(text(path("group_id")), NO_GROUP)),
                CONSENTS,
            )
        ),
    )
)
CONSENT = _user(
    merged(
        obj(CONTACT),
        required(
            obj(gdpr_optin=if_changed(GDPR_OPTIN, "marketing"), custom=if_changed(CONSENTS)),
            CONSENT_UNCHANGED,
        ),
    )
)
# No more than must be told: the key of the user or visitor, and what she chose.
WITHDRAWAL = obj(
    {
        "identifiers": first(obj(uuid=identified("uuid")), obj(custom=identified("custom")), WHO),
        "attributes": required(obj(gdpr_optin=GDPR_OPTIN, custom=CONSENTS), CONSENT_UNCHANGED),
        **ARRAYS,
    }
)
EVENT = obj(
    {
        "identifiers": WHO,
        "attributes": obj(CONTACT, gdpr_optin=GDPR_OPTIN, custom=CONSENTS),
        **ARRAYS,
    },
    events=each_line(
        obj(
            event_name=required(rule_event_name(), NO_NAME),
            timestamp=path("timestamp"),
            event_params=params(),
        )
    ),
)
