"""Why a row of a file becomes no event."""

from enum import Enum

from datafly.model.errors import CallerError


class Reason(Enum):
    """The name is the code in the report; the value is what `docs/backfill.md` says of it."""

    NOT_JSON = "The line is not JSON."
    NOT_AN_OBJECT = "The line is JSON, and no object."
    INVALID_ENCODING = "The line is not in the encoding that the file was said to have."
    ROW_TOO_LONG = "The row is longer than 1 MB."
    INVALID_CSV = "A quote of the row is not closed, or stands where none may be."
    RAGGED_ROW = "The row has more or fewer fields than the header."
    MISSING_VALUE = "A column that must have a value is empty."
    INVALID_VALUE = "A value cannot be what the mapping says that it is; the message names the column."
    UNMAPPED_VALUE = "The mapping's `map` has no word for the value."
    UNKNOWN_ROW = "The row is none of the shape that was named or recognised."
    UNWRITABLE = "The event cannot be written as JSON, for example because of a number that is too large."


class RowRefused(CallerError):
    """One row that is not taken; the others are. The message holds no value of the row: values may be personal."""

    def __init__(self, reason: Reason, message: str = "") -> None:
        super().__init__(message or reason.value, code=reason.name)
