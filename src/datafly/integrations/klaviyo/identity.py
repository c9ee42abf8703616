"""Who a user is at Klaviyo (§1.3, §1.5; users-ask E.27, E.28)."""

from datafly.spec.bounds import sized
from datafly.spec.choices import given
from datafly.spec.convert import email, identifier, phone
from datafly.spec.integration import IdentityRow
from datafly.spec.nodes import first, path, unless
from datafly.spec.parts import by_setting

BLOCKED = ("undefined", "null", "none", "anonymous")
_MOST = 255

EMAIL = email(path("traits.email"))
PHONE = phone(path("traits.phone", "traits.phone_number", "traits.phoneNumber"), region="default_country")
USER_ID = sized(unless(identifier(path("user_id")), BLOCKED), _MOST)
ANONYMOUS_ID = unless(identifier(path("anonymous_id")), BLOCKED)

# A visitor's own id is never an external_id: it would become a second profile of hers at login (E.27).
EXTERNAL_ID = by_setting("user_id_as", external_id=USER_ID)
IDENTIFYING_PHONE = by_setting("phone_identifies", true=PHONE)
KNOWN = first(EXTERNAL_ID, EMAIL, IDENTIFYING_PHONE)

IDENTITY = (
    IdentityRow(
        "external_id",
        "user_id from datafly.identify()",
        "Your own id of a known user; never an anonymous one. At most 255 characters.",
        EXTERNAL_ID,
    ),
    IdentityRow("email", "traits.email", "What Klaviyo recommends to identify by.", EMAIL),
    IdentityRow("phone_number", "traits.phone", "E.164 format.", PHONE, identifies_if="phone_identifies"),
    IdentityRow(
        "anonymous_id",
        "anonymous_id",
        "With events only: of visitors alone, of known users beside the others. Profiles have none since revision "
        "2025-10-15.",
        by_setting("anonymous_events", send=ANONYMOUS_ID, skip=given(KNOWN, ANONYMOUS_ID)),
    ),
    IdentityRow("properties.*", "traits.*", "All other traits are custom properties of the profile."),
)
