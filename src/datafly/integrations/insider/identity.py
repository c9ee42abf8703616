"""Who a user is at Insider, and how a visitor becomes one (contracts/insider.md §3.3, §5.1, §10.2)."""

from datafly.integrations.insider.refusals import NO_PREVIOUS_ID, NO_UUID
from datafly.model.verdict import Verdict
from datafly.spec.choices import absent, given, keyed, refused, registered
from datafly.spec.convert import email, identifier, phone
from datafly.spec.integration import Ahead, IdentityRow, Route
from datafly.spec.nodes import first, obj, path, required, unless
from datafly.spec.parts import by_setting
from datafly.spec.words import Failure

# Recommended blocked values of Insider's Identity Resolution Management (contracts/insider.md §3.3).
BLOCKED = ("undefined", "anonymous", "0", "1", "null")
USER_ID = unless(identifier(path("user_id")), BLOCKED)
# A placeholder is shared by many, and so is what is known of it: it never makes room for another identifier.
ANONYMOUS_ID = unless(identifier(path("anonymous_id")), BLOCKED)

KEYED = keyed("anonymous_identifier_name", ANONYMOUS_ID)
# An identifier whose type is not enabled is ignored (contracts/insider.md §3.3, §9 row 17); nobody can ask which are.
_ENABLED = (
    "Insider ignores the identifier {name}, and with it a visitor who has no other, unless it is enabled under "
    "Components > Identity Resolution; list it in registered_names, and this is not said again."
)
VISITOR = registered(KEYED, "registered_names", _ENABLED, otherwise=_ENABLED)

IDENTITY = (
    IdentityRow(
        "uuid",
        "user_id from datafly.identify()",
        "Your stable customer ID. Used to key the Insider user.",
        by_setting(
            "anonymous_events",
            skip=required(USER_ID, NO_UUID),
            as_uuid=required(first(USER_ID, absent(path("user_id"), ANONYMOUS_ID)), NO_UUID),
            custom_identifier=first(USER_ID, given(path("user_id"), refused(NO_UUID))),
        ),
    ),
    IdentityRow(
        "email",
        "traits.email",
        "Stored in identifiers.email. Used for cross-channel resolution.",
        email(path("traits.email")),
        identifies_if="email_as_identifier",
    ),
    IdentityRow(
        "phone_number",
        "traits.phone",
        "E.164 format. Stored in identifiers.phone_number.",
        phone(path("traits.phone", "traits.phone_number", "traits.phoneNumber"), region="default_country"),
        identifies_if="phone_as_identifier",
    ),
    IdentityRow("custom.*", "traits.*", "Additional traits are mapped to Insider custom attributes."),
    IdentityRow(
        "custom",
        "anonymous_id",
        "Only with anonymous_events: custom_identifier; stored in identifiers.custom under anonymous_identifier_name.",
        by_setting("anonymous_events", custom_identifier=given(KEYED, first(given(USER_ID, KEYED), VISITOR))),
    ),
)

NEVER_CUSTOM = ("uuid", "user_id", "userId")
"""Beside e-mail and phone, which are read; Insider doubles a user whose identifiers differ between two places."""

IDENTITY_ROUTE = Route("/api/user/v1/identity", method="PATCH", key="identity", requests_per_minute=2_000)

# A profile holds one uuid, so the visitor's own must be replaced before the user's is sent (contracts/insider.md §5.1).
FORMER = unless(identifier(path("links")), BLOCKED)
MERGE = by_setting(
    "anonymous_events",
    as_uuid=given(FORMER, given(USER_ID, obj(old_identifier=obj(uuid=FORMER), new_identifier=obj(uuid=USER_ID)))),
)
# Whoever aliases knows both ids, so it holds whatever becomes of visitors' events.
PREVIOUS_ID = unless(identifier(path("previous_id")), BLOCKED)
ALIAS = obj(
    old_identifier=obj(uuid=required(PREVIOUS_ID, NO_PREVIOUS_ID)),
    new_identifier=obj(uuid=required(USER_ID, NO_UUID)),
)
MERGE_AHEAD = (Ahead("identity", MERGE),)


def _goes_on(status: int, symptom: str, answer: str, cause: str, cure: str) -> Failure:
    """The user's own upsert follows and holds, whatever became of the visitor's profile."""
    answer = f'{{"error":"{answer}"}}'
    return Failure(
        Verdict.DELIVERED, symptom, cause, cure, status, (symptom,), answer=answer, common=False, route="identity"
    )


MERGE_FAILURES = (
    _goes_on(
        400,
        "new identifier already has a user assigned to it",
        "new identifier already has a user assigned to it: bad request",
        "The user had a profile at Insider before, so that of the visitor is not turned into it. What she did before "
        "this login stays with the anonymous profile; everything from here on belongs to the user",
        "Nothing. Insider has no call that joins two profiles; with an e-mail or phone number in both it may unify "
        "them by its own rules (Components > Identity Resolution).",
    ),
    _goes_on(
        404,
        "no such user for these identifiers",
        "no such user for these identifiers: no data",
        "Insider has no profile of the visitor: nothing was sent of her before this login, e.g. for want of consent",
        "Nothing; there is nothing to merge.",
    ),
    _goes_on(
        400,
        "identifier values are the same",
        "identifier values are the same: bad request",
        "The visitor's anonymous id and the user id are the same",
        "Nothing; there is nothing to merge.",
    ),
    _goes_on(
        400,
        "no valid identifier",
        "no valid identifier: bad request",
        "uuid is not enabled as an identifier at Insider, so the visitor's profile cannot become the user's",
        "Enable uuid under Components > Identity Resolution.",
    ),
)
