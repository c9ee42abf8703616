"""Calls about a user that no event makes (contracts/insider.md §2, §5.1, §5.2, §5.4, §5.5)."""

from datafly.model.verdict import Verdict
from datafly.spec.calls import DELETE_ATTRIBUTES, DELETE_USER, REMOVE_IDENTIFIER, REPLACE_IDENTIFIER, Call
from datafly.spec.words import Failure


def _said(verdict: Verdict, status: int, words: str, cause: str, cure: str) -> Failure:
    symptom = words.partition(":")[0]
    answer = f'{{"error":"{words}"}}'
    return Failure(verdict, symptom, cause, cure, status=status, contains=(symptom,), answer=answer, common=False)


def _no_such_user(verdict: Verdict, cause: str, cure: str) -> Failure:
    """Documented for reading a profile and for anonymising one; what these calls answer is not (§5.1, §5.5)."""
    return _said(verdict, 404, "no such user for these identifiers: no data", cause, cure)


_NOT_ENABLED = _said(
    Verdict.REJECTED,
    400,
    "no valid identifier: bad request",
    "An identifier of this type is not enabled at Insider",
    "Enable it under Components > Identity Resolution.",
)

CALLS = (
    Call(
        DELETE_USER,
        "/api/user/v1/delete",
        {"identifiers": "$user"},
        requests_per_minute=10_000,
        failures=(_no_such_user(Verdict.DELIVERED, "Insider has no such user", "Nothing; there is nothing to erase."),),
    ),
    Call(
        DELETE_ATTRIBUTES,
        "/api/user/v1/attribute/delete",
        {"users": [{"identifiers": "$user", "whole": "$attributes", "custom": {"whole": "$custom"}}]},
        # The page says {}, a captured answer counts users as an upsert's does; both are understood (§5.4).
        per_item=True,
    ),
    Call(
        REPLACE_IDENTIFIER,
        "/api/user/v1/identity",
        {"old_identifier": "$old", "new_identifier": "$new"},
        method="PATCH",
        requests_per_minute=2_000,
        failures=(
            _said(
                Verdict.DELIVERED,
                400,
                "identifier values are the same: bad request",
                "The identifier has that value already",
                "Nothing.",
            ),
            _said(
                Verdict.REJECTED,
                400,
                "new identifier already has a user assigned to it: bad request",
                "Another user has the new identifier, and Insider joins no two profiles",
                "Erase one of the two, or leave both.",
            ),
            _said(
                Verdict.REJECTED,
                400,
                "there must be exactly 1 entry for both new and old identifiers: bad request",
                "More than one identifier was to be replaced at once",
                "Replace one after the other.",
            ),
            _NOT_ENABLED,
            _no_such_user(Verdict.REJECTED, "Insider has no user with the old identifier", "Nothing can be replaced."),
        ),
    ),
    Call(
        REMOVE_IDENTIFIER,
        "/api/user/v1/identity",
        {"identifiers": "$user"},
        method="DELETE",
        # One page says 25,000, another 1,000 (§2): the lower one is kept to.
        requests_per_minute=1_000,
        failures=(
            _said(
                Verdict.REJECTED,
                400,
                "you cannot delete the sole identifier specified for a user: bad request",
                "It is the only identifier of the user",
                "Erase the user instead.",
            ),
            _NOT_ENABLED,
            _no_such_user(Verdict.DELIVERED, "Insider has no user with it", "Nothing; there is nothing to remove."),
        ),
    ),
)
