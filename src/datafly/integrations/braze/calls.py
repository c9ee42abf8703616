"""Calls about a user that no event makes (§2.2)."""

from datafly.spec.calls import DELETE_USER, Call

CALLS = (
    Call(
        DELETE_USER,
        "/users/delete",
        {
            "external_ids": ["$user.external_id"],
            "user_aliases": ["$user.user_alias"],
            "email_addresses": [{"email": "$user.email", "prioritization": ["unidentified", "most_recently_updated"]}],
        },
        requests_per_minute=3_000,
        # A request holds one kind of identifier. An answer that nobody was deleted is a good one.
        by_one_of=("external_id", "user_alias", "email"),
    ),
)
