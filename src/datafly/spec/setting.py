"""The kinds of settings that a definition may ask for; each judges a value and describes itself as JSON Schema."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import msgspec

from datafly.model.secret import MASK
from datafly.model.secret import Secret as Hidden
from datafly.spec.header_lines import credentials_of, read_headers
from datafly.spec.signature import key_of, objection
from datafly.spec.template import MOST_CHARS, Fault, read_template

_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")
_LONGEST: Final = 4096
_SPOILING: Final = frozenset("?#@\\")
"""What makes of an API's path, put after it, something else than a path, or of a host a user's name."""
_LONGEST_NAME: Final = 255
_MOST_NAMES: Final = 5_000


class Problem(msgspec.Struct, frozen=True):
    """`code` is stable; `says` completes the sentence that begins with the field's name."""

    code: str
    says: str


class Setting(msgspec.Struct, frozen=True, omit_defaults=True):
    """`default` counts where nothing is set; a setting with one is never required. `example`: for pages and forms.

    `needed_if`: another setting, and its options with which this one must be given, whatever `required` says.
    """

    kind: ClassVar[str] = "string"

    name: str
    sentence: str
    required: bool = True
    default: Any = None
    example: Any = None
    label: str = ""
    advanced: bool = False
    needed_if: tuple[str, tuple[str, ...]] | None = None

    @property
    def must_be_given(self) -> bool:
        return self.required and self.default is None and self.needed_if is None

    def is_needed(self, config: Mapping[str, Any]) -> bool:
        """`config` with its defaults."""
        asked = self.needed_if
        return self.must_be_given if asked is None else self.default is None and config.get(asked[0]) in asked[1]

    @property
    def title(self) -> str:
        return self.label or self.name.replace("_", " ").capitalize()

    def problem(self, value: Any) -> Problem | None:
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        said: dict[str, Any] = {"title": self.title, "description": self.sentence, **self.form()}
        if self.default is not None:
            said["default"] = self.default
        if self.example is not None:
            said["examples"] = [self.example]
        return said

    def form(self) -> dict[str, Any]:
        """The part of the schema that is the kind's own."""
        return {"type": "string"}


class Text(Setting, frozen=True, tag="string"):
    """`pattern` holds for the whole text; `pattern_says` tells a person what it means."""

    pattern: str = ""
    pattern_says: str = "has not the right form"

    def problem(self, value: Any) -> Problem | None:
        if not isinstance(value, str):
            return _not_a("text")
        if not value or len(value) > _LONGEST:
            return Problem("empty", "is empty") if not value else Problem("too_long", "is too long")
        if self.pattern and not re.fullmatch(self.pattern, value):
            return Problem("pattern", self.pattern_says)
        return None

    def form(self) -> dict[str, Any]:
        bounds: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": _LONGEST}
        return {**bounds, "pattern": f"^(?:{self.pattern})$"} if self.pattern else bounds


class Secret(Setting, frozen=True, tag="secret"):
    """Encrypted at rest, `***` wherever it is shown. Its example must not be a working one."""

    kind: ClassVar[str] = "secret"

    def problem(self, value: Any) -> Problem | None:
        shown = value.reveal() if isinstance(value, Hidden) else value
        if not isinstance(shown, str):
            return _not_a("text")
        if shown == MASK:
            return Problem("masked", f"is {MASK}, which stands for a secret that is kept; none is kept here")
        if not shown or len(shown) > _LONGEST:
            return Problem("empty", "is empty") if not shown else Problem("too_long", "is too long")
        if not _PRINTABLE.fullmatch(shown):
            return Problem("pattern", "has spaces, line breaks or letters that no key has; copy it anew")
        return None

    def stand_in(self, text: str, _kept: str) -> str:
        """What may stand in place of a secret that is set, `_kept`, where it must not be shown: made of `text`."""
        return text

    def form(self) -> dict[str, Any]:
        return {"type": "string", "format": "password", "writeOnly": True, "minLength": 1, "maxLength": _LONGEST}


class SigningKey(Secret, frozen=True, tag="signing_key"):
    """A key of Standard Webhooks, see `spec.signature`."""

    def problem(self, value: Any) -> Problem | None:
        wrong = super().problem(value)
        shown = value.reveal() if isinstance(value, Hidden) else value
        said = "" if wrong else objection(shown)
        return wrong or (Problem("pattern", said) if said else None)

    def stand_in(self, text: str, _kept: str) -> str:
        return key_of(text)


class SecretHeaders(Secret, frozen=True, tag="secret_headers"):
    """Headers with their values, one a line, see `spec.header_lines`; all of it is secret."""

    def problem(self, value: Any) -> Problem | None:
        shown = value.reveal() if isinstance(value, Hidden) else value
        if isinstance(shown, str) and shown != MASK and shown and len(shown) <= _LONGEST:
            return _header_problem(shown)
        return super().problem(value)

    def stand_in(self, text: str, kept: str) -> str:
        return "\n".join(f"{name}: {text}" for name in read_headers(kept))


class Headers(Setting, frozen=True, tag="headers"):
    """The same, shown to everyone; a name that sounds like a credential is refused."""

    def problem(self, value: Any) -> Problem | None:
        if not isinstance(value, str):
            return _not_a("text")
        if not value.strip() or len(value) > _LONGEST:
            return Problem("empty", "is empty") if not value.strip() else Problem("too_long", "is too long")
        return _header_problem(value) or _credential_problem(value)

    def form(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": _LONGEST}


class Template(Setting, frozen=True, tag="template"):
    """JSON with places to fill in, see `spec.template`."""

    def problem(self, value: Any) -> Problem | None:
        if not isinstance(value, str):
            return _not_a("text")
        found = read_template(value)
        return Problem("template", str(found)) if isinstance(found, Fault) else None

    def form(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": MOST_CHARS}


class Moment(Setting, frozen=True, tag="moment"):
    """A point in time as RFC 3339 has it."""

    def problem(self, value: Any) -> Problem | None:
        if not isinstance(value, str):
            return _not_a("text")
        return None if moment_ms(value) is not None else Problem("pattern", "is no time such as 2026-12-01T00:00:00Z")

    def form(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}


class Option(msgspec.Struct, frozen=True):
    value: str
    sentence: str


class SecretAddress(Secret, frozen=True, tag="secret_url"):
    """An address that only its account knows, with all that stands behind the host: scheme://host[:port]/path.

    `whole`: it is called to the letter, with a query where it has one, so nothing may be put after it.
    """

    whole: bool = False

    def problem(self, value: Any) -> Problem | None:
        shown = value.reveal() if isinstance(value, Hidden) else value
        wrong = super().problem(value)
        fits = wrong is None and _is_base(shown.partition("?")[0] if self.whole else shown)
        return wrong or (None if fits else Problem("url", "is not scheme://host/path with http or https"))


class Choice(Setting, frozen=True, kw_only=True, tag="select"):
    kind: ClassVar[str] = "select"

    options: tuple[Option, ...]

    def problem(self, value: Any) -> Problem | None:
        values = [option.value for option in self.options]
        return None if value in values else Problem("choice", f"is none of {', '.join(values)}")

    def form(self) -> dict[str, Any]:
        return {"type": "string", "enum": [option.value for option in self.options]}


class Flag(Setting, frozen=True, tag="boolean"):
    kind: ClassVar[str] = "boolean"

    def problem(self, value: Any) -> Problem | None:
        return None if isinstance(value, bool) else _not_a("true or false")

    def form(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Number(Setting, frozen=True, tag="number"):
    """`whole`: an integer. Bounds are included."""

    kind: ClassVar[str] = "number"

    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False

    def problem(self, value: Any) -> Problem | None:
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return _not_a("a whole number" if self.whole else "a number")
        if self.minimum is not None and value < self.minimum:
            return Problem("minimum", f"is less than {self.minimum:g}")
        if self.maximum is not None and value > self.maximum:
            return Problem("maximum", f"is more than {self.maximum:g}")
        return None

    def form(self) -> dict[str, Any]:
        bounds = {"minimum": self.minimum, "maximum": self.maximum}
        stated = {name: bound for name, bound in bounds.items() if bound is not None}
        return {"type": "integer" if self.whole else "number", **stated}


class Names(Setting, frozen=True, tag="names"):
    """A list of names, each once."""

    kind: ClassVar[str] = "names"

    def problem(self, value: Any) -> Problem | None:
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            return _not_a("a list of names")
        if len(value) > _MOST_NAMES or any(len(name) > _LONGEST_NAME for name in value):
            return Problem("too_long", f"has more than {_MOST_NAMES} names, or one of over {_LONGEST_NAME} characters")
        return None if all(map(str.strip, value)) else Problem("empty", "has an empty name")

    def form(self) -> dict[str, Any]:
        name = {"type": "string", "minLength": 1, "maxLength": _LONGEST_NAME}
        return {"type": "array", "items": name, "maxItems": _MOST_NAMES}


class Address(Setting, frozen=True, tag="url"):
    """scheme://host[:port][/prefix]; paths of the API are put after it. Whether it may be called, transport says."""

    kind: ClassVar[str] = "string"

    def problem(self, value: Any) -> Problem | None:
        if not isinstance(value, str):
            return _not_a("text")
        return None if _is_base(value) else Problem("url", "is not scheme://host[/prefix] with http or https")

    def form(self) -> dict[str, Any]:
        return {"type": "string", "format": "uri", "maxLength": _LONGEST}


SettingKind = (
    Text
    | Secret
    | SecretAddress
    | SigningKey
    | SecretHeaders
    | Headers
    | Template
    | Moment
    | Choice
    | Flag
    | Number
    | Names
    | Address
)


def moment_ms(text: str) -> int | None:
    """None where it is no point in time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else round(moment.timestamp() * 1000)


def _header_problem(text: str) -> Problem | None:
    try:
        read_headers(text)
    except ValueError as error:
        return Problem("pattern", str(error))
    return None


def _credential_problem(text: str) -> Problem | None:
    names = credentials_of(text)
    return Problem("secret", f"is shown to everyone, and {names[0]} sounds like a secret") if names else None


def _is_base(value: str) -> bool:
    if len(value) > _LONGEST or not _PRINTABLE.fullmatch(value) or _SPOILING & set(value):
        return False
    try:
        parts = urlsplit(value)
        found = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return found and not {".", ".."} & set(parts.path.split("/"))


def _not_a(what: str) -> Problem:
    return Problem("type", f"must be {what}")
