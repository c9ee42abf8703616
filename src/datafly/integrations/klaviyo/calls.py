"""Calls about a user that no event makes (§1.2, GDPR delete)."""

from datafly.spec.calls import DELETE_USER, Call
from datafly.spec.pacing import Window

CALLS = (
    Call(
        DELETE_USER,
        "/api/data-privacy-deletion-jobs",
        {
            "data": {
                "type": "data-privacy-deletion-job",
                "attributes": {"profile": {"data": {"type": "profile", "attributes": "$user"}}},
            }
        },
        requests_per_minute=60,
        windows=(Window(3, 1.0),),
        # It is refused with more than one, and the answer is 202 whether there is such a profile or not.
        by_one_of=("email", "phone_number"),
    ),
)
