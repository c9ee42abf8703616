"""`/api/user/v1/delete` erases a profile, `/api/user/v1/anonymize` strips it of what is personal."""

from datafly.sandbox.insider import replies
from datafly.sandbox.insider.addressing import named_profile
from datafly.sandbox.insider.endpoints import Call, Endpoint, Outcome
from datafly.sandbox.insider.replies import Answer
from datafly.sandbox.insider.state import State


def answer_delete(state: State, call: Call) -> Outcome:
    """No answer is documented for somebody unknown; erasing nobody is done at once."""
    profile = named_profile(state, call.account, call.document)
    if isinstance(profile, Answer):
        return Outcome(profile.reply())
    if profile:
        state.identities.erase(profile.id)
    return Outcome(replies.NOTHING.reply())


def answer_anonymize(state: State, call: Call) -> Outcome:
    profile = named_profile(state, call.account, call.document)
    if isinstance(profile, Answer):
        return Outcome(profile.reply())
    if profile is None:
        return Outcome(replies.NO_SUCH_USER.reply())
    state.identities.anonymize(profile.id, call.account.rules.personal_attributes, call.stamp)
    return Outcome(replies.NOTHING.reply())


DELETE_USER = Endpoint(
    method="POST", path="/api/user/v1/delete", pool="delete", units_a_minute=10_000, answer=answer_delete
)
ANONYMIZE = Endpoint(
    method="POST", path="/api/user/v1/anonymize", pool="anonymize", units_a_minute=500, answer=answer_anonymize
)
# The same by profile id, on an older path; partner and key may stand in its body too.
ANONYMIZE_CONTACT = Endpoint(
    method="POST", path="/api/contact/v1/anonymize", pool="anonymize", units_a_minute=500, answer=answer_anonymize
)
