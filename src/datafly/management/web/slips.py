"""What is wrong with a form, by the label of its field: nobody who fills one in knows how the API calls it."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from datafly.model.errors import SignalError

_ENTRY: Final = re.compile(r"\[(\d+)\]")


class Spot(msgspec.Struct, frozen=True):
    """Where a field of the API stands in a form. `may_be`: said of it where the form counts otherwise."""

    name: str
    label: str
    may_be: str = ""


class Slip(msgspec.Struct, frozen=True):
    """`says`: a sentence, with the label of the field before it. `field`: its name in the form, "" where it is none."""

    says: str
    field: str = ""


def slip_of(error: SignalError, spots: Mapping[str, Spot]) -> Slip:
    """`spots`: field of the API → where it is in the form. What is inside of a field is at that field."""
    path = str(error.details.get("field", ""))
    known = next((one for one in spots if re.fullmatch(rf"{re.escape(one)}([.\[].*)?", path)), None)
    if known is None:
        return Slip(error.message)
    spot = spots[known]
    entry = _ENTRY.match(path.removeprefix(known))
    line = f", line {int(entry[1]) + 1}" if entry else ""
    says = spot.may_be or error.message.removeprefix(f"{path}: ")
    return Slip(f"{spot.label}{line}: {says}", spot.name)
