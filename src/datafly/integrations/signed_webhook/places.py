"""What an operator may change of an event as Signal holds it; a template says its body itself."""

from datafly.spec.integration import Overridable, Place
from datafly.spec.nodes import path


def _of(name: str, sentence: str) -> Place:
    return Place(
        name,
        name,
        sentence,
        own_names=r"[A-Za-z_$][\w$ -]{0,99}",
        own_names_say="begins with a letter, “_” or “$”; letters, digits, blanks, “$”, “_” and “-” follow",
    )


OVERRIDABLE = Overridable(
    path("event"),
    (
        _of("properties", "Properties of the event, with payload: canonical."),
        _of("traits", "Traits of the user or the group, with payload: canonical."),
    ),
)
