"""Whether a value looks like personal data: a guess, for a person to judge. Nothing is changed by it."""

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from datafly.model.traits import tells_who

EMAIL: Final = "an e-mail address"
CARD: Final = "a card number"
IBAN: Final = "an IBAN"
PHONE: Final = "a phone number"
IP: Final = "an IP address"
SOCIAL: Final = "a social security number"
BY_NAME: Final = "personal, by its name"

_LONGEST: Final = 2_000
_TELLING: Final = re.compile(r"[\d@:]")
"""Whatever is one of these has a digit, an at sign, or the colons of an address."""
_HASH: Final = re.compile(r"[0-9a-fA-F]{32,128}")
_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(\.[\w-]{1,63}){1,8}")
_DIGITS: Final = re.compile(r"(?<![\w.+-])[2-6]\d(?:[ -]?\d){12,17}(?![\w.-])")
"""As long as card numbers are, and beginning as they do."""
_IBAN: Final = re.compile(r"[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]){11,30}")
_PHONE: Final = re.compile(r"(\+|00)[1-9](?:[ ()./-]*\d){7,14}")
_SOCIAL: Final = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}")
"""Of the United States."""
_IP: Final = re.compile(r"[0-9a-fA-F:.]{7,45}")


def looks_like(value: Any) -> str:
    """One of the words above; empty where it looks like nothing of the kind."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)[:_LONGEST].strip()
    if not _TELLING.search(text) or (_HASH.fullmatch(text) and not text.isdigit()):
        return ""
    return next((kind for kind, is_it in _TESTS if is_it(text)), "")


def may_be_card(value: Any) -> bool:
    """It has as many digits, whether they check or not: of numbers by chance, one of ten does."""
    return isinstance(value, str | int) and _DIGITS.search(str(value)[:_LONGEST]) is not None


def by_name(part: str, name: str) -> str:
    """`part`: properties, traits or context, as of a field that stands at its top."""
    return BY_NAME if part in {"properties", "traits"} and tells_who(name) else ""


def leaves(value: Any, path: str, deepest: int = 6) -> Iterator[tuple[str, Any]]:
    """Field → value, as rules name fields: what is in lists is of the list's name."""
    if isinstance(value, dict) and deepest:
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{_named(name)}", deepest - 1)
    elif isinstance(value, list) and deepest:
        for inner in value:
            yield from leaves(inner, path, deepest - 1)
    else:
        yield path, value


def _named(name: str) -> str:
    """Some send values as names; these are not shown."""
    return "…" if looks_like(name) or len(name) > 100 else name


def _is_card(text: str) -> bool:
    return any(_checks(re.sub(r"\D", "", found)) for found in _DIGITS.findall(text))


def _checks(digits: str) -> bool:
    """By Luhn's rule; not one digit over and over."""
    total = 0
    for place, sign in enumerate(reversed(digits)):
        doubled = int(sign) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0 and len(set(digits)) > 1


def _is_iban(text: str) -> bool:
    plain = text.replace(" ", "")
    if not _IBAN.fullmatch(text):
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _is_ip(text: str) -> bool:
    if not _IP.fullmatch(text):
        return False
    try:
        return not ipaddress.ip_address(text).is_unspecified
    except ValueError:
        return False


_TESTS: Final[tuple[tuple[str, Callable[[str], bool]], ...]] = (
    (EMAIL, lambda text: _EMAIL.search(text) is not None),
    (IBAN, _is_iban),
    (CARD, _is_card),
    (PHONE, lambda text: _PHONE.fullmatch(text) is not None),
    (SOCIAL, lambda text: _SOCIAL.fullmatch(text) is not None),
    (IP, _is_ip),
)
