"""Who an event is about. A webhook asks for nobody: what is known goes along."""

from datafly.spec.integration import IdentityRow
from datafly.spec.nodes import path

IDENTITY = (
    IdentityRow("userId", "user_id from datafly.identify()", "The id sent, or the one learnt.", path("user_id")),
    IdentityRow(
        "anonymousId", "anonymous_id", "The visitor; the same before and after the login.", path("anonymous_id")
    ),
)
