"""Why an event is not sent."""

from datafly.model.verdict import Verdict
from datafly.spec.template import MOST_MADE
from datafly.spec.words import Refusal

TOO_LARGE = Refusal(
    Verdict.REJECTED,
    "template_too_large",
    f"The template would make more than {MOST_MADE:,} characters of the event.",
    "Let it take less of the event, or send smaller events; then replay it.",
)
EMPTY = Refusal(
    Verdict.SKIPPED,
    "template_empty",
    "Nothing that the template reads is in the event, and it says nothing by itself.",
    "Nothing, if that is meant; else read something that is there.",
)
