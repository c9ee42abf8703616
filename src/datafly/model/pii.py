"""Rules on personal data: what of an event is taken out, and what is hashed for whom (contracts/signal.md §6.1 step 4).

A rule names a field as `traits.email`, `properties.customer.phone` or `context.ip`. Names are compared as traits are:
in any spelling. Lists are passed through: `properties.passengers.email` is that of each. A name with dots in it is
found, too. What is in `context.traits` is of the traits. Ids are no fields: order and visitors hang on them.
"""

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

import msgspec

from datafly.model.event import Event, Original
from datafly.model.taxonomy import spellings
from datafly.model.traits import meaning
from datafly.model.wording import patterned

Field = Annotated[
    str,
    patterned(
        r"^(traits|properties|context)(\.[^.\[\]\x00-\x1f]{1,100}){1,10}$(?!\n)",
        "traits., properties. or context. and a name, such as traits.email or properties.customer.phone",
    ),
]
Fields = Annotated[tuple[Field, ...], msgspec.Meta(max_length=200)]
_Vendor = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Vendors = Annotated[tuple[_Vendor, ...], msgspec.Meta(max_length=100)]

REDACTED: Final = "[redacted]"
"""What is shown in place of a value that was taken out."""
TAKEN_OUT: Final = "taken out"
HASHED: Final = "hashed"
_PARTS: Final = ("properties", "traits", "context")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NOT_DIALLED: Final = re.compile(r"[^0-9+]")
_GONE: Final = object()
_MET: Final = 2_000
_USUAL_LENGTH: Final = 100


class PiiRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`redact_fields` are taken out before anything is kept, for all. `hash_fields` are hashed for all but the vendors
    `raw_for`, which need the value itself; while there are none, they are hashed before anything is kept.
    """

    enabled: bool = True
    redact_fields: Fields = ()
    hash_fields: Fields = ()
    hash_algorithm: Literal["sha256"] = "sha256"
    raw_for: Vendors = ()


NO_RULES: Final = PiiRules()


class Told(msgspec.Struct, frozen=True):
    """What a rule did: `how` is one of TAKEN_OUT, HASHED."""

    field: str
    how: str


class _Node:
    """A name within the fields that rules are about; `how` empty: a rule is about something in it."""

    __slots__ = ("children", "how", "met", "rule")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.met: dict[str, _Node | None] = {}
        """Senders repeat themselves."""
        self.how = ""
        self.rule = ""

    def at(self, name: str) -> "_Node | None":
        found = self._find(name)
        if len(self.met) < _MET and len(name) <= _USUAL_LENGTH:
            self.met[name] = found
        return found

    def _find(self, name: str) -> "_Node | None":
        found = self.children.get(meaning(name))
        if found is not None or "." not in name:
            return found
        node: _Node | None = self
        for step in name.split("."):
            node = node.children.get(meaning(step)) if node else None
        return node

    def add(self, names: list[str], how: str, rule: str) -> None:
        """Properties in all spellings, as the rule may name what the event has only once it is governed."""
        if not names:
            self.how, self.rule = how, rule
            return
        also = spellings(names[0]) if rule.startswith("properties.") else ()
        for spelling in {meaning(names[0]), *also}:
            self.children.setdefault(spelling, _Node()).add(names[1:], how, rule)


class Cleaner:
    """What rules do to events; pure. Doing it twice is doing it once."""

    def __init__(self, redact: tuple[str, ...], hashed: tuple[str, ...]) -> None:
        roots = {part: _Node() for part in _PARTS}
        for how, fields in ((HASHED, hashed), (TAKEN_OUT, redact)):
            for field in fields:
                part, *names = field.split(".")
                roots[part].add(names, how, field)
        self._roots = {part: node for part, node in roots.items() if node.children}

    def part(self, part: str, value: dict[str, Any], told: dict[Told, None], instead: Any = _GONE) -> dict[str, Any]:
        """`part`: properties, traits or context. Itself where no rule is about anything in it, else a copy. `told` gets
        what was done; `instead`: what stands where a value was taken out.
        """
        found: dict[str, Any] = value
        if (node := self._roots.get(part)) is not None:
            found = _cleaned(value, node, told, instead)
        if part == "context" and isinstance(traits := found.get("traits"), dict) and "traits" in self._roots:
            cleaned = self.part("traits", traits, told, instead)
            found = found if cleaned is traits else {**found, "traits": cleaned}
        return found

    def event(self, event: Event, told: dict[Told, None] | None = None) -> Event:
        """The event itself where no rule is about anything in it. `told` gets what was done."""
        told = {} if told is None else told
        properties = self.part("properties", event.properties, told)
        traits = self.part("traits", event.traits, told)
        known, context = self.part("traits", event.known_traits, told), self.part("context", event.context, told)
        original = self._original(event.original, properties is event.properties, traits is event.traits)
        fields = {
            "properties": properties,
            "traits": traits,
            "known_traits": known,
            "context": context,
            "original": original,
        }
        changed = {name: value for name, value in fields.items() if value is not getattr(event, name)}
        return msgspec.structs.replace(event, **changed) if changed else event

    def body(self, body: dict[str, Any], instead: Any) -> dict[str, Any]:
        """Of an event as it was sent."""
        parts = {part: value for part in _PARTS if isinstance(value := body.get(part), dict)}
        cleaned = {part: self.part(part, value, {}, instead) for part, value in parts.items()}
        return {**body, **cleaned} if any(cleaned[part] is not parts[part] for part in parts) else body

    def _original(self, sent: Original | None, same_properties: bool, same_traits: bool) -> Original | None:  # noqa: FBT001 - what the caller saw of the event
        """What cannot be found in it, but was in the event, is there under another name: then nothing of it stays."""
        if sent is None or (sent.properties is None and sent.traits is None):
            return sent
        properties = self._as_sent("properties", sent.properties, same_properties)
        traits = self._as_sent("traits", sent.traits, same_traits)
        if properties is sent.properties and traits is sent.traits:
            return sent
        return Original(sent.event, properties, traits, sent.timestamp)

    def _as_sent(self, part: str, sent: dict[str, Any] | None, is_same: bool) -> dict[str, Any] | None:  # noqa: FBT001 - as above
        if sent is None:
            return None
        cleaned = self.part(part, sent, {})
        return cleaned if is_same or cleaned is not sent else None


def kept(rules: PiiRules) -> Cleaner | None:
    """What is done before anything is kept; None where nothing is to be done."""
    return None if rules is NO_RULES else _cleaner(rules, None)


def sent(rules: PiiRules, vendor: str) -> Cleaner | None:
    """What is done of an event before it is shaped for a vendor; None where nothing is to be done."""
    return None if rules is NO_RULES else _cleaner(rules, vendor)


@lru_cache(maxsize=1_024)
def _cleaner(rules: PiiRules, vendor: str | None) -> Cleaner | None:
    needs_raw = bool(rules.raw_for) if vendor is None else vendor in rules.raw_for
    hashed = () if needs_raw else rules.hash_fields
    if not rules.enabled or not (rules.redact_fields or hashed):
        return None
    return Cleaner(rules.redact_fields, hashed)


def hashed(value: Any, field: str = "") -> Any:
    """Texts and numbers as the SHA-256 of what they say, in hexadecimal, at any depth; true, false and null stay, and
    so does what is such a hash already.

    A text is trimmed and in lower case; of a phone number (by the name of its `field`) only digits and `+` count.
    """
    return _hashed(value, is_phone=meaning(field.rpartition(".")[2]) == "phone")


def _hashed(value: Any, *, is_phone: bool) -> Any:
    if isinstance(value, dict):
        return _same({name: _hashed(inner, is_phone=is_phone) for name, inner in value.items()}, value)
    if isinstance(value, list):
        return _same([_hashed(inner, is_phone=is_phone) for inner in value], value)
    if isinstance(value, bool) or value is None:
        return value
    text = as_text(value)
    if not text or _SHA256.fullmatch(text):
        return value if text == value else text
    dialled = _NOT_DIALLED.sub("", text) if is_phone else ""
    return hashlib.sha256((dialled or text).encode("utf-8", "surrogatepass")).hexdigest()


def as_text(value: Any) -> str:
    """In which values are the same: `31` and `31.0`, texts in any case and with spaces around."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().lower()


def _same(made: Any, value: Any) -> Any:
    """`value` itself where nothing in it changed."""
    pairs = zip(_values(made), _values(value), strict=True)
    return value if all(one is other for one, other in pairs) else made


def _values(value: Any) -> Iterator[Any]:
    return iter(value.values() if isinstance(value, dict) else value)


def _cleaned(value: Any, node: _Node, told: dict[Told, None], instead: Any) -> Any:
    if isinstance(value, list):
        return _same([_cleaned(item, node, told, instead) for item in value], value)
    if not isinstance(value, dict):
        return value
    found = value
    met = node.met
    for name, inner in value.items():
        child = met[name] if name in met else node.at(name)
        if child is None or (made := _ruled(inner, child, told, instead)) is inner:
            continue
        found = dict(value) if found is value else found
        if made is _GONE:
            del found[name]
        else:
            found[name] = made
    return found


def _ruled(value: Any, node: _Node, told: dict[Told, None], instead: Any) -> Any:
    if node.how == TAKEN_OUT:
        told[Told(node.rule, TAKEN_OUT)] = None
        return instead
    within = _cleaned(value, node, told, instead) if node.children else value
    if node.how != HASHED:
        return within
    made = hashed(within, node.rule)
    if made is not within:
        told[Told(node.rule, HASHED)] = None
    return made
