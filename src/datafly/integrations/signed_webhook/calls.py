"""What a receiver is asked about a user that no event says."""

from datafly.spec.calls import DELETE_USER, Call

CALLS = (
    # The name is ours: no standard has one. It is signed as events are.
    Call(DELETE_USER, "", {"type": "signal.delete_user", "data": {"user": "$user"}}),
)
