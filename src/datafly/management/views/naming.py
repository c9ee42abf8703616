"""How things are called, the same for several resources."""

from typing import Annotated, Final

from datafly.model.wording import patterned

ORGANISATION: Final = "org_default"
"""One deployment serves one organisation; its id is there because clients of the documented shapes look for it."""

_LINE: Final = r"^[^\x00-\x1f\x7f]*[^\x00-\x1f\x7f\s][^\x00-\x1f\x7f]*$(?!\n)"
"""One line with something on it: a name is shown in lists, logs and terminals. `$` alone lets a line break end it."""

Name = Annotated[
    str,
    patterned(
        _LINE,
        "one line of text with something on it besides blanks",
        min_length=1,
        max_length=255,
        description="Shown to people.",
    ),
]
