"""Who a user is at Movable Ink: what `mi_u` holds in the links of images (§3.3)."""

from datafly.spec.choices import given
from datafly.spec.convert import identifier, sha256
from datafly.spec.integration import IdentityRow
from datafly.spec.nodes import path, unless
from datafly.spec.parts import by_setting

BLOCKED = ("undefined", "null", "none", "anonymous", "0")

USER = by_setting(
    "mi_u", user_id=unless(identifier(path("user_id")), BLOCKED), email_sha256=sha256(path("traits.email"))
)
ANONYMOUS = unless(identifier(path("anonymous_id")), BLOCKED)

IDENTITY = (
    IdentityRow(
        "user_id",
        "user_id from datafly.identify()",
        "Must equal mi_u in the links of your images; URL-friendly and nothing personal, so hash e-mail addresses.",
        USER,
    ),
    IdentityRow(
        "anonymous_id",
        "anonymous_id",
        "Sent beside the user id, so that Movable Ink can join both; alone where nobody has logged in.",
        by_setting("anonymous_events", send=ANONYMOUS, skip=given(USER, ANONYMOUS)),
    ),
)
