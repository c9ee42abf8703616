"""Nodes that turn a sent value into the type that a vendor takes, or leave it out with a warning."""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from datafly.spec.contact import address_of, email_address, number_of, phone_number
from datafly.spec.countries import country_code
from datafly.spec.locales import as_country, as_language, as_language_code, as_locale
from datafly.spec.names import USUAL_LENGTH, snake_name
from datafly.spec.nodes import First, Node, Path
from datafly.spec.scope import Scope
from datafly.spec.source import NOTHING, SCOPE, Making, Source

_DECIMAL: Final = re.compile(r"-?\d{1,15}(\.\d+)?")
_FLAGS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_GREATEST: Final = 1e15
"""Beyond it a floating-point number no longer holds cents."""


class Converter(msgspec.Struct, frozen=True):
    """`says` completes "… is not …"; `convert` gives None for what cannot be converted.

    Two quick ways round it: `is_so` is a condition under which the value `{0}` is already what `convert` would make of
    it; `of_text` is what `convert` does with a text of usual length, remembered.
    """

    says: str
    convert: Callable[[Any], Any]
    is_so: str = ""
    of_text: Callable[[str], Any] | None = None


def as_text(sent: Any) -> str | None:
    """Whole numbers of any size: many are ids."""
    if type(sent) is str:
        return sent.strip() or None
    if type(sent) is int:
        return str(sent)
    number = as_number(sent)
    return None if number is None else _written(number)


def as_identifier(sent: Any) -> str | None:
    """Untouched, since an id with another space is another id."""
    return sent if isinstance(sent, str) and sent.strip() else None


def as_number(sent: Any) -> int | float | None:
    """The bounds are beyond no finite number that matters, and NaN is within none."""
    if type(sent) is float or type(sent) is int:
        return sent if -_GREATEST < sent < _GREATEST else None
    return _decimal(sent) if type(sent) is str else None


def as_amount(sent: Any) -> int | float | None:
    if type(sent) is float or type(sent) is int:
        return sent if 0 <= sent < _GREATEST else None
    number = as_number(sent)
    return None if number is None or number < 0 else number


def as_amount_text(sent: Any) -> str | None:
    amount = as_amount(sent)
    return None if amount is None else _written(amount)


def as_integer(sent: Any) -> int | None:
    number = as_number(sent)
    return int(number) if number is not None and number == int(number) else None


def as_quantity(sent: Any) -> int | None:
    if type(sent) is int and 1 <= sent < _GREATEST:
        return sent
    whole = as_integer(sent)
    return whole if whole is not None and whole >= 1 else None


def as_upper(sent: Any) -> str | None:
    text = as_text(sent)
    return text and text.upper()


def as_lower(sent: Any) -> str | None:
    text = as_text(sent)
    return text and text.lower()


def as_sha256(sent: Any) -> str | None:
    """Of the text trimmed and in lower case, in UTF-8, as hex."""
    text = as_lower(sent)
    return text and hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def as_currency(sent: Any) -> str | None:
    return _currency(sent) if isinstance(sent, str) and len(sent) <= USUAL_LENGTH else None


@lru_cache(maxsize=1024)
def _currency(sent: str) -> str | None:
    code = sent.strip().upper()
    return code if _CURRENCY.fullmatch(code) else None


def as_list(sent: Any) -> list[str] | None:
    parts = sent if isinstance(sent, list) else [sent]
    return [text for text in map(as_text, parts) if text] or None


def as_taxonomy(sent: Any) -> list[str] | tuple[str, ...] | None:
    """A list as it is; "A > B > C" and "A/B/C" split; any other text as the only element."""
    if type(sent) is not str:
        return as_list(sent)
    return _usual_split(sent) if len(sent) <= USUAL_LENGTH else _split(sent)


def _split(category: str) -> tuple[str, ...] | None:
    parts = category.split(">") if ">" in category else category.split("/")
    return tuple(part.strip() for part in parts if part.strip()) or None


_usual_split = lru_cache(maxsize=8192)(_split)


def as_event_name(sent: Any) -> str | None:
    return snake_name(sent) if isinstance(sent, str) else None


def _decimal(sent: str) -> int | float | None:
    sent = sent.strip()
    if not _DECIMAL.fullmatch(sent):
        return None
    return float(sent) if "." in sent else int(sent)


def _written(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


def as_flag(sent: Any) -> bool | None:
    """True and false, also as people and forms write them."""
    return sent if isinstance(sent, bool) else _FLAGS.get(str(sent).strip().lower())


def as_day(sent: Any) -> str | None:
    """A date, or the date of a time, as RFC 3339 at midnight in UTC."""
    if not isinstance(sent, str):
        return None
    try:
        return f"{datetime.fromisoformat(sent.strip()).date().isoformat()}T00:00:00Z"
    except ValueError:
        return None


def as_date(sent: Any) -> str | None:
    """A date, or the date of a time, as `YYYY-MM-DD`."""
    found = as_day(sent)
    return found and found[:10]


_NUMBER: Final = "(type({0}) is float or type({0}) is int)"
_IN_BOUNDS: Final = f"{_NUMBER} and {-_GREATEST!r} < {{0}} < {_GREATEST!r}"
_AMOUNT: Final = f"{_NUMBER} and 0 <= {{0}} < {_GREATEST!r}"

CONVERTERS: Final = {
    "text": Converter("text", as_text, "type({0}) is str and {0}.strip() == {0} != ''"),
    "identifier": Converter("an id (text that is not empty)", as_identifier, "type({0}) is str and {0}.strip()"),
    "number": Converter("a number", as_number, _IN_BOUNDS),
    "amount": Converter("an amount (a number, not negative)", as_amount, _AMOUNT),
    "amount_text": Converter("an amount (a number, not negative)", as_amount_text),
    "integer": Converter("a whole number", as_integer),
    "quantity": Converter(
        "a whole number of at least 1", as_quantity, f"type({{0}}) is int and 1 <= {{0}} < {_GREATEST!r}"
    ),
    "upper": Converter("text", as_upper),
    "lower": Converter("text", as_lower),
    "sha256": Converter("text that can be hashed", as_sha256),
    "currency": Converter("a currency code of three letters (ISO 4217)", as_currency, of_text=_currency),
    "list": Converter("a list of texts", as_list),
    "taxonomy": Converter("a category or a path of categories", as_taxonomy, of_text=_usual_split),
    "email": Converter("an e-mail address", email_address, of_text=address_of),
    "phone": Converter(
        "a phone number in international form (E.164, e.g. +447700900123)", phone_number, of_text=number_of
    ),
    "flag": Converter("true or false", as_flag, "type({0}) is bool"),
    "day": Converter("a date (ISO 8601)", as_day),
    "date": Converter("a date (ISO 8601)", as_date),
    "language_code": Converter("a language (ISO 639-1, e.g. en)", as_language_code),
    "language": Converter("a language, or a language and a country (en_GB)", as_language),
    "locale": Converter("a locale (BCP 47, e.g. en-GB)", as_locale),
    "country": Converter("a country (ISO 3166-1: a code or an English name)", as_country, of_text=country_code),
    "event_name": Converter("a name with a letter or digit of a-z, 0-9", as_event_name, of_text=snake_name),
}
"""Each is a word of the language and a row of its reference."""

_PLAIN: Final = frozenset({"text", "identifier"})


class Convert(Node, frozen=True, tag="convert"):
    """Of a path with several names, the first that can be converted. `region`: a setting, for phone numbers."""

    to: str
    of: Node
    region: str = ""

    def __str__(self) -> str:
        return str(self.of) if self.to in _PLAIN else f"{self.of} as {self.to.replace('_', ' ')}"

    def children(self) -> tuple[Node, ...]:
        return (self.of,)

    def never(self, making: Making) -> bool:
        return self.of.never(making)

    def write(self, source: Source) -> str:
        if self.of.never(source.making):
            return NOTHING
        if isinstance(self.of, Path) and len(self.of.names) > 1:
            each = (msgspec.structs.replace(self, of=Path((name,))) for name in self.of.names)
            return source.value(First(tuple(each)))
        converter = self._converter(source.making.config)
        sent, found = source.value(self.of), source.name(self.to)
        complaint = f"{self.of} is not {converter.says}; it was left out."
        careful = f"{source.bind(_Careful(converter.convert, complaint).read, self.to)}({SCOPE}, {sent})"
        if converter.of_text:
            quick, usual = (
                source.bind(converter.of_text, self.to),
                f"type({sent}) is str and len({sent}) <= {USUAL_LENGTH}",
            )
            source.line(f"{found} = {quick}({sent}) if {usual} else None")
            source.line(f"if {found} is None and {sent} is not None: {found} = {careful}")
        else:
            unfit = f"not ({converter.is_so.format(sent)})" if converter.is_so else "True"
            source.line(f"{found} = {careful} if {sent} is not None and {unfit} else {sent}")
        return found

    def _converter(self, config: Mapping[str, Any]) -> Converter:
        converter, region = CONVERTERS[self.to], self.region and config.get(self.region)
        if not region:
            return converter
        local = _Local(region)
        return Converter(converter.says, local.number_of_any, of_text=local.number_of_text)


class _Local(msgspec.Struct, frozen=True):
    region: str

    def number_of_text(self, sent: str) -> str | None:
        return number_of(sent, self.region)

    def number_of_any(self, sent: Any) -> str | None:
        """Also one that was sent as a number, without its country code and leading zero."""
        text = as_text(sent)
        return number_of(text, self.region) if text else None


class _Careful(msgspec.Struct, frozen=True):
    convert: Callable[[Any], Any]
    complaint: str

    def read(self, scope: Scope, sent: Any) -> Any:
        converted = self.convert(sent)
        if converted is None and sent != "":
            scope.warn(scope.name(self.complaint))
        return converted


def text(of: Node) -> Convert:
    """Trimmed; numbers are written out."""
    return Convert("text", of)


def identifier(of: Node) -> Convert:
    return Convert("identifier", of)


def number(of: Node) -> Convert:
    """Finite; also from its decimal writing."""
    return Convert("number", of)


def amount(of: Node) -> Convert:
    """A number that is not negative."""
    return Convert("amount", of)


def amount_text(of: Node) -> Convert:
    return Convert("amount_text", of)


def integer(of: Node) -> Convert:
    return Convert("integer", of)


def quantity(of: Node) -> Convert:
    return Convert("quantity", of)


def upper(of: Node) -> Convert:
    return Convert("upper", of)


def lower(of: Node) -> Convert:
    return Convert("lower", of)


def sha256(of: Node) -> Convert:
    """The hash of the text, trimmed and in lower case."""
    return Convert("sha256", of)


def currency(of: Node) -> Convert:
    return Convert("currency", of)


def texts(of: Node) -> Convert:
    """A list of texts, also of a single one."""
    return Convert("list", of)


def taxonomy(of: Node) -> Convert:
    return Convert("taxonomy", of)


def email(of: Node) -> Convert:
    return Convert("email", of)


def phone(of: Node, region: str = "") -> Convert:
    """`region`: the setting that names the country of numbers without a country code."""
    return Convert("phone", of, region)


def flag(of: Node) -> Convert:
    """Also from yes and no, 1 and 0."""
    return Convert("flag", of)


def day(of: Node) -> Convert:
    """A date at midnight, `…T00:00:00Z`."""
    return Convert("day", of)


def date(of: Node) -> Convert:
    """A date alone, `YYYY-MM-DD`."""
    return Convert("date", of)


def language_code(of: Node) -> Convert:
    """Two letters, also of a language and a country."""
    return Convert("language_code", of)


def language(of: Node) -> Convert:
    """`ll` or `ll_CC`."""
    return Convert("language", of)


def locale(of: Node) -> Convert:
    """`ll` or `ll-CC`, as BCP 47 has it."""
    return Convert("locale", of)


def country(of: Node) -> Convert:
    """Two letters."""
    return Convert("country", of)


def event_name(of: Node) -> Convert:
    """Lower case letters, digits and underscores."""
    return Convert("event_name", of)
