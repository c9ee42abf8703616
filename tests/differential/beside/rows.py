"""The deviations that are known, read from `deviations.toml`, and which differences each of them explains."""

import json
import re
import tomllib
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import msgspec

from beside.differences import Difference

FILE = Path(__file__).parents[1] / "deviations.toml"


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One deviation: which differences it is about, what each of the two sends, and why Signal does so.

    `fields`: paths, `*` stands for anything. `of`: names of tracks and types of events; empty: any. `only`: the field
    is sent by one of them alone. `relation`: how the two values are related, a name of `RELATIONS`. `segment_is`,
    `signal_is`: the value as JSON text, `*` as above. `when`: what must be special about the case. `insider`: what
    becomes of Segment's at Insider, the user refused or the field ignored; its sandbox is asked. `contract`: sections
    of Insider's contract, or the decision that says so.
    """

    fields: tuple[str, ...]
    segment: str
    signal: str
    why: str
    contract: str
    of: tuple[str, ...] = ()
    only: Literal["segment", "signal"] | None = None
    relation: str | None = None
    segment_is: str = "*"
    signal_is: str = "*"
    when: str | None = None
    insider: Literal["refused", "ignored"] | None = None

    @property
    def name(self) -> str:
        return f"{', '.join(self.fields)} of {', '.join(self.of) or 'any'}: {self.segment} | {self.signal}"

    def explains(self, one: Difference) -> bool:
        return (
            any(fnmatchcase(one.field, field) for field in self.fields)
            and (not self.of or one.of in self.of)
            and (bool(one.segment), bool(one.signal)) == (self.only != "signal", self.only != "segment")
            and (self.when is None or self.when in one.when)
            and fnmatchcase(one.segment, self.segment_is)
            and fnmatchcase(one.signal, self.signal_is)
            and (self.relation is None or RELATIONS[self.relation](value(one.segment), value(one.signal)))
        )


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    rows: tuple[Row, ...]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    groups: tuple[Group, ...]

    @property
    def rows(self) -> list[Row]:
        return [row for group in self.groups for row in group.rows]


def table() -> Table:
    return msgspec.convert(tomllib.loads(FILE.read_text(encoding="utf-8")), Table)


def explained(rows: Sequence[Row], found: Sequence[Difference]) -> tuple[dict[Row, Difference], list[Difference]]:
    """The first difference that each row explains, and what none explains; the first row that fits counts."""
    firsts: dict[Row, Difference] = {}
    unexplained = []
    for one in found:
        row = next((row for row in rows if row.explains(one)), None)
        if row is None:
            unexplained.append(one)
        else:
            firsts.setdefault(row, one)
    return firsts, unexplained


def value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text or None


def split(segment: Any, signal: Any) -> bool:
    return len(segment) == 1 and [part.strip() for part in re.split("[>/]", segment[0])] == signal


def digits(text: Any) -> str:
    return re.sub(r"\D", "", text)


RELATIONS: dict[str, Callable[[Any, Any], object]] = {
    "lower case and trimmed": lambda segment, signal: segment.strip().lower() == signal,
    "upper case": lambda segment, signal: segment.upper() == signal,
    "the path in its parts": split,
    "the same digits": lambda segment, signal: digits(segment) == digits(signal) and signal.startswith("+"),
    "no e-mail address": lambda segment, _: not re.fullmatch(r".+@.+\..+", segment),
    "no phone number": lambda segment, _: not re.fullmatch(r"\+[1-9]\d{6,14}", segment),
    "no currency": lambda segment, _: not re.fullmatch("[A-Za-z]{3}", segment),
    "a negative number": lambda segment, _: segment < 0,
    "less": lambda segment, signal: segment < signal,
    "more": lambda segment, signal: segment > signal,
    "two currencies": lambda *both: all(re.fullmatch("[A-Z]{3}", one) for one in both),
    "with a time": lambda segment, signal: f"{segment[:10]}T00:00:00Z" == signal,
    "no day": lambda segment, _: not re.match(r"\d{4}-\d\d-\d\d", segment),
    "a country code": lambda segment, signal: segment != signal and re.fullmatch("[A-Z]{2}", signal),
    "of a-z, 0-9 and _": lambda segment, signal: re.sub(r"[^a-z0-9]+", "_", segment).strip("_") == signal,
}
