"""What management asks of single sign-on, and what it hears: who vouches for persons, and for whom."""

from typing import Any, Final, Protocol

import msgspec

from datafly.management.settings import OidcSettings
from datafly.model.errors import CallerError

LASTS_SECONDS: Final = 600
"""So long a person may take at the provider."""


class Person(msgspec.Struct, frozen=True):
    """Whom the provider vouches for. `subject`: `issuer sub`, which never changes; `email` may."""

    subject: str
    email: str
    is_verified: bool
    name: str
    claims: dict[str, Any]


class SignOn(Protocol):
    """Raises `Unavailable` where the provider cannot be asked, `CallerError` where its answer does not hold."""

    @property
    def settings(self) -> OidcSettings: ...

    async def begin(self, redirect_uri: str, wanted: str) -> tuple[str, str]:
        """Where to send the browser, and the text of a cookie that it must bring back."""

    async def finish(self, kept_text: str, state: str, code: str, redirect_uri: str) -> tuple[Person, str]:
        """Who came back, and where they wanted to go."""


def refused(sentence: str, **details: str) -> CallerError:
    return CallerError(sentence, code="SSO_REFUSED", status=403, **details)
