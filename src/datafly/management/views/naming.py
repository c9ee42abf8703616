"""How things are called, the same for several resources."""

from typing import Annotated, Final

import msgspec

ORGANISATION: Final = "org_default"
"""One deployment serves one organisation; its id is there because clients of the documented shapes look for it."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"\S", description="Shown to people.")]
