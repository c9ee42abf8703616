"""Languages and countries, as people write them → as vendors take them."""

import re
from typing import Any, Final

from datafly.spec.countries import country_code

_LANGUAGE: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z]{4})?(?:[-_]([A-Za-z]{2}))?")
_CODE: Final = 2


def as_language(sent: Any) -> str | None:
    """`en-gb` → `en_GB`; a language alone stays alone."""
    found = _LANGUAGE.fullmatch(sent.strip()) if isinstance(sent, str) else None
    if found is None:
        return None
    language, region = found.group(1).lower(), found.group(2)
    return f"{language}_{region.upper()}" if region else language


def as_locale(sent: Any) -> str | None:
    """`en_gb` → `en-GB` (BCP 47); a language alone stays alone."""
    found = as_language(sent)
    return found and found.replace("_", "-")


def as_language_code(sent: Any) -> str | None:
    """`en_gb` → `en` (ISO 639-1); a language of three letters has none."""
    found = as_language(sent)
    code = found and found.partition("_")[0]
    return code if code and len(code) == _CODE else None


def as_country(sent: Any) -> str | None:
    return country_code(sent) if isinstance(sent, str) else None
