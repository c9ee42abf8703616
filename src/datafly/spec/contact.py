"""E-mail addresses and phone numbers, in the one form in which they identify a person."""

import re
from functools import lru_cache
from typing import Any, Final

import phonenumbers

_EMAIL: Final = re.compile(r".+@.+\..+")
_E164: Final = re.compile(r"\+[1-9]\d{6,14}")


@lru_cache(maxsize=65_536)
def _email(sent: str) -> str | None:
    address = sent.strip().lower()
    return address if _EMAIL.fullmatch(address) else None


def email_address(sent: Any) -> str | None:
    """Trimmed and in lower case, so that one person is one key; None if it cannot be an address."""
    return _email(sent) if isinstance(sent, str) else None


@lru_cache(maxsize=65_536)
def _phone(sent: str) -> str | None:
    try:
        number = phonenumbers.parse(sent, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return written if _E164.fullmatch(written) else None


def phone_number(sent: Any) -> str | None:
    """E.164. A number that is *possible* counts, so that reserved ones such as +447700900123 do too."""
    return _phone(sent) if isinstance(sent, str) else None
