"""Who a user is at Braze (§2.3): a user id, else an alias for a visitor, else an e-mail address."""

from datafly.integrations.braze.refusals import NO_USER
from datafly.spec.choices import absent, given, setting
from datafly.spec.convert import email, identifier, phone
from datafly.spec.integration import Ahead, IdentityRow
from datafly.spec.nodes import const, first, obj, path, required, unless
from datafly.spec.parts import by_setting

BLOCKED = ("undefined", "null", "none", "anonymous")

EMAIL = email(path("traits.email"))
PHONE = phone(path("traits.phone", "traits.phone_number", "traits.phoneNumber"), region="default_country")
USER_ID = unless(identifier(path("user_id")), BLOCKED)
VISITOR = unless(identifier(path("anonymous_id")), BLOCKED)
SENT_VISITOR = by_setting("anonymous_events", send=VISITOR)
_LABEL = setting("alias_label")
ALIAS = given(SENT_VISITOR, obj(alias_name=VISITOR, alias_label=_LABEL))

SOMEBODY = required(first(USER_ID, SENT_VISITOR, EMAIL), NO_USER)
"""Refuses where nobody may be named."""
_ALONE = absent(USER_ID, SENT_VISITOR)
KNOWN_BY = {
    "external_id": USER_ID,
    "user_alias": absent(USER_ID, ALIAS),
    # Braze takes an address for whoever has no id; a profile of it alone is made if there is none.
    "email": absent(first(USER_ID, SENT_VISITOR), EMAIL),
}
WHO = {
    **KNOWN_BY,
    # Of an alias the default is true, by which a visitor would never come to be (§2.3).
    "_update_existing_only": given(_ALONE, const(value=False)),
}

# The link is told by the event that makes it, so what follows of the user comes behind it.
_LINKED = unless(identifier(path("links")), BLOCKED)
IDENTIFY_AHEAD = (
    Ahead(
        "identify",
        by_setting(
            "anonymous_events",
            send=given(
                USER_ID,
                given(_LINKED, obj(external_id=USER_ID, user_alias=obj(alias_name=_LINKED, alias_label=_LABEL))),
            ),
        ),
    ),
)

IDENTITY = (
    IdentityRow("external_id", "user_id from datafly.identify()", "Your own id of a known user.", USER_ID),
    IdentityRow(
        "user_alias",
        "anonymous_id",
        "Of a visitor without a user id, as alias_name under alias_label; her profile is made if there is none. When "
        "she becomes known, the alias is given to the user by /users/identify before anything else of her is sent.",
        ALIAS,
    ),
    IdentityRow("email", "traits.email", "An attribute of the profile; identifies only where there is no id at all."),
    IdentityRow("phone", "traits.phone", "E.164 format; an attribute of the profile."),
    IdentityRow("custom attributes", "traits.*", "All other traits, under their name in snake_case."),
)
