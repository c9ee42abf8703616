"""The traits of a user that have one canonical name each, and every other spelling that is understood.

Canonical names are snake_case. No contract lists them; they are ours, and follow Segment's reserved traits. Names are
compared without case, spaces, `_` and `-`. A trait that is not in the table keeps the name that it was sent under.
"""

from functools import lru_cache
from typing import Any, Final

from datafly.model.taxonomy import Property, Rename, fold

TRAITS: Final = (
    Property("email", ("email_address", "e_mail_address")),
    Property("phone", ("phone_number", "mobile_phone", "mobile_number", "telephone", "telephone_number", "msisdn")),
    Property("first_name", ("given_name", "forename")),
    Property("last_name", ("surname", "family_name")),
    Property("name", ("full_name",)),
    Property("birthday", ("birth_date", "date_of_birth", "birth_day", "dob")),
    Property("gender", ("sex",)),
    Property("age"),
    Property("language", ("lang", "preferred_language", "language_code")),
    Property("locale"),
    Property("country", ("country_code", "country_name")),
    Property("city", ("town",)),
    Property("address"),
    Property("email_optin", ("email_opt_in", "opt_in_email")),
    Property("sms_optin", ("sms_opt_in", "opt_in_sms")),
    Property("whatsapp_optin", ("whatsapp_opt_in", "whats_app_opt_in", "opt_in_whatsapp")),
    Property("push_optin", ("push_opt_in", "opt_in_push")),
    Property("gdpr_optin", ("gdpr_opt_in",)),
)
"""`also` is by rank: of several that are sent the best becomes canonical."""

_TELL_WHO: Final = frozenset({"email", "phone", "first_name", "last_name", "birthday", "gender", "address"})
"""Those that are about a person wherever they stand; a `name` or `country` among properties is that of a product."""

OF_ADDRESS: Final = ("city", "country")
"""Read from `address` where they are not told by themselves."""


def canonical_traits(sent: dict[str, Any]) -> tuple[dict[str, Any], list[Rename]]:
    """Canonical names, and what was renamed; `sent` is not changed, and returned itself if nothing was to do.

    A canonical name that was sent wins, and another spelling of it then stays as it is. City and country of an address
    are told beside it, too.
    """
    targets = _targets(tuple(sent)) if len(sent) <= _MOST else _planned(tuple(sent))
    renames = list(targets.items())
    found = {targets.get(name, name): value for name, value in sent.items()} if targets else sent
    if isinstance(found.get("address"), dict):
        found = _lifted(found, found["address"], renames)
    return found, renames


def tells_who(name: str) -> bool:
    """Whether a property of that name, in whatever spelling, says who somebody is."""
    return meaning(name) in _TELL_WHO


def supersede(known: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """`known` without what `told` says anew, in whatever spelling; so the newest word counts."""
    if not told or not known:
        return known
    keys = {meaning(name) for name in told}
    kept = {name: value for name, value in known.items() if name in told or meaning(name) not in keys}
    return kept if len(kept) < len(known) else known


_MOST: Final = 64
_USUAL_LENGTH: Final = 256


def _planned(names: tuple[str, ...]) -> dict[str, str]:
    best: dict[str, tuple[int, str]] = {}
    for name in names:
        target, rank = _FOLDED.get(fold(name), ("", 0))
        if target and target not in names and (target not in best or rank < best[target][0]):
            best[target] = (rank, name)
    return {name: target for target, (_, name) in best.items()}


_targets = lru_cache(maxsize=8_192)(_planned)


def _lifted(found: dict[str, Any], address: dict[str, Any], renames: list[Rename]) -> dict[str, Any]:
    told = {fold(name): name for name in address}
    for part in OF_ADDRESS:
        name = told.get(part)
        if name is not None and part not in found:
            found = {**found, part: address[name]}
            renames.append((f"address.{name}", part))
    return found


def meaning(name: str) -> str:
    """The same for all spellings of one trait."""
    return _usual_meaning(name) if len(name) <= _USUAL_LENGTH else name


@lru_cache(maxsize=16_384)
def _usual_meaning(name: str) -> str:
    folded = fold(name)
    return _FOLDED.get(folded, (folded, 0))[0]


_FOLDED: Final = {
    fold(spelling): (item.name, rank) for item in TRAITS for rank, spelling in enumerate((item.name, *item.also))
}
