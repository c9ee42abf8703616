"""E-mail addresses and phone numbers, in the one form in which they identify a person."""

import re
from functools import lru_cache
from typing import Any, Final

import phonenumbers

_EMAIL: Final = re.compile(r".+@.+\..+")
_LONGEST_EMAIL: Final = 254
"""Of an address that a mail server takes (RFC 5321); the pattern takes quadratic time."""
_LONGEST_PHONE: Final = 64
_PHONE: Final = re.compile(r"\s*(tel:)?\+[\d\s()./\u2010-\u2015-]+")
_LOCAL: Final = re.compile(r"\s*(tel:)?\+?[\d\s()./\u2010-\u2015-]+")
"""The kit reads letters as keys of a telephone, or past them: one mistyped would be another person's number."""
_E164: Final = re.compile(r"\+[1-9]\d{6,14}")
PHONE_COUNTRIES: Final = "|".join(sorted(phonenumbers.SUPPORTED_REGIONS))
"""Pattern of the countries (ISO 3166-1 alpha-2) whose national numbers can be read. UK is none: it is GB."""


@lru_cache(maxsize=65_536)
def address_of(sent: str) -> str | None:
    address = sent.strip().lower()
    return address if len(sent) <= _LONGEST_EMAIL and _EMAIL.fullmatch(address) else None


def email_address(sent: Any) -> str | None:
    """Trimmed and in lower case, so that one person is one key; None if it cannot be an address."""
    return address_of(sent) if isinstance(sent, str) and len(sent) <= _LONGEST_EMAIL else None


@lru_cache(maxsize=65_536)
def number_of(sent: str, region: str | None = None) -> str | None:
    """`region`: the country of a number that is not in international form, ISO 3166-1 alpha-2."""
    if len(sent) > _LONGEST_PHONE or not (_LOCAL if region else _PHONE).fullmatch(sent):
        return None
    try:
        number = phonenumbers.parse(sent, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return written if _E164.fullmatch(written) else None


def phone_number(sent: Any) -> str | None:
    """E.164. A number that is *possible* counts, so that reserved ones such as +447700900123 do too.

    None with letters, and so with an extension: E.164 has none, and the number before it is that of many.
    """
    return number_of(sent) if isinstance(sent, str) and len(sent) <= _LONGEST_PHONE else None
