"""Nodes that turn a sent value into the type that a vendor takes, or leave it out with a warning."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import msgspec

from datafly.spec.contact import email_address, phone_number
from datafly.spec.names import USUAL_LENGTH, snake_name
from datafly.spec.nodes import Making, Node, Path
from datafly.spec.scope import Read, Scope

_DECIMAL: Final = re.compile(r"-?\d{1,15}(\.\d+)?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_GREATEST: Final = 1e15
"""Beyond it a floating-point number no longer holds cents."""


class Converter(msgspec.Struct, frozen=True):
    """`says` completes "… is not …"; `convert` gives None for what cannot be converted."""

    says: str
    convert: Callable[[Any], Any]


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


def _decimal(sent: str) -> int | float | None:
    sent = sent.strip()
    if not _DECIMAL.fullmatch(sent):
        return None
    return float(sent) if "." in sent else int(sent)


def _written(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


CONVERTERS: Final = {
    "text": Converter("text", as_text),
    "identifier": Converter("an id (text that is not empty)", as_identifier),
    "number": Converter("a number", as_number),
    "amount": Converter("an amount (a number, not negative)", as_amount),
    "amount_text": Converter("an amount (a number, not negative)", as_amount_text),
    "integer": Converter("a whole number", as_integer),
    "quantity": Converter("a whole number of at least 1", as_quantity),
    "upper": Converter("text", as_upper),
    "currency": Converter("a currency code of three letters (ISO 4217)", as_currency),
    "list": Converter("a list of texts", as_list),
    "taxonomy": Converter("a category or a path of categories", as_taxonomy),
    "email": Converter("an e-mail address", email_address),
    "phone": Converter("a phone number in international form (E.164, e.g. +447700900123)", phone_number),
    "event_name": Converter("a name with a letter or digit of a-z, 0-9", snake_name),
}
"""Each is a word of the language and a row of its reference."""

_PLAIN: Final = frozenset({"text", "identifier"})


class Convert(Node, frozen=True, tag="convert"):
    to: str
    of: Node

    def __str__(self) -> str:
        return str(self.of) if self.to in _PLAIN else f"{self.of} as {self.to.replace('_', ' ')}"

    def children(self) -> tuple[Node, ...]:
        return (self.of,)

    def build(self, making: Making) -> Read:
        convert = CONVERTERS[self.to].convert
        complaint = f"{self.of} is not {CONVERTERS[self.to].says}; it was left out."
        field = self.of.field() if isinstance(self.of, Path) else None
        if field:
            return _of_field(*field, convert, complaint)
        read_one = self.of.build(making)

        def read(scope: Scope) -> Any:
            value = read_one(scope)
            if value is None:
                return None
            converted = convert(value)
            if converted is None and value != "":
                scope.warn(scope.name(complaint))
            return converted

        return read


def _of_field(root: str, key: str, convert: Callable[[Any], Any], complaint: str) -> Read:
    """Reading and converting in one closure: most fields of most requests are such."""

    def of_line(scope: Scope) -> Any:
        value = scope.line.get(key)
        if value is None:
            return None
        converted = convert(value)
        if converted is None and value != "":
            scope.warn(scope.name(complaint))
        return converted

    def of_any(scope: Scope) -> Any:
        value = getattr(scope, root).get(key)
        if value is None:
            return None
        converted = convert(value)
        if converted is None and value != "":
            scope.warn(complaint)
        return converted

    return of_line if root == "line" else of_any


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


def currency(of: Node) -> Convert:
    return Convert("currency", of)


def texts(of: Node) -> Convert:
    """A list of texts, also of a single one."""
    return Convert("list", of)


def taxonomy(of: Node) -> Convert:
    return Convert("taxonomy", of)


def email(of: Node) -> Convert:
    return Convert("email", of)


def phone(of: Node) -> Convert:
    return Convert("phone", of)


def event_name(of: Node) -> Convert:
    """Lower case letters, digits and underscores."""
    return Convert("event_name", of)
